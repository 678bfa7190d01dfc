"""What the pages of a recording, and of two in conflict, say of the time that other recordings hold too.

Owns: these lines. Who may not ingest sees of others only those in state ok, as everywhere.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Q
from django.urls import reverse

from chunks.format.clock import since_day_zero_us
from chunks.models import OverlapContained, OverlapVerdict, Recording, RecordingOverlap, RecordingState
from chunks.overlap_words import shift_words
from chunks.settle import How
from jobs.terminal import size_text
from selections.picture import hours_text
from selections.times import spell_instant

LINES_MAX = 100
LABELS_MAX = 12


@dataclass(frozen=True, kw_only=True)
class SharedTime:
    """Time of some channels that another recording holds too; `settle` is the page to settle it, empty for none."""

    other: str
    state: str
    state_name: str
    start: str
    stop: str
    channels: str
    verdict: str
    remark: str
    settle: str


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of two recordings in conflict."""

    name: str
    state: str
    state_name: str
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """Two recordings whose data differ; `times` are all they share, told of the later one."""

    later: Side
    earlier: Side
    times: tuple[SharedTime, ...]
    settled: str
    can_settle: bool


def shared_times(row: Recording, *, all_states: bool) -> tuple[SharedTime, ...]:
    """Of one recording, by start; the first hundred. One probe of two indexes where there is nothing."""
    here = RecordingOverlap.objects.filter(bucket=row.bucket)
    found = list(here.filter(recording=row.name)) + list(here.filter(earlier=row.name))
    if not found:
        return ()
    names = {each.recording for each in found} | {each.earlier for each in found}
    others = {each.name: each for each in Recording.objects.filter(bucket=row.bucket, name__in=sorted(names))}
    lines = []
    for each in sorted(found, key=lambda each: (each.start, each.recording, each.earlier, each.place)):
        other = others.get(each.earlier if each.recording == row.name else each.recording)
        if other is not None and (all_states or other.state == RecordingState.OK):
            lines.append(_line(each, row=row, other=other, all_states=all_states))
    return tuple(lines[:LINES_MAX])


def why_left_out(row: Recording) -> tuple[tuple[str, str], ...]:
    """(sentence, name of the other recording) for each reason why searches leave this one out."""
    here = RecordingOverlap.objects.filter(bucket=row.bucket)
    if row.state == RecordingState.DUPLICATE:
        both = OverlapContained.BOTH
        mine = here.filter(recording=row.name, contained__in=[OverlapContained.THIS, both])
        theirs = here.filter(earlier=row.name, contained__in=[OverlapContained.EARLIER, both])
        names = {*mine.values_list("earlier", flat=True), *theirs.values_list("recording", flat=True)}
        return tuple(("Every instant of every channel is equal in", name) for name in sorted(names))
    if row.state == RecordingState.CONFLICT:
        mine, theirs = (
            here.filter(beside, verdict=OverlapVerdict.DIFFERENT, settled="")
            for beside in (Q(recording=row.name), Q(earlier=row.name))
        )
        names = {*mine.values_list("earlier", flat=True), *theirs.values_list("recording", flat=True)}
        return tuple(("Its data differ at the same time from those of", name) for name in sorted(names))
    return ()


def conflict_of(patient: str, later: str, earlier: str) -> Conflict | None:
    """The two, where the data of the later one differ from the earlier one's; the caller has checked the patient."""
    rows = list(RecordingOverlap.objects.filter(patient=patient, recording=later, earlier=earlier).order_by("place"))
    different = [row for row in rows if row.verdict == OverlapVerdict.DIFFERENT]
    if not different:
        return None
    held = {each.name: each for each in Recording.objects.filter(bucket=different[0].bucket, name__in=[later, earlier])}
    if len(held) < len({later, earlier}):
        return None
    sides = held[later], held[earlier]
    settled = "" if any(not row.settled for row in different) else max(row.settled for row in different)
    return Conflict(
        later=_side(sides[0]),
        earlier=_side(sides[1]),
        times=tuple(_line(row, row=sides[0], other=sides[1], all_states=True) for row in rows),
        settled=settled,
        can_settle=all(
            side.state in {RecordingState.OK, RecordingState.CONFLICT}
            or (side.state == RecordingState.HIDDEN and settled == hides)
            for side, hides in zip(sides, (How.THIS_HIDDEN, How.EARLIER_HIDDEN), strict=True)
        ),
    )


def _line(overlap: RecordingOverlap, *, row: Recording, other: Recording, all_states: bool) -> SharedTime:
    later = overlap.recording == row.name
    shift_us = overlap.shift_us if later else -overlap.shift_us
    moved_us = 0 if later else overlap.shift_us
    start, stop = (
        spell_instant(since_day_zero_us(row.patient, each) + moved_us) for each in (overlap.start, overlap.stop)
    )
    different = overlap.verdict == OverlapVerdict.DIFFERENT
    link = reverse("conflict", args=[row.patient, overlap.recording, overlap.earlier]) if different else ""
    return SharedTime(
        other=other.name,
        state=other.state,
        state_name=str(other.get_state_display()),
        start=start,
        stop=stop,
        channels=_channels(overlap.labels),
        verdict=str(overlap.get_verdict_display()),
        remark=", ".join(_remarks(overlap, shift_us=shift_us)),
        settle=link if all_states else "",
    )


def _remarks(overlap: RecordingOverlap, *, shift_us: int) -> Iterator[str]:
    if shift_us:
        yield shift_words(shift_us).removeprefix(", ")
    if overlap.settled:
        yield f"settled: {overlap.settled}"


def _channels(labels: list[str]) -> str:
    more = f" and {len(labels) - LABELS_MAX} more" if len(labels) > LABELS_MAX else ""
    return f"{len(labels)}: {', '.join(label or 'without a label' for label in labels[:LABELS_MAX])}{more}"


def _side(row: Recording) -> Side:
    start_us, stop_us = (since_day_zero_us(row.patient, moment) for moment in (row.start, row.stop))
    return Side(
        name=row.name,
        state=row.state,
        state_name=str(row.get_state_display()),
        facts=(
            ("Start", spell_instant(start_us)),
            ("Stop", spell_instant(stop_us)),
            ("Length", hours_text(stop_us - start_us)),
            ("Channels", f"{len(row.labels):,}"),
            ("Chunks", f"{row.chunks_expected:,}"),
            ("Size", size_text(row.bytes_expected)),
            ("Warnings", f"{len(row.warning_texts):,}"),
        ),
    )
