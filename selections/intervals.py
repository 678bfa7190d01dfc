"""Half-open intervals on a patient's clock, in microseconds since day 0, 00:00; also windows within a day.

Owns: their algebra (union, intersection, daily repetition). Every tuple of intervals that leaves here is canonical:
sorted, disjoint, none touching the next. Plain Python; knows no patient, no words and no database.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from chunks.format.clock import DAY_FIRST, DAY_LAST, DAY_US

# No sample of any patient lies outside these, so an interval that reaches one of them is open on that side.
EARLIEST_US = DAY_FIRST * DAY_US
LATEST_US = (DAY_LAST + 1) * DAY_US


@dataclass(frozen=True, order=True, kw_only=True, slots=True)
class Interval:
    """`[start_us, stop_us)`, never empty. Raises `ValueError` where stop is not after start."""

    start_us: int
    stop_us: int

    def __post_init__(self) -> None:
        if self.stop_us <= self.start_us:
            raise ValueError(f"an interval stops after it starts, not at {self.stop_us} µs after {self.start_us} µs")

    @property
    def duration_us(self) -> int:
        return self.stop_us - self.start_us


Intervals = tuple[Interval, ...]
ALL_TIME = Interval(start_us=EARLIEST_US, stop_us=LATEST_US)
ALL_DAY = Interval(start_us=0, stop_us=DAY_US)


def union(intervals: Iterable[Interval]) -> Intervals:
    """The time that any of them covers; those that overlap or touch become one."""
    return tuple(_joined(sorted(intervals)))


def _joined(by_start: Iterable[Interval]) -> Iterator[Interval]:
    open_start: int | None = None
    open_stop = 0
    for each in by_start:
        if open_start is None:
            open_start, open_stop = each.start_us, each.stop_us
        elif each.start_us <= open_stop:
            open_stop = max(open_stop, each.stop_us)
        else:
            yield Interval(start_us=open_start, stop_us=open_stop)
            open_start, open_stop = each.start_us, each.stop_us
    if open_start is not None:
        yield Interval(start_us=open_start, stop_us=open_stop)


def intersection(left: Intervals, right: Intervals) -> Intervals:
    """The time that both cover; both canonical."""
    return tuple(_common(left, right))


def _common(left: Intervals, right: Intervals) -> Iterator[Interval]:
    i = j = 0
    while i < len(left) and j < len(right):
        start_us = max(left[i].start_us, right[j].start_us)
        stop_us = min(left[i].stop_us, right[j].stop_us)
        if start_us < stop_us:
            yield Interval(start_us=start_us, stop_us=stop_us)
        if left[i].stop_us <= right[j].stop_us:
            i += 1
        else:
            j += 1


def overlaps(intervals: Intervals, stretch: Interval) -> bool:
    """Whether they have an instant in common; to touch is not enough. The intervals are canonical."""
    after = bisect_left(intervals, stretch.stop_us, key=lambda each: each.start_us)
    return after > 0 and intervals[after - 1].stop_us > stretch.start_us


def daily(windows: Intervals, *, within: Interval) -> Intervals:
    """The windows (microseconds after midnight, 0 to 24 h) on every day, as far as they lie within the interval.

    A window up to 24:00 and one from 00:00 become one interval over midnight.
    """
    days = range(within.start_us // DAY_US, -(-within.stop_us // DAY_US))
    repeated = union(
        Interval(start_us=day * DAY_US + window.start_us, stop_us=day * DAY_US + window.stop_us)
        for day in days
        for window in windows
    )
    return intersection(repeated, (within,))


def measure_us(intervals: Intervals) -> int:
    """The time they cover together; canonical."""
    return sum(each.duration_us for each in intervals)
