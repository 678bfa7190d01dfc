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
from storage.objects import Objects

LOOKS = 5


@dataclass(frozen=True, kw_only=True)
class Found:
    """What the store says of a session's object: its records (of nobody withdrawn), notes, and the ETags of both,
    empty where there is no such object."""

    records: Sequence[SessionRecord]
    notes: Notes
    etags: tuple[str, str]


def make_equal(objects: Objects, sessions: Sessions, *, bucket: str, key: str) -> Found:
    """Makes these the records of the object; what the store said of it.

    Raises `NotASession` or `BadSession` where no session can be read from it, and it has no records then;
    `NotesUnreadable`, and its records stay; `BucketMissing`, and nothing is concluded.
    """
    for _ in range(LOOKS):
        etags = _etags(objects, bucket=bucket, key=key)
        try:
            found = look(objects, bucket=bucket, key=key)
        except (NotASession, BadSession):
            sessions.remove(key)
            if _etags(objects, bucket=bucket, key=key) == etags:
                raise
            continue
        sessions.replace(key, found.records)
        if _etags(objects, bucket=bucket, key=key) == found.etags:
            return found
    raise SessionRefused(f"{key} is being written again and again. Look who writes it.")


def look(objects: Objects, *, bucket: str, key: str) -> Found:
    """What the store says of the object now; raises as `make_equal`."""
    etags = _etags(objects, bucket=bucket, key=key)
    if not etags[0]:
        return Found(records=[], notes=Notes(), etags=etags)
    try:
        if (size_bytes := objects.head(bucket, key).size_bytes) > LIMIT_BYTES:
            raise NotASession(f"a file too large for a session ({size_bytes:,} bytes)")
        content = objects.get(bucket, key)
        notes = read_notes(objects.get(bucket, notes_key(key))) if etags[1] else Notes()
    except ObjectMissing:  # gone in this moment: whoever looks again sees that
        return Found(records=[], notes=Notes(), etags=etags)
    records = records_of(content, key=key, notes=notes)
    gone = {subject for subject in {record.subject for record in records} if is_withdrawn(objects, bucket, subject)}
    return Found(records=[record for record in records if record.subject not in gone], notes=notes, etags=etags)


def is_withdrawn(objects: Objects, bucket: str, subject: str) -> bool:
    """Whether the subject has a tombstone."""
    return bool(_etag(objects, bucket=bucket, key=tombstone_key(subject)))


def _etags(objects: Objects, *, bucket: str, key: str) -> tuple[str, str]:
    return _etag(objects, bucket=bucket, key=key), _etag(objects, bucket=bucket, key=notes_key(key))


def _etag(objects: Objects, *, bucket: str, key: str) -> str:
    try:
        return objects.head(bucket, key).etag
    except ObjectMissing:
        return ""
