"""Codes are read from a photodiode's channel to a sample, whatever its rate, polarity, layout and faults."""

import tracemalloc
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from behavior.alignment_errors import ChannelUnfit, CodesMissing
from behavior.pieces import Piece
from behavior.triggers import LAYOUTS, Decoded, Layout, decode
from portal.demo_signals import LABELS, make_recording
from tests.behavior.photodiode import SERIAL, WRITTEN, Channel, Shown, as_recorded, cut, trials

CLEAN = Channel(
    seconds=120, shown=[Shown(time_s=10.0 + 3.7 * place, code=code) for place, code in enumerate([1, 4, 16] * 9)]
)


def recorded(seed: int, *, trial_count: int = 8, **faults: object) -> Channel:
    rng = np.random.default_rng(seed)
    shown = as_recorded(trials(rng, count=trial_count), rng, offset_s=3.21, drift_ppm=30)
    return Channel(shown=shown, seconds=shown[-1].time_s + 20, seed=seed, **faults)  # type: ignore[arg-type]


def read(channel: Channel, **options: object) -> Decoded:
    return decode(channel.pieces(), sfreq=Fraction(str(channel.sfreq)), channel="DC01", **options)  # type: ignore[arg-type]


def assert_all_found(found: Decoded, channel: Channel, *, within_samples: float = 1.0) -> None:
    assert [each.code for each in found.codes] == [each.code for each in channel.shown]
    true = np.array([each.time_s for each in channel.shown]) * channel.sfreq
    assert np.max(np.abs(np.array([each.time_s for each in found.codes]) * channel.sfreq - true)) <= within_samples
    assert np.max(np.abs(np.array([each.sample for each in found.codes]) - true)) < within_samples + 1


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize("inverted", [False, True])
def test_polarity_and_layout_are_found(layout: Layout, *, inverted: bool) -> None:
    channel = recorded(1, layout=layout, inverted=inverted, noise=0.03)
    found = read(channel)
    assert (found.layout, found.inverted) == (layout, inverted)
    assert_all_found(found, channel)


@pytest.mark.parametrize("sfreq", [180, 200, 256, 500, 512, 999.4, 1000, 2000, 10000, 30000])
def test_every_rate_of_three_samples_a_bit_is_read_to_a_sample(sfreq: float) -> None:
    channel = recorded(2, sfreq=sfreq, noise=0.04, trial_count=4)
    assert_all_found(read(channel), channel)


def test_a_rate_too_low_for_the_bits_is_refused_with_the_one_needed() -> None:
    with pytest.raises(ChannelUnfit, match=r"DC01 has 128 samples a second, 2\.1 .* that is 180 a second"):
        read(recorded(2, sfreq=128))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(
    "faults",
    [
        {"noise": 0.1},
        {"noise": 0.15, "layout": WRITTEN},
        {"hum": 0.25, "noise": 0.02},
        {"hum": 0.2, "hum_hz": 50, "noise": 0.02},
        {"wander": 2.0, "noise": 0.03},
        {"fading": 0.7, "noise": 0.03, "inverted": True},
        {"clip": 0.5, "noise": 0.03},
        {"rise_s": 0.006, "noise": 0.02},
        {"hum": 0.1, "wander": 0.4, "fading": 0.4, "noise": 0.04, "clip": 0.9, "inverted": True, "layout": WRITTEN},
    ],
    ids=" ".join,
)
def test_faults_of_screens_and_recorders_move_no_code_by_more_than_a_sample(
    seed: int, faults: dict[str, float]
) -> None:
    channel = recorded(seed, **faults)
    assert_all_found(read(channel), channel)


def test_strong_noise_loses_codes_rather_than_inventing_them() -> None:
    lost = shown = 0
    for seed in range(5):
        channel = recorded(seed, noise=0.3, sfreq=500)
        found = read(channel)
        true = {(round(each.time_s, 1), each.code) for each in channel.shown}
        near = [
            any(abs(each.time_s - at_s) < 0.15 and each.code == code for at_s, code in true) for each in found.codes
        ]
        assert all(near)
        lost += len(true) - len(found.codes)
        shown += len(true)
    assert lost < shown / 4


@settings(max_examples=40, deadline=None)
@given(
    codes=st.lists(st.sampled_from([1, 2, 4, 5, 16, 32, 170]), min_size=6, max_size=20),
    sfreq=st.sampled_from([250.0, 500.0, 999.4, 2000.0]),
    inverted=st.booleans(),
    written=st.booleans(),
    seed=st.integers(0, 2**16),
)
def test_what_was_shown_is_what_is_read(
    codes: list[int], sfreq: float, seed: int, *, inverted: bool, written: bool
) -> None:
    at_s = 2 + np.cumsum(np.random.default_rng(seed).uniform(0.5, 3, len(codes)))
    shown = [Shown(time_s=float(each), code=code) for each, code in zip(at_s, codes, strict=True)]
    # 4 of one layout is 32 of the other, so a channel of these alone cannot tell them apart.
    if set(codes) <= {4, 32}:
        shown += [Shown(time_s=float(at_s[-1]) + 2, code=1)]
    layout = WRITTEN if written else SERIAL
    channel = Channel(
        shown=shown, seconds=shown[-1].time_s + 3, sfreq=sfreq, inverted=inverted, layout=layout, noise=0.02, seed=seed
    )
    assert_all_found(read(channel), channel)


