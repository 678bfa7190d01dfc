"""By how many samples one recording's clock is off the other's, told by the samples themselves.

Owns: the search. A distinctive piece of one channel is looked for, bit for bit, within two seconds around where the
clocks say; a flat piece is no evidence.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from chunks.overlap_layout import Run, Samples, TrackReader

SHIFT_MAX_S = 2
PIECE_MIN_SAMPLES = 64
PIECES = 5  # places of the common time at which a piece is taken
DISTINCT_MIN = 3  # different values, under which a piece tells nothing
CANDIDATES_MAX = 8


@dataclass(frozen=True, kw_only=True)
class Span:
    """The samples of `mine` from `first` on that lie, by the clocks, in `theirs`; theirs are `offset` further."""

    mine: Run
    theirs: Run
    first: int
    count: int
    offset: int
    theirs_samples: int


def shifts(span: Span, *, mine: TrackReader, theirs: TrackReader, rate: float) -> list[int] | None:
    """The shifts, in samples to add to the offset, at which a piece of this channel is found: the nearest first.

    Empty where it is nowhere; None where the channel tells nothing: all its pieces are flat, or it is too slow.
    """
    reach = int(SHIFT_MAX_S * rate)
    length = min(span.count, max(PIECE_MIN_SAMPLES, int(rate)))
    if length < min(PIECE_MIN_SAMPLES, int(rate) + 1) or length < PIECE_MIN_SAMPLES // 4:
        return None
    found: set[int] = set()
    tells = False
    for first in _places(span, length=length):
        piece = mine.read(span.mine, first=first, count=length)
        if len(np.unique(piece)) < DISTINCT_MIN:
            continue
        tells = True
        begin = max(0, first + span.offset - reach)
        end = min(span.theirs_samples, first + span.offset + reach + length)
        if end - begin < length:
            continue
        around = theirs.read(span.theirs, first=begin, count=end - begin)
        found.update(begin + at - first - span.offset for at in _found(piece, around))
        if found:
            break
    return sorted(found, key=lambda shift: (abs(shift), shift))[:CANDIDATES_MAX] if tells else None


def _places(span: Span, *, length: int) -> Sequence[int]:
    """From the middle outwards: at the ends a shift may leave nothing in common."""
    room = span.count - length
    places = [span.first + room * part // (PIECES + 1) for part in range(1, PIECES + 1)]
    middle = PIECES // 2
    return list(dict.fromkeys(sorted(places, key=lambda place: abs(place - places[middle]))))


def _found(piece: Samples, around: Samples) -> Iterator[int]:
    """At which samples the piece stands in what lies around."""
    wanted, content, width = piece.tobytes(), around.tobytes(), piece.itemsize
    at = content.find(wanted)
    while at >= 0:
        if at % width == 0:
            yield at // width
        at = content.find(wanted, at + 1)
