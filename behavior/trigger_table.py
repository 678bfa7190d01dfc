"""`triggers.csv`: every code of a session as the recorder saw it, and the trial it belongs to.

Owns: its columns, both ways. `time` is the instant on the recorder's clock at which the screen turned bright, to the
microsecond; `sample` the first bright sample, by its number in the recording's channel from 0; `code` the number shown;
`trial` the trial's number from 1, empty for a code that belongs to none. Trials whose code was lost have no row: their
time is only computed. The standard library alone.
"""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import StringIO

from behavior.alignment_errors import AlignmentUnreadable
from behavior.matching import Expected, Match
from behavior.triggers import Code

COLUMNS = ("time", "sample", "code", "trial")


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """A row."""

    time: datetime
    sample: int
    code: int
    trial: int | None


def triggers_of(
    codes: Sequence[Code], *, since: datetime, expected: Sequence[Expected], matched: Match
) -> Sequence[Trigger]:
    """The codes (in seconds after `since`) that lie between the session's first and its last matched one."""
    trial_of = {code: expected[trial].trial for trial, code in matched.pairs}
    first, last = min(trial_of), max(trial_of)
    return [
        Trigger(
            time=since + timedelta(seconds=each.time_s), sample=each.sample, code=each.code, trial=trial_of.get(place)
        )
        for place, each in enumerate(codes)
        if first <= place <= last
    ]


def write_triggers(triggers: Iterable[Trigger]) -> bytes:
    """The table; `read_triggers` gives it back."""
    out = StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(COLUMNS)
    for each in triggers:
        trial = "" if each.trial is None else each.trial
        rows.writerow([each.time.isoformat(timespec="microseconds"), each.sample, each.code, trial])
    return out.getvalue().encode()


def read_triggers(content: bytes) -> Sequence[Trigger]:
    """Raises `AlignmentUnreadable` for what `write_triggers` did not write."""
    try:
        header, *rows = csv.reader(content.decode().splitlines())
        if tuple(header) != COLUMNS:
            raise ValueError(header)
        return [_trigger(*row) for row in rows]
    except (ValueError, TypeError) as error:
        raise AlignmentUnreadable(f"A triggers.csv is damaged ({str(error)[:80]}). Align the session again.") from None


def _trigger(time: str, sample: str, code: str, trial: str) -> Trigger:
    return Trigger(
        time=datetime.fromisoformat(time), sample=int(sample), code=int(code), trial=int(trial) if trial else None
    )
