"""The ten bits that a photodiode shows for a code, found in a block of samples.

Owns: where a flash begins, to a part of a sample, and what counts as a frame: a dark bit before, a bright start bit,
eight bits that are dark or bright, a stop bit. Every flash is judged by its own dark and bright level (those of the
dark before it and of its start bit), so slow changes of brightness need no threshold for the whole. NumPy alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from behavior.pieces import Block, Trace

BITS = 8
FRAME_BITS = BITS + 2
# Bits that are looked at: one before the start bit, the frame, one after it.
_SEEN = np.arange(-1, FRAME_BITS + 1)
# Each bit is looked at twice, away from its edges, where a screen is still changing.
_HALVES = ((0.15, 0.5), (0.5, 0.85))
# A flash rises by so many standard deviations (of means over half a bit) above its surroundings.
_RISES = 4.0
# The surroundings: medians of about a second, themselves smoothed by medians of five.
_BASE_BITS = 64
# Root mean square distance of the bits from dark and bright, in parts of the contrast.
_FIT = 0.25

Places = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Flash:
    """A rise of the channel. `code_bits` are the start bit, eight bits and the stop bit; None where it is no frame.

    `onset` is in samples from the block's first, between the last dark and the first bright one (`sample`).
    """

    onset: float
    sample: int
    contrast: float
    code_bits: tuple[bool, ...] | None


def find_flashes(block: Block, *, samples_a_bit: float) -> tuple[Mapping[bool, Sequence[Flash]], float]:
    """Flashes of the block's core in order of time, upright (False) and inverted (True), those inside another's frame
    left out; and the noise: the standard deviation of means over half a bit, by the median absolute deviation.
    """
    # Small numbers keep the sums exact.
    trace = block.trace - np.median(block.trace[:: max(1, len(block.trace) // 4096)])
    sums = np.concatenate(([0.0], np.cumsum(trace)))
    half = max(1, int(samples_a_bit / 2))
    places = np.arange(0, len(sums) - half, max(1, int(samples_a_bit / 8)))
    if not len(places):
        return {False: [], True: []}, 0.0
    means = (sums[places + half] - sums[places]) / half
    above = means - _base(means, window=max(1, round(_BASE_BITS * samples_a_bit * len(places) / len(sums))))
    noise = 1.4826 * float(np.median(np.abs(above)))
    least = max(_RISES * noise, float(np.finfo(np.float32).eps) * float(np.max(np.abs(means))))
    found = {}
    for inverted, sign in ((False, 1.0), (True, -1.0)):
        # About where it rises, to a quarter of a bit.
        bright = sign * above > least
        rises = places[np.flatnonzero(bright[1:] & ~bright[:-1]) + 1].astype(np.float64) + half / 2
        judged = _judge(sign * trace, sign * sums, rises, samples_a_bit=samples_a_bit) if len(rises) else []
        found[inverted] = _not_inside_another(judged, block=block, samples_a_bit=samples_a_bit)
    return found, noise


def _not_inside_another(judged: Sequence[Flash], *, block: Block, samples_a_bit: float) -> Sequence[Flash]:
    # What is left of a frame that the stretch's start cuts off can look like another code.
    busy_until = block.stretch_first + FRAME_BITS * samples_a_bit
    flashes: list[Flash] = []
    for flash in judged:
        if flash.onset < busy_until:
            continue
        flashes.append(flash)
        busy_until = flash.onset + samples_a_bit * (FRAME_BITS - 0.5 if flash.code_bits else 0.5)
    return [flash for flash in flashes if block.core_first <= flash.sample < block.core_end]


def _base(means: Trace, *, window: int) -> Trace:
    count = len(means) // window
    if count < 2:
        return np.full(len(means), np.median(means))
    medians = np.median(means[: count * window].reshape(count, window), axis=1)
    padded = np.pad(medians, 2, mode="reflect" if count > 2 else "edge")
    smooth = np.median(np.lib.stride_tricks.sliding_window_view(padded, 5), axis=1)
    return np.interp(np.arange(len(means)), (np.arange(count) + 0.5) * window, smooth)


def _judge(trace: Trace, sums: Trace, rises: Places, *, samples_a_bit: float) -> list[Flash]:
    inside = (rises >= 1.5 * samples_a_bit) & (rises <= len(trace) - samples_a_bit)
    onsets = rises[inside]
    if not len(onsets):
        return []
    dark = _means(sums, onsets - 1.35 * samples_a_bit, onsets - 0.35 * samples_a_bit)
    bright = _means(sums, onsets + 0.35 * samples_a_bit, onsets + 0.75 * samples_a_bit)
    for _ in range(2):
        onsets, firsts = _edges(trace, sums, onsets, middle=(dark + bright) / 2, reach=0.6 * samples_a_bit)
        dark = _means(sums, onsets - 1.15 * samples_a_bit, onsets - 0.15 * samples_a_bit)
        bright = _means(sums, onsets + 0.15 * samples_a_bit, onsets + 0.85 * samples_a_bit)
    contrast = bright - dark
    # What does not rise is no flash.
    rising = contrast > 0
    onsets, firsts, dark, contrast = onsets[rising], firsts[rising], dark[rising], contrast[rising]
    halves = np.stack(
        [
            _means(
                sums,
                onsets[:, None] + (_SEEN + begin) * samples_a_bit,
                onsets[:, None] + (_SEEN + end) * samples_a_bit,
            )
            for begin, end in _HALVES
        ],
        axis=2,
    )
    levels = (halves - dark[:, None, None]) / contrast[:, None, None]
    bits = levels.mean(axis=2) > 0.5
    framed = _is_frame(levels, bits) & (onsets + (FRAME_BITS - 0.15) * samples_a_bit <= len(trace))
    order = np.argsort(onsets, kind="stable")
    return [
        Flash(
            onset=float(onsets[each]),
            sample=int(firsts[each]),
            contrast=float(contrast[each]),
            code_bits=tuple(bits[each, 1 : FRAME_BITS + 1].tolist()) if framed[each] else None,
        )
        for each in order
    ]


def _is_frame(levels: npt.NDArray[np.float64], bits: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Dark, then bright, then bits of which both halves agree, and dark again after a bright stop bit."""
    seen = slice(0, FRAME_BITS + 1)
    agree = np.all((levels > 0.5) == bits[:, :, None], axis=2)[:, seen].all(axis=1)
    distance = np.sqrt(np.mean((levels - bits[:, :, None])[:, seen] ** 2, axis=(1, 2)))
    ends = ~(bits[:, FRAME_BITS] & bits[:, FRAME_BITS + 1])
    framed: npt.NDArray[np.bool_] = agree & (distance < _FIT) & ~bits[:, 0] & bits[:, 1] & ends
    return framed


