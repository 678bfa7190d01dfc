"""Band power: what a pure tone gives, and that it is Welch's estimate as SciPy and plain NumPy have it."""

import numpy as np
import pytest
from scipy.signal import welch

from analysis.jobs.band_power import BANDS, band_power

SFREQ = 500.0


def tone(hertz: float, *, amplitude: float = 1.0, seconds: float = 10.0, sfreq: float = SFREQ) -> np.ndarray:
    return amplitude * np.sin(2 * np.pi * hertz * np.arange(round(seconds * sfreq)) / sfreq)


@pytest.mark.parametrize(("hertz", "band"), [(2, "delta"), (6, "theta"), (10, "alpha"), (20, "beta"), (50, "gamma")])
def test_a_tone_has_half_its_amplitude_squared_in_its_band_and_nothing_elsewhere(hertz, band):
    powers = dict(zip(BANDS, band_power(tone(hertz, amplitude=3.0)[None], SFREQ)[0], strict=True))
    assert powers.pop(band) == pytest.approx(4.5, rel=0.02)
    assert max(powers.values()) < 0.1


def test_it_is_the_sum_of_welchs_density_over_the_band():
    windows = np.random.default_rng(1).normal(size=(3, 5000)) * 20
    powers = band_power(windows, SFREQ)
    for window, row in zip(windows, powers, strict=True):
        frequencies, density = welch(window, fs=SFREQ, window="hann", nperseg=1000, noverlap=500, detrend="constant")
        for value, (low, high) in zip(row, BANDS.values(), strict=True):
            held = [d for f, d in zip(frequencies, density, strict=True) if low <= f < high]
            assert value == pytest.approx(sum(held) * 0.5, rel=1e-12)


@pytest.mark.parametrize("sfreq", [512.0, 2034.5, 2048 / 3, 333.25])
@pytest.mark.parametrize("seconds", [10, 1, 2.7])
def test_it_is_what_the_definition_gives_summed_by_hand_at_odd_rates_too(sfreq, seconds):
    """No SciPy: a transform of each segment under the window's own formula, and the energy that it must keep."""
    window = np.random.default_rng(3).normal(size=round(seconds * sfreq)) * 30 + 400
    length = min(window.size, round(2 * sfreq))
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
    density, segments = np.zeros(length // 2 + 1), 0
    for first in range(0, window.size - length + 1, length - length // 2):
        segment = window[first : first + length]
        density += np.abs(np.fft.rfft((segment - segment.mean()) * hann)) ** 2
        segments += 1
    density *= 2 / (segments * sfreq * (hann**2).sum())
    hertz = np.arange(density.size) * sfreq / length
    for value, (low, high) in zip(band_power(window[None], sfreq)[0], BANDS.values(), strict=True):
        held = (hertz >= low) & (hertz < high)
        by_hand = density[held].sum() * sfreq / length
        assert value == pytest.approx(by_hand, rel=1e-9) or (np.isnan(value) and (high > sfreq / 2 or not held.any()))


def test_white_noise_has_power_as_wide_as_the_band():
    powers = band_power(np.random.default_rng(2).normal(size=(40, 5000)), SFREQ).mean(axis=0)
    widths = np.array([high - low for low, high in BANDS.values()])
    assert powers == pytest.approx(2 * widths / SFREQ, rel=0.1)


def test_bands_beyond_half_the_rate_have_no_value():
    powers = dict(zip(BANDS, band_power(np.ones((1, 1000)), 100.0)[0], strict=True))
    assert np.isnan(powers["gamma"])
    assert np.isnan(powers["high_gamma"])
    assert powers["beta"] == pytest.approx(0, abs=1e-20)


def test_a_window_too_short_for_a_band_has_no_value_there():
    powers = dict(zip(BANDS, band_power(np.ones((1, 50)), SFREQ)[0], strict=True))
    assert np.isnan(powers["delta"])
    assert not np.isnan(powers["beta"])
