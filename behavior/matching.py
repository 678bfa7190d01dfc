"""Codes of the recorder and trials of the task laptop, matched in order.

Owns: where on the recorder's clock the trials lie (an offset that nobody knows to better than minutes, a drift of some
parts per million), and which code is which trial, with some lost and some false. Three steps:

1. Vote (`behavior.voting`): every pair of a trial and a code of the same number votes for the offset it would mean,
   once for each drift that may be; for t trials, c codes and d drifts that is at most t·c·d votes, and less by the
   window of offsets. Bounded by `MOST_TRIALS`, `MOST_CODES`, `MOST_VOTES` and `MOST_HOURS` (24 hours: 521 drifts).
2. Each of the places with most votes is fitted by turns: pair each trial with the nearest code of its number within a
   tolerance, fit a line, narrow the tolerance. A turn costs (t + c)·log c.
3. The place with most pairs wins; how many the next best place has is told, since two that are alike decide nothing.

NumPy alone.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np

from behavior.alignment_errors import TrialsUnmatched
from behavior.triggers import Code
from behavior.voting import APART_S, MOST_DRIFT_PPM, Line, Numbers, Times, vote

MOST_TRIALS, MOST_CODES = 2_000, 10_000
MOST_HOURS = 24
# What is expected of a drift before anything is measured: keeps short sessions from fitting their scatter.
_USUAL_DRIFT = 50e-6
# How far a code may be from its trial: at first, and at least and most in the end.
_FIRST_S, _LEAST_S, _MOST_S = 0.15, 0.04, 0.1
_TURNS = 12
_SIGMAS = 5.0
# Fewer than this share of trials is chance.
_LEAST_SHARE = 0.5


@dataclass(frozen=True, kw_only=True)
class Expected:
    """A code that a task should have shown. `time_s` is the task laptop's; `trial` is the trial's number from 1."""

    time_s: float
    code: int
    trial: int


@dataclass(frozen=True, kw_only=True)
class Match:
    """Recorder time is `offset_s` + (1 + `drift`) · laptop time. `pairs` are indexes into trials and codes, both rise.

    `residuals_s` are code minus line, in the order of the pairs; `rival` is how many pairs the next best place has, and
    `rival_offset_s` where it is (None where no other place has any).
    """

    offset_s: float
    drift: float
    pairs: Sequence[tuple[int, int]]
    residuals_s: Sequence[float]
    rival: int
    rival_offset_s: float | None


@dataclass(frozen=True, kw_only=True)
class _Place:
    line: Line
    trials: Numbers
    codes: Numbers
    residuals_s: Times


def match(expected: Sequence[Expected], codes: Sequence[Code], *, offsets_s: tuple[float, float]) -> Match:
    """The place of the trials among the codes, both in order of time, with an offset (at the middle of the trials)
    between the two given.

    Raises `TrialsUnmatched` where fewer than half of the trials find their codes, where two places fit equally well,
    and where there is too much or too little to compare.
    """
    _refuse_amounts(expected, codes, offsets_s=offsets_s)
    trial_s, trial_codes = _arrays([each.time_s for each in expected], [each.code for each in expected])
    code_s, code_codes = _arrays([each.time_s for each in codes], [each.code for each in codes])
    first, last = float(trial_s.min()), float(trial_s.max())
    votes = vote(trial_s, trial_codes, code_s, code_codes, offsets_s=offsets_s, middle_s=(first + last) / 2)
    places = _distinct([_settle(line, trial_s, trial_codes, code_s, code_codes) for line in votes])
    places = [place for place in places if offsets_s[0] - 1 <= place.line.offset_s <= offsets_s[1] + 1]
    best = places[0] if places else None
    if best is None or len(best.trials) < max(1, _LEAST_SHARE * len(expected)):
        found = len(best.trials) if best else 0
        raise TrialsUnmatched(
            f"Of {len(expected)} codes that the task should have shown, the best place finds {found} among the "
            f"{len(codes)} of the channel. Check the session's time, day and task, or align by hand."
        )
    rival = places[1] if len(places) > 1 else None
    if rival is not None and len(rival.trials) == len(best.trials):
        raise TrialsUnmatched(
            f"The trials fit equally well in two places, at offsets {best.line.at_zero():+.3f} s and "
            f"{rival.line.at_zero():+.3f} s, with {len(best.trials)} of {len(expected)} codes each. "
            "Search less far, or align by hand."
        )
    return Match(
        offset_s=best.line.at_zero(),
        drift=best.line.drift,
        pairs=list(zip(best.trials.tolist(), best.codes.tolist(), strict=True)),
        residuals_s=best.residuals_s.tolist(),
        rival=len(rival.trials) if rival else 0,
        rival_offset_s=rival.line.at_zero() if rival else None,
    )


def _refuse_amounts(expected: Sequence[Expected], codes: Sequence[Code], *, offsets_s: tuple[float, float]) -> None:
    if not expected:
        raise TrialsUnmatched("The session tells of no code that the task should have shown. Align by hand.")
    if not codes:
        raise TrialsUnmatched("There are no codes to match with. Name another channel, or align by hand.")
    if len(expected) > MOST_TRIALS or len(codes) > MOST_CODES:
        raise TrialsUnmatched(
            f"{len(expected):,} expected codes and {len(codes):,} on the channel are more than can be compared "
            f"({MOST_TRIALS:,} and {MOST_CODES:,}). Search less far around the session."
        )
    times = [each.time_s for each in expected]
    longest_s = MOST_HOURS * 3600
    if not all(map(isfinite, times)) or max(times) - min(times) > longest_s or offsets_s[1] - offsets_s[0] > longest_s:
        raise TrialsUnmatched(
            f"The session's trials, or the time to search, span more than {MOST_HOURS} hours: are the times of its "
            "trials seconds?"
        )


def _arrays(times: Sequence[float], codes: Sequence[int]) -> tuple[Times, Numbers]:
    return np.array(times, dtype=np.float64), np.array(codes, dtype=np.int64)


def _settle(line: Line, trial_s: Times, trial_codes: Numbers, code_s: Times, code_codes: Numbers) -> _Place:
    """Pair and fit by turns, the tolerance narrowing, until the pairs stay the same."""
    tolerance_s = _FIRST_S
    trials = codes = np.empty(0, np.int64)
    for _ in range(_TURNS):
        before = trials, codes
        trials, codes = _pair(line.at(trial_s), trial_codes, code_s, code_codes, tolerance_s=tolerance_s)
        if not len(trials):
            break
        line = _fit(trial_s[trials], code_s[codes], middle_s=line.middle_s)
        residuals = np.abs(code_s[codes] - line.at(trial_s[trials]))
        narrowed = float(np.clip(_SIGMAS * 1.4826 * np.median(residuals), _LEAST_S, _MOST_S))
        if narrowed == tolerance_s and all(map(np.array_equal, before, (trials, codes))):
            break
        tolerance_s = narrowed
    return _Place(line=line, trials=trials, codes=codes, residuals_s=code_s[codes] - line.at(trial_s[trials]))


def _pair(
    there_s: Times, trial_codes: Numbers, code_s: Times, code_codes: Numbers, *, tolerance_s: float
) -> tuple[Numbers, Numbers]:
    """Trials and codes that are each other's nearest of the same number, within the tolerance, in one order."""
    trials, codes = [], []
    for code in np.intersect1d(trial_codes, code_codes):
        mine, theirs = np.flatnonzero(trial_codes == code), np.flatnonzero(code_codes == code)
        nearest = _nearest(there_s[mine], code_s[theirs])
        back = _nearest(code_s[theirs], there_s[mine])
        mutual = back[nearest] == np.arange(len(mine))
        close = np.abs(there_s[mine] - code_s[theirs[nearest]]) <= tolerance_s
        trials.append(mine[mutual & close])
        codes.append(theirs[nearest[mutual & close]])
    if not trials:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    together, theirs = np.concatenate(trials), np.concatenate(codes)
    order = np.argsort(together, kind="stable")
    kept = order[_longest_rising(theirs[order])]
    return together[kept], theirs[kept]


