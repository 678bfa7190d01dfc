"""Whether a patient has withdrawn: asked before anything of a patient is ingested or indexed.

Owns: that question. The tombstone lies in the sessions bucket, which outlives the patient's own and both databases.
"""

from django.conf import settings

from chunks.errors import IngestRefused
from chunks.format.keys import tombstone_key
from storage.errors import BucketMissing, ObjectMissing
from storage.objects import Objects

__all__ = ["refuse_withdrawn", "tombstone_key"]


def is_withdrawn(objects: Objects, *, patient: str) -> bool:
    """Whether the patient has a tombstone. Raises `StorageError` where that cannot be told."""
    try:
        objects.head(settings.SESSIONS_BUCKET, tombstone_key(patient))
    except (ObjectMissing, BucketMissing):
        return False
    return True


def refuse_withdrawn(objects: Objects, *, patient: str) -> None:
    """Raises `IngestRefused` where the patient has a tombstone."""
    if not is_withdrawn(objects, patient=patient):
        return
    raise IngestRefused(
        f"Patient {patient} has withdrawn: nothing of this patient may be ingested, shown or brought back."
    )
