"""Times of day as the task laptop writes them: `H:M:S:f`.

Owns: that `f` is a whole number of microseconds, not padded and possibly missing (`9:5:3:42` is 42 µs past 9:05:03),
and what the old scripts made of it. Plain Python, no third party.
"""

import re
from datetime import timedelta

MICROSECOND = timedelta(microseconds=1)
SECOND_US = 1_000_000
DAY_US = 24 * 3600 * SECOND_US

_WALL_TIME = re.compile(
    r"\s*(?P<hour>[0-9]{1,2})\s*:\s*(?P<minute>[0-9]{1,2})\s*"
    r"(?::\s*(?P<second>[0-9]{1,2})\s*(?::\s*(?P<us>[0-9]{1,6})\s*|\.(?P<fraction>[0-9]{1,6})[0-9]*\s*)?)?",
    re.ASCII,
)


def parse_wall_time(text: str) -> int:
    """Microseconds after midnight. Raises `ValueError` saying what is wrong.

    `H:M:S:f` with `f` a number of microseconds; `H:M:S` and `H:M` without; `H:M:S.fff` is a decimal fraction.
    """
    found = _WALL_TIME.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no time of day: write H:M:S or H:M:S:f, where f counts microseconds")
    hour, minute, second = int(found["hour"]), int(found["minute"]), int(found["second"] or 0)
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError(f"{text!r} is no time of day: hours go to 23, minutes and seconds to 59")
    us = int(found["us"] or (found["fraction"] or "").ljust(6, "0"))
    return ((hour * 60 + minute) * 60 + second) * SECOND_US + us


def wall_time_text(us: int) -> str:
    """`H:M:S:f` of so many microseconds after midnight, as `parse_wall_time` reads it."""
    seconds, fraction = divmod(us % DAY_US, SECOND_US)
    return f"{seconds // 3600}:{seconds // 60 % 60}:{seconds % 60}:{fraction}"


def as_old_scripts_read(us: int) -> int:
    """The microseconds that the lab's scripts of 2017 made of a second's part: digits read as a decimal fraction.

    42 µs (`…:42`) became 420,000.
    """
    return int(str(us).ljust(6, "0"))
