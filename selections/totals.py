"""Adds up what a selection finds: exact bytes, hours and gaps, without looking at each row.

Owns: what each sum means, and how it is taken in flat memory: the database groups the rows of all channels by their
start and stop, so that what is walked here grows with hours, not with channels.
"""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, F, Sum

from chunks.format.clock import since_day_zero_us
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

    start: datetime
    stop: datetime
    bucket: str
    recording: str
    chunks: int
    size_bytes: int


def totals_of(stays: Iterable[Stay]) -> Totals:
    """The sums over the patients; a few statements for each interval asked for."""
    return sum((_totals(stay) for stay in stays if stay.recordings), Totals())


def _totals(stay: Stay) -> Totals:
    rows = StayRows(stay)
    coverage = _Coverage(stay.intervals)
    recordings: set[tuple[str, str]] = set()
    labels: set[str] | None = set() if rows.are_few else None
    chunks = size_bytes = 0
    for stack in _stacks(rows) if labels is None else _walked(rows, labels):
        chunks += stack.chunks
        size_bytes += stack.size_bytes
        recordings.add((stack.bucket, stack.recording))
        coverage.add(
            start_us=since_day_zero_us(stay.patient, stack.start), stop_us=since_day_zero_us(stay.patient, stack.stop)
        )
    coverage.close()
    return Totals(
        chunks=chunks,
        channels=len(set(_labels(rows)) if labels is None and chunks else labels or ()),
        recordings=len(recordings),
        patients=1 if chunks else 0,
        covered_us=coverage.covered_us,
        asked_us=coverage.asked_us,
        gaps=coverage.gaps,
        size_bytes=size_bytes,
    )


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
        for start, stop, bucket, recording, chunks, in_bytes in heapq.merge(*grouped):
            yield _Stack(
                start=start, stop=stop, bucket=bucket, recording=recording, chunks=chunks, size_bytes=int(in_bytes)
            )


def _walked(rows: StayRows, labels: set[str]) -> Iterator[_Stack]:
    """As `_stacks`, adding the labels of the rows on the way; for few rows."""
    columns = ("start", "stop", "bucket", "recording", "size_bytes", "label_norm")
    for queries in rows.together():
        stacks: dict[tuple[datetime, datetime, str, str], list[int]] = {}
        for query in queries:
            for *place, in_bytes, label in query.values_list(*columns).iterator():
                stacks.setdefault((place[0], place[1], place[2], place[3]), []).append(in_bytes)
                labels.add(label)
        for (start, stop, bucket, recording), sizes in sorted(stacks.items()):
            yield _Stack(
                start=start, stop=stop, bucket=bucket, recording=recording, chunks=len(sizes), size_bytes=sum(sizes)
            )


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
