"""Adds up what a selection finds: exact bytes, hours and gaps, without looking at each row.

Owns: what each sum means, and how it is taken in flat memory: the database groups the rows of all channels by their
start and stop, so that what is walked here grows with hours, not with channels.
"""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter

from django.db.models import Count, F, Sum

from chunks.format.clock import since_day_zero_us
from selections.arms import Arm
from selections.few import found_in
from selections.intervals import Interval, Intervals, intersection, measure_us
from selections.rows import StayRows
from selections.stay import Stay

GAP_US = 1_000_000
HOUR_US = 3_600_000_000


@dataclass(frozen=True, kw_only=True)
class Totals:
    """What a selection finds.

    channels: labels, as `label_norm` has them, counted in each patient; a channel that is recorded for a week is one.
    recordings, patients: those of which at least one chunk is found.
    covered_us: the time that the found chunks hold, added over patients; an instant counts once, however many channels
        or recordings hold it, and a chunk counts whole, also where only its end was asked for.
    asked_us: the part of it that lies in the time asked for.
    gaps: the times of over a second, between a patient's first and last found chunk, that were asked for and that no
        found chunk holds; one pause is one gap, also where it covers several of the intervals asked for.
    size_bytes: of the objects, exactly, first lines included.
    """

    chunks: int = 0
    channels: int = 0
    recordings: int = 0
    patients: int = 0
    covered_us: int = 0
    asked_us: int = 0
    gaps: int = 0
    size_bytes: int = 0

    @property
    def hours(self) -> float:
        """Hours that the found chunks hold (`covered_us`)."""
        return self.covered_us / HOUR_US

    @property
    def hours_asked(self) -> float:
        """Hours of them that were asked for (`asked_us`)."""
        return self.asked_us / HOUR_US

    def seconds_at(self, bytes_per_s: float) -> float:
        """How long the bytes take at a rate."""
        return self.size_bytes / bytes_per_s

    def __add__(self, other: "Totals") -> "Totals":
        """The totals of two questions about different patients."""
        return Totals(**{name: getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__})


@dataclass(frozen=True, kw_only=True, slots=True)
class _Stack:
    """The found chunks of one recording that begin and end together: one for each channel, as a rule."""

    time: Interval
    bucket: str
    recording: str
    chunks: int
    size_bytes: int


def totals_of(stays: Iterable[Stay]) -> Totals:
    """The sums over the patients; a few statements for each patient, or for many where little time is asked for."""
    few: list[Stay] = []
    arms: list[Arm] = []
    sums = Totals()
    for stay in stays:
        if not stay.recordings:
            continue
        rows = StayRows(stay)
        own = rows.few_arms()
        if own is None:
            sums += _summed(stay, _stacks(rows), labels=_labels(rows))
        else:
            few.append(stay)
            arms += own
    together = (_summed(stay, stacks, labels) for stay, stacks, labels in _of_few(few, arms))
    return sum(together, sums)


def _summed(stay: Stay, stacks: Iterable[_Stack], labels: Iterable[str]) -> Totals:
    coverage = _Coverage(stay.intervals)
    recordings: set[tuple[str, str]] = set()
    chunks = size_bytes = 0
    for stack in stacks:
        chunks += stack.chunks
        size_bytes += stack.size_bytes
        recordings.add((stack.bucket, stack.recording))
        coverage.add(start_us=stack.time.start_us, stop_us=stack.time.stop_us)
    coverage.close()
    return Totals(
        chunks=chunks,
        channels=len(set(labels)) if chunks else 0,
        recordings=len(recordings),
        patients=1 if chunks else 0,
        covered_us=coverage.covered_us,
        asked_us=coverage.asked_us,
        gaps=coverage.gaps,
        size_bytes=size_bytes,
    )


def _of_few(stays: Sequence[Stay], arms: Sequence[Arm]) -> Iterator[tuple[Stay, list[_Stack], set[str]]]:
    """The stacks of each of these stays by start, and the labels in them."""
    rows, labels = found_in(arms, stays=stays)
    stacks: dict[str, list[_Stack]] = {stay.patient: [] for stay in stays}
    for row in rows:
        bucket, recording = row.place
        stacks[row.patient].append(
            _Stack(time=row.time, bucket=bucket, recording=recording, chunks=row.chunks, size_bytes=row.size_bytes)
        )
    for stay in stays:
        yield stay, sorted(stacks[stay.patient], key=attrgetter("time")), labels[stay.patient]


def _stacks(rows: StayRows) -> Iterator[_Stack]:
    """By start; batches are in the order of time, and no row is in two."""
    for queries in rows.together():
        grouped = [
            query.annotate(begun=F("turn"))
            .values("begun", "stop", "bucket", "recording")
            .annotate(chunks=Count("id"), in_bytes=Sum("size_bytes"))
            .order_by("begun", "stop")
            .values_list("begun", "stop", "bucket", "recording", "chunks", "in_bytes")
            .iterator()
            for query in queries
        ]
        for *moments, bucket, recording, chunks, in_bytes in heapq.merge(*grouped):
            start_us, stop_us = (since_day_zero_us(rows.patient, moment) for moment in moments)
            time = Interval(start_us=start_us, stop_us=stop_us)
            yield _Stack(time=time, bucket=bucket, recording=recording, chunks=chunks, size_bytes=int(in_bytes))


def _labels(rows: StayRows) -> Iterator[str]:
    for queries in rows.together():
        for query in queries:
            yield from query.order_by().values_list("label_norm", flat=True).distinct()


class _Coverage:
    """Joins chunks, given by start, to the time they hold together, and sees the holes in it."""

    def __init__(self, asked: Intervals) -> None:
        self._asked = asked
        self._open: Interval | None = None
        self.covered_us = self.asked_us = self.gaps = 0

    def add(self, *, start_us: int, stop_us: int) -> None:
        chunk = Interval(start_us=start_us, stop_us=stop_us)
        if self._open is None:
            self._open = chunk
        elif start_us <= self._open.stop_us:
            self._open = Interval(start_us=self._open.start_us, stop_us=max(self._open.stop_us, stop_us))
        else:
            hole = Interval(start_us=self._open.stop_us, stop_us=start_us)
            self.gaps += self._asked_of(hole) > GAP_US
            self.close()
            self._open = chunk

    def close(self) -> None:
        """After the last chunk."""
        if self._open is not None:
            self.covered_us += self._open.duration_us
            self.asked_us += self._asked_of(self._open)
            self._open = None

    def _asked_of(self, stretch: Interval) -> int:
        return measure_us(intersection(self._asked, (stretch,)))
