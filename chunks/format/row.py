"""The rows of the headers database: their columns, their values, and the one upsert statement per dialect.

Owns: what stands in `chunk_header`, `recording`, `recording_overlap` and `index_error`, whoever writes it (portal,
`reindex`, Lambda). Values are plain: text, whole numbers, None; times are text with six digits of microseconds, so that
they compare as text where a database keeps them so. Plain Python, no third party.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from chunks.format import version1
from chunks.format.header import VERSION, Header, file_crc32
from chunks.format.version1 import OldHeader

Dialect = Literal["mysql", "sqlite"]
Value = str | int | float | None

CHUNK_TABLE = "chunk_header"
CHUNK_KEY_COLUMNS = ("bucket", "objectKey")
CHUNK_COLUMNS = (
    *CHUNK_KEY_COLUMNS,
    "patient",
    "recording",
    "channel",
    "label",
    "label_norm",
    "chunk",
    "start",
    "stop",
    "duration_us",
    "samples",
    "samps_per_record",
    "record_duration",
    "dtype",
    "bytes",
    "crc32",
    "file_crc32",
    "etag",
    "version",
    "indexed_at",
)
RECORDING_TABLE = "recording"
RECORDING_KEY_COLUMNS = ("bucket", "name")
RECORDING_COLUMNS = (
    *RECORDING_KEY_COLUMNS,
    "patient",
    "start",
    "stop",
    "state",
    "clock_offset_us",
    "chunks_expected",
    "bytes_expected",
    "fingerprint",
    "data_sha256",
    "channels",
    "warnings",
    "etag",
    "indexed_at",
)
OVERLAP_TABLE = "recording_overlap"
OVERLAP_KEY_COLUMNS = ("bucket", "recording", "place")
OVERLAP_COLUMNS = (
    *OVERLAP_KEY_COLUMNS,
    "patient",
    "earlier",
    "start",
    "stop",
    "channels",
    "verdict",
    "shift_us",
    "contained",
    "settled",
)
FAULT_TABLE = "index_error"
FAULT_KEY_COLUMNS = ("bucket", "objectKey")
FAULT_COLUMNS = (*FAULT_KEY_COLUMNS, "etag", "reason", "first_seen", "last_seen", "times")
FAULT_KEPT_COLUMNS = ("first_seen",)
FAULT_COUNTED_COLUMNS = ("times",)
FAULT_REASON_CHARACTERS = 500
OBJECT_KEY_CHARACTERS = 700

_PREFIX = re.compile(r"^(?:eeg|pol|ecg|seeg)\s+(?=\S)")
_REFERENCE = re.compile(r"(?<=\S)\s*-\s*ref$")
_LEADING_ZEROS = re.compile(r"(?<![0-9.,])0+(?=[0-9])")


@dataclass(frozen=True, kw_only=True)
class ObjectFacts:
    """What the store says of an object."""

    bucket: str
    key: str
    size_bytes: int
    etag: str


def label_norm(label: str) -> str:
    """A label as people mean it: lower case, without blanks, leading zeros, an `EEG`-like prefix and an ending `-Ref`.

    A prefix (`EEG`, `POL`, `ECG`, `SEEG`) counts only where a blank sets it apart: `POL LTG01` is `ltg1`, `ECG1` stays.
    """
    text = unicodedata.normalize("NFKC", label).lower().strip()
    text = _REFERENCE.sub("", _PREFIX.sub("", text))
    return _LEADING_ZEROS.sub("", "".join(text.split()))


def patient_time(moment: datetime) -> str:
    """A naive patient time as a row keeps it: with six digits of microseconds, so that text order is time order."""
    return moment.isoformat(sep=" ", timespec="microseconds")


def chunk_row(header: Header, *, line: bytes, facts: ObjectFacts, indexed_at: datetime) -> tuple[Value, ...]:
    """The row of a chunk of version 2, in the order of `CHUNK_COLUMNS`; `indexed_at` is a real time in UTC."""
    return (
        facts.bucket,
        facts.key,
        header.patient,
        header.recording,
        header.channel,
        header.signal.label,
        label_norm(header.signal.label),
        header.chunk,
        patient_time(header.start),
        patient_time(header.stop),
        header.duration_us,
        header.samples,
        header.samples_per_record,
        f"{header.record_duration.normalize():f}",
        header.dtype,
        facts.size_bytes,
        header.crc32,
        file_crc32(line, header),
        facts.etag,
        VERSION,
        utc_time(indexed_at),
    )


def old_chunk_row(
    header: OldHeader, *, patient: str, recording: str, facts: ObjectFacts, indexed_at: datetime
) -> tuple[Value, ...]:
    """The row of a chunk of version 1, which has neither channel number nor checksums; `recording` is its folder."""
    return (
        facts.bucket,
        facts.key,
        patient,
        recording,
        None,
        header.label,
        label_norm(header.label),
        header.chunk,
        patient_time(header.start),
        patient_time(header.stop),
        header.duration_us,
        header.samples,
        header.samples_per_record,
        f"{header.record_duration.normalize():f}",
        version1.DTYPE,
        facts.size_bytes,
        None,
        None,
        facts.etag,
        version1.VERSION,
        utc_time(indexed_at),
    )


def recording_row(document: dict[str, Any], *, facts: ObjectFacts, indexed_at: datetime) -> tuple[Value, ...]:
    """The row of a recording from its `recording.json`, in the order of `RECORDING_COLUMNS`. Raises `KeyError`."""
    return (
        facts.bucket,
        document["recording"],
        document["patient"],
        patient_time(datetime.fromisoformat(document["start"])),
        patient_time(datetime.fromisoformat(document["stop"])),
        document["state"],
        document["clock_offset_us"],
        document["chunks"],
        document["bytes"],
        document["fingerprint"],
        document["data_sha256"],
        json.dumps([[channel["number"], channel["label"]] for channel in document["channels"]], ensure_ascii=False),
        json.dumps([warning["message"] for warning in document["warnings"]], ensure_ascii=False),
        facts.etag,
        utc_time(indexed_at),
    )


def overlap_rows(document: dict[str, Any], *, bucket: str) -> list[tuple[Value, ...]]:
    """The rows of what a recording holds twice, from the `overlaps` of its `recording.json`, in the order of
    `OVERLAP_COLUMNS`; none where it was not looked for. Raises `KeyError`, `TypeError`, `ValueError`.
    """
    return [
        (
            bucket,
            document["recording"],
            place,
            document["patient"],
            each["earlier"],
            patient_time(datetime.fromisoformat(each["start"])),
            patient_time(datetime.fromisoformat(each["stop"])),
            json.dumps(each["channels"], ensure_ascii=False),
            each["verdict"],
            each["shift_us"],
            each["contained"],
            "" if each["settled"] is None else each["settled"]["how"],
        )
        for place, each in enumerate(document.get("overlaps") or ())
    ]


def overlaps_beyond(*, dialect: Dialect) -> str:
    """The statement that removes a recording's rows from a place on: (bucket, recording, place)."""
    quote = "`{}`".format if dialect == "mysql" else '"{}"'.format
    bucket, recording, place = map(quote, OVERLAP_KEY_COLUMNS)
    return (
        f"DELETE FROM {quote(OVERLAP_TABLE)} "  # noqa: S608 (names are this module's own)
        f"WHERE {bucket} = %s AND {recording} = %s AND {place} >= %s"
    )


