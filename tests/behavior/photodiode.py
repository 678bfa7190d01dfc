"""Made-up photodiode channels and the trials of a task, with the truth beside them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from behavior.pieces import Piece
from behavior.triggers import BIT_S, SERIAL, WRITTEN, Layout

DARK, BRIGHT = 50.0, 2000.0


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A code that began at a time; `trial` is None for a false one."""

    time_s: float
    code: int
    trial: int | None = None


@dataclass(kw_only=True)
class Channel:
    """A channel as a recorder might have it; every fault is a number."""

    sfreq: float = 2000.0
    seconds: float = 600.0
    bit_s: float = BIT_S
    layout: Layout = SERIAL
    noise: float = 0.0  # standard deviation, in parts of the contrast
    hum: float = 0.0  # amplitude, in parts of the contrast
    hum_hz: float = 60.0
    wander: float = 0.0  # slow change of the dark level over the recording, in parts of the contrast
    fading: float = 0.0  # part of the contrast that is lost by the end
    rise_s: float = 0.0  # of the screen, from dark to bright
    clip: float | None = None  # the recorder's highest value, as a part of the contrast
    inverted: bool = False
    seed: int = 0
    shown: Sequence[Shown] = field(default_factory=list)

    def samples(self) -> np.ndarray:
        rng = np.random.default_rng(self.seed)
        count = int(self.seconds * self.sfreq)
        time_s = np.arange(count) / self.sfreq
        light = np.zeros(count)
        for each in self.shown:
            for first_s, end_s in bright_spans(each, layout=self.layout, bit_s=self.bit_s):
                # An edge is where the step crosses the middle.
                begin, end = (
                    int(np.clip((at_s - self.rise_s) * self.sfreq - 1, 0, count)) for at_s in (first_s, end_s)
                )
                end = int(np.clip((end_s + self.rise_s) * self.sfreq + 2, 0, count))
                here = time_s[begin:end]
                light[begin:end] += _step(here - first_s, self.rise_s) - _step(here - end_s, self.rise_s)
        size = BRIGHT - DARK
        light *= size * (1 - self.fading * time_s / self.seconds)
        light += DARK + self.wander * size * np.sin(2 * np.pi * time_s / self.seconds)
        light += self.hum * size * np.sin(2 * np.pi * self.hum_hz * time_s + rng.uniform(0, 6))
        light += rng.normal(0, self.noise * size, count) if self.noise else 0
        if self.clip is not None:
            light = np.minimum(light, DARK + self.clip * size)
        return np.clip(np.round(-light if self.inverted else light), -32768, 32767).astype(np.int16)

    def pieces(self, *, samples_each: int | None = None) -> list[Piece]:
        return cut(self.samples(), sfreq=self.sfreq, samples_each=samples_each)


def cut(samples: np.ndarray, *, sfreq: float, samples_each: int | None = None, start_s: float = 0.0) -> list[Piece]:
    each = samples_each or max(1, len(samples))
    return [
        Piece(start_s=start_s + first / sfreq, first_sample=first, samples=samples[first : first + each])
        for first in range(0, len(samples), each)
    ]


def _step(after_s: np.ndarray, rise_s: float) -> np.ndarray:
    return np.clip(after_s / rise_s + 0.5, 0, 1) if rise_s else (after_s >= 0).astype(float)


def bright_spans(shown: Shown, *, layout: Layout, bit_s: float) -> list[tuple[float, float]]:
    bits = [bool(shown.code >> place & 1) for place in range(8)]
    frame = [True, *(bits if layout.lowest_first else bits[::-1]), layout.bright_stop, False]
    edges = np.flatnonzero(np.diff([False, *frame]))
    return [(shown.time_s + first * bit_s, shown.time_s + end * bit_s) for first, end in edges.reshape(-1, 2)]


def trials(rng: np.random.Generator, *, count: int, first_s: float = 40.0) -> list[Shown]:
    """Story, question, response, as people answer: times in seconds of the task's own clock."""
    shown, at_s = [], first_s
    for trial in range(1, count + 1):
        for code, lasts_s in (
            (1, 7.0 + rng.uniform(0, 0.1)),
            (4, rng.uniform(1.5, 8)),
            (16, 1.2 + rng.uniform(0, 0.1)),
        ):
            shown.append(Shown(time_s=at_s, code=code, trial=trial))
            at_s += lasts_s
    return shown


def as_recorded(
    expected: Sequence[Shown],
    rng: np.random.Generator,
    *,
    offset_s: float,
    drift_ppm: float,
    jitter_s: float = 0.01,
    lost: float = 0.05,
    false: float = 0.05,
) -> list[Shown]:
    """What the recorder sees of the trials: some lost, and some codes that belong to none."""
    true = [
        Shown(
            time_s=offset_s + each.time_s * (1 + drift_ppm * 1e-6) + rng.normal(0, jitter_s),
            code=each.code,
            trial=each.trial,
        )
        for each in expected
    ]
    gone = set(rng.choice(len(true), round(lost * len(true)), replace=False).tolist())
    kept = [each for place, each in enumerate(true) if place not in gone]
    begin, end = true[0].time_s, true[-1].time_s
    while len(kept) < len(true) - len(gone) + round(false * len(true)):
        at_s = rng.uniform(begin, end)
        # Codes take a sixth of a second; a screen cannot show two at once.
        if all(abs(at_s - each.time_s) > 0.4 for each in kept):
            kept.append(Shown(time_s=at_s, code=int(rng.choice([1, 4, 16, 32, 77]))))
    return sorted(kept, key=lambda each: each.time_s)


__all__ = ["SERIAL", "WRITTEN", "Channel", "Shown", "as_recorded", "cut", "trials"]
