"""How the clock of a task laptop lies on the clock of the recorder, for one session.

Owns: the value `Alignment`, how it is made, judged and kept (as `alignment` in a session's notes), and the way from
laptop time to recorder time. Laptop time is what the session's trials tell, in seconds of the task's own clock,
wherever that begins; recorder time is seconds after `since`, an instant of the recorder's clock (naive,
`chunks.format.clock`), without any clock offset. NumPy alone.

    {"method": "triggers", "since": "2002-01-03T09:05:03", "offset_s": -2216.42, "drift_ppm": -24.1, "matched": 57,
     "expected": 60, "rival": 4, "residual_median_s": 0.006, "residual_max_s": 0.027, "channel": "DC01",
     "author": "…", "at": "2026-01-31T12:00:00+00:00"}
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from math import isfinite
from typing import Any, Literal, get_args

import numpy as np

from behavior.alignment_errors import AlignmentUnreadable
from behavior.matching import Expected, Match, match
from behavior.triggers import Code

Method = Literal["triggers", "hand", "clock"]
METHODS = get_args(Method)
# Below these a person says yes.
ENOUGH_SHARE, ENOUGH_CODES = 0.9, 5
# And above this: so many of its codes another place matches too.
_RIVAL_SHARE = 0.8

_MILLION = 1e6


@dataclass(frozen=True, kw_only=True)
class Alignment:
    """Recorder time is `offset_s` + (1 + `drift_ppm` / 1,000,000) · laptop time, in seconds after `since`.

    `matched` of `expected` codes were found on `channel`; `rival` is how many the next best place matches. Residuals
    (code minus line, without sign) are None where nothing was matched. `at` is real time, with its zone.
    """

    method: Method
    since: datetime
    offset_s: float
    drift_ppm: float = 0.0
    matched: int = 0
    expected: int = 0
    rival: int = 0
    residual_median_s: float | None = None
    residual_max_s: float | None = None
    channel: str = ""
    author: str
    at: datetime

    def recorder_s(self, laptop_s: float) -> float:
        """Seconds after `since` on the recorder's clock."""
        return self.offset_s + laptop_s + self.drift_ppm / _MILLION * laptop_s

    def recorder_time(self, laptop_s: float) -> datetime:
        """The instant on the recorder's clock, to the microsecond."""
        return self.since + timedelta(seconds=self.recorder_s(laptop_s))

    def laptop_s(self, recorder: datetime) -> float:
        """The laptop time of an instant of the recorder's clock."""
        return ((recorder - self.since).total_seconds() - self.offset_s) / (1 + self.drift_ppm / _MILLION)

    @property
    def doubts(self) -> Sequence[str]:
        """Why a person should look before this is used, in sentences; empty for one that stands by itself.

        Those made by hand or by clock are what a person chose, or claim nothing.
        """
        if self.method != "triggers":
            return []
        found = []
        if self.matched < ENOUGH_SHARE * self.expected:
            found.append(f"Only {self.matched} of {self.expected} codes were found, under {ENOUGH_SHARE:.0%}.")
        if self.matched < ENOUGH_CODES:
            found.append(f"{self.matched} codes are so few that chance can match them.")
        if self.rival >= max(1, _RIVAL_SHARE * self.matched):
            found.append(f"Another place matches {self.rival} codes, nearly as many as this one ({self.matched}).")
        return found

    @property
    def needs_yes(self) -> bool:
        """Whether a person must say yes before this is kept."""
        return bool(self.doubts)


def align(
    expected: Sequence[Expected],
    codes: Sequence[Code],
    *,
    offsets_s: tuple[float, float],
    since: datetime,
    channel: str,
    author: str,
    at: datetime,
) -> tuple[Alignment, Match]:
    """The alignment by the codes of a channel (times in seconds after `since`), and which code is which trial.

    Raises `TrialsUnmatched`. What comes back may still need a person's yes.
    """
    matched = match(expected, codes, offsets_s=offsets_s)
    residuals = np.abs(matched.residuals_s)
    alignment = Alignment(
        method="triggers",
        since=since,
        offset_s=matched.offset_s,
        drift_ppm=matched.drift * _MILLION,
        matched=len(matched.pairs),
        expected=len(expected),
        rival=matched.rival,
        residual_median_s=float(np.median(residuals)),
        residual_max_s=float(np.max(residuals)),
        channel=channel,
        author=author,
        at=at,
    )
    return alignment, matched


def by_hand(offset_s: float, *, since: datetime, author: str, at: datetime, drift_ppm: float = 0.0) -> Alignment:
    """The alignment a person read off: recorder time, in seconds after `since`, of laptop time 0."""
    return Alignment(method="hand", since=since, offset_s=offset_s, drift_ppm=drift_ppm, author=author, at=at)


def by_clock(offset_s: float, *, since: datetime, author: str, at: datetime) -> Alignment:
    """What the two clocks say, good to seconds at best: laptop time 0 lies `offset_s` after `since`."""
    return Alignment(method="clock", since=since, offset_s=offset_s, author=author, at=at)


def to_json(alignment: Alignment) -> dict[str, Any]:
    """As it is kept in a session's notes; `from_json` gives it back."""
    return asdict(alignment) | {"since": alignment.since.isoformat(), "at": alignment.at.isoformat()}


def from_json(plain: Mapping[str, Any]) -> Alignment:
    """Raises `AlignmentUnreadable`, naming the part that is wrong; parts of later versions are passed over."""
    method: Any = plain.get("method")
    if method not in METHODS:
        raise _wrong("method", method)
    return Alignment(
        method=method,
        since=_instant(plain, "since", zoned=False),
        offset_s=_number(plain, "offset_s"),
        drift_ppm=_number(plain, "drift_ppm"),
        matched=_count(plain, "matched"),
        expected=_count(plain, "expected"),
        rival=_count(plain, "rival"),
        residual_median_s=_residual(plain, "residual_median_s"),
        residual_max_s=_residual(plain, "residual_max_s"),
        channel=_text(plain, "channel"),
        author=_text(plain, "author"),
        at=_instant(plain, "at", zoned=True),
    )


def _instant(plain: Mapping[str, Any], name: str, *, zoned: bool) -> datetime:
    value = plain.get(name)
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or (moment.tzinfo is not None) != zoned:
        raise _wrong(name, value)
    return moment


def _number(plain: Mapping[str, Any], name: str) -> float:
    value = plain.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise _wrong(name, value)
    return float(value)


def _residual(plain: Mapping[str, Any], name: str) -> float | None:
    return None if plain.get(name) is None else _number(plain, name)


def _count(plain: Mapping[str, Any], name: str) -> int:
    value = plain.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise _wrong(name, value)
    return value


def _text(plain: Mapping[str, Any], name: str) -> str:
    value = plain.get(name, "")
    if not isinstance(value, str):
        raise _wrong(name, value)
    return value


def _wrong(name: str, value: object) -> AlignmentUnreadable:
    return AlignmentUnreadable(
        f"The alignment kept for this session is wrong: {name} cannot be {str(value)[:80]!r}. Align it again."
    )
