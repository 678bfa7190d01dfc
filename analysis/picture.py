"""Draws a summary: channels below each other, time across, a shade for each mean; sessions above.

Owns: the geometry and the shades. Eight shades part the means into equally many; each is one path, so that a picture
stays small: at most 160 × 128 cells. The same numbers stand in the table beside it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from chunks.format.clock import since_day_zero_us
from selections.joined import Joined
from selections.times import spell_instant

SHADES, ROW_PX, TOP_PX, WIDTH = 8, 12, 22, 800
_WHOLE = 1_000


@dataclass(frozen=True, kw_only=True)
class Shade:
    """A class of the stylesheet, its cells as one path, and which means it stands for."""

    css: str
    path: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A session above the cells."""

    x: float
    width: float
    title: str


@dataclass(frozen=True, kw_only=True)
class HeatMap:
    """A picture of one value of one patient, and its table: (label, its means in the order of `names`)."""

    patient: str
    value: str
    width: int
    height: int
    shades: tuple[Shade, ...]
    labels: tuple[tuple[float, str], ...]
    marks: tuple[Mark, ...]
    start: str
    stop: str
    names: tuple[str, ...]
    table: tuple[tuple[str, tuple[str, ...]], ...]
    channels_left: int
    unit: str


def heat_map(summary: Mapping[str, Any], *, patient: str, value: str, sessions: Sequence[Joined] = ()) -> HeatMap:
    """`value`: one of the summary's."""
    cells: list[list[float | None]] = summary["cells"][value]
    columns = len(cells[0])
    cell = WIDTH / columns
    begin = datetime.fromisoformat(summary["start"])
    begin_us, step_us = since_day_zero_us(patient, begin), summary["step_s"] * 1e6
    stop = begin + timedelta(microseconds=step_us * columns)
    names = tuple(summary["means"])
    means = zip(*summary["means"].values(), strict=True)
    return HeatMap(
        patient=patient,
        value=value,
        width=WIDTH,
        height=TOP_PX + ROW_PX * len(cells),
        shades=tuple(_shades(cells, cell=cell)),
        labels=tuple((TOP_PX + ROW_PX * (row + 0.8), label) for row, label in enumerate(summary["labels"])),
        marks=tuple(_marks(sessions, begin_us=begin_us, px_a_us=cell / step_us)),
        start=spell_instant(begin_us),
        stop=spell_instant(since_day_zero_us(patient, stop)),
        names=names,
        table=tuple((label, tuple(map(_number, row))) for label, row in zip(summary["labels"], means, strict=True)),
        channels_left=summary["channels"] - len(cells),
        unit=summary["unit"],
    )


def _shades(cells: Sequence[Sequence[float | None]], *, cell: float) -> Iterator[Shade]:
    values = sorted(value for row in cells for value in row if value is not None)
    if not values:
        return
    edges = sorted({values[len(values) * shade // SHADES] for shade in range(1, SHADES)})
    paths: dict[int, list[str]] = {}
    for place, row in enumerate(cells):
        at = 0
        for shade, run in groupby(_shade(value, edges) for value in row):
            length = len(list(run))
            if shade is not None:
                x, y, width = round(at * cell, 1), TOP_PX + place * ROW_PX, round(length * cell, 1)
                paths.setdefault(shade, []).append(f"M{x} {y}h{width}v{ROW_PX}h-{width}z")
            at += length
    lows, highs = [values[0], *edges], [*edges, values[-1]]
    for shade in sorted(paths):
        text = f"{_number(lows[shade])} to {_number(highs[shade])}"
        yield Shade(css=f"heat-{shade}", path="".join(paths[shade]), text=text)


def _shade(value: float | None, edges: Sequence[float]) -> int | None:
    return None if value is None else sum(value >= edge for edge in edges)


def _marks(sessions: Sequence[Joined], *, begin_us: int, px_a_us: float) -> Iterator[Mark]:
    for each in sessions:
        first, last = ((at_us - begin_us) * px_a_us for at_us in (each.own.start_us, each.own.stop_us))
        if last > 0 and first < WIDTH:
            x = max(0.0, first)
            title = f"{each.task}: {spell_instant(each.own.start_us)} to {spell_instant(each.own.stop_us)}"
            yield Mark(x=round(x, 1), width=round(max(3.0, min(last, WIDTH) - x), 1), title=title)


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= _WHOLE else f"{value:.4g}"
