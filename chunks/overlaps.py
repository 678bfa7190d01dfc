"""What a recording that is taken in holds of a patient's time that another one holds already.

Owns: which recordings are compared, the `overlaps` of `recording.json`, and the order in which states are written, on
which it rests that a kill at any point leaves data counted, at worst twice, and the next run ends as if there had been
none: first the later recording with all that was found, then the earlier ones.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from itertools import chain

from chunks.document import Document, read_document
from chunks.errors import RecordingUnreadable
from chunks.format.clock import day_zero
from chunks.held import documents, without_rows
from chunks.models import OverlapVerdict, Recording, RecordingState
from chunks.overlap_compare import Heartbeat, compare
from chunks.overlap_layout import layout_of
from chunks.standing import change, stand, touches_state
from chunks.who_indexes import asked
from storage.errors import ObjectMissing
from storage.objects import Objects

# Of duplicates every instant is in another one, which is compared.
COMPARED = frozenset({RecordingState.OK, RecordingState.CONFLICT, RecordingState.HIDDEN})
ROUNDS = 5
# Is called now and then with the name of the recording that is being compared with.
Comparing = Callable[[str], None]


def with_overlaps(document: Document, *, objects: Objects, bucket: str, comparing: Comparing) -> Document:
    """The document of a recording whose chunks are all there, with what others hold of its time and its state.

    What it had found already of others stays, and those are not read again. Raises `StorageError`.
    """
    known = list(document.get("overlaps") or ())
    looked_at = {each["earlier"] for each in known}
    others = list(others_of(document, objects=objects, bucket=bucket))
    for other in others:
        name = other["recording"]
        if name in looked_at or other["state"] not in COMPARED or _has_found(other, document):
            continue
        found = _found(document, other, objects=objects, bucket=bucket, heartbeat=partial(comparing, name))
        known += [each for each in found if not _is_of_clocks(each, told=other.get("overlaps") or ())]
    known = [each for each in known if each["settled"] or not _is_of_clocks(each, told=known)]
    return stand(document | {"overlaps": known}, others)


def follow(document: Document, *, objects: Objects, bucket: str, comparing: Comparing) -> Document:
    """After the recording was written: makes the states of others follow from it; safe to repeat.

    Others that ended at the same time did not see it, so it looks once more, until nobody new is there. Gives the
    document as it is then.
    """
    name = document["recording"]

    def looked_again(held: Document) -> Document:
        return with_overlaps(held, objects=objects, bucket=bucket, comparing=comparing)

    for _ in range(ROUNDS):
        before = document
        if document["state"] in COMPARED:
            document = change(objects, bucket=bucket, recording=name, changed=looked_again)
        if document.get("overlaps") == before.get("overlaps"):
            break
    _told(document, objects=objects, bucket=bucket)
    for earlier in touches_state(document):
        with suppress(ObjectMissing, RecordingUnreadable):  # it is gone, or nobody's any more
            _told(restand(earlier, objects=objects, bucket=bucket), objects=objects, bucket=bucket)
    return document


def _told(document: Document, *, objects: Objects, bucket: str) -> None:
    """Who was in conflict with what turned out a duplicate may be so no more."""
    if document["state"] != RecordingState.DUPLICATE:
        return
    for other in others_of(document, objects=objects, bucket=bucket):
        if other["state"] == RecordingState.CONFLICT:
            with suppress(ObjectMissing, RecordingUnreadable):
                restand(other["recording"], objects=objects, bucket=bucket)


def restand(recording: str, *, objects: Objects, bucket: str) -> Document:
    """Makes the state of a recording what follows from those that overlap it now."""

    def stood(document: Document) -> Document:
        return stand(document, list(others_of(document, objects=objects, bucket=bucket)))

    return change(objects, bucket=bucket, recording=recording, changed=stood)


def others_of(document: Document, *, objects: Objects, bucket: str) -> Iterator[Document]:
    """The documents of the patient's other recordings that overlap it in time, by name, in whatever state.

    One query of recording rows, bounded by the patient, and one listing, for what has no row yet; where rows cannot be
    asked, every `recording.json` is read.
    """
    start, stop = (datetime.fromisoformat(document[end]) for end in ("start", "stop"))

    def by_rows() -> list[str]:
        near = Recording.objects.filter(patient=document["patient"], start__lt=stop, stop__gt=start)
        return list(near.order_by("name").values_list("name", flat=True))

    names = asked(by_rows)
    if names is None:
        found: Iterator[Document] = documents(objects, bucket=bucket)
    else:
        found = chain(
            _read(names, objects=objects, bucket=bucket),
            asked(lambda: list(without_rows(objects, bucket=bucket))) or (),
        )
    for other in found:
        with suppress(KeyError, TypeError, ValueError):
            begins, ends = (datetime.fromisoformat(other[end]) for end in ("start", "stop"))
            if other["recording"] != document["recording"] and begins < stop and ends > start:
                yield other


def _read(names: Sequence[str], *, objects: Objects, bucket: str) -> Iterator[Document]:
    for name in names:
        with suppress(ObjectMissing, RecordingUnreadable):  # a repair names it
            yield read_document(objects, bucket=bucket, recording=name)


def _has_found(other: Document, document: Document) -> bool:
    """Whether the other, which was taken in after this one, has compared the two already."""
    return any(each["earlier"] == document["recording"] for each in other.get("overlaps") or ())


def _found(
    document: Document, other: Document, *, objects: Objects, bucket: str, heartbeat: Heartbeat
) -> list[Document]:
    try:
        mine, theirs = (layout_of(each, bucket=bucket) for each in (document, other))
    except RecordingUnreadable:
        return []
    compared = compare(mine, theirs, objects=objects, heartbeat=heartbeat)
    patient = document["patient"]
    return [
        {
            "earlier": other["recording"],
            "start": _iso(patient, each.start_us),
            "stop": _iso(patient, each.stop_us),
            "channels": list(each.channels),
            "verdict": each.verdict.value,
            "shift_us": each.shift_us,
            "contained": compared.contained.value,
            "settled": None,
        }
        for each in compared.common
    ]


def _is_of_clocks(overlap: Document, *, told: Sequence[Document]) -> bool:
    """Whether it is no finding: no longer than the clock of that recording is off there.

    `told`: its own overlaps. Where its samples are those of yet another one with a shift, the clock of one of them is
    off by it, and so its end seems to lie in what follows.
    """
    lasts = _end(overlap, "stop") - _end(overlap, "start")
    return overlap["verdict"] != OverlapVerdict.EQUAL and any(
        each["verdict"] == OverlapVerdict.EQUAL
        and lasts <= timedelta(microseconds=abs(each["shift_us"]))
        and _end(each, "start") <= _end(overlap, "start")
        and _end(overlap, "stop") <= _end(each, "stop")
        and set(overlap["channels"]) <= set(each["channels"])
        for each in told
    )


def _end(overlap: Document, end: str) -> datetime:
    return datetime.fromisoformat(overlap[end])


def _iso(patient: str, us: int) -> str:
    return (day_zero(patient) + timedelta(microseconds=us)).isoformat(timespec="microseconds")
