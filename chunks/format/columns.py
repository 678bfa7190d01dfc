"""What a value of each column of the headers database may be, so that no row is refused by the database itself.

Owns: the widths. The tables are made by the migrations of `chunks.models`; a test holds the two alike. On a batch of
the Lambda one value that the database refuses would return all hundred. Plain Python, no third party.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# MySQL's datetime begins there.
FIRST_TIME = "1000-01-01"
# Of a column without an end too: a row with two of these still fits a server's max_allowed_packet.
LONGEST_CHARACTERS = 1_000_000
# A patient time names no zone: MySQL would turn one that does into another time, and MariaDB refuse the statement.
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}")


class DoesNotFit(ValueError):
    """A value that its column cannot hold; the message names the column and quotes nothing."""


@dataclass(frozen=True, kw_only=True)
class Text:
    """At most that many characters; None: no end but `LONGEST_CHARACTERS`."""

    characters: int | None
    optional: bool = False


@dataclass(frozen=True, kw_only=True)
class Whole:
    """A signed whole number of that many bits."""

    bits: int
    optional: bool = False


@dataclass(frozen=True, kw_only=True)
class Time:
    """Text as `chunks.format.row` writes times."""

    optional: bool = False


Kind = Text | Whole | Time

CHUNK_KINDS: Mapping[str, Kind] = {
    "bucket": Text(characters=63),
    "objectKey": Text(characters=700),
    "patient": Text(characters=40),
    "recording": Text(characters=120),
    "channel": Whole(bits=16, optional=True),
    "label": Text(characters=64),
    "label_norm": Text(characters=64),
    "chunk": Whole(bits=32),
    "start": Time(),
    "stop": Time(),
    "duration_us": Whole(bits=64),
    "samples": Whole(bits=64),
    "samps_per_record": Whole(bits=32),
    "record_duration": Text(characters=16),
    "dtype": Text(characters=3),
    "bytes": Whole(bits=64),
    "crc32": Text(characters=8, optional=True),
    "file_crc32": Text(characters=8, optional=True),
    "etag": Text(characters=80),
    "version": Whole(bits=16),
    "indexed_at": Time(),
}
RECORDING_KINDS: Mapping[str, Kind] = {
    "bucket": Text(characters=63),
    "name": Text(characters=120),
    "patient": Text(characters=40),
    "start": Time(),
    "stop": Time(),
    "state": Text(characters=12),
    "clock_offset_us": Whole(bits=64),
    "chunks_expected": Whole(bits=32),
    "bytes_expected": Whole(bits=64),
    "fingerprint": Text(characters=64),
    "data_sha256": Text(characters=64, optional=True),
    "channels": Text(characters=None),
    "warnings": Text(characters=None),
    "etag": Text(characters=80),
    "indexed_at": Time(),
}
OVERLAP_KINDS: Mapping[str, Kind] = {
    "bucket": Text(characters=63),
    "recording": Text(characters=120),
    "place": Whole(bits=32),
    "patient": Text(characters=40),
    "earlier": Text(characters=120),
    "start": Time(),
    "stop": Time(),
    "channels": Text(characters=None),
    "verdict": Text(characters=16),
    "shift_us": Whole(bits=64),
    "contained": Text(characters=8),
    "settled": Text(characters=20),
}


def check(kinds: Mapping[str, Kind], values: Sequence[object]) -> None:
    """Raises `DoesNotFit` unless each value, in the order of the columns, is one that its column can hold."""
    for (column, kind), value in zip(kinds.items(), values, strict=True):
        if not _fits(kind, value):
            raise DoesNotFit(f"its {column} is too long, too large or no {type(kind).__name__.lower()}")


def _fits(kind: Kind, value: object) -> bool:
    if value is None:
        return kind.optional
    if isinstance(kind, Whole):
        return type(value) is int and -(2 ** (kind.bits - 1)) <= value < 2 ** (kind.bits - 1)
    if not isinstance(value, str) or not _is_unicode(value):
        return False
    if isinstance(kind, Time):
        return value >= FIRST_TIME and _TIME.fullmatch(value) is not None
    return len(value) <= (LONGEST_CHARACTERS if kind.characters is None else kind.characters)


def _is_unicode(text: str) -> bool:
    """JSON may hold half a character (a lone surrogate), which no database takes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
