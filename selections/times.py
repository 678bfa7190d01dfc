"""Words for times on a patient's clock: read here, and spelled here in their one canonical form.

    instant   day 3 14:05[:SS[.ffffff]]   counted from implantation: day 0; the word `day` may be left out
              2002-01-03 14:05[:SS[.ffffff]]   also with T; only where one patient is asked for
    days      4   -1..3   4,6   2002-01-03
    hours     22:00-06:00   every day; over midnight where it stops before it starts
    when      instant..instant, either left out where that side is open

All are the recorder's own clock, without any time zone. A word that cannot be read raises `WordRefused`.
Owns: the grammar of times. Digits are ASCII digits; nothing here knows patients but by the one ID given as `clock`.
"""

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from chunks.format.clock import DAY_FIRST, DAY_LAST, DAY_US, anchor_year, day_of
from selections.errors import WordRefused, shown
from selections.intervals import ALL_DAY, ALL_TIME, EARLIEST_US, LATEST_US, Interval, Intervals, union

MINUTE_US = 60_000_000
_CLOCK = r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.(?P<fraction>[0-9]{1,6}))?)?"
_ON_DAY = re.compile(rf"(?:day *)?(?P<day>[+-]?[0-9]{{1,5}})(?:(?: +|T){_CLOCK})?", re.IGNORECASE)
_ON_DATE = re.compile(rf"(?P<date>[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})(?:(?: +|T){_CLOCK})?", re.IGNORECASE)
_TIME_OF_DAY = re.compile(_CLOCK)
HOW_INSTANT = "write `day 3 14:05` or, for one patient, `2002-01-03 14:05`"
HOW_DAYS = "write `4`, `-1..3`, `4,6` or, for one patient, `2002-01-03`"
HOW_HOURS = "write `22:00-06:00`"
HOW_WHEN = "write `day 3 14:05..day 4 02:00`; the side left out is open"


def instant_us(text: str, *, clock: str | None, needs_time: bool = False) -> int:
    """Microseconds since day 0, 00:00. Without a time of day it is the day's beginning, unless `needs_time`.

    `clock` is the one patient asked for, on whose clock dates with a year are read; None where there is not just one.
    """
    found = _ON_DAY.fullmatch(text) or _ON_DATE.fullmatch(text)
    if found is None:
        raise WordRefused(f"{shown(text)} is no time: {HOW_INSTANT}.")
    day = _day(found, text=text, clock=clock)
    if found["hour"] is None:
        if needs_time:
            raise WordRefused(
                f"{shown(text)} does not say the time of day: write `day {day} 00:00` for the day's beginning, "
                f"`day {day} 24:00` for its end."
            )
        return day * DAY_US
    return day * DAY_US + _time_of_day_us(found, text=text)


def days(text: str, *, clock: str | None) -> list[Interval]:
    """Whole days, from 00:00 to 24:00 each."""
    found = []
    for word in filter(None, map(str.strip, text.split(","))):
        first, dots, last = word.partition("..")
        ends = sorted(_whole_day(end.strip(), text=word, clock=clock) for end in ((first, last) if dots else (first,)))
        found.append(Interval(start_us=ends[0] * DAY_US, stop_us=(ends[-1] + 1) * DAY_US))
    return found


def hours(text: str) -> list[Interval]:
    """Windows within a day, in microseconds after midnight: one over midnight is two."""
    found: list[Interval] = []
    for word in filter(None, map(str.strip, text.split(","))):
        start, _, stop = word.partition("-")
        ends = [_TIME_OF_DAY.fullmatch(end.strip()) for end in (start, stop)]
        if ends[0] is None or ends[1] is None:
            raise WordRefused(f"{shown(word)} is no daily window: {HOW_HOURS}.")
        start_us, stop_us = (_time_of_day_us(end, text=word) for end in ends if end)
        start_us %= DAY_US
        if start_us == stop_us:
            raise WordRefused(f"{shown(word)} stops when it starts: {HOW_HOURS}, or leave the hours out for all day.")
        found += _within_day(start_us, stop_us)
    return found


def when(text: str, *, clock: str | None) -> Interval:
    """One interval between two instants, either open."""
    start, dots, stop = (part.strip() for part in text.partition(".."))
    if not dots:
        raise WordRefused(f"{shown(text)} is no stretch of time: {HOW_WHEN}.")
    return between(
        instant_us(start, clock=clock) if start else EARLIEST_US,
        instant_us(stop, clock=clock, needs_time=True) if stop else LATEST_US,
    )


def between(start_us: int, stop_us: int) -> Interval:
    """From one instant to the other. Raises `WordRefused` where the second does not come after the first."""
    if stop_us <= start_us:
        raise WordRefused(
            f"the stop ({spell_instant(stop_us)}) does not come after the start ({spell_instant(start_us)}): "
            "exchange or correct them."
        )
    return Interval(start_us=start_us, stop_us=stop_us)


def spell_instant(us: int) -> str:
    """`day 3 14:05`, with seconds where there are any."""
    day, rest_us = divmod(us, DAY_US)
    return f"day {day} {_spell_time(rest_us)}"


