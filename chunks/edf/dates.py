"""How dates and times stand in EDF headers, both ways: `dd.mm.yy`, `hh.mm.ss` and EDF+'s `dd-MMM-yyyy`.

Two-digit years are those of the specification: 85 to 99 are 1985 to 1999, 00 to 84 are 2000 to 2084. Source:
edfplus.info, "EDF" and "EDF+ 2.1.3.2". Recorders write in local time and say no zone; nothing here knows one.
"""

import datetime as dt
import re

from chunks.edf.errors import NotWritable

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
FIRST_YEAR, LAST_YEAR = 1985, 2084

_PARTS = re.compile(r" ?([0-9]{1,2})[.:/'-] ?([0-9]{1,2})[.:/'-] ?([0-9]{1,2})")
_PLAIN = re.compile(r"[0-9]{2}\.[0-9]{2}\.[0-9]{2}")
_LONG = re.compile(r"([0-9]{1,2})-([A-Za-z]{3})-([0-9]{4})")


def parse_date(text: str) -> dt.date | None:
    """Give the date that `dd.mm.yy` says, also with `:`, `-` or `/`; None where there is no such day."""
    found = _PARTS.fullmatch(text)
    if found is None:
        return None
    day, month, year = (int(part) for part in found.groups())
    try:
        return dt.date(year + (1900 if year >= FIRST_YEAR % 100 else 2000), month, day)
    except ValueError:
        return None


def parse_time(text: str) -> dt.time | None:
    """Give the time that `hh.mm.ss` says, also with `:` or `-`; None where there is no such time."""
    found = _PARTS.fullmatch(text)
    if found is None:
        return None
    hour, minute, second = (int(part) for part in found.groups())
    try:
        return dt.time(hour, minute, second)
    except ValueError:
        return None


def is_plain(text: str) -> bool:
    """Tell whether a date or time is written as the specification wants it."""
    return _PLAIN.fullmatch(text) is not None


def parse_long_date(text: str) -> dt.date | None:
    """Give the date that EDF+'s `02-MAR-2002` says; None where there is no such day."""
    found = _LONG.fullmatch(text)
    if found is None or found[2].upper() not in MONTHS:
        return None
    try:
        return dt.date(int(found[3]), MONTHS.index(found[2].upper()) + 1, int(found[1]))
    except ValueError:
        return None


def format_date(day: dt.date, *, plus: bool) -> str:
    """Write the header's date field; in an EDF+ file a year after 2084 is `yy` and stands only in the long date.

    Raises:
        NotWritable: the format has no such year.
    """
    if FIRST_YEAR <= day.year <= LAST_YEAR:
        return f"{day.day:02d}.{day.month:02d}.{day.year % 100:02d}"
    if plus and day.year > LAST_YEAR:
        return f"{day.day:02d}.{day.month:02d}.yy"
    raise NotWritable(f"The year {day.year} cannot be written: the format has {FIRST_YEAR} to {LAST_YEAR}.")


def format_time(time: dt.time) -> str:
    """Write the header's time field; parts of a second do not fit and are the caller's to place."""
    return f"{time.hour:02d}.{time.minute:02d}.{time.second:02d}"


def format_long_date(day: dt.date) -> str:
    """Write EDF+'s `02-MAR-2002`."""
    return f"{day.day:02d}-{MONTHS[day.month - 1]}-{day.year:04d}"
