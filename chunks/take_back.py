"""Takes back what an ingest that did not end has written: chunks, annotations, rows, and last the claim itself.

Owns: that nothing but a recording in state `ingesting` is ever removed here, and the order: as long as anything is left
its claim is there, so a run that is killed is started again.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Protocol

from django.conf import settings

from chunks.document import read_document
from chunks.errors import IngestRefused
from chunks.format.keys import recording_key, withheld_bucket, withheld_key
from chunks.models import RecordingState
from chunks.who_indexes import forget
from storage.errors import BucketMissing, ObjectMissing
from storage.objects import Objects

ROWS_AT_ONCE = 400


class Removed(Protocol):
    """Is told of every object that is gone, by its size."""

    def __call__(self, removed_bytes: int, /) -> None: ...


def untold(_removed_bytes: int, /) -> None:
    """For whoever needs not be told."""


def take_back(objects: Objects, *, patient: str, bucket: str, recording: str, removed: Removed = untold) -> None:
    """Nothing of the recording is left; one that is not there is no error.

    Raises `IngestRefused` where it is not in state `ingesting`. `removed` may raise to stop it.
    """
    claim = recording_key(recording)
    try:
        state = read_document(objects, bucket=bucket, recording=recording)["state"]
    except (ObjectMissing, BucketMissing):
        forget(bucket=bucket, keys=[claim])
        return
    if state != RecordingState.INGESTING:
        raise IngestRefused(f"Recording {recording} of patient {patient} is {state}: only what is half taken in goes.")
    objects.clear_leftovers(bucket, prefix=f"{recording}/", older_than_s=0)
    for keys in _batches(objects, bucket=bucket, recording=recording, removed=removed):
        forget(bucket=bucket, keys=keys)
    with suppress(BucketMissing):  # no annotations were ever kept
        objects.delete(withheld_bucket(prefix=settings.BUCKET_PREFIX), withheld_key(patient, recording))
    objects.delete(bucket, claim)
    forget(bucket=bucket, keys=[claim])


def _batches(objects: Objects, *, bucket: str, recording: str, removed: Removed) -> Iterator[list[str]]:
    """The keys of all objects but the claim, some hundred at a time, each batch gone."""
    gone: list[str] = []
    for info in list(objects.list(bucket, prefix=f"{recording}/")):
        if info.key == recording_key(recording):
            continue
        objects.delete(bucket, info.key)
        removed(info.size_bytes)
        gone.append(info.key)
        if len(gone) >= ROWS_AT_ONCE:
            yield gone
            gone = []
    yield gone