def _nearest(places: Times, among: Times) -> Numbers:
    """For each place the index of the nearest of the others, which are in order."""
    after = np.clip(np.searchsorted(among, places), 1, max(1, len(among) - 1))
    before = after - 1
    after = np.minimum(after, len(among) - 1)
    nearest: Numbers = np.where(places - among[before] <= among[after] - places, before, after)
    return nearest


def _longest_rising(values: Numbers) -> Numbers:
    """Indexes of a longest strictly rising part: pairs of different numbers may not cross either."""
    tails: list[int] = []
    ends: list[int] = []
    came_from = np.full(len(values), -1, np.int64)
    for place, value in enumerate(values.tolist()):
        at = bisect_left(tails, value)
        came_from[place] = ends[at - 1] if at else -1
        tails[at : at + 1] = [value]
        ends[at : at + 1] = [place]
    kept: list[int] = []
    place = ends[-1] if ends else -1
    while place >= 0:
        kept.append(place)
        place = int(came_from[place])
    return np.array(kept[::-1], np.int64)


def _fit(laptop_s: Times, recorder_s: Times, *, middle_s: float) -> Line:
    """A line through the pairs: outliers weigh less (Huber), and the drift leans to 0 where little speaks for one."""
    across, up = laptop_s - middle_s, recorder_s - laptop_s
    weights = np.ones(len(across))
    offset = float(np.median(up))
    drift = 0.0
    for _ in range(_TURNS):
        mean_across, mean_up = np.average(across, weights=weights), np.average(up, weights=weights)
        away = np.abs(up - offset - drift * across)
        spread = max(1.4826 * float(np.median(away)), 1e-6)
        lean = (spread / _USUAL_DRIFT) ** 2
        centred = across - mean_across
        slope = float(weights @ (centred * (up - mean_up))) / (float(weights @ centred**2) + lean)
        drift = float(np.clip(slope, -MOST_DRIFT_PPM * 1e-6, MOST_DRIFT_PPM * 1e-6))
        offset = float(mean_up - drift * mean_across)
        away = np.abs(up - offset - drift * across)
        limit = 1.5 * max(1.4826 * float(np.median(away)), 1e-6)
        weights = np.minimum(1.0, limit / np.maximum(away, limit))
    return Line(offset_s=offset, drift=drift, middle_s=middle_s)


def _distinct(places: Sequence[_Place]) -> list[_Place]:
    """Places that are not the same, most pairs first, then the smaller scatter."""

    def scatter(place: _Place) -> float:
        return float(np.mean(place.residuals_s**2)) if len(place.trials) else 0.0

    found: list[_Place] = []
    for place in sorted(places, key=lambda each: (-len(each.trials), scatter(each))):
        if len(place.trials) and all(abs(place.line.offset_s - other.line.offset_s) > APART_S for other in found):
            found.append(place)
    return found
