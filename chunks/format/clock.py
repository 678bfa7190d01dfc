"""The patient's clock: days since implantation and times of day, without any real date.

Owns: the anchor year, and the way between a day index, a time of day and a de-identified instant.
An instant is January 1 of the anchor year plus `day index - 1` days plus the time of day, naive, never converted:
day 3 of patient 2002 is 2002-01-03, the day of surgery (0) is 2001-12-31. Plain Python, no third party.
"""

import re
from datetime import date, datetime, time, timedelta

DAY_FIRST, DAY_LAST = -364, 3650
ANCHOR_YEAR_DEFAULT = 2000
MICROSECOND = timedelta(microseconds=1)
DAY_US = 24 * 3600 * 1_000_000
_FOUR_DIGITS = re.compile(r"[0-9]{4}")


class DayOutOfRange(ValueError):
    """A day index that no stay of a patient can have."""


def anchor_year(patient: str) -> int:
    """The year that stands for the patient: the ID itself where it is four digits from 1001 to 9000, else 2000."""
    if _FOUR_DIGITS.fullmatch(patient) and 1001 <= int(patient) <= 9000:
        return int(patient)
    return ANCHOR_YEAR_DEFAULT


def day_zero(patient: str) -> datetime:
    """Midnight at which day 0 of the patient begins."""
    return datetime(anchor_year(patient), 1, 1) - timedelta(days=1)


def instant(patient: str, *, since_day_zero_us: int) -> datetime:
    """The instant that many microseconds after day 0, 00:00, of the patient."""
    days = since_day_zero_us // DAY_US
    if not DAY_FIRST <= days <= DAY_LAST + 1:
        raise DayOutOfRange(
            f"Day {days} is no day of a stay: days are counted from implantation (day 0), "
            f"from {DAY_FIRST} to {DAY_LAST}. Check the date of surgery."
        )
    return day_zero(patient) + timedelta(microseconds=since_day_zero_us)


def since_day_zero_us(patient: str, moment: datetime) -> int:
    """Microseconds of a de-identified instant after day 0, 00:00, of the patient (negative before it)."""
    return (moment - day_zero(patient)) // MICROSECOND


def day_of(patient: str, moment: datetime) -> int:
    """The day index of a de-identified instant."""
    return since_day_zero_us(patient, moment) // DAY_US


def deidentified(patient: str, *, real: datetime, surgery: date) -> datetime:
    """The instant that stands for a real one, given the real date of surgery. Raises `DayOutOfRange`."""
    elapsed = real - datetime.combine(surgery, time())
    return instant(patient, since_day_zero_us=elapsed // MICROSECOND)
