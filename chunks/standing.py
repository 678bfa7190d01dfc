"""What state a recording has beside those that overlap it: ok, duplicate of another, or in conflict with others.

Owns: these rules, and how a state is written into a `recording.json` that others may be changing. A state follows from
what the documents say (`overlaps` of the one that was taken in later), so it may be asked for again at any time, and
two who decide at once decide the same.

* A recording is a duplicate where every instant of every channel is equal in one other; of two that are equal the one
  that was taken in later is. That holds of a hidden one too: what was hidden is not found under another name, and is
  again where it is settled otherwise.
* Two are in conflict where their data differ, until a data manager has settled it, or one is hidden or a duplicate.
* What is being taken in, hidden, or of version 1 keeps its state.
"""

from collections.abc import Callable, Iterator, Sequence

from chunks.document import Document, encode_document, read_document
from chunks.errors import RecordingUnreadable
from chunks.format.keys import recording_key
from chunks.models import OverlapContained, OverlapVerdict, RecordingState
from chunks.who_indexes import index_recording
from storage.errors import ObjectChanged
from storage.objects import Objects

TRIES = 20
DECIDED = frozenset({RecordingState.OK, RecordingState.DUPLICATE, RecordingState.CONFLICT})
_NAMED = 3


def stand(document: Document, others: Sequence[Document]) -> Document:
    """The document with the state and the reason that follow from those of the others that overlap it in time."""
    if document["state"] not in DECIDED:
        return document
    if of := next(_containing(document, others), None):
        which = ", which is hidden" if of["state"] == RecordingState.HIDDEN else ""
        reason = f"Every instant of every channel is equal in {of['recording']}{which}."
        return document | {"state": RecordingState.DUPLICATE.value, "state_reason": reason}
    if against := sorted(_in_conflict(document, others)):
        more = f" and {len(against) - _NAMED} more" if len(against) > _NAMED else ""
        reason = f"Its data differ from those of {', '.join(against[:_NAMED])}{more} at the same time."
        return document | {"state": RecordingState.CONFLICT.value, "state_reason": reason}
    return document | {"state": RecordingState.OK.value, "state_reason": None}


def touches_state(document: Document) -> list[str]:
    """The names of earlier recordings whose state may follow from this one."""
    return sorted({each["earlier"] for each in document.get("overlaps") or () if each["contained"] or _is_open(each)})


def change(objects: Objects, *, bucket: str, recording: str, changed: Callable[[Document], Document]) -> Document:
    """Writes what `changed` makes of the document, and its rows; asked again where somebody changed it meanwhile.

    Gives the document as it is then; nothing is written where it stays as it is.
    """
    key = recording_key(recording)
    for _ in range(TRIES):
        info = objects.head(bucket, key)
        document = read_document(objects, bucket=bucket, recording=recording)
        new = changed(document)
        if new == document:
            return document
        try:
            info = objects.replace(bucket, key, encode_document(new), etag=info.etag)
        except ObjectChanged:
            continue
        objects.settle(bucket, prefix=key)
        index_recording(new, info=info)
        return new
    raise RecordingUnreadable(f"{key} in {bucket} is being changed again and again. Look who writes it.")


def _containing(document: Document, others: Sequence[Document]) -> Iterator[Document]:
    """The others that hold all of it, by name; those that are hidden last."""
    name = document["recording"]
    for other in sorted(others, key=lambda each: (each["state"] == RecordingState.HIDDEN, str(each["recording"]))):
        if other["state"] not in DECIDED | {RecordingState.HIDDEN}:
            continue
        mine = {each["contained"] for each in _about(document, other["recording"])}
        theirs = {each["contained"] for each in _about(other, name)}
        both = OverlapContained.BOTH
        # Where each took the other for the earlier one, their names decide.
        later = both in mine and (both not in theirs or name > other["recording"])
        if later or OverlapContained.THIS in mine or OverlapContained.EARLIER in theirs:
            yield other


def _in_conflict(document: Document, others: Sequence[Document]) -> Iterator[str]:
    name = document["recording"]
    for other in others:
        if other["state"] in {RecordingState.OK, RecordingState.CONFLICT} and any(
            _is_open(each) for each in [*_about(document, other["recording"]), *_about(other, name)]
        ):
            yield other["recording"]


def _about(document: Document, earlier: str) -> list[Document]:
    return [each for each in document.get("overlaps") or () if each["earlier"] == earlier]


def _is_open(overlap: Document) -> bool:
    return bool(overlap["verdict"] == OverlapVerdict.DIFFERENT and overlap["settled"] is None)
