"""The patient's clock: days since implantation, times of day, no real date."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chunks.format import clock


@pytest.mark.parametrize(
    ("patient", "year"),
    [("2002", 2002), ("1001", 1001), ("9000", 9000), ("1000", 2000), ("9001", 2000), ("02002", 2000), ("ab-1", 2000)],
)
def test_anchor_year_is_a_four_digit_id_in_range_else_2000(patient: str, year: int) -> None:
    assert clock.anchor_year(patient) == year


def test_full_width_digits_are_no_anchor_year() -> None:
    assert clock.anchor_year("９９９９") == 2000


@pytest.mark.parametrize(
    ("patient", "day", "expected"),
    [("2002", 3, "2002-01-03"), ("2002", 0, "2001-12-31"), ("1001", -364, "1000-01-01"), ("ab-1", 40, "2000-02-09")],
)
def test_day_index_counts_from_the_day_of_surgery(patient: str, day: int, expected: str) -> None:
    assert clock.instant(patient, since_day_zero_us=day * clock.DAY_US).isoformat().startswith(expected)


@pytest.mark.parametrize("day", [-365, 3652, 10**9])
def test_a_day_no_stay_can_have_is_refused_with_its_number(day: int) -> None:
    with pytest.raises(clock.DayOutOfRange, match=str(day)):
        clock.instant("9000", since_day_zero_us=day * clock.DAY_US)


def test_surgery_in_january_and_recording_in_february_is_five_days() -> None:
    moment = clock.deidentified("2007", real=datetime(2017, 2, 2, 8, 0), surgery=date(2017, 1, 28))
    assert moment == datetime(2007, 1, 5, 8, 0)
    assert clock.day_of("2007", moment) == 5


def test_surgery_on_new_years_eve_crosses_the_year() -> None:
    moment = clock.deidentified("2007", real=datetime(2017, 1, 2, 23, 59, 59, 999999), surgery=date(2016, 12, 31))
    assert clock.day_of("2007", moment) == 2


@given(day=st.integers(clock.DAY_FIRST, clock.DAY_LAST), us=st.integers(0, clock.DAY_US - 1))
def test_instants_and_microseconds_since_day_zero_are_the_same_thing(day: int, us: int) -> None:
    elapsed = day * clock.DAY_US + us
    moment = clock.instant("2002", since_day_zero_us=elapsed)
    assert clock.since_day_zero_us("2002", moment) == elapsed
    assert clock.day_of("2002", moment) == day


@given(real=st.datetimes(datetime(1985, 1, 1), datetime(2084, 1, 1)), days=st.integers(0, 300))
def test_the_real_date_is_gone_but_the_time_of_day_stays(real: datetime, days: int) -> None:
    moment = clock.deidentified("1001", real=real, surgery=(real - timedelta(days=days)).date())
    assert moment.time() == real.time()
    assert moment.year in {1000, 1001}
