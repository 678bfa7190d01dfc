"""Codes and trials are matched in order, whatever the offset and drift, and not where nothing decides."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from behavior.alignment_errors import TrialsUnmatched
from behavior.matching import MOST_CODES, MOST_TRIALS, Expected, Match, match
from behavior.triggers import Code
from tests.behavior.photodiode import Shown, as_recorded, trials

WINDOW = (-600.0, 600.0)


def expected(shown: list[Shown]) -> list[Expected]:
    return [Expected(time_s=each.time_s, code=each.code, trial=each.trial or 0) for each in shown]


def codes(shown: list[Shown]) -> list[Code]:
    return [Code(time_s=each.time_s, sample=round(each.time_s * 2000), code=each.code) for each in shown]


def wrong(found: Match, made: list[Shown], seen: list[Shown]) -> list[tuple[int, int]]:
    return [
        (trial, code)
        for trial, code in found.pairs
        if (made[trial].trial, made[trial].code) != (seen[code].trial, seen[code].code)
    ]


@pytest.mark.parametrize("seed", range(60))
def test_lost_and_false_codes_are_told_from_trials(seed: int) -> None:
    rng = np.random.default_rng(seed)
    offset_s, drift_ppm = rng.uniform(-300, 300), rng.uniform(-100, 100)
    made = trials(rng, count=int(rng.integers(12, 60)), first_s=rng.uniform(0, 3000))
    seen = as_recorded(made, rng, offset_s=offset_s, drift_ppm=drift_ppm, jitter_s=rng.uniform(0.007, 0.012))
    found = match(expected(made), codes(seen), offsets_s=WINDOW)
    assert not wrong(found, made, seen)
    true = sum(each.trial is not None for each in seen)
    assert len(found.pairs) >= 0.97 * true
    middle_s = (made[0].time_s + made[-1].time_s) / 2
    at_middle = offset_s + drift_ppm * 1e-6 * middle_s
    assert found.offset_s + found.drift * middle_s == pytest.approx(at_middle, abs=0.006)
    assert found.rival < len(found.pairs) / 2


def test_a_drift_of_30_ppm_is_measured() -> None:
    rng = np.random.default_rng(7)
    made = trials(rng, count=100)
    seen = as_recorded(made, rng, offset_s=-84.2, drift_ppm=30)
    found = match(expected(made), codes(seen), offsets_s=WINDOW)
    assert found.drift * 1e6 == pytest.approx(30, abs=5)
    assert found.offset_s == pytest.approx(-84.2, abs=0.005)


def test_a_short_session_does_not_fit_its_scatter_as_drift() -> None:
    rng = np.random.default_rng(8)
    drifts = []
    for _ in range(30):
        made = trials(rng, count=2)
        seen = as_recorded(made, rng, offset_s=5, drift_ppm=0, lost=0, false=0)
        drifts.append(match(expected(made), codes(seen), offsets_s=WINDOW).drift)
    assert np.max(np.abs(drifts)) < 60e-6


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**20),
    offset_s=st.floats(-500, 500),
    drift_ppm=st.floats(-100, 100),
    lost=st.floats(0, 0.25),
    false=st.floats(0, 0.5),
)
def test_pairs_rise_in_both_and_are_of_one_number(
    seed: int, offset_s: float, drift_ppm: float, lost: float, false: float
) -> None:
    rng = np.random.default_rng(seed)
    made = trials(rng, count=20)
    seen = as_recorded(made, rng, offset_s=offset_s, drift_ppm=drift_ppm, lost=lost, false=false)
    found = match(expected(made), codes(seen), offsets_s=WINDOW)
    there = {(each.trial, each.code) for each in seen}
    # A false code of the right number just where a trial's own was lost is the one thing that cannot be told.
    assert not [each for each, _ in wrong(found, made, seen) if (made[each].trial, made[each].code) in there]
    assert np.max(np.abs(found.residuals_s)) <= 0.1
    for one, following in zip(found.pairs, found.pairs[1:], strict=False):
        assert one[0] < following[0]
        assert one[1] < following[1]
    for (trial, code), residual_s in zip(found.pairs, found.residuals_s, strict=True):
        line_s = found.offset_s + (1 + found.drift) * made[trial].time_s
        assert seen[code].time_s - line_s == pytest.approx(residual_s, abs=1e-9)


@pytest.mark.parametrize("seed", range(10))
def test_a_session_nearby_keeps_its_own_codes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mine, other = trials(rng, count=20), trials(rng, count=30)
    seen_mine = as_recorded(mine, rng, offset_s=20, drift_ppm=-25)
    begins_s = seen_mine[-1].time_s + 10
    seen_other = as_recorded(other, rng, offset_s=begins_s - other[0].time_s, drift_ppm=-25)
    together = [*seen_mine, *(Shown(time_s=each.time_s, code=each.code) for each in seen_other)]
    found = match(expected(mine), codes(together), offsets_s=(-900, 900))
    assert not wrong(found, mine, together)
    assert max(code for _, code in found.pairs) < len(seen_mine)
    assert found.rival < 0.5 * len(found.pairs)
    # And the other way round, where the first session's codes come before.
    swapped = [*(Shown(time_s=each.time_s, code=each.code) for each in seen_mine), *seen_other]
    found = match(expected(other), codes(swapped), offsets_s=(-900, 900))
    assert min(code for _, code in found.pairs) >= len(seen_mine)


def test_a_session_whose_own_codes_are_missing_takes_none_of_another() -> None:
    rng = np.random.default_rng(3)
    mine, other = trials(rng, count=20), trials(rng, count=20)
    seen = as_recorded(other, rng, offset_s=200, drift_ppm=0)
    with pytest.raises(TrialsUnmatched, match=r"Of 60 codes .* finds [0-9]+ among the 60 of the channel"):
        match(expected(mine), codes(seen), offsets_s=WINDOW)


def test_two_places_alike_are_refused_and_a_narrower_search_decides() -> None:
    rng = np.random.default_rng(4)
    made = trials(rng, count=10)
    once = as_recorded(made, rng, offset_s=0, drift_ppm=0, lost=0, false=0)
    twice = [*once, *(Shown(time_s=each.time_s + 400, code=each.code, trial=each.trial) for each in once)]
    with pytest.raises(TrialsUnmatched, match=r"equally well in two places, at offsets .* with 30 of 30 codes each"):
        match(expected(made), codes(twice), offsets_s=(-600, 600))
    assert match(expected(made), codes(twice), offsets_s=(-100, 100)).offset_s == pytest.approx(0, abs=0.01)


def test_trials_of_fixed_timing_name_their_rival() -> None:
    made = [Shown(time_s=10.0 + 6 * place, code=(1, 4)[place % 2], trial=place // 2 + 1) for place in range(60)]
    found = match(expected(made), codes(made), offsets_s=WINDOW)
    assert len(found.pairs) == 60
    assert found.rival == 58
    assert abs(found.rival_offset_s or 0) == pytest.approx(12, abs=0.01)


@pytest.mark.parametrize(
    ("made", "seen", "sentence"),
    [
        ([], [Shown(time_s=1, code=1)], "tells of no code"),
        ([Shown(time_s=1, code=1)], [], "no codes to match"),
        ([Shown(time_s=1, code=1)], [Shown(time_s=1, code=4)], "the best place finds 0"),
        ([Shown(time_s=1, code=1)], [Shown(time_s=9000, code=1)], "the best place finds 0"),
        ([Shown(time_s=1, code=1)] * (MOST_TRIALS + 1), [Shown(time_s=1, code=1)], "more than can be compared"),
        ([Shown(time_s=1, code=1)], [Shown(time_s=1, code=1)] * (MOST_CODES + 1), "more than can be compared"),
        ([Shown(time_s=1, code=1), Shown(time_s=1e9, code=1)], [Shown(time_s=1, code=1)], "span more than 24 hours"),
        ([Shown(time_s=float("nan"), code=1)], [Shown(time_s=1, code=1)], "span more than 24 hours"),
    ],
)
def test_what_cannot_be_compared_is_refused(made: list[Shown], seen: list[Shown], sentence: str) -> None:
    with pytest.raises(TrialsUnmatched, match=sentence):
        match(expected(made), codes(seen), offsets_s=WINDOW)


def test_2000_codes_of_hours_take_no_longer_than_a_breath() -> None:
    rng = np.random.default_rng(1)
    made = trials(rng, count=MOST_TRIALS // 3)
    seen = as_recorded(made, rng, offset_s=100, drift_ppm=-100)
    begin = time.perf_counter()
    found = match(expected(made), codes(seen), offsets_s=WINDOW)
    assert time.perf_counter() - begin < 5
    assert len(found.pairs) > 0.94 * len(made)
