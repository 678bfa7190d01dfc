"""A data manager settles that two recordings of a patient hold different data at the same time.

Owns: what is written for it and in which order: first how it is settled, in the later one's `recording.json`, then what
follows from that: who is hidden, and the states of others. A kill in between leaves it to be settled again, which
changes nothing twice. Of two who decide at once the second is told of the first. What was hidden here can be found
again by settling it otherwise; who did what and when stays.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from django.conf import settings

from chunks.document import Document, read_document
from chunks.errors import ChunksError, OverlapUnknown, SettledMeanwhile
from chunks.format.keys import patient_bucket
from chunks.models import OverlapVerdict, RecordingState
from chunks.overlaps import others_of, restand
from chunks.standing import DECIDED, change
from storage.errors import StorageError
from storage.objects import Objects
from storage.urls import open_objects

REFUSALS = (ChunksError, StorageError)
SETTLED = "overlap settled"


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


def settle_here(patient: str, *, recording: str, earlier: str, how: How, by: str, seen: str) -> Settled:
    """`settle` in the portal's own store. Raises one of `REFUSALS`."""
    bucket = patient_bucket(patient, prefix=settings.BUCKET_PREFIX)
    objects = open_objects(settings.OBJECTS_URL)
    return settle(objects, bucket=bucket, recording=recording, earlier=earlier, how=how, by=by, seen=seen)


def settle(
    objects: Objects,
    *,
    bucket: str,
    recording: str,
    earlier: str,
    how: How,
    by: str,
    seen: str = "",
    now: datetime | None = None,
) -> Settled:
    """Settles every difference of `recording` with the `earlier` one; `seen`: how it was before, to who decides.

    Raises `OverlapUnknown` where they have none, `SettledMeanwhile`, `ChunksError` and `StorageError`.
    """
    at = (now or datetime.now(UTC)).isoformat(timespec="seconds")
    entry = {"at": at, "by": by, "how": how.value}

    def settled(document: Document) -> Document:
        differences = _differences(document, earlier=earlier)
        if not differences:
            raise OverlapUnknown(
                f"{recording} has no data that differ from those of {earlier}: there is nothing to settle."
            )
        before = settled_how(differences)
        if before == how:
            return document
        if before != seen:
            said = next(each["settled"] for each in differences if each["settled"])
            raise SettledMeanwhile(f"{said['by']} has settled it meanwhile: {said['how']}. Look at it again.")
        overlaps = [each | {"settled": entry} if each in differences else each for each in document["overlaps"]]
        new = _corrected(document, beside=earlier, entry=entry) | {"overlaps": overlaps}
        return _shown_or_not(new, beside=earlier, hide=how is How.THIS_HIDDEN, was_hidden=before == How.THIS_HIDDEN)

    def follows(document: Document) -> Document:
        """By what the later one says at this moment: somebody else may have settled it again."""
        later = read_document(objects, bucket=bucket, recording=recording)
        hide = settled_how(_differences(later, earlier=earlier)) == How.EARLIER_HIDDEN
        was_hidden = _was_hidden_beside(document, beside=recording)
        if hide == (document["state"] == RecordingState.HIDDEN) or not (hide or was_hidden):
            return document
        new = _corrected(document, beside=recording, entry=entry)
        return _shown_or_not(new, beside=recording, hide=hide, was_hidden=was_hidden)

    change(objects, bucket=bucket, recording=recording, changed=settled)
    change(objects, bucket=bucket, recording=earlier, changed=follows)
    both = [restand(name, objects=objects, bucket=bucket) for name in (recording, earlier)]
    # Who was in conflict with what is hidden now may be so no more, and who was not may be with what is found again;
    # and copies say whether what holds them is hidden.
    near = {other["recording"]: other for each in both for other in others_of(each, objects=objects, bucket=bucket)}
    for name in sorted(near.keys() - {recording, earlier}):
        if near[name]["state"] in DECIDED:
            restand(name, objects=objects, bucket=bucket)
    return Settled(recording=both[0]["state"], earlier=both[1]["state"])


def settled_how(differences: Sequence[Document]) -> str:
    """How these are settled; empty where one of them is not."""
    hows = {each["settled"]["how"] if each["settled"] else "" for each in differences}
    return "" if "" in hows or not hows else max(hows)


def _shown_or_not(document: Document, *, beside: str, hide: bool, was_hidden: bool) -> Document:
    if hide:
        return _hidden(document, beside=beside)
    if was_hidden and document["state"] == RecordingState.HIDDEN:
        return document | {"state": RecordingState.OK.value, "state_reason": None}
    return document


def _was_hidden_beside(document: Document, *, beside: str) -> bool:
    """Whether it is hidden since it was settled so with that one, and nothing has been corrected since."""
    last = document["corrections"][-1] if document["corrections"] else {}
    return bool(
        document["state"] == RecordingState.HIDDEN
        and last.get("what") == SETTLED
        and last.get("with") == beside
        and last.get("how") == How.EARLIER_HIDDEN
    )


def _hidden(document: Document, *, beside: str) -> Document:
    reason = f"Hidden by a data manager: its data differ from those of {beside} at the same time."
    return document | {"state": RecordingState.HIDDEN.value, "state_reason": reason}


def _corrected(document: Document, *, beside: str, entry: Document) -> Document:
    correction = entry | {"what": SETTLED, "with": beside, "state_before": document["state"]}
    return document | {"corrections": [*document["corrections"], correction]}


def _differences(document: Document, *, earlier: str) -> list[Document]:
    return [
        each
        for each in document.get("overlaps") or ()
        if each["earlier"] == earlier and each["verdict"] == OverlapVerdict.DIFFERENT
    ]
