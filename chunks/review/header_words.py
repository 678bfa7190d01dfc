"""Which words of a file's header may stand in its annotations and say who somebody is: names, and codes.

Owns: that choice. The words are kept beside the withheld texts, in the bucket that no researcher reaches, and nowhere
else; they serve the review alone.
"""

import re
from collections.abc import Iterator

from chunks.edf.header import Header
from chunks.edf.identity import Identity
from chunks.said_identity import NOBODY

MAX_WORDS = 60
MAX_LETTERS = 40
_FREE_WORD_LETTERS = 3
_CODE_CHARACTERS = 4
_BIRTH_DATE = 2
_LETTERS = re.compile(r"[^\W\d_]{2,}")
_DATE = re.compile(r"\d{1,4}[-./ ](?:\d{1,2}|[A-Za-z]{3})[-./ ]\d{1,4}")
_BETWEEN_WORDS = re.compile(r"[\s,;]+")


def header_words(header: Header) -> tuple[str, ...]:
    """The words of the patient field and, of the recording field, who made it; each once, in the order of the header.

    What anonymisers write (`X`, `No_Name`) is nobody's name, and birth dates are found as dates are.
    """
    said = [*_of_patient(header.identity), header.recording.technician or "", header.recording.administration or ""]
    words = [word[:MAX_LETTERS] for text in said for word in (*_names(text), *_codes(text))]
    return tuple(dict.fromkeys(words))[:MAX_WORDS]


def _of_patient(identity: Identity) -> Iterator[str]:
    if (identity.code, identity.sex, identity.birth_date, identity.name) == (None,) * 4:
        # Free text: short words in it are more often `of` than a name.
        for part in _BETWEEN_WORDS.split(_DATE.sub(" ", identity.text)):
            if sum(map(str.isalpha, part)) >= _FREE_WORD_LETTERS or any(map(str.isdigit, part)):
                yield part
        return
    parts = identity.text.split()
    yield from (part for place, part in enumerate(parts) if place != _BIRTH_DATE)


def _names(text: str) -> Iterator[str]:
    yield from (word for word in _LETTERS.findall(text) if word.casefold() not in NOBODY)


def _codes(text: str) -> Iterator[str]:
    """Words with a digit in them, such as a hospital's number."""
    for part in _BETWEEN_WORDS.split(text):
        if len(part) >= _CODE_CHARACTERS and any(map(str.isdigit, part)) and any(part.strip("0")):
            yield part
