"""Where days, bars and marks lie on a strip, and the same in words."""

import pytest

from selections.coverage import Coverage
from selections.intervals import Interval
from selections.picture import DAYS_MAX, STRETCHES_MAX, day_rows, strip
from tests.selections.made import DAY, HOUR, MINUTE


def coverage(*held: tuple[int, int], found: tuple[tuple[int, int], ...] = ()) -> Coverage:
    return Coverage(
        patient="2002",
        held=tuple(Interval(start_us=start, stop_us=stop) for start, stop in held),
        found=tuple(Interval(start_us=start, stop_us=stop) for start, stop in found),
        recordings=(),
    )


def drawn(of: Coverage):
    return strip(of, day_href=lambda day: f"?day={day}")


def bars(of: Coverage, kind: str) -> list[tuple[str, str]]:
    return [(bar.x, bar.width) for bar in drawn(of).bars if bar.kind == kind]


def test_a_bar_lies_where_its_time_is():
    half = coverage((DAY + 6 * HOUR, DAY + 18 * HOUR), (2 * DAY, 3 * DAY))
    assert bars(half, "held") == [("12.500%", "25.000%"), ("50.000%", "50.000%")]
    assert bars(coverage((DAY, 3 * DAY), found=((DAY + 12 * HOUR, 2 * DAY),)), "found") == [("25.000%", "25.000%")]


def test_a_stay_over_midnight_is_one_bar_and_two_days():
    picture = drawn(coverage((-HOUR, HOUR)))
    assert [day.text for day in picture.days] == ["-1", "0"]
    assert [day.href for day in picture.days] == ["?day=-1", "?day=0"]
    assert len(picture.bars) == 1


def test_many_empty_days_are_left_out_and_few_are_shown():
    picture = drawn(coverage((0, HOUR), (3 * DAY, 3 * DAY + HOUR), (40 * DAY, 40 * DAY + HOUR)))
    assert [day.text for day in picture.days] == ["0", "1", "2", "3", "…", "40"]
    assert [bool(day.href) for day in picture.days] == [True, False, False, True, False, True]
    assert picture.days[4].title == "days without recordings"
    assert picture.bars[-1].x == "83.333%"


def test_a_gap_too_short_to_be_seen_has_a_mark():
    for gap, marks in ((500_000, 0), (2_000_000, 1), (20 * MINUTE, 1), (2 * HOUR, 0)):
        assert len(bars(coverage((0, HOUR), (HOUR + gap, 5 * HOUR)), "gap")) == marks, gap


def test_thousands_of_gaps_do_not_make_a_large_picture():
    spans = [(at, at + MINUTE - 2_000_000) for at in range(0, 3 * DAY, MINUTE)]
    picture = drawn(coverage(*spans))
    assert len(picture.bars) < 3 * 100
    assert len(picture.stretches) == STRETCHES_MAX
    assert picture.stretches_left == len(spans) - STRETCHES_MAX


def test_a_stay_of_years_shows_its_first_days_and_says_how_many_follow():
    picture = drawn(coverage(*[(day * DAY, day * DAY + HOUR) for day in range(300)]))
    assert len(picture.days) == DAYS_MAX
    assert picture.days_left == 300 - DAYS_MAX


def test_nothing_recorded_is_no_picture():
    picture = drawn(coverage())
    assert (picture.days, picture.bars, picture.title) == ((), (), "Patient 2002: nothing recorded")


def test_it_is_told_in_words():
    picture = drawn(coverage((0, 2 * HOUR), (3 * HOUR, 3 * HOUR + 5 * MINUTE), found=((HOUR, 2 * HOUR),)))
    assert picture.stretches == ("day 0 00:00 to day 0 02:00, 1 hour of it found", "day 0 03:00 to day 0 03:05")
    assert picture.title == "Patient 2002, day 0: 2.1 hours recorded, 1 hour found"
    assert picture.days[0].title == "Day 0: 2.1 hours recorded, 1 hour found"


@pytest.mark.parametrize("day", [0, 1])
def test_a_day_of_its_own_is_24_hours_wide(day):
    (row,) = day_rows(
        coverage((12 * HOUR, 36 * HOUR)), days=[day], day_href=str, recording_href=lambda name: f"/{name}"
    )
    assert (row.number, row.hours, row.href) == (day, "12 hours", str(day))