def fault_row(*, bucket: str, key: str, etag: str, reason: str, seen_at: datetime) -> tuple[Value, ...]:
    """The row of an object that could not be indexed, in the order of `FAULT_COLUMNS`.

    A message that was no event has the bucket '' and its id as the key. `reason` is a sentence that names nothing of
    the patient: neither the key nor what the object holds.
    """
    moment = utc_time(seen_at)
    return bucket, fault_key(key), etag, reason[:FAULT_REASON_CHARACTERS], moment, moment, 1


def fault_key(key: str) -> str:
    """A key as a fault's row keeps it: one that is too long for its column is cut and told apart by its SHA-256."""
    if len(key) <= OBJECT_KEY_CHARACTERS:
        return key
    mark = hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()
    return f"{key[: OBJECT_KEY_CHARACTERS - len(mark) - 1]}…{mark}"


def fault_upsert(*, rows: int, dialect: Dialect) -> str:
    """The statement that notes that many faults; one known already keeps when it was first seen, and is counted."""
    return upsert(
        FAULT_TABLE,
        columns=FAULT_COLUMNS,
        key_columns=FAULT_KEY_COLUMNS,
        rows=rows,
        dialect=dialect,
        kept=FAULT_KEPT_COLUMNS,
        counted=FAULT_COUNTED_COLUMNS,
    )


def upsert(
    table: str,
    *,
    columns: Sequence[str],
    key_columns: Sequence[str],
    rows: int,
    dialect: Dialect,
    kept: Sequence[str] = (),
    counted: Sequence[str] = (),
) -> str:
    """The statement that writes that many rows, new or known by their key, with `%s` for each value.

    In a row that is known the columns of `kept` stay as they are, and 1 is added to those of `counted`. On MySQL it is
    the `VALUES()` form, which MariaDB takes too.
    """
    quote = "`{}`".format if dialect == "mysql" else '"{}"'.format
    names = ", ".join(map(quote, columns))
    places = ", ".join(["(" + ", ".join(["%s"] * len(columns)) + ")"] * rows)
    others = [quote(column) for column in columns if column not in {*key_columns, *kept, *counted}]
    more = [f"{quote(column)} = {quote(table)}.{quote(column)} + 1" for column in counted]
    insert = f"INSERT INTO {quote(table)} ({names}) VALUES {places}"  # noqa: S608 (names are this module's own)
    if dialect == "mysql":
        return f"{insert} ON DUPLICATE KEY UPDATE " + ", ".join([f"{name} = VALUES({name})" for name in others] + more)
    keys = ", ".join(map(quote, key_columns))
    return f"{insert} ON CONFLICT ({keys}) DO UPDATE SET " + ", ".join(
        [f"{name} = excluded.{name}" for name in others] + more
    )


def utc_time(moment: datetime) -> str:
    """A real time as a row keeps it."""
    return moment.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