def test_other_numbers_are_read_too_and_told_from_unreadable_flashes() -> None:
    junk = [Shown(time_s=111.0, code=77), Shown(time_s=113.0, code=255)]
    channel = Channel(shown=[*CLEAN.shown, *junk], seconds=120)
    samples = channel.samples()
    samples[(115 * 2000) : int(115.4 * 2000)] = 2000  # a flash of no code's form
    found = decode(cut(samples, sfreq=2000), sfreq=2000, channel="DC01")
    assert [each.code for each in found.codes][-2:] == [77, 255]
    assert found.unreadable == 1


def test_another_bit_time_is_a_setting() -> None:
    channel = Channel(shown=CLEAN.shown, seconds=120, bit_s=1 / 30)
    assert_all_found(read(channel, bit_s=1 / 30), channel)
    with pytest.raises(CodesMissing, match="Name another channel or bit time"):
        read(channel)
    with pytest.raises(ChannelUnfit, match="A bit of 0 s cannot be"):
        read(channel, bit_s=0)


@pytest.mark.parametrize("samples_each", [1, 7, 333, 100_003])
def test_pieces_do_not_matter_where_they_follow_each_other(samples_each: int) -> None:
    channel = Channel(shown=CLEAN.shown[:6], seconds=40, sfreq=500, noise=0.02)
    whole = decode(channel.pieces(), sfreq=500, channel="DC01")
    assert len(whole.codes) == 6
    assert decode(channel.pieces(samples_each=samples_each), sfreq=500, channel="DC01") == whole


def test_codes_on_the_edges_of_blocks_are_read_once() -> None:
    shown = [Shown(time_s=59.92 + 60 * minute + 0.01 * minute, code=5) for minute in range(16)]
    channel = Channel(shown=shown, seconds=1000, sfreq=500)
    assert_all_found(read(channel), channel)


def test_a_code_that_a_gap_cuts_is_left_out_and_time_goes_on_after_it() -> None:
    shown = [Shown(time_s=at_s, code=5) for at_s in (5, 10, 19.95, 25, 30)]
    samples = Channel(shown=shown, seconds=40).samples()
    first, second = samples[:40_000], samples[40_000:]  # at 20 s, within the third code
    gap_s = 100.0
    pieces = [*cut(first, sfreq=2000, samples_each=9999)]
    pieces += [
        Piece(start_s=each.start_s + 20 + gap_s, first_sample=each.first_sample + 40_000, samples=each.samples)
        for each in cut(second, sfreq=2000, samples_each=9999)
    ]
    found = decode(pieces, sfreq=2000, channel="DC01")
    assert [round(each.time_s, 3) for each in found.codes] == [5.0, 10.0, 125.0, 130.0]
    assert [each.sample for each in found.codes] == [10_000, 20_000, 50_000, 60_000]


@pytest.mark.parametrize("layout", [SERIAL, WRITTEN])
@pytest.mark.parametrize("cut_bits", np.arange(0.5, 10, 0.5))
def test_codes_cut_by_the_ends_of_a_recording_are_left_out(layout: Layout, cut_bits: float) -> None:
    channel = Channel(shown=CLEAN.shown, seconds=120, layout=layout)
    first, last = channel.shown[0].time_s + cut_bits / 60, channel.shown[-1].time_s + cut_bits / 60
    samples = channel.samples()[int(first * 2000) : int(last * 2000)]
    found = decode(cut(samples, sfreq=2000, start_s=first), sfreq=2000, channel="DC01")
    # Without its stop bit a code of a dark one is whole.
    whole = channel.shown[1:] if cut_bits == 9.5 and layout is WRITTEN else channel.shown[1:-1]
    told = [each.code for each in found.codes]
    assert told == [each.code for each in whole] or (
        cut_bits == 9.5 and told == [each.code for each in channel.shown[1:-1]]
    )


def test_the_demos_photodiode_is_read() -> None:
    made = make_recording(seconds=900, seed=5)
    found = decode(cut(made.samples[LABELS.index("DC01")], sfreq=500), sfreq=500, channel="DC01")
    assert [each.code for each in found.codes] == [(1, 4, 16)[place % 3] for place in range(len(made.code_onsets_s))]
    assert np.max(np.abs(np.array([each.time_s for each in found.codes]) - made.code_onsets_s)) * 500 <= 1


@pytest.mark.parametrize("seed", range(3))
def test_electrodes_and_the_heart_carry_no_codes(seed: int) -> None:
    made = make_recording(seconds=900, seed=seed)
    for label, samples in zip(LABELS, made.samples, strict=True):
        if label != "DC01":
            with pytest.raises(CodesMissing, match=rf"^{label} carries no codes: 900 s at 500 samples a second, level"):
                decode(cut(samples, sfreq=500), sfreq=500, channel=label)


