"""Minutes before and after a session that are asked for with it.

    5        five minutes before, and five after
    5,10     five minutes before, ten after; fractions such as 2.5 too

Owns: how such minutes are read and spelled. Plain Python.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

from selections.errors import WordRefused, shown
from selections.intervals import Interval

MINUTE_US = 60_000_000
MINUTES_MAX = 7 * 24 * 60
HOW = "write minutes: `5`, or `5,10` for five before and ten after"
_MINUTES = re.compile(r"[0-9]{1,5}(?:\.[0-9]{1,3})?")
_BETWEEN = re.compile(r"\s*,\s*|\s+")


@dataclass(frozen=True, kw_only=True)
class Padding:
    """Microseconds before a session's start and after its stop."""

    before_us: int = 0
    after_us: int = 0

    def around(self, session: Interval) -> Interval:
        """The session with its padding."""
        return Interval(start_us=session.start_us - self.before_us, stop_us=session.stop_us + self.after_us)

    @property
    def text(self) -> str:
        """For people: `5 min before and 10 after`."""
        before, after = map(_spelled, (self.before_us, self.after_us))
        if before == after:
            return f"{before} min before and after"
        return f"{before} min before and {after} after"

    def __bool__(self) -> bool:
        return bool(self.before_us or self.after_us)

    def __str__(self) -> str:
        """The one spelling, which `padding` reads."""
        before, after = map(_spelled, (self.before_us, self.after_us))
        return before if before == after else f"{before},{after}"


NO_PADDING = Padding()


def padding(text: str) -> Padding:
    """Raises `WordRefused`."""
    minutes = [_minutes(word, text=text) for word in _BETWEEN.split(text.strip())]
    if len(minutes) > 2:
        raise WordRefused(f"{shown(text)} is no padding: {HOW}.")
    return Padding(before_us=minutes[0], after_us=minutes[-1])


def _minutes(word: str, *, text: str) -> int:
    if not _MINUTES.fullmatch(word):
        raise WordRefused(f"{shown(text)} is no padding: {HOW}.")
    minutes = Decimal(word)
    if minutes > MINUTES_MAX:
        raise WordRefused(f"{shown(text)} is too long a padding: at most {MINUTES_MAX:,} minutes, which is a week.")
    return int(minutes * MINUTE_US)


def _spelled(us: int) -> str:
    text = f"{Decimal(us) / MINUTE_US:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
