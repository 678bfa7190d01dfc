"""When the last trial of a session happened, as far as its data tell.

Owns: which values are taken for a clock. Data are irregular and every task writes its own, so nothing here decides
anything: it is for a sentence alone. Plain Python, no third party.

A clock is a value of the trials, by a key that speaks of a time, that never goes back from trial to trial and counts
seconds since the task began; a duration (`resp_time`) goes up and down. A time of day (`wall_time`) is read as one.
"""

import math
import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from behavior.wall_time import DAY_US, SECOND_US, parse_wall_time

TRIALS_AT_LEAST = 3
SESSION_LIMIT_S = 24 * 3600
_SPEAKS_OF_A_TIME = re.compile(r"time|start|stop|end|onset|offset", re.IGNORECASE)


def last_trial_s(data: Any, *, start_us: int) -> float | None:  # noqa: ANN401 (whatever JSON holds)
    """Seconds from the session's start (microseconds after midnight) to its last trial; None where nothing tells."""
    clocks: dict[str, list[float]] = {}
    latest: list[float] = []
    for trial in _trials(data):
        for key, value in trial.items():
            if not _SPEAKS_OF_A_TIME.search(key):
                continue
            if isinstance(value, str):
                latest += _time_of_day(value, start_us=start_us)
            elif isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
                clocks.setdefault(key, []).append(float(value))
    latest += [values[-1] for values in clocks.values() if _is_clock(values)]
    return max(latest, default=None)


def _trials(data: Any) -> Iterator[Mapping[str, Any]]:  # noqa: ANN401 (as above)
    if isinstance(data, list):
        yield from (trial for trial in data if isinstance(trial, dict))


def _is_clock(values: list[float]) -> bool:
    ascending = all(earlier <= later for earlier, later in pairwise(values))
    return len(values) >= TRIALS_AT_LEAST and ascending and values[0] < values[-1] < SESSION_LIMIT_S


def _time_of_day(text: str, *, start_us: int) -> list[float]:
    if text.count(":") < 2:
        return []
    try:
        after_us = parse_wall_time(text) - start_us
    except ValueError:
        return []
    # Before the start by less than half a day is before it; by more, past midnight.
    return [(after_us + DAY_US if after_us < -DAY_US // 2 else after_us) / SECOND_US]
