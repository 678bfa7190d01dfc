"""Which shade a mean has: eight of them part the different means into equally many.

Owns: the colours and the edges. The colours are eight steps of viridis (Smith & van der Walt 2015, CC0), whose
lightness only grows, so that they are told apart without seeing colours, on light and on dark.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

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
    """The edges between shades, the lowest and the highest mean; of all of a picture."""

    edges: tuple[float, ...]
    low: float
    high: float

    @classmethod
    def of(cls, cells: Cells) -> "Scale | None":
        """None where there is no value. Means that come again and again (no spike at all) count once."""
        values = sorted({value for row in cells for value in row if value is not None})
        if not values:
            return None
        edges = sorted({values[len(values) * shade // SHADES] for shade in range(1, SHADES)} - {values[0]})
        return cls(edges=tuple(edges), low=values[0], high=values[-1])

    def row(self, values: Sequence[float | None]) -> bytes:
        """The index of each mean's colour."""
        return bytes(NONE if value is None else self._colour(bisect_right(self.edges, value)) for value in values)

    @property
    def shades(self) -> tuple[Shade, ...]:
        lows, highs = (self.low, *self.edges), (*self.edges, self.high)
        return tuple(
            Shade(colour=COLOURS[self._colour(place)], text=f"{number_text(low)} to {number_text(high)}")
            for place, (low, high) in enumerate(zip(lows, highs, strict=True))
        )

    def _colour(self, place: int) -> int:
        """Few shades are spread over all colours."""
        return round(place * (SHADES - 1) / len(self.edges)) if self.edges else SHADES // 2


def number_text(value: float | None) -> str:
    """A mean for people."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= _WHOLE else f"{value:.4g}"
