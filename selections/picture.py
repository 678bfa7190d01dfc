"""Draws coverage: where on a strip each day, bar and gap lies, and the same in words for who does not see it.

Owns: the geometry, in percent of a strip's width, so that a strip is as wide as its page and never narrower than its
days need. Days without any recording are left out where there are more than two in a row. Bars are drawn to the minute
or so; a gap too short to be seen as a hole has a mark of its own. Sessions lie above (`selections.marks`).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from chunks.format.clock import DAY_US
from selections.coverage import Coverage
from selections.intervals import Interval, Intervals, intersection, measure_us, union
from selections.joined import Joined
from selections.marks import NEAR_DAYS, NEAR_HOURS, InWords, Mark, marks_of, session_days
from selections.marks import in_words as sessions_in_words
from selections.times import days_touched, spell_instant
from selections.totals import GAP_US, HOUR_US

DAY_PX = 44  # a day number is readable, and its link large enough for a finger
DAYS_MAX = 62
STRETCHES_MAX = 40
_EMPTY_DAYS_MAX = 2
_FINEST_US = DAY_US // 1_000
_GAP_SEEN_US = DAY_US // 48
_MARK_US = DAY_US // 96
_NARROWEST = 0.2

Link = Callable[[int], str]


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A rectangle: `kind` is held, found or gap; x and width in percent."""

    kind: str
    x: str
    width: str
    title: str = ""
    href: str = ""


@dataclass(frozen=True, kw_only=True)
class Day:
    """A column of a strip; `number` is None where days without recordings are left out."""

    number: int | None
    title: str
    href: str
    x: str
    width: str
    middle: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Strip:
    """A patient's picture: days across; and in words."""

    patient: str
    title: str
    width_px: int
    days: tuple[Day, ...]
    bars: tuple[Bar, ...]
    stretches: tuple[str, ...]
    stretches_left: int
    days_left: int
    marks: tuple[Mark, ...] = ()
    sessions: tuple[InWords, ...] = ()
    sessions_left: int = 0


def strip(coverage: Coverage, *, day_href: Link, sessions: Sequence[Joined] = ()) -> Strip:
    """The patient's days beside each other, each a link, and above them these sessions of hers, by start."""
    numbers = sorted({*_days_of(coverage.held), *session_days(sessions)})
    columns = list(_with_breaks(numbers[:DAYS_MAX]))
    places = {number: place for place, number in enumerate(columns) if number is not None}
    words = in_words(coverage)
    return Strip(
        patient=coverage.patient,
        title=_title(coverage, _days_of(coverage.held)),
        width_px=DAY_PX * len(columns),
        days=tuple(
            _day(number, place, of=len(columns), coverage=coverage, href=day_href)
            for place, number in enumerate(columns)
        ),
        bars=tuple(_bars(coverage, places, of=len(columns))),
        stretches=tuple(words[:STRETCHES_MAX]),
        stretches_left=max(0, len(words) - STRETCHES_MAX),
        days_left=max(0, len(numbers) - DAYS_MAX),
        marks=tuple(marks_of(sessions, places, of=len(columns), near=NEAR_DAYS, day_href=day_href)),
        sessions=(listed := sessions_in_words(sessions)),
        sessions_left=len(sessions) - len(listed),
    )


@dataclass(frozen=True, kw_only=True)
class DayRow:
    """One day of a patient, 24 hours across: its bars are links to their recordings."""

    number: int
    hours: str
    href: str
    bars: tuple[Bar, ...]
    marks: tuple[Mark, ...] = ()


def day_rows(
    coverage: Coverage,
    *,
    days: Sequence[int],
    day_href: Link,
    recording_href: Callable[[str], str],
    sessions: Sequence[Joined] = (),
) -> list[DayRow]:
    """Those days of the patient, below each other, and above each its sessions."""
    return [
        DayRow(
            number=day,
            hours=hours_text(measure_us(intersection(coverage.held, (_span(day),)))),
            href=day_href(day),
            bars=(*_recording_bars(coverage, day, recording_href), *_marks(coverage.held, day, place=0, of=1)),
            marks=tuple(marks_of(sessions, {day: 0}, of=1, near=NEAR_HOURS, day_href=day_href)),
        )
        for day in days
    ]


def days_of(coverage: Coverage, sessions: Sequence[Joined] = ()) -> list[int]:
    """The days of which anything is recorded, or on which one of the sessions was played."""
    return sorted({*_days_of(coverage.held), *session_days(sessions)})


def gaps_of(held: Intervals) -> list[Interval]:
    """The holes of over a second between what is recorded."""
    return [
        Interval(start_us=before.stop_us, stop_us=after.start_us)
        for before, after in pairwise(held)
        if after.start_us - before.stop_us > GAP_US
    ]


def in_words(coverage: Coverage) -> list[str]:
    """Each stretch that is recorded, and how much of it is found."""
    words = []
    for stretch in _closed(coverage.held, GAP_US):
        text = f"{spell_instant(stretch.start_us)} to {spell_instant(stretch.stop_us)}"
        found_us = measure_us(intersection(coverage.found, (stretch,)))
        words.append(f"{text}, {hours_text(found_us)} of it found" if found_us else text)
    return words