def spell_when(interval: Interval) -> str:
    start = "" if interval.start_us <= EARLIEST_US else spell_instant(interval.start_us)
    stop = "" if interval.stop_us >= LATEST_US else spell_instant(interval.stop_us)
    return f"{start}..{stop}"


def spell_hours(windows: Intervals) -> list[str]:
    """Canonical windows, those that meet at midnight as one."""
    rest = list(windows)
    over_midnight = []
    if len(rest) > 1 and rest[0].start_us == ALL_DAY.start_us and rest[-1].stop_us == ALL_DAY.stop_us:
        over_midnight = [f"{_spell_time(rest[-1].start_us)}-{_spell_time(rest[0].stop_us)}"]
        rest = rest[1:-1]
    return [f"{_spell_time(window.start_us)}-{_spell_time(window.stop_us)}" for window in rest] + over_midnight


def as_days(intervals: Intervals) -> list[str] | None:
    """`4`, `-1..3`: the words for days that mean these intervals; None where they are not whole days, or not closed."""
    for each in intervals:
        open_side = each.start_us <= EARLIEST_US or each.stop_us >= LATEST_US
        if open_side or each.start_us % DAY_US or each.stop_us % DAY_US:
            return None
    touched = [days_touched(each) for each in intervals]
    return [str(days[0]) if len(days) == 1 else f"{days[0]}..{days[-1]}" for days in touched]


def canonical_when(intervals: Iterable[Interval]) -> Intervals:
    """All time is the empty tuple, so that it has one form."""
    joined = union(intervals)
    return () if joined == (ALL_TIME,) else joined


def canonical_hours(windows: Iterable[Interval]) -> Intervals:
    """The whole day is the empty tuple, so that it has one form."""
    joined = union(windows)
    return () if joined == (ALL_DAY,) else joined


def _within_day(start_us: int, stop_us: int) -> list[Interval]:
    if start_us < stop_us:
        return [Interval(start_us=start_us, stop_us=stop_us)]
    evening = [Interval(start_us=start_us, stop_us=DAY_US)]
    return evening + ([Interval(start_us=0, stop_us=stop_us)] if stop_us else [])


def _whole_day(word: str, *, text: str, clock: str | None) -> int:
    found = _ON_DAY.fullmatch(word) or _ON_DATE.fullmatch(word)
    if found is None or found["hour"] is not None:
        raise WordRefused(f"{shown(text)} is no day: {HOW_DAYS}.")
    return _day(found, text=text, clock=clock)


def _day(found: re.Match[str], *, text: str, clock: str | None) -> int:
    """The day index of an instant's word."""
    if found.re is _ON_DATE:
        return _day_of_date(found["date"], clock=clock)
    day = int(found["day"])
    if not DAY_FIRST <= day <= DAY_LAST:
        raise WordRefused(
            f"{shown(text)} is in no patient's stay: days are counted from implantation (day 0), "
            f"from {DAY_FIRST} to {DAY_LAST}."
        )
    return day


def _day_of_date(text: str, *, clock: str | None) -> int:
    try:
        moment = datetime.combine(date.fromisoformat(text), datetime.min.time())
    except ValueError as error:
        raise WordRefused(f"{text} is no date: {HOW_INSTANT}.") from error
    in_its_own_year = moment.timetuple().tm_yday
    if clock is None:
        raise WordRefused(
            f"{text}: a date with a year means something for one patient only, since each patient's clock has a year "
            f"of its own. Write `day {in_its_own_year}`, if that is meant, or ask for one patient by ID."
        )
    day = day_of(clock, moment)
    if DAY_FIRST <= day <= DAY_LAST:
        return day
    year = anchor_year(clock)
    same_day = (datetime(year, 1, 1) + timedelta(days=in_its_own_year - 1)).date().isoformat()
    raise WordRefused(
        f"{text} is in no stay of patient {clock}, whose clock shows the year {year}. "
        f"If day {in_its_own_year} is meant, write `day {in_its_own_year}` or {same_day}."
    )


def _time_of_day_us(found: re.Match[str], *, text: str) -> int:
    hour, minute, second = (int(found[unit] or 0) for unit in ("hour", "minute", "second"))
    time_us = (hour * 60 + minute) * MINUTE_US + second * 1_000_000 + int((found["fraction"] or "").ljust(6, "0"))
    if minute > 59 or second > 59 or time_us > DAY_US:
        raise WordRefused(f"{shown(text)} is no time of day: write 00:00 to 24:00.")
    return time_us


def _spell_time(time_us: int) -> str:
    minutes, rest_us = divmod(time_us, MINUTE_US)
    text = f"{minutes // 60:02}:{minutes % 60:02}"
    if rest_us:
        seconds, fraction = divmod(rest_us, 1_000_000)
        text += f":{seconds:02}" + (f".{fraction:06}".rstrip("0") if fraction else "")
    return text


def days_touched(interval: Interval) -> range:
    """The days that have an instant in the interval."""
    return range(interval.start_us // DAY_US, (interval.stop_us - 1) // DAY_US + 1)


def days_spelled(interval: Interval) -> str:
    """The days that the interval touches: `day 3`, `days -1 to 5`."""
    touched = days_touched(interval)
    return f"day {touched[0]}" if len(touched) == 1 else f"days {touched[0]} to {touched[-1]}"
