"""Band power: how strong each frequency band is, in each window of each channel.

Welch's estimate (Welch 1967, IEEE Trans. Audio Electroacoust. 15:70): segments of 2 s, or the whole window where it is
shorter, half overlapping, under a Hann window, their mean taken off. The power of a band is the sum of the density over
the frequencies from its lower edge up to, and without, its upper one, times their distance: µV² where samples are in
µV. A band that reaches beyond half the rate, or holds no frequency of so short a window, has no value.
"""

from typing import TYPE_CHECKING

import numpy as np
from scipy.signal import welch

from analysis.batches import Array, per_window, schema_of
from analysis.context import Context, Windows

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

BANDS = {
    "delta": (1.0, 4.0),
    "theta": (4.0, 8.0),
    "alpha": (8.0, 13.0),
    "beta": (13.0, 30.0),
    "gamma": (30.0, 70.0),
    "high_gamma": (70.0, 150.0),
}
SEGMENT_S = 2.0


def band_power(samples: Array, sfreq: float) -> Array:
    """(windows × samples) → (windows × bands), in the unit of the samples, squared."""
    length = min(samples.shape[-1], round(SEGMENT_S * sfreq))
    frequencies, density = welch(samples, fs=sfreq, nperseg=length, axis=-1)
    powers = [in_band(density, frequencies, band=band, sfreq=sfreq).sum(axis=-1) for band in BANDS.values()]
    return np.asarray(np.stack(powers, axis=-1) * (sfreq / length))


def in_band(values: Array, frequencies: Array, *, band: tuple[float, float], sfreq: float) -> Array:
    """The values at the frequencies of a band; a single NaN where it reaches beyond half the rate or holds none."""
    held = (frequencies >= band[0]) & (frequencies < band[1])
    if band[1] > sfreq / 2 or not held.any():
        return np.full((*values.shape[:-1], 1), np.nan)
    return values[..., held]


def run(windows: Windows, context: Context) -> "DataFrame":
    """The job: a row for each window."""
    return windows.mapInArrow(per_window(band_power, names=list(BANDS)), schema_of(list(BANDS)))