def hours_text(us: int) -> str:
    """`13.5 hours`; minutes and seconds where it is less than one."""
    for unit, name in ((HOUR_US, "hour"), (HOUR_US // 60, "minute")):
        if us >= unit:
            return _counted(f"{us / unit:,.1f}".removesuffix(".0"), name)
    return _counted(f"{us / 1e6:.3f}".rstrip("0").rstrip("."), "second")


def _counted(number: str, name: str) -> str:
    return f"{number} {name}" if number == "1" else f"{number} {name}s"


def _title(coverage: Coverage, numbers: Sequence[int]) -> str:
    if not numbers:
        return f"Patient {coverage.patient}: nothing recorded"
    days = f"day {numbers[0]}" if len(numbers) == 1 else f"days {numbers[0]} to {numbers[-1]}"
    text = f"Patient {coverage.patient}, {days}: {hours_text(measure_us(coverage.held))} recorded"
    return f"{text}, {hours_text(measure_us(coverage.found))} found" if coverage.found else text


def _days_of(held: Intervals) -> list[int]:
    return sorted({day for interval in held for day in days_touched(interval)})


def _with_breaks(numbers: Sequence[int]) -> Iterator[int | None]:
    """The days with the empty ones between them; None for many empty ones."""
    before: int | None = None
    for number in numbers:
        if before is not None:
            empty = range(before + 1, number)
            yield from empty if len(empty) <= _EMPTY_DAYS_MAX else [None]
        yield number
        before = number


def _day(number: int | None, place: int, *, of: int, coverage: Coverage, href: Link) -> Day:
    if number is None:
        title, link, text = "days without recordings", "", "…"
    else:
        span = (_span(number),)
        held_us = measure_us(intersection(coverage.held, span))
        found_us = measure_us(intersection(coverage.found, span))
        title = f"Day {number}: {hours_text(held_us)} recorded" if held_us else f"Day {number}: nothing recorded"
        title += f", {hours_text(found_us)} found" if found_us else ""
        link, text = (href(number) if held_us else ""), str(number)
    return Day(
        number=number,
        title=title,
        href=link,
        x=_percent(place / of),
        width=_percent(1 / of),
        middle=_percent((place + 0.5) / of),
        text=text,
    )


def _bars(coverage: Coverage, places: dict[int, int], *, of: int) -> Iterator[Bar]:
    for kind, intervals in (("held", coverage.held), ("found", coverage.found)):
        drawn = _closed(intervals, _FINEST_US)
        for run in _runs(drawn, places):
            yield _bar(kind, run, of=of)
    for day, place in places.items():
        yield from _marks(coverage.held, day, place=place, of=of)


def _runs(intervals: Intervals, places: dict[int, int]) -> Iterator[tuple[float, float]]:
    """Where intervals lie on the strip, in days from its left edge; cut where days are left out."""
    open_run: tuple[float, float] | None = None
    for interval in intervals:
        for day in days_touched(interval):
            if day not in places:
                continue
            shift = places[day] - day
            start = max(interval.start_us / DAY_US, day) + shift
            stop = min(interval.stop_us / DAY_US, day + 1) + shift
            if open_run and open_run[1] == start:
                open_run = (open_run[0], stop)
                continue
            if open_run:
                yield open_run
            open_run = (start, stop)
    if open_run:
        yield open_run


def _marks(held: Intervals, day: int, *, place: int, of: int) -> Iterator[Bar]:
    """The gaps of this day that are too short to be seen, those near each other as one."""
    seen_us = -1
    for gap in gaps_of(held):
        if gap.duration_us >= _GAP_SEEN_US or gap.start_us // DAY_US != day or gap.start_us < seen_us:
            continue
        seen_us = gap.start_us + _MARK_US
        start = gap.start_us / DAY_US - day + place
        title = f"pause of {hours_text(gap.duration_us)} at {spell_instant(gap.start_us)}"
        yield _bar("gap", (start, start + gap.duration_us / DAY_US), of=of, title=title)


def _recording_bars(coverage: Coverage, day: int, href: Callable[[str], str]) -> Iterator[Bar]:
    for recording in coverage.recordings:
        for part in _closed(intersection(recording.intervals, (_span(day),)), _FINEST_US):
            title = f"{recording.name}: {spell_instant(part.start_us)} to {spell_instant(part.stop_us)}"
            span = (part.start_us / DAY_US - day, part.stop_us / DAY_US - day)
            yield _bar("held", span, of=1, title=title, href=href(recording.name))


def _bar(kind: str, span: tuple[float, float], *, of: int, title: str = "", href: str = "") -> Bar:
    start, stop = span
    width = max(100 * (stop - start) / of, _NARROWEST)
    return Bar(kind=kind, x=_percent(start / of), width=f"{width:.3f}%", title=title, href=href)


def _closed(intervals: Iterable[Interval], hole_us: int) -> Intervals:
    """The intervals, holes of up to so long closed."""
    wide = union(Interval(start_us=each.start_us, stop_us=each.stop_us + hole_us) for each in intervals)
    return tuple(Interval(start_us=each.start_us, stop_us=each.stop_us - hole_us) for each in wide)


def _span(day: int) -> Interval:
    return Interval(start_us=day * DAY_US, stop_us=(day + 1) * DAY_US)


def _percent(part: float) -> str:
    return f"{100 * part:.3f}%"
