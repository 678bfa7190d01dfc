"""Which shade a mean has: eight of them part the different means into equally many.

Owns: the colours and the edges. The colours are eight steps of viridis (Smith & van der Walt 2015, CC0), whose
lightness only grows, so that they are told apart without seeing colours, on light and on dark.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

COLOURS = ("#440154", "#46327e", "#365c8d", "#277f8e", "#1fa187", "#4ac16d", "#a0da39", "#fde725")
SHADES = len(COLOURS)
NONE = SHADES
"""The index of what has no value."""
Cells = Sequence[Sequence[float | None]]
_WHOLE = 1_000


@dataclass(frozen=True, kw_only=True)
class Shade:
    """A colour, and which means it stands for."""

    colour: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Scale:
    """spans: the lowest and the highest mean of each shade, in order."""

    spans: tuple[tuple[float, float], ...]

    @classmethod
    def of(cls, cells: Cells) -> "Scale | None":
        """None where there is no value. Means that come again and again (no spike at all) count once."""
        values = sorted({value for row in cells for value in row if value is not None})
        if not values:
            return None
        places = sorted({len(values) * shade // SHADES for shade in range(SHADES)} | {len(values)})
        return cls(spans=tuple((values[first], values[after - 1]) for first, after in pairwise(places)))

    def row(self, values: Sequence[float | None]) -> bytes:
        """The index of each mean's colour."""
        lows = [low for low, _ in self.spans[1:]]
        return bytes(NONE if value is None else self._colour(bisect_right(lows, value)) for value in values)

    @property
    def shades(self) -> tuple[Shade, ...]:
        return tuple(
            Shade(colour=COLOURS[self._colour(place)], text=_span_text(low, high))
            for place, (low, high) in enumerate(self.spans)
        )

    def _colour(self, place: int) -> int:
        """Few shades are spread over all colours."""
        return round(place * (SHADES - 1) / (len(self.spans) - 1)) if len(self.spans) > 1 else SHADES // 2


def _span_text(low: float, high: float) -> str:
    ends = number_text(low), number_text(high)
    return ends[0] if ends[0] == ends[1] else " to ".join(ends)


def number_text(value: float | None) -> str:
    """A mean for people."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= _WHOLE else f"{value:.4g}"
