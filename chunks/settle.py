"""A data manager settles that two recordings of a patient hold different data at the same time.

Owns: what is written for it and in which order: first what is hidden, then that it is settled, then the states that
follow; a kill in between leaves it to be settled again, which changes nothing twice. Both `recording.json` keep who did
it and when.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from django.conf import settings

from chunks.document import Document, read_document
from chunks.errors import ChunksError, OverlapUnknown
from chunks.format.keys import patient_bucket
from chunks.models import OverlapVerdict, RecordingState
from chunks.overlaps import others_of, restand
from chunks.standing import change
from storage.errors import StorageError
from storage.objects import Objects
from storage.urls import open_objects

REFUSALS = (ChunksError, StorageError)


class How(StrEnum):
    """Which of the two stay in searches."""

    BOTH_KEPT = "both kept"
    THIS_HIDDEN = "this hidden"
    EARLIER_HIDDEN = "earlier hidden"


@dataclass(frozen=True, kw_only=True)
class Settled:
    """The states of the two afterwards."""

    recording: str
    earlier: str


def settle_here(patient: str, *, recording: str, earlier: str, how: How, by: str) -> Settled:
    """`settle` in the portal's own store. Raises one of `REFUSALS`."""
    bucket = patient_bucket(patient, prefix=settings.BUCKET_PREFIX)
    objects = open_objects(settings.OBJECTS_URL)
    return settle(objects, bucket=bucket, recording=recording, earlier=earlier, how=how, by=by)


def settle(
    objects: Objects, *, bucket: str, recording: str, earlier: str, how: How, by: str, now: datetime | None = None
) -> Settled:
    """Settles every difference of `recording` with the `earlier` one.

    Raises `OverlapUnknown` where they have none, `ChunksError` and `StorageError`.
    """
    at = (now or datetime.now(UTC)).isoformat(timespec="seconds")
    entry = {"at": at, "by": by, "how": how.value}

    def settled(document: Document) -> Document:
        differences = _differences(document, earlier=earlier)
        if not differences:
            raise OverlapUnknown(
                f"{recording} has no data that differ from those of {earlier}: there is nothing to settle."
            )
        if all(each["settled"] and each["settled"]["how"] == how for each in differences):
            return document
        overlaps = [each | {"settled": entry} if each in differences else each for each in document["overlaps"]]
        new = _corrected(document, beside=earlier, entry=entry) | {"overlaps": overlaps}
        return _hidden(new, beside=earlier) if how is How.THIS_HIDDEN else new

    def hidden(document: Document) -> Document:
        if document["state"] == RecordingState.HIDDEN:
            return document
        return _hidden(_corrected(document, beside=recording, entry=entry), beside=recording)

    if how is How.EARLIER_HIDDEN and _differences(
        read_document(objects, bucket=bucket, recording=recording), earlier=earlier
    ):
        change(objects, bucket=bucket, recording=earlier, changed=hidden)
    change(objects, bucket=bucket, recording=recording, changed=settled)
    both = [restand(name, objects=objects, bucket=bucket) for name in (recording, earlier)]
    # Who was in conflict with what is hidden now may be so no more.
    near = {other["recording"]: other for each in both for other in others_of(each, objects=objects, bucket=bucket)}
    for name in sorted(near.keys() - {recording, earlier}):
        if near[name]["state"] == RecordingState.CONFLICT:
            restand(name, objects=objects, bucket=bucket)
    return Settled(recording=both[0]["state"], earlier=both[1]["state"])


def _hidden(document: Document, *, beside: str) -> Document:
    reason = f"Hidden by a data manager: its data differ from those of {beside} at the same time."
    return document | {"state": RecordingState.HIDDEN.value, "state_reason": reason}


def _corrected(document: Document, *, beside: str, entry: Document) -> Document:
    correction = entry | {"what": "overlap settled", "with": beside, "state_before": document["state"]}
    return document | {"corrections": [*document["corrections"], correction]}


def _differences(document: Document, *, earlier: str) -> list[Document]:
    return [
        each
        for each in document.get("overlaps") or ()
        if each["earlier"] == earlier and each["verdict"] == OverlapVerdict.DIFFERENT
    ]
