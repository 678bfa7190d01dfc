"""Draws a summary: channels below each other; across, time with its sessions above, or the channels again.

Owns: the geometry. The cells are an image, so that a picture of 160 × 128 stays small; words, ticks and sessions are
drawn around it, and the same numbers stand in the tables below.
"""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from PIL import Image

from analysis.shades import COLOURS, NONE, Cells, Scale, Shade, number_text
from analysis.time_axis import BREAK_COLUMNS, LETTER_PX, Mark, Tick, TimeAxis
from chunks.format.clock import since_day_zero_us
from selections.joined import Joined

ROW_PX, WIDTH, MATRIX_PX, SPANS = 12, 800, 480, 10
SESSIONS_PX, TICKS_PX, MARGIN_PX = 26, 30, 8
SEE_THROUGH = "#000000"  # the last of the palette, whatever its colour
Row = tuple[str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class Table:
    """heads: of its columns after the first; rows: a channel's label and a cell for each head."""

    heads: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, kw_only=True)
class HeatMap:
    """A picture of one value. width, height: of the cells; left, top, below: the room for words around them.

    rows, heads: (where, label) of rows and, in a matrix, of columns. column_names: of each column, empty for one of a
    break. table: the picture's own numbers, of a long time as means of its columns; means: of all values over time.
    """

    value: str
    unit: str
    width: int
    height: int
    left: int
    top: int
    below: int
    shades: tuple[Shade, ...]
    rows: tuple[tuple[float, str], ...]
    column_names: tuple[str, ...]
    table: Table
    heads: tuple[tuple[float, str], ...] = ()
    ticks: tuple[Tick, ...] = ()
    breaks: tuple[tuple[float, float], ...] = ()
    marks: tuple[Mark, ...] = ()
    means: Table | None = None
    channels_left: int = 0
    sessions_away: bool = False
    begin: str = ""
    end: str = ""

    @property
    def box(self) -> str:
        """What the drawing shows; the cells begin at 0, 0."""
        whole = (-self.left, -self.top, self.left + self.width + MARGIN_PX, self.top + self.height + self.below)
        return " ".join(map(str, whole))

    @property
    def rows_json(self) -> str:
        return json.dumps([label for _, label in self.rows])

    @property
    def columns_json(self) -> str:
        return json.dumps(self.column_names)


def heat_map(
    summary: Mapping[str, Any], *, patient: str, value: str, unit: str, sessions: Sequence[Joined] | None = ()
) -> HeatMap:
    """`value`: one of the summary's; `unit`: its own, where `unit` stands for that of the samples; `sessions`: None
    where they cannot be asked for."""
    if "stretches" in summary:
        return _over_time(summary, patient=patient, value=value, unit=unit, sessions=sessions)
    return _matrix(summary, value=value, unit=unit)


def image(summary: Mapping[str, Any], *, value: str) -> bytes:
    """The cells as a PNG, a pixel each; what has no value is see-through."""
    cells: Cells = summary["cells"][value]
    if "stretches" in summary:
        widths = [each["columns"] for each in summary["stretches"]]
        cells = [_with_breaks(row, widths=widths) for row in cells]
    scale = Scale.of(cells)
    rows = [scale.row(row) if scale else bytes([NONE]) * len(row) for row in cells]
    picture = Image.frombytes("P", (len(rows[0]), len(rows)), b"".join(rows))
    picture.putpalette(bytes.fromhex("".join(colour[1:] for colour in (*COLOURS, SEE_THROUGH))))
    made = io.BytesIO()
    picture.save(made, "PNG", transparency=NONE, optimize=True)
    return made.getvalue()


