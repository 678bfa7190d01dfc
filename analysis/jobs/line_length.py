"""Line length and spike rate of each window of each channel: two plain marks of epileptic activity.

Line length (Esteller et al. 2001, Proc. IEEE EMBS 2:1707) is the sum of the absolute differences of successive samples;
here it is divided by the window's duration, so that windows of any length and rate compare: µV/s where samples are in
µV. It has no value for a window of a single sample.

The spike rate counts, a second, the spikes of a window: local extremes of the samples that stand more than 6 robust
standard deviations (1.4826 × the median absolute deviation from the median, Rousseeuw & Croux 1993, JASA 88:1273) away
from the window's median, the highest of those within 0.1 s. It is the threshold of Quian Quiroga et al. 2004 (Neural
Comput. 16:1661), set for field potentials. It tells where to look; a reader of EEG says what is a spike.
"""

from typing import TYPE_CHECKING

import numpy as np
from scipy.signal import find_peaks

from analysis.batches import Array, per_window, schema_of
from analysis.context import Context, Windows

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

NAMES = ["line_length", "spike_rate"]
DEVIATIONS = 6.0
APART_S = 0.1
_NORMAL = 1.4826  # the standard deviation of a normal distribution whose median absolute deviation is 1


def line_length(samples: Array, sfreq: float) -> Array:
    """(windows × samples) → (windows × 2): line length a second, spikes a second."""
    seconds = samples.shape[-1] / sfreq
    lengths = np.abs(np.diff(samples, axis=-1)).sum(axis=-1) / seconds
    if samples.shape[-1] < 2:
        lengths = np.full(len(samples), np.nan)
    spikes = np.array([spike_count(window, sfreq) for window in samples]) / seconds
    return np.stack([lengths, spikes], axis=-1)


def spike_count(window: Array, sfreq: float) -> int:
    """Spikes of one window; a flat one has none."""
    apart = np.abs(window - np.median(window))
    threshold = DEVIATIONS * _NORMAL * float(np.median(apart))
    if not threshold:
        return 0
    found, _ = find_peaks(apart, height=threshold, distance=max(1, round(APART_S * sfreq)))
    return len(found)


def run(windows: Windows, context: Context) -> "DataFrame":
    """The job: a row for each window."""
    return windows.mapInArrow(per_window(line_length, names=NAMES), schema_of(NAMES))
