"""Names of buckets and objects: the one place that builds or takes apart a key.

Owns: the rules for recording names and the label's part of a key, so that nothing can climb out of its folder, here or
on the machine where a bundle is unpacked. Plain Python, no third party.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

RECORDING_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}")
WITHHELD = "withheld"
RECORDING_OBJECT = "recording.json"
ANNOTATIONS_OBJECT = "annotations.json"
CHUNK_SUFFIX = ".chn"

_UNSAFE_IN_LABEL = re.compile(r"[^A-Za-z0-9._+'-]")
_CHUNK_KEY = re.compile(r"(?P<recording>[^/]+)/(?P<label>[^/]+)_chunk-(?P<chunk>[0-9]+)\.chn")
_DEVICE_NAMES = frozenset({"con", "prn", "aux", "nul"} | {f"{kind}{n}" for kind in ("com", "lpt") for n in range(10)})


class NameRefused(ValueError):
    """A recording name that cannot be used; the message says the rule."""


def patient_bucket(patient: str, *, prefix: str) -> str:
    """The bucket that holds a patient's chunks."""
    return f"{prefix}{patient.lower()}"


def withheld_bucket(*, prefix: str) -> str:
    """The one bucket for texts that no researcher may read, of all patients."""
    return f"{prefix}{WITHHELD}"


def recording_name(*, day: int, hour: int, minute: int, second: int) -> str:
    """The name of a recording nobody named: the day and time of its first sample."""
    return f"day{day}_{hour:02}{minute:02}{second:02}"


def check_recording_name(name: str) -> str:
    """A name given by a person, where it is safe on every machine. Raises `NameRefused`."""
    if not RECORDING_NAME.fullmatch(name):
        raise NameRefused(
            f"{name!r} cannot name a recording: write up to 100 letters, digits, '.', '_', '+' and '-', "
            "beginning with a letter or digit."
        )
    if name.endswith(".") or name.split(".", maxsplit=1)[0].lower() in _DEVICE_NAMES:
        raise NameRefused(f"{name!r} cannot name a recording: Windows keeps such names for itself. Choose another.")
    return name


def alternative_names(name: str) -> Sequence[str]:
    """The name and those taken in turn when it belongs to another recording: `name`, `name_b`, … `name_z`."""
    return [name, *(f"{name}_{letter}" for letter in "bcdefghijklmnopqrstuvwxyz")]


def recording_key(recording: str) -> str:
    return f"{recording}/{RECORDING_OBJECT}"


def annotations_key(recording: str) -> str:
    return f"{recording}/{ANNOTATIONS_OBJECT}"


def withheld_key(patient: str, recording: str) -> str:
    """Where withheld texts of a recording lie; the patient is in it, since all patients share that bucket."""
    return f"{patient.lower()}/{annotations_key(recording)}"


def tombstone_key(patient: str) -> str:
    """Where the sessions bucket says that a patient has withdrawn; it outlives the patient's own bucket."""
    return f"withdrawn/{patient.lower()}.json"


def label_parts(signals: Sequence[tuple[int, str]]) -> dict[int, str]:
    """The part of a key that stands for each signal's label.

    `signals` are (channel number, label) of all ordinary signals of a recording. Characters that are not safe become
    `-`, an empty label is `channel-<number>`; where two parts are then equal but for case, each gets `~<number>`.
    """
    parts = {number: _UNSAFE_IN_LABEL.sub("-", label) or f"channel-{number}" for number, label in signals}
    twins = Counter(part.lower() for part in parts.values())
    return {number: f"{part}~{number}" if twins[part.lower()] > 1 else part for number, part in parts.items()}


def chunk_key(recording: str, *, label_part: str, chunk: int) -> str:
    return f"{recording}/{label_part}_chunk-{chunk}{CHUNK_SUFFIX}"


@dataclass(frozen=True, kw_only=True)
class ChunkKey:
    """A chunk's key, taken apart."""

    recording: str
    label_part: str
    chunk: int


def parse_chunk_key(key: str) -> ChunkKey | None:
    """The parts of a chunk's key; None where the key is not a chunk's."""
    if found := _CHUNK_KEY.fullmatch(key):
        return ChunkKey(recording=found["recording"], label_part=found["label"], chunk=int(found["chunk"]))
    return None