def _over_time(
    summary: Mapping[str, Any], *, patient: str, value: str, unit: str, sessions: Sequence[Joined] | None
) -> HeatMap:
    cells: Cells = summary["cells"][value]
    axis = _axis(summary, patient=patient)
    units = sorted(set(summary["units"]))
    of_samples = units[0] or "unit" if len(units) == 1 else "each channel’s own unit"
    labels = _labels(summary)
    height = ROW_PX * len(cells)
    return HeatMap(
        value=value,
        unit=unit.replace("unit", of_samples),
        width=WIDTH,
        height=height,
        left=_room(labels),
        top=SESSIONS_PX,
        below=TICKS_PX,
        shades=_shades(cells),
        rows=_places(labels, cell_px=ROW_PX),
        column_names=axis.names,
        table=_spans(summary, cells=cells, axis=axis, labels=labels),
        ticks=axis.ticks,
        breaks=axis.breaks,
        marks=axis.marks(sessions or ()),
        sessions_away=sessions is None,
        means=Table(
            heads=tuple(summary["means"]),
            rows=tuple(
                (label, tuple(map(number_text, row)))
                for label, *row in zip(labels, *summary["means"].values(), strict=True)
            ),
        ),
        channels_left=summary["channels"] - len(cells),
        begin=axis.names[0],
        end=axis.end_of(axis.columns - 1),
    )


def _matrix(summary: Mapping[str, Any], *, value: str, unit: str) -> HeatMap:
    cells: Cells = summary["cells"][value]
    labels = tuple(summary["labels"])
    cell_px = max(ROW_PX, MATRIX_PX // len(labels))
    size = cell_px * len(labels)
    places = _places(labels, cell_px=cell_px)
    return HeatMap(
        value=value,
        unit=unit,
        width=size,
        height=size,
        left=_room(labels),
        top=_room(labels),
        below=MARGIN_PX,
        shades=_shades(cells),
        rows=places,
        column_names=labels,
        heads=places,
        table=Table(heads=labels, rows=_rows(labels, cells)),
    )


def _axis(summary: Mapping[str, Any], *, patient: str) -> TimeAxis:
    begun = [
        (since_day_zero_us(patient, datetime.fromisoformat(each["start"])), each["columns"])
        for each in summary["stretches"]
    ]
    return TimeAxis.of(begun, step_us=summary["step_s"] * 1e6, width=WIDTH)


def _labels(summary: Mapping[str, Any]) -> tuple[str, ...]:
    """With their units, where these differ."""
    labels, units = summary["labels"], summary["units"]
    if len(set(units)) == 1:
        return tuple(labels)
    return tuple(f"{label} ({unit})" if unit else label for label, unit in zip(labels, units, strict=True))


def _spans(summary: Mapping[str, Any], *, cells: Cells, axis: TimeAxis, labels: Sequence[str]) -> Table:
    """At most ten spans of time, each the mean of its columns."""
    shown = [column for column, name in enumerate(axis.names) if name]
    size = -(-len(shown) // SPANS)
    parts = [range(first, min(first + size, len(shown))) for first in range(0, len(shown), size)]
    heads = tuple(f"{axis.names[shown[part[0]]]} to {axis.end_of(shown[part[-1]])}" for part in parts)
    return Table(
        heads=heads, rows=_rows(labels, [[_mean([row[at] for at in part]) for part in parts] for row in cells])
    )


def _mean(values: Sequence[float | None]) -> float | None:
    there = [value for value in values if value is not None]
    return sum(there) / len(there) if there else None


def _rows(labels: Sequence[str], cells: Cells) -> tuple[Row, ...]:
    return tuple((label, tuple(map(number_text, row))) for label, row in zip(labels, cells, strict=True))


def _shades(cells: Cells) -> tuple[Shade, ...]:
    scale = Scale.of(cells)
    return scale.shades if scale else ()


def _with_breaks(row: Sequence[float | None], *, widths: Sequence[int]) -> list[float | None]:
    found: list[float | None] = []
    at = 0
    for width in widths:
        found += [None] * (BREAK_COLUMNS if found else 0)
        found += row[at : at + width]
        at += width
    return found


def _places(labels: Sequence[str], *, cell_px: int) -> tuple[tuple[float, str], ...]:
    return tuple((cell_px * (place + 0.5), label) for place, label in enumerate(labels))


def _room(labels: Sequence[str]) -> int:
    return MARGIN_PX + LETTER_PX * max(map(len, labels), default=0)
