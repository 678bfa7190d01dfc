"""The recorder's make and model out of an EDF+ equipment field, and nothing else of it.

Owns: the allow-list. Device serial numbers identify a patient's stay, so what is not known to name a maker, a model or
a short version number is dropped, and so is every other number of four and more digits.
"""

import re

_MAKER = re.compile(
    r"""alphaomega | ant | atlas | bci2000 | bess | bio-logic | biosemi | activetwo | biotrace | blackrock | cerebus
    | neuroport | brain | brainamp | brain-products | brainvision | brain-quick | cadwell | compumedics | grael | siesta
    | deltamed | eeg | egi | netamps | g\.tec | gtec | hiamp | intan | micromed | natus | xltek | neurolink | neuroworks
    | quantum | neuralynx | digital-lynx | neurofax | nicolet | nihon | kohden | nihon-kohden | nkc | open-ephys
    | resmed | ripple | grapevine | stellate | harmonie | tdt""",
    re.IGNORECASE | re.VERBOSE,
)
_MODEL = re.compile(r"(?:NKC-)?EEG-?(?:1100|1200|9100|9200)[A-Z]?", re.IGNORECASE)
_VERSION = re.compile(r"[vV]?[0-9]{1,3}(?:\.[0-9]{1,3}){0,3}")
_BETWEEN = re.compile(r"[\s_,;/()]+")


def equipment_model(text: str) -> str:
    """What may be kept of an equipment field, its words joined by blanks; empty where none is known."""
    words = [word for word in _BETWEEN.split(text) if _is_known(word)]
    # A number alone says nothing of the make, and might be anything.
    return " ".join(words) if any(not _VERSION.fullmatch(word) for word in words) else ""


def _is_known(word: str) -> bool:
    return any(pattern.fullmatch(word) for pattern in (_MODEL, _MAKER, _VERSION))
