"""Makes the records of a session's object equal to what the store says now.

Owns: the way from an object and its notes to records, whoever walks it: the portal, `reindex`, the Lambda. An event or
a repeated upload is only a hint that a key changed: the object is looked at, its records made equal, and the object
looked at once more; so number and order of hints do not matter. Nothing of a patient with a tombstone is recorded.
Plain Python, no Django.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from behavior.documents import LIMIT_BYTES
from behavior.errors import BadSession, NotASession, SessionRefused
from behavior.keys import notes_key, tombstone_key
from behavior.notes import Notes, read_notes
from behavior.record import SessionRecord, records_of
from behavior.sessions import Sessions
from storage.errors import ObjectMissing
from storage.objects import ObjectInfo, Objects

LOOKS = 5


@dataclass(frozen=True, kw_only=True)
class Found:
    """What the store says of a session's object: its records (of nobody withdrawn) and notes; none where it is gone."""

    records: Sequence[SessionRecord]
    notes: Notes


def make_equal(objects: Objects, sessions: Sessions, *, bucket: str, key: str) -> Found:
    """Makes these the records of the object; what the store said of it.

    Raises `NotASession` or `BadSession` where no session can be read from it, and it has no records then;
    `NotesUnreadable`, and its records stay; `BucketMissing`, and nothing is concluded.
    """
    for _ in range(LOOKS):
        seen = _see(objects, bucket=bucket, key=key)
        try:
            found = _read(objects, seen, bucket=bucket, key=key)
        except (NotASession, BadSession):
            sessions.remove(key)
            if _see(objects, bucket=bucket, key=key) == seen:
                raise
            continue
        sessions.replace(key, found.records)
        if _see(objects, bucket=bucket, key=key) == seen:
            return found
    raise SessionRefused(f"{key} is being written again and again. Look who writes it.")


def look(objects: Objects, *, bucket: str, key: str) -> Found:
    """What the store says of the object now; raises as `make_equal`."""
    return _read(objects, _see(objects, bucket=bucket, key=key), bucket=bucket, key=key)


def is_withdrawn(objects: Objects, bucket: str, subject: str) -> bool:
    """Whether the subject has a tombstone."""
    return _head(objects, bucket=bucket, key=tombstone_key(subject)) is not None


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """The ETags of an object and of its notes, None where there is none, and the object's size."""

    etag: str | None
    notes_etag: str | None
    size_bytes: int


def _see(objects: Objects, *, bucket: str, key: str) -> _Seen:
    session = _head(objects, bucket=bucket, key=key)
    notes = _head(objects, bucket=bucket, key=notes_key(key))
    return _Seen(
        etag=session.etag if session else None,
        notes_etag=notes.etag if notes else None,
        size_bytes=session.size_bytes if session else 0,
    )


def _read(objects: Objects, seen: _Seen, *, bucket: str, key: str) -> Found:
    if seen.etag is None:
        return Found(records=[], notes=Notes())
    if seen.size_bytes > LIMIT_BYTES:
        raise NotASession(f"a file too large for a session ({seen.size_bytes:,} bytes)")
    try:
        content = objects.get(bucket, key)
        notes = Notes() if seen.notes_etag is None else read_notes(objects.get(bucket, notes_key(key)))
    except ObjectMissing:  # gone in this moment: whoever looks again sees that
        return Found(records=[], notes=Notes())
    records = records_of(content, key=key, notes=notes)
    gone = {subject for subject in {record.subject for record in records} if is_withdrawn(objects, bucket, subject)}
    return Found(records=[record for record in records if record.subject not in gone], notes=notes)


def _head(objects: Objects, *, bucket: str, key: str) -> ObjectInfo | None:
    try:
        return objects.head(bucket, key)
    except ObjectMissing:
        return None