def _edges(
    trace: Trace, sums: Trace, onsets: Places, *, middle: Trace, reach: float
) -> tuple[Places, npt.NDArray[np.int64]]:
    """The step from dark to bright near each onset that fits best, and the first bright sample.

    The best step is where the sum of (sample - middle) is least: of all steps between two levels around `middle` it
    has the least squared error, so noise moves it less than the first crossing of a threshold. Where one sample lies
    on each side of the middle, the onset is where the line between them crosses it.
    """
    width = max(2, int(2 * reach) + 1)
    begin = np.clip((onsets - reach).astype(np.int64), 1, max(1, len(trace) - width))
    steps = np.minimum(begin[:, None] + np.arange(width), len(trace) - 1)
    firsts = steps[np.arange(len(onsets)), np.argmin(sums[steps] - middle[:, None] * (steps - begin[:, None]), axis=1)]
    before, after = trace[firsts - 1], trace[firsts]
    crosses = (before < middle) & (after > middle)
    part = np.where(crosses, (middle - before) / np.where(crosses, after - before, 1.0), 0.5)
    return firsts - 1 + part, firsts


def _means(sums: Trace, begin: Places, end: Places) -> Places:
    """Means over stretches that begin and end inside samples; each sample lasts from half before to half after it."""
    last = len(sums) - 1
    begin, end = np.clip(begin + 0.5, 0, last), np.clip(end + 0.5, 0, last)
    width = end - begin
    totals = _sum_to(sums, end) - _sum_to(sums, begin)
    means: Places = np.where(width > 0, totals / np.where(width > 0, width, 1.0), 0.0)
    return means


def _sum_to(sums: Trace, places: Places) -> Places:
    whole = np.minimum(places.astype(np.int64), len(sums) - 2)
    summed: Places = sums[whole] + (places - whole) * (sums[whole + 1] - sums[whole])
    return summed
