"""Words for times: what is read, what is refused and with which advice, and their one spelling."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selections import times
from selections.errors import WordRefused
from selections.intervals import ALL_TIME, DAY_US, EARLIEST_US, LATEST_US, Interval, union

MINUTE, HOUR = 60_000_000, 3_600_000_000


@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("day 3 14:05", 3 * DAY_US + 14 * HOUR + 5 * MINUTE),
        ("DAY 3  14:05", 3 * DAY_US + 14 * HOUR + 5 * MINUTE),
        ("3 14:05", 3 * DAY_US + 14 * HOUR + 5 * MINUTE),
        ("day3T14:05:06", 3 * DAY_US + 14 * HOUR + 5 * MINUTE + 6_000_000),
        ("day -1 08:00", -DAY_US + 8 * HOUR),
        ("day 0 00:00:00.000001", 1),
        ("day 0 00:00:00.5", 500_000),
        ("day 3 24:00", 4 * DAY_US),
        ("day 3", 3 * DAY_US),
        ("2002-01-03 14:05", 3 * DAY_US + 14 * HOUR + 5 * MINUTE),
        ("2002-01-03T14:05:06.000007", 3 * DAY_US + 14 * HOUR + 5 * MINUTE + 6_000_007),
        ("2001-12-31 00:00", 0),
        ("2001-12-30 23:59:59.999999", -1),
        ("2002-02-01", 32 * DAY_US),
    ],
)
def test_an_instant_is_read(text, us):
    assert times.instant_us(text, clock="2002") == us


@pytest.mark.parametrize(
    "text",
    [
        "14:05",
        "day 3 14",
        "day 3 25:00",
        "day 3 24:00:00.000001",
        "day 3 14:60",
        "day 3 14:05:60",
        "day 3 14:05:06.1234567",
        "day ٣ 14:05",
        "day 3651 00:00",
        "day -365 00:00",
        "day 99999999999999999999 00:00",
        "2002-02-30 00:00",
        "2002-1-3 14:05",
        "2002-01-03 14:05+01:00",
        "tomorrow",
    ],
)
def test_what_is_no_instant_is_refused_with_its_value(text):
    with pytest.raises(WordRefused, match=r"write|counted") as refused:
        times.instant_us(text, clock="2002")
    assert text[:10] in str(refused.value)


def test_a_date_with_a_year_needs_one_patient():
    with pytest.raises(WordRefused, match=r"one patient only.* Write `day 3`"):
        times.instant_us("2002-01-03 14:05", clock=None)


def test_a_date_of_another_patients_year_is_answered_with_the_day_meant():
    with pytest.raises(WordRefused, match=r"no stay of patient 2002.*`day 3` or 2002-01-03"):
        times.instant_us("2030-01-03 14:05", clock="2002")


def test_patients_without_a_year_of_their_own_share_one():
    assert times.instant_us("2000-01-03 00:00", clock="ab-1") == 3 * DAY_US


def test_an_end_without_a_time_of_day_asks_which_end_of_the_day():
    with pytest.raises(WordRefused, match=r"`day 3 00:00`.*`day 3 24:00`"):
        times.instant_us("day 3", clock=None, needs_time=True)


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("4", [(4, 5)]),
        ("day 4", [(4, 5)]),
        ("-1", [(-1, 0)]),
        ("-1..3", [(-1, 4)]),
        ("3..-1", [(-1, 4)]),
        ("4,6", [(4, 5), (6, 7)]),
        (" 4 , , 6..7 ", [(4, 5), (6, 8)]),
        ("2002-01-03", [(3, 4)]),
        ("2001-12-31..2002-01-02", [(0, 3)]),
    ],
)
def test_days_are_whole_days(text, spans):
    assert [(each.start_us / DAY_US, each.stop_us / DAY_US) for each in times.days(text, clock="2002")] == spans


@pytest.mark.parametrize("text", ["four", "4..", "..4", "4..5..6", "4 14:05", "4-6", "٤", "4000", "1e3", "+-4"])
def test_what_is_no_day_is_refused(text):
    with pytest.raises(WordRefused, match=r"write|counted"):
        times.days(text, clock="2002")


@pytest.mark.parametrize(
    ("text", "windows"),
    [
        ("08:00-09:30", [(8, 9.5)]),
        ("22:00-06:00", [(0, 6), (22, 24)]),
        ("22:00-24:00", [(22, 24)]),
        ("22:00-00:00", [(22, 24)]),
        ("24:00-06:00", [(0, 6)]),
        ("00:00-24:00", [(0, 24)]),
        ("8:00 - 9:00, 10:00-11:00", [(8, 9), (10, 11)]),
        ("22:00-06:00,05:00-07:00", [(0, 7), (22, 24)]),
    ],
)
def test_hours_are_windows_of_a_day(text, windows):
    assert [(each.start_us / HOUR, each.stop_us / HOUR) for each in union(times.hours(text))] == windows


@pytest.mark.parametrize("text", ["22-6", "22:00", "06:00-06:00", "00:00-00:00", "24:00-00:00", "25:00-26:00", "a-b"])
def test_what_is_no_window_is_refused(text):
    with pytest.raises(WordRefused, match="write"):
        times.hours(text)


def test_a_stretch_may_be_open_on_either_side():
    assert times.when("day 3 14:05..day 4 02:00", clock=None) == Interval(
        start_us=3 * DAY_US + 14 * HOUR + 5 * MINUTE, stop_us=4 * DAY_US + 2 * HOUR
    )
    assert times.when("day 3..", clock=None) == Interval(start_us=3 * DAY_US, stop_us=LATEST_US)
    assert times.when("..day 3 00:00:00.5", clock=None) == Interval(start_us=EARLIEST_US, stop_us=3 * DAY_US + 500_000)
    assert times.when("..", clock=None) == ALL_TIME


@pytest.mark.parametrize("text", ["day 3", "day 3 14:05..day 3 14:05", "day 3 14:05..day 2 00:00", "day 3..day 4"])
def test_what_is_no_stretch_is_refused(text):
    with pytest.raises(WordRefused):
        times.when(text, clock=None)


def test_a_stay_up_to_midnight_does_not_touch_the_next_day():
    assert times.days_spelled(Interval(start_us=-1, stop_us=DAY_US)) == "days -1 to 0"
    assert times.days_spelled(Interval(start_us=0, stop_us=DAY_US)) == "day 0"
    assert times.days_spelled(Interval(start_us=0, stop_us=DAY_US + 1)) == "days 0 to 1"


@given(st.integers(EARLIEST_US, LATEST_US - 1))
def test_an_instant_is_read_as_it_is_spelled(us):
    assert times.instant_us(times.spell_instant(us), clock=None) == us


@given(st.integers(EARLIEST_US, LATEST_US - 1), st.integers(1, 10 * DAY_US))
def test_a_stretch_is_read_as_it_is_spelled(start, length):
    interval = Interval(start_us=start, stop_us=min(start + length, LATEST_US))
    assert times.when(times.spell_when(interval), clock=None) == interval


@given(st.sets(st.integers(0, DAY_US), min_size=2, max_size=8))
def test_hours_are_read_as_they_are_spelled(edges):
    ends = sorted(edges)[: len(edges) // 2 * 2]
    windows = union(Interval(start_us=start, stop_us=stop) for start, stop in zip(ends[::2], ends[1::2], strict=True))
    assert union(found for text in times.spell_hours(windows) for found in times.hours(text)) == windows
