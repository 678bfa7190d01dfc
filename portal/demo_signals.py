"""Brain-like signals for the demo: synthetic, the same at every run, and nobody's.

Owns: how they are made. A background whose power falls with frequency (P. Bak et al., 1987: 1/f), alpha that waxes and
wanes, the 60 Hz of the mains, interictal spikes around one contact, an ECG, and a photodiode that shows a task's codes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

SFREQ = 500
GRID = [f"LTG{number}" for number in range(1, 9)]
DEPTH = [f"LHD{number}" for number in range(1, 7)]
LABELS = [*GRID, *DEPTH, "EKG", "DC01"]
MICROVOLT_STEPS = 10  # digital steps a microvolt: 0.1 µV each
SPIKES_AN_HOUR = 90
BIT_S = 1 / 60
CODES = (1, 4, 16)  # story, question, response

Trace = npt.NDArray[np.float32]
Digital = npt.NDArray[np.int16]


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """One made-up recording: digital samples, shape (16 channels, samples), and the seconds at which codes begin."""

    samples: Digital
    code_onsets_s: Sequence[float]


def make_recording(*, seconds: int, seed: int) -> Recorded:
    """So many seconds of 16 channels at 500 Hz; about 0.1 s of work for a minute."""
    rng = np.random.default_rng(seed)
    count = seconds * SFREQ
    spikes_s = np.sort(rng.uniform(0, seconds, rng.poisson(SPIKES_AN_HOUR * seconds / 3600)))
    onsets_s = code_onsets_s(seconds=seconds, seed=seed)
    samples = np.empty((len(LABELS), count), np.int16)
    for place, label in enumerate(LABELS):
        if label == "DC01":
            trace = _photodiode(count, onsets_s)
        elif label == "EKG":
            trace = _ecg(count, rng)
        else:
            trace = _cortex(count, rng, alpha_uv=25 if label in GRID[4:] else 6)
            _add_spikes(trace, spikes_s, size_uv=300 / (1 + abs(place - 2)))
        samples[place] = np.clip(np.round(trace * MICROVOLT_STEPS), -32768, 32767)
    return Recorded(samples=samples, code_onsets_s=onsets_s)


def code_onsets_s(*, seconds: int, seed: int) -> list[float]:
    """When codes begin in such a recording, in its seconds: on whole samples, and at irregular steps, so that they
    fit in one place alone.

    Codes follow each other in the order of `CODES`.
    """
    steps_s = np.random.default_rng([seed, 1]).uniform(9, 21, seconds // 9)
    onsets_s = 30 + np.cumsum(steps_s) - steps_s[0]
    return [round(float(onset) * 4) / 4 for onset in onsets_s if onset < seconds - 30]


def records(recorded: Recorded) -> Iterator[list[Digital]]:
    """The samples as data records of one second."""
    for first in range(0, recorded.samples.shape[1], SFREQ):
        yield list(recorded.samples[:, first : first + SFREQ])


def _cortex(count: int, rng: np.random.Generator, *, alpha_uv: float) -> Trace:
    time_s = np.arange(count, dtype=np.float32) / SFREQ
    spectrum = np.fft.rfft(rng.standard_normal(count, dtype=np.float32))
    frequencies = np.fft.rfftfreq(count, 1 / SFREQ)
    spectrum *= 1 / np.sqrt(np.maximum(frequencies, 0.5))
    background = np.fft.irfft(spectrum, count).astype(np.float32)
    background *= 40 / background.std()
    waxing = np.abs(np.sin(2 * np.pi * time_s / 11 + rng.uniform(0, np.pi)))
    alpha = alpha_uv * waxing * np.sin(2 * np.pi * 10 * time_s + rng.uniform(0, np.pi))
    mains = 5 * np.sin(2 * np.pi * 60 * time_s + rng.uniform(0, np.pi))
    summed: Trace = (background + alpha + mains).astype(np.float32)
    return summed


def _add_spikes(trace: Trace, spikes_s: npt.NDArray[np.float64], *, size_uv: float) -> None:
    """Sharp and down within 70 ms, then a slow wave of 300 ms, as neurologists look for."""
    at_s = np.arange(int(0.4 * SFREQ)) / SFREQ
    shape = -np.exp(-(((at_s - 0.05) / 0.015) ** 2)) + 0.4 * np.exp(-(((at_s - 0.2) / 0.08) ** 2))
    for onset_s in spikes_s:
        first = int(onset_s * SFREQ)
        part = trace[first : first + len(shape)]
        part += (size_uv * shape[: len(part)]).astype(np.float32)


def _ecg(count: int, rng: np.random.Generator) -> Trace:
    beats_s = np.cumsum(rng.normal(0.85, 0.03, int(count / SFREQ / 0.85) + 2))
    trace = rng.normal(0, 8, count).astype(np.float32)
    at_s = np.arange(int(0.5 * SFREQ)) / SFREQ
    beat = 900 * np.exp(-(((at_s - 0.1) / 0.01) ** 2)) + 150 * np.exp(-(((at_s - 0.33) / 0.04) ** 2))
    for onset_s in beats_s:
        part = trace[int(onset_s * SFREQ) :][: len(beat)]
        part += beat[: len(part)].astype(np.float32)
    return trace


def _photodiode(count: int, code_onsets_s: Sequence[float]) -> Trace:
    """Dark, and for each code a bright start bit, eight bits from the lowest, and a dark stop bit."""
    trace = np.full(count, 50, np.float32)
    for number, onset_s in enumerate(code_onsets_s):
        code = CODES[number % len(CODES)]
        for place in range(9):
            if place == 0 or code >> (place - 1) & 1:
                first, end = (int((onset_s + bit * BIT_S) * SFREQ) for bit in (place, place + 1))
                trace[first:end] = 2000
    return trace