TIME_S = np.arange(600_000) / 2000
RNG = np.random.default_rng(3)


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(600_000, np.int16),
        np.full(600_000, -32768, np.int16),
        RNG.normal(0, 30, 600_000),
        RNG.integers(-32768, 32767, 600_000, dtype=np.int16),
        100 * np.sin(2 * np.pi * 60 * TIME_S) + RNG.normal(0, 3, 600_000),
        np.cumsum(RNG.normal(0, 1, 600_000)),
        1000.0 * (TIME_S.astype(int) % 2),
        1000.0 * (RNG.random(600_000) < 1e-3),
    ],
    ids=["unplugged", "at its limit", "noise", "white", "mains", "walk", "square", "sparks"],
)
def test_what_carries_no_codes_is_refused_with_what_was_seen(samples: np.ndarray) -> None:
    with pytest.raises(
        CodesMissing, match=r"300 s at 2,000 samples a second, level .*, noise .*; (nothing|of [0-9,]+) fl"
    ):
        decode(cut(samples, sfreq=2000, samples_each=77_777), sfreq=2000, channel="DC02")


@pytest.mark.parametrize("count", [0, 1, 10, 200])
def test_next_to_nothing_is_refused(count: int) -> None:
    with pytest.raises(CodesMissing):
        decode(cut(np.zeros(count, np.int16), sfreq=2000), sfreq=2000, channel="DC01")


def test_memory_does_not_grow_with_the_channel() -> None:
    samples = Channel(shown=CLEAN.shown, seconds=120, noise=0.02).samples()

    def peak(times: int) -> int:
        pieces = (Piece(start_s=120.0 * place, first_sample=240_000 * place, samples=samples) for place in range(times))
        tracemalloc.start()
        found = decode(pieces, sfreq=2000, channel="DC01")
        held = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert len(found.codes) == times * len(CLEAN.shown)
        return held

    short, long = peak(2), peak(20)
    assert long < 1.5 * short


def test_codes_are_in_order_of_time() -> None:
    found = read(recorded(4, noise=0.1))
    assert all(one.time_s < other.time_s and one.sample < other.sample for one, other in pairwise(found.codes))


def filtered(channel: Channel, *, time_constant_s: float) -> np.ndarray:
    """What a screen or an amplifier that is slow to follow makes of the channel."""
    keep, level, out = float(np.exp(-1 / (channel.sfreq * time_constant_s))), 0.0, []
    samples = channel.samples().tolist()
    level = float(samples[0])
    for each in samples:
        level = keep * level + (1 - keep) * each
        out.append(level)
    return np.array(out)


@pytest.mark.parametrize("layout", [SERIAL, WRITTEN])
def test_a_slow_screen_delays_all_codes_alike(layout: Layout) -> None:
    channel = recorded(5, noise=0.02, layout=layout)
    found = decode(cut(filtered(channel, time_constant_s=0.006), sfreq=2000), sfreq=2000, channel="DC01")
    assert [each.code for each in found.codes] == [each.code for each in channel.shown]
    late_s = np.array([one.time_s - other.time_s for one, other in zip(found.codes, channel.shown, strict=True)])
    assert np.ptp(late_s) * 2000 <= 2
    assert 0 < late_s.min() < late_s.max() < 0.005


@pytest.mark.parametrize("layout", [SERIAL, WRITTEN])
@pytest.mark.parametrize("cut_off_hz", [0.1, 0.5, 1.0])
def test_an_amplifier_without_direct_current_is_read_too(layout: Layout, cut_off_hz: float) -> None:
    channel = recorded(6, noise=0.02, layout=layout)
    samples = channel.samples() - filtered(channel, time_constant_s=1 / (2 * np.pi * cut_off_hz))
    found = decode(cut(samples, sfreq=2000), sfreq=2000, channel="DC01")
    assert_all_found(found, channel)


@pytest.mark.parametrize("refresh_hz", [59.0, 59.94, 60.3, 61.0])
def test_a_monitor_that_is_not_quite_60_hz_is_read_with_the_bit_time_of_60(refresh_hz: float) -> None:
    channel = recorded(7, noise=0.03, layout=WRITTEN, bit_s=1 / refresh_hz)
    assert_all_found(read(channel), channel)


def test_flashes_between_the_codes_are_no_codes() -> None:
    channel = recorded(8, noise=0.02)
    samples, rng = channel.samples(), np.random.default_rng(1)
    taken = [each.time_s for each in channel.shown]
    for at_s in rng.uniform(1, channel.seconds - 5, 20):
        lasts_s = rng.uniform(0.02, 0.5)
        if all(not at_s - 0.4 < each < at_s + lasts_s + 0.4 for each in taken):
            samples[int(at_s * 2000) : int((at_s + lasts_s) * 2000)] = 2000
    found = decode(cut(samples, sfreq=2000), sfreq=2000, channel="DC01")
    true = {(round(each.time_s, 2), each.code) for each in channel.shown}
    told = {(round(each.time_s, 2), each.code) for each in found.codes}
    assert len(true & told) >= len(true) - 1  # rounding
    assert found.unreadable > 3
