"""Long channels a block at a time: joined over the edges of chunks, never over a gap.

Owns: what counts as a gap between pieces, and the overlap that lets every block see what is around it. NumPy alone.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

# Any number type: chunks hold 16-bit or 32-bit integers.
Samples = npt.NDArray[Any]
Trace = npt.NDArray[np.float64]

# Starts of chunks are rounded to the microsecond; a piece that starts half a sample off does not follow.
_FOLLOWS_SAMPLES = 0.5


@dataclass(frozen=True, kw_only=True, eq=False)
class Piece:
    """Consecutive samples of one channel.

    `start_s` is the recorder time of the first, in seconds from wherever the caller counts; `first_sample` its number
    in the channel.
    """

    start_s: float
    first_sample: int
    samples: Samples


@dataclass(frozen=True, kw_only=True, eq=False)
class Block:
    """Samples with what surrounds them; only `core_first` up to `core_end` are this block's own.

    `stretch_first` is the place, in this block's samples, where the stretch begins (never above 0).
    """

    trace: Trace
    core_first: int
    core_end: int
    stretch_first: int
    start_s: float
    first_sample: int


def blocks(pieces: Iterable[Piece], *, sfreq: Fraction, core: int, around: int) -> Iterator[Block]:
    """The pieces, which come in order of time, as blocks of `core` samples with `around` more at both ends.

    Blocks are counted from the start of a stretch, so they do not depend on how it was cut into pieces. Memory is that
    of one block and one piece.
    """
    for stretch in _stretches(pieces, sfreq=sfreq):
        yield from _blocks_of_stretch(stretch, sfreq=sfreq, core=core, around=around)


def _stretches(pieces: Iterable[Piece], *, sfreq: Fraction) -> Iterator[Iterator[Piece]]:
    """Runs of pieces that follow each other; each must be used up before the next is asked for."""
    waiting = iter(pieces)
    held = [piece for piece in [next(waiting, None)] if piece is not None]

    def run() -> Iterator[Piece]:
        piece = held.pop()
        while True:
            yield piece
            end_s = piece.start_s + float(len(piece.samples) / sfreq)
            following = next(waiting, None)
            if following is None:
                return
            if abs(following.start_s - end_s) * float(sfreq) > _FOLLOWS_SAMPLES:
                held.append(following)
                return
            piece = following

    while held:
        yield run()


def _blocks_of_stretch(pieces: Iterator[Piece], *, sfreq: Fraction, core: int, around: int) -> Iterator[Block]:
    first: Piece | None = None
    held: list[Samples] = []
    held_first = held_count = 0  # in samples from the start of the stretch
    core_first = 0
    ended = False
    while not ended:
        piece = next(pieces, None)
        if piece is None:
            ended = True
        else:
            first = first or piece
            held.append(piece.samples)
            held_count += len(piece.samples)
        if first is None:
            return
        end = held_first + held_count
        while core_first < end and (ended or core_first + core + around <= end):
            begin, stop = max(0, core_first - around), min(end, core_first + core + around)
            together = np.concatenate(held) if len(held) > 1 else held[0]
            yield Block(
                trace=together[begin - held_first : stop - held_first].astype(np.float64),
                core_first=core_first - begin,
                core_end=min(core_first + core, end) - begin,
                stretch_first=-begin,
                start_s=first.start_s + float(begin / sfreq),
                first_sample=first.first_sample + begin,
            )
            core_first += core
            keep_from = max(0, min(core_first - around, end))
            held = [together[keep_from - held_first :]]
            held_first, held_count = keep_from, end - keep_from
