"""The objects that cannot be indexed, as rows of `index_error`: noted with a reason, forgotten once that has gone.

Owns: which errors are about the object itself, so that a row is kept of it, and their sentences, which name nothing of
the patient. Any other error (no network, no credentials) says nothing of the object, and leaves no row.
"""

from datetime import UTC, datetime

from django.db import DataError, IntegrityError, connections

from chunks.errors import ChunkUnreadable, ObjectUnfit, RecordingUnreadable
from chunks.format import entry, row
from chunks.index import dialect
from chunks.models import IndexFault
from storage.errors import AccessDenied, KeyUnusable, ObjectArchived, RangeOutside
from storage.objects import ObjectInfo

REASONS: dict[type[Exception], str] = {
    ChunkUnreadable: "It is no chunk: its line 1 is not a chunk's header.",
    RangeOutside: entry.EMPTY,
    RecordingUnreadable: "It is not what this portal writes as recording.json.",
    KeyUnusable: entry.KEY_UNUSABLE,
    ObjectArchived: entry.ARCHIVED,
    AccessDenied: "It may not be read: access is denied.",
    DataError: entry.VALUE_REFUSED,
    IntegrityError: entry.VALUE_REFUSED,
}
OF_OBJECTS: tuple[type[Exception], ...] = tuple(REASONS)


def reason_of(error: Exception) -> str:
    """The sentence for one of `OF_OBJECTS`."""
    if isinstance(error, ObjectUnfit) and error.reason:
        return error.reason
    return next(reason for kind, reason in REASONS.items() if isinstance(error, kind))


def note(info: ObjectInfo, *, reason: str) -> None:
    """Notes that the object cannot be indexed; one that is noted already is counted."""
    now = datetime.now(UTC)
    with connections["headers"].cursor() as cursor:
        cursor.execute(
            row.fault_upsert(rows=1, dialect=dialect()),
            row.fault_row(bucket=info.bucket, key=info.key, etag=info.etag, reason=reason, seen_at=now),
        )


def forget_older(moment: datetime, *, bucket: str) -> None:
    """Forgets the faults of a bucket that were not met again since."""
    IndexFault.objects.filter(bucket=bucket, last_seen__lt=moment).delete()
