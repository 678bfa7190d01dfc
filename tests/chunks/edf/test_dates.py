import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chunks.edf.dates import (
    format_date,
    format_long_date,
    format_time,
    is_plain,
    parse_date,
    parse_long_date,
    parse_time,
)
from chunks.edf.errors import NotWritable


@pytest.mark.parametrize(
    ("text", "year"), [("01.06.85", 1985), ("01.06.99", 1999), ("01.06.00", 2000), ("01.06.84", 2084)]
)
def test_two_digit_years_run_from_1985_to_2084(text: str, year: int) -> None:
    assert parse_date(text) == dt.date(year, 6, 1)


@pytest.mark.parametrize("text", ["03.01.02", "03:01:02", "03-01-02", "03/01/02", " 3. 1. 2"])
def test_other_separators_are_read(text: str) -> None:
    assert parse_date(text) == dt.date(2002, 1, 3)


@pytest.mark.parametrize("text", ["", "00.00.00", "31.02.17", "29.02.17", "01.13.17", "01.01.yy", "١.01.17", "010117"])
def test_impossible_dates_are_none(text: str) -> None:
    assert parse_date(text) is None


@pytest.mark.parametrize("text", ["", "24.00.00", "12.60.00", "12.00.60", "12.00", "-1.00.00"])
def test_impossible_times_are_none(text: str) -> None:
    assert parse_time(text) is None


@pytest.mark.parametrize("text", ["14.05.07", "14:05:07", "14-05-07"])
def test_times_are_read_with_any_separator(text: str) -> None:
    assert parse_time(text) == dt.time(14, 5, 7)
    assert is_plain(text) is (text == "14.05.07")


@pytest.mark.parametrize(("text", "day"), [("02-MAR-2002", dt.date(2002, 3, 2)), ("2-mar-1951", dt.date(1951, 3, 2))])
def test_long_dates_are_read(text: str, day: dt.date) -> None:
    assert parse_long_date(text) == day


@pytest.mark.parametrize("text", ["X", "30-FEB-2002", "02-MRZ-2002", "02-MAR-02", "01-JAN-0000", "02.03.2002"])
def test_impossible_long_dates_are_none(text: str) -> None:
    assert parse_long_date(text) is None


@given(st.dates(dt.date(1985, 1, 1), dt.date(2084, 12, 31)), st.times())
def test_dates_and_times_come_back(day: dt.date, time: dt.time) -> None:
    assert parse_date(format_date(day, plus=False)) == day
    assert parse_time(format_time(time)) == time.replace(microsecond=0)
    assert parse_long_date(format_long_date(day)) == day


def test_a_year_after_2084_stands_only_in_the_long_date() -> None:
    assert format_date(dt.date(2085, 3, 2), plus=True) == "02.03.yy"
    with pytest.raises(NotWritable):
        format_date(dt.date(2085, 3, 2), plus=False)


def test_a_year_before_1985_is_refused() -> None:
    with pytest.raises(NotWritable, match="1984"):
        format_date(dt.date(1984, 12, 31), plus=True)
