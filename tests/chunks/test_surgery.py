"""The lab's old habit: the day of the month of the surgery."""

from datetime import date

import pytest

from chunks.errors import SurgeryDateUnclear
from chunks.surgery import surgery_from_day


@pytest.mark.parametrize(
    ("day", "recorded", "surgery"),
    [
        (11, date(2017, 3, 14), date(2017, 3, 11)),
        (14, date(2017, 3, 14), date(2017, 3, 14)),
        (28, date(2017, 2, 2), date(2017, 1, 28)),
        (31, date(2017, 1, 3), date(2016, 12, 31)),
    ],
)
def test_the_day_is_in_the_recordings_month_or_the_one_before(day: int, recorded: date, surgery: date) -> None:
    assert surgery_from_day(day, recorded=[recorded]) == surgery


@pytest.mark.parametrize(("day", "recorded"), [(30, date(2017, 3, 14)), (31, date(2017, 7, 2)), (0, date(2017, 3, 14))])
def test_a_day_that_does_not_exist_asks_for_the_date(day: int, recorded: date) -> None:
    with pytest.raises(SurgeryDateUnclear, match="--surgery-date"):
        surgery_from_day(day, recorded=[recorded])


def test_a_stay_over_the_end_of_a_month_is_one_date() -> None:
    recorded = [date(2017, 1, 29), date(2017, 2, 2)]
    assert surgery_from_day(28, recorded=recorded) == date(2017, 1, 28)


def test_a_baseline_before_surgery_leaves_two_dates_and_nothing_is_taken() -> None:
    with pytest.raises(SurgeryDateUnclear, match="2 different dates"):
        surgery_from_day(28, recorded=[date(2017, 1, 27), date(2017, 1, 29)])
