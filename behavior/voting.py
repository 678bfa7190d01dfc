"""Where the trials may lie among the codes: every pair of a trial and a code of the same number votes for the offset it
would mean, once for each drift that may be.

Owns: the vote. NumPy alone.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from behavior.alignment_errors import TrialsUnmatched

MOST_VOTES = 4_000_000
# Of quartz clocks; a fit beyond it is no clock.
MOST_DRIFT_PPM = 150.0
# Two places are different where they lie further apart.
APART_S = 0.5
# Votes are gathered in bins this wide, and drifts are tried so closely that they move a trial by no more.
_BIN_S = 0.05
_PLACES = 6

Times = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Line:
    """A place of the trials: `offset_s` holds at the laptop time `middle_s`, where it hardly depends on the drift."""

    offset_s: float
    drift: float
    middle_s: float

    def at(self, times: Times) -> Times:
        moved: Times = self.offset_s + times + self.drift * (times - self.middle_s)
        return moved

    def at_zero(self) -> float:
        return self.offset_s - self.drift * self.middle_s


def vote(
    trial_s: Times,
    trial_codes: Numbers,
    code_s: Times,
    code_codes: Numbers,
    *,
    offsets_s: tuple[float, float],
    middle_s: float,
) -> list[Line]:
    """The offsets with most votes, each with the drift that gathered them; the most first.

    A trial has more than one vote for a place only where codes of one number follow each other within a bin, which is
    shorter than a code.
    """
    low, high = offsets_s[0] - APART_S, offsets_s[1] + APART_S
    meant_s, from_middle_s = _votes(trial_s, trial_codes, code_s, code_codes, window=(low, high), middle_s=middle_s)
    half_span_s = max(float(np.ptp(trial_s)) / 2, 1.0)
    step = _BIN_S / 2 / half_span_s
    steps = int(np.ceil(MOST_DRIFT_PPM * 1e-6 / step))
    bins = int((high - low) / _BIN_S) + 2
    most = np.zeros(bins - 1, np.int64)
    first, last = np.zeros(bins - 1), np.zeros(bins - 1)
    for drift in np.arange(-steps, steps + 1) * step:
        places = np.floor((meant_s - drift * from_middle_s - low) / _BIN_S).astype(np.int64)
        votes = np.bincount(places[(places >= 0) & (places < bins)], minlength=bins)
        # A vote near the edge of a bin counts for the next as well.
        paired = votes[:-1] + votes[1:]
        first = np.where(paired > most, drift, first)
        last = np.where(paired >= most, drift, last)
        most = np.maximum(most, paired)
    return _peaks(most, drifts=(first + last) / 2, low=low, middle_s=middle_s)


def _votes(
    trial_s: Times,
    trial_codes: Numbers,
    code_s: Times,
    code_codes: Numbers,
    *,
    window: tuple[float, float],
    middle_s: float,
) -> tuple[Times, Times]:
    """For every trial and code of the same number within the window: the offset it would mean, and the trial's time."""
    meant: list[Times] = [np.empty(0)]
    times: list[Times] = [np.empty(0)]
    total = 0
    for code in np.intersect1d(trial_codes, code_codes):
        theirs = code_s[code_codes == code]
        for time_s in trial_s[trial_codes == code]:
            near = theirs[np.searchsorted(theirs, time_s + window[0]) : np.searchsorted(theirs, time_s + window[1])]
            meant.append(near - time_s)
            times.append(np.full(len(near), time_s - middle_s))
            total += len(near)
            if total > MOST_VOTES:
                raise TrialsUnmatched(
                    f"{len(trial_s):,} expected codes and {len(code_s):,} on the channel fit in over {MOST_VOTES:,} "
                    "ways. Search less far around the session."
                )
    return np.concatenate(meant), np.concatenate(times)


def _peaks(most: Numbers, *, drifts: Times, low: float, middle_s: float) -> list[Line]:
    left = most.copy()
    found: list[Line] = []
    reach = int(APART_S / _BIN_S)
    for _ in range(_PLACES):
        place = int(np.argmax(left))
        if not left[place]:
            break
        found.append(Line(offset_s=low + (place + 1) * _BIN_S, drift=float(drifts[place]), middle_s=middle_s))
        left[max(0, place - reach) : place + reach + 1] = 0
    return found
