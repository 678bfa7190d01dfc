"""Line length and spikes: by hand, and on made traces."""

from itertools import pairwise

import numpy as np
import pytest

from analysis.jobs.line_length import line_length

SFREQ = 200.0


def test_the_length_of_a_ramp_is_its_rise_a_second():
    assert line_length(np.arange(400.0)[None], SFREQ)[0, 0] == pytest.approx(399 / 2)


def test_the_length_does_not_depend_on_the_sign_or_an_offset():
    trace = np.random.default_rng(1).normal(size=(1, 400))
    assert line_length(-trace + 1000, SFREQ)[0, 0] == pytest.approx(line_length(trace, SFREQ)[0, 0])


def test_spikes_are_counted_once_each_upwards_and_downwards():
    trace = np.random.default_rng(2).normal(size=2000)
    for place, height in ((300, 40), (302, 30), (900, -50), (1500, 60)):
        trace[place] += height
    assert line_length(trace[None], SFREQ)[0, 1] == pytest.approx(3 / 10)


def test_noise_has_no_spikes_and_a_flat_window_neither():
    noise = np.random.default_rng(3).normal(size=2000)
    assert line_length(np.stack([noise, np.zeros(2000)]), SFREQ)[:, 1].tolist() == [0, 0]


def test_a_single_sample_has_no_length():
    assert np.isnan(line_length(np.ones((1, 1)), SFREQ)[0, 0])


@pytest.mark.parametrize("sfreq", [512.0, 2034.5, 333.25])
def test_both_are_what_their_definitions_give_in_a_plain_loop(sfreq):
    random = np.random.default_rng(4)
    trace = random.normal(size=round(7.3 * sfreq)) * 20 - 300
    trace[random.integers(0, trace.size, 40)] += random.choice([-1, 1], 40) * random.uniform(100, 400, 40)
    seconds = trace.size / sfreq
    length = sum(abs(after - before) for before, after in pairwise(trace)) / seconds
    middle = float(np.median(trace))
    apart = [abs(sample - middle) for sample in trace]
    least = 6 * 1.4826 * float(np.median(apart))
    peaks = [
        place
        for place in range(1, trace.size - 1)
        if apart[place] >= least and apart[place - 1] < apart[place] > apart[place + 1]
    ]
    kept: list[int] = []
    for place in sorted(peaks, key=lambda each: -apart[each]):
        if all(abs(place - other) >= round(0.1 * sfreq) for other in kept):
            kept.append(place)
    assert len(kept) > 10
    assert line_length(trace[None], sfreq)[0] == pytest.approx([length, len(kept) / seconds], rel=1e-9)
