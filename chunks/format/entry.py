"""What the store holds under a key, as the row it becomes: chunks of both versions, and recordings.

Owns: the one way from the bytes of an object to its row, which the portal, `reindex` and the Lambda go, and what makes
an object unfit for one: above all that it names another patient than its bucket, by which one patient's hours would
show under another's name. No message quotes a key or anything the object holds. Plain Python, no third party.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chunks.format import row
from chunks.format.columns import CHUNK_KINDS, OVERLAP_KINDS, RECORDING_KINDS, DoesNotFit, check
from chunks.format.header import LINE_LIMIT_BYTES, LineTooShort, NotAChunk, from_keys, read_keys
from chunks.format.keys import (
    CHUNK_SUFFIX,
    RECORDING_OBJECT,
    parse_chunk_key,
    patient_bucket,
    recording_key,
    withheld_bucket,
)
from chunks.format.version1 import from_old_keys, is_version_1

FIRST_LOOK_BYTES = 4096
DOCUMENT_LIMIT_BYTES = 16 * 1024 * 1024
# Sentences of `index_error` about what is not the content's fault, or cannot be read so far; `fault_of` has the others.
KEY_UNUSABLE = "Its key cannot be addressed: rename it, or remove it."
ARCHIVED = "It lies in an archive class: have it restored, which takes hours."
EMPTY = "It cannot be indexed: it is empty."
VALUE_REFUSED = "It cannot be indexed: it holds a value that no row can keep."
STATES = frozenset({"ingesting", "ok", "hidden", "duplicate", "conflict"})


class NotARecording(ValueError):
    """A `recording.json` that this portal did not write; the message says what is wrong and quotes nothing."""


@dataclass(frozen=True, kw_only=True)
class ChunkEntry:
    """The row of a chunk, in the order of `CHUNK_COLUMNS`, and whether the old scripts made it."""

    values: tuple[row.Value, ...]
    recording: str
    is_version_1: bool


@dataclass(frozen=True, kw_only=True)
class RecordingEntry:
    """The row of a recording, in the order of `RECORDING_COLUMNS`, and those of what it holds twice."""

    values: tuple[row.Value, ...]
    recording: str
    overlaps: tuple[tuple[row.Value, ...], ...]


def has_row(bucket: str, key: str, *, prefix: str) -> bool:
    """Whether an object of this name is one that a row speaks of; all others are nobody's business here."""
    if not bucket.startswith(prefix) or bucket in {prefix, withheld_bucket(prefix=prefix)}:
        return False
    return key.endswith(CHUNK_SUFFIX) or is_recording(key)


def is_recording(key: str) -> bool:
    return key.endswith(f"/{RECORDING_OBJECT}")


def recording_of(key: str) -> str:
    """The folder that a chunk or a `recording.json` belongs to: all up to the first slash.

    The old scripts put labels with a slash into keys as they were, which makes folders in folders.
    """
    return key.partition("/")[0] if "/" in key else ""


def patient_of(bucket: str, *, prefix: str) -> str:
    """The patient's ID as the bucket has it, in lower case; the tombstone is asked by it."""
    return bucket.removeprefix(prefix)


def read_entry(
    read: Callable[[int], bytes], *, facts: row.ObjectFacts, prefix: str, indexed_at: datetime
) -> ChunkEntry | RecordingEntry:
    """The rows of an object that `has_row`; `read` gives that many of its first bytes, fewer where it has no more.

    Of a chunk the beginning is read alone, once more where its line 1 is longer. Raises `NotAChunk`, `NotARecording`.
    """
    if is_recording(facts.key):
        if not 0 < facts.size_bytes <= DOCUMENT_LIMIT_BYTES:
            raise NotARecording(f"it is empty or has more than {DOCUMENT_LIMIT_BYTES} bytes")
        return recording_entry(read(facts.size_bytes), facts=facts, prefix=prefix, indexed_at=indexed_at)
    if not facts.size_bytes:
        raise NotAChunk("it is empty")
    try:
        return chunk_entry(read(FIRST_LOOK_BYTES), facts=facts, prefix=prefix, indexed_at=indexed_at)
    except LineTooShort:
        pass
    try:
        return chunk_entry(read(LINE_LIMIT_BYTES), facts=facts, prefix=prefix, indexed_at=indexed_at)
    except LineTooShort as error:
        raise NotAChunk("it ends before its line 1 does") from error


