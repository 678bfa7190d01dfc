"""Windows of samples on a grid that starts at the stretch: they run on over the edges of chunks, never over a gap.

Owns: which windows there are, which task reads them, and which are given. A window is given where it is whole, touches
the time asked for, and all its chunks are sound; the samples after the last whole window of a stretch are in none. How
windows are dealt out to tasks changes nothing of that. Plain NumPy.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from analysis.reading import Piece, Samples
from analysis.runs import MICROSECONDS, Run


@dataclass(frozen=True, kw_only=True)
class Span:
    """The windows of a run from number `first` to before `last`, of `length` samples each."""

    first: int
    last: int
    length: int

    @property
    def samples(self) -> tuple[int, int]:
        """The first sample of the windows and the one after their last, counted in the stretch."""
        return self.first * self.length, self.last * self.length


@dataclass(frozen=True, kw_only=True)
class Part:
    """What one task reads of a run: spans in order, at least one. The windows before sample `after` are other tasks'.

    A chunk that windows of several tasks touch is told of by the first.
    """

    spans: tuple[Span, ...]
    after: int

    @property
    def samples(self) -> tuple[int, int]:
        return self.spans[0].samples[0], self.spans[-1].samples[1]

    def tells_of(self, chunk_begin: int) -> bool:
        """Whether a chunk that begins with this sample, and that these windows touch, is this task's to tell of."""
        return self.after <= chunk_begin


def window_length(sfreq: Fraction, *, seconds: Fraction) -> int:
    """Samples in a window of about so many seconds: the nearest whole number, at least one."""
    return max(1, round(seconds * sfreq))


def parts(run: Run, *, length: int, chunks_at_once: int) -> Iterator[Part]:
    """The windows of a run in parts that begin in at most so many chunks each.

    Where a time is asked for, those that touch it, each once.
    """
    begin, end = run.span(run.first)[0], run.span(run.last - 1)[1]
    after = begin
    for chunk in range(run.first, run.last, chunks_at_once):
        begin, stop = run.span(chunk)[0], run.span(min(chunk + chunks_at_once, run.last) - 1)[1]
        group = -(-begin // length), min(-(-stop // length), end // length)
        spans = tuple(
            Span(first=first, last=last, length=length) for first, last in _asked(run, length=length, group=group)
        )
        if spans:
            yield Part(spans=spans, after=after)
            after = spans[-1].samples[1]


def filled(span: Span, given: Iterable[Piece]) -> Iterator[tuple[int, Samples] | Piece]:
    """(number of its first window, windows × length samples) of each sound row of windows, and each unusable chunk.

    `given` are the pieces of `span.samples`. Holds two chunks' samples.
    """
    length = span.length
    kept: Samples | None = None
    at = span.first * length  # the sample with which `kept` begins, or the next window
    for piece in given:
        if piece.samples is None:
            yield piece
            kept, at = None, -(-piece.last // length) * length
            continue
        if piece.last <= at:
            continue
        here = piece.samples[max(0, (at if kept is None else piece.first) - piece.first) :]
        kept = here if kept is None else np.concatenate((kept, here))
        windows = min(len(kept) // length, span.last - at // length)
        if windows > 0:
            yield at // length, kept[: windows * length].reshape(windows, length)
            kept, at = kept[windows * length :], at + windows * length


def start_us(sfreq: Fraction, *, sample: int) -> int:
    """Microseconds from the stretch's start to a sample, rounded half up."""
    twice = 2 * sfreq.numerator
    return (2 * sample * MICROSECONDS * sfreq.denominator + sfreq.numerator) // twice


def _asked(run: Run, *, length: int, group: tuple[int, int]) -> Iterator[tuple[int, int]]:
    first, last = group
    if run.within_us is None:
        if first < last:
            yield first, last
        return
    windows = run.sfreq / (MICROSECONDS * length)  # a microsecond
    for begin_us, end_us in run.within_us:
        stop = min(last, math.ceil(end_us * windows))
        if (start := max(first, math.floor(begin_us * windows))) < stop:
            yield start, stop
            first = stop
