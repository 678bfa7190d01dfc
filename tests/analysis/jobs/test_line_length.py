"""Line length and spikes: by hand, and on made traces."""

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