def fault_of(error: NotAChunk | NotARecording) -> str:
    """The sentence of `index_error`."""
    return f"It cannot be indexed: {error}."


def chunk_entry(beginning: bytes, *, facts: row.ObjectFacts, prefix: str, indexed_at: datetime) -> ChunkEntry:
    """The row of a chunk from the beginning of its bytes.

    Raises `LineTooShort` where more bytes are needed, `NotAChunk` where there is no row of this object.
    """
    keys, length = read_keys(beginning)
    recording = recording_of(facts.key)
    if not recording:
        raise NotAChunk("it lies in no recording's folder")
    old = is_version_1(keys)
    values = (
        _of_version_1(keys, length, facts, prefix, indexed_at)
        if old
        else _of_version_2(keys, beginning[:length], facts, prefix, indexed_at)
    )
    try:
        check(CHUNK_KINDS, values)
    except DoesNotFit as error:
        raise NotAChunk(str(error)) from error
    return ChunkEntry(values=values, recording=recording, is_version_1=old)


def recording_entry(body: bytes, *, facts: row.ObjectFacts, prefix: str, indexed_at: datetime) -> RecordingEntry:
    """The rows of a recording from the bytes of its `recording.json`. Raises `NotARecording`."""
    try:
        document = json.loads(body)
        values = row.recording_row(document, facts=facts, indexed_at=indexed_at)
        overlaps = row.overlap_rows(document, bucket=facts.bucket)
        check(RECORDING_KINDS, values)
        for each in overlaps:
            check(OVERLAP_KINDS, each)
    except DoesNotFit as error:
        raise NotARecording(str(error)) from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise NotARecording("it is not what this portal writes") from error
    if document["state"] not in STATES:
        raise NotARecording("it is in no state that this portal knows")
    if facts.bucket != patient_bucket(document["patient"], prefix=prefix):
        raise NotARecording("it names another patient than its bucket")
    if recording_key(document["recording"]) != facts.key:
        raise NotARecording("it names another recording than its folder")
    return RecordingEntry(values=values, recording=document["recording"], overlaps=tuple(overlaps))


def _of_version_2(
    keys: dict[str, Any], line: bytes, facts: row.ObjectFacts, prefix: str, indexed_at: datetime
) -> tuple[row.Value, ...]:
    header = from_keys(keys)
    name = parse_chunk_key(facts.key)
    if facts.bucket != patient_bucket(header.patient, prefix=prefix):
        raise NotAChunk("it names another patient than its bucket")
    if name is None or (name.recording, name.chunk) != (header.recording, header.chunk):
        raise NotAChunk("it names another recording or another chunk than its key")
    if facts.size_bytes != len(line) + header.samples_bytes:
        held = facts.size_bytes - len(line)
        raise NotAChunk(f"it claims {header.samples_bytes} bytes of samples and holds {held}")
    return row.chunk_row(header, line=line, facts=facts, indexed_at=indexed_at)


def _of_version_1(
    keys: dict[str, Any], length: int, facts: row.ObjectFacts, prefix: str, indexed_at: datetime
) -> tuple[row.Value, ...]:
    patient = patient_of(facts.bucket, prefix=prefix)
    header = from_old_keys(keys, patient=patient, samples_bytes=facts.size_bytes - length)
    return row.old_chunk_row(
        header, patient=patient, recording=recording_of(facts.key), facts=facts, indexed_at=indexed_at
    )
