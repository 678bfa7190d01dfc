"""Which day 0 is: from the full date of surgery, or from its day of the month as the lab is used to.

Owns: the rule of `--day`. The date itself is never stored; `people.identity` keeps a keyed hash of it.
"""

from collections.abc import Sequence
from datetime import date, timedelta

from chunks.errors import SurgeryDateUnclear


def surgery_from_day(day: int, *, recorded: Sequence[date]) -> date:
    """The date whose day of the month is `day`: in a recording's month where not after it, else in the month before.

    All recordings of one command must lead to one date. Raises `SurgeryDateUnclear` where they leave two, or where no
    such date exists; nothing is taken then.
    """
    dates = {_latest(day, not_after=each) for each in recorded}
    if len(dates) != 1:
        raise SurgeryDateUnclear(
            f"Day {day} could mean {len(dates)} different dates for these files (a baseline before surgery, or a stay "
            "over the end of a month, does that). Nothing was taken: give --surgery-date YYYY-MM-DD."
        )
    return dates.pop()


def _latest(day: int, *, not_after: date) -> date:
    first = not_after.replace(day=1)
    for month in (first, (first - timedelta(days=1)).replace(day=1)):
        try:
            candidate = month.replace(day=day)
        except ValueError:
            continue
        if candidate <= not_after:
            return candidate
    raise SurgeryDateUnclear(
        f"No day {day} lies in the month of the recording, or in the one before it. Give --surgery-date YYYY-MM-DD."
    )
