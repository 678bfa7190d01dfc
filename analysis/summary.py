"""What a page says of a result without reading it again: means by channel and time, made once when the result is.

Owns: the aggregation, bounded whatever the result's size: a picture has at most 160 columns of equal time and 128
channels, and is a file of its own beside the result; the row keeps which there are.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any

import numpy as np
import numpy.typing as npt

from analysis.grid import Grid, grid_over
from analysis.known import Known
from analysis.pair_summary import matrices_of, strongest
from analysis.place import Place, picture_name
from analysis.tables import Tables, rounded

CHANNELS = 128
File = Mapping[str, Any]
Labels = dict[str, tuple[int, str]]
"""A channel's number and unit."""


def summary_of(files: Sequence[File], *, known: Known, window_s: float, folder: str, place: Place) -> dict[str, Any]:
    """What the row keeps: of what each picture is (`pictured`), and the strongest pairs where rows are pairs."""
    data = [each for each in files if each["kind"] == "data"]
    pictured: list[dict[str, Any]] = []
    numbers = count()
    for patient in sorted({each["patient"] for each in data}):
        own = Tables([each["name"] for each in data if each["patient"] == patient], place=place)
        for about, picture in _pictures(own, known=known, window_s=window_s):
            place.put(picture_name(folder, number=next(numbers)), json.dumps(picture).encode())
            pictured.append({"patient": patient, **about})
    if known.per_window:
        return {"pictured": pictured}
    every = Tables([each["name"] for each in data], place=place)
    return {"pictured": pictured, "pairs": strongest(every, known=known)}


def _pictures(tables: Tables, *, known: Known, window_s: float) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    if known.per_window:
        yield {}, _over_time(tables, known=known, window_s=window_s)
    else:
        yield from matrices_of(tables, known=known)


def _over_time(tables: Tables, *, known: Known, window_s: float) -> dict[str, Any]:
    """Means of each value: of each channel and column of time, and of each channel over all."""
    channels: Labels = {}
    first, last = np.datetime64("9999", "us"), np.datetime64("0001", "us")
    for table in tables.walked(["label", "channel", "unit", "start"]):
        starts = table.column("start").to_numpy()
        first, last = min(first, starts.min()), max(last, starts.max())
        for label, *own in zip(*(table.column(name).to_pylist() for name in ("label", "channel", "unit")), strict=True):
            channels[label] = min((own[0], own[1] or ""), channels.get(label, (own[0], own[1] or "")))
    labels = sorted(channels, key=lambda label: (channels[label], label))
    walked = (table.column("start").to_numpy() for table in tables.walked(["start"]))
    grid = grid_over(walked, first=first, last=last, window_s=window_s)
    sums, counts = _added(tables, known=known, labels=labels, grid=grid)
    cells = {name: _means(sums[name][:CHANNELS], counts[name][:CHANNELS]) for name in known.values}
    means = {name: _means(sums[name].sum(axis=1), counts[name].sum(axis=1))[:CHANNELS] for name in known.values}
    return {
        "labels": labels[:CHANNELS],
        "units": [channels[label][1] for label in labels[:CHANNELS]],
        "channels": len(labels),
        "step_s": grid.step_us / 1e6,
        "stretches": grid.plain(),
        "cells": {name: [rounded(row) for row in rows] for name, rows in cells.items()},
        "means": {name: rounded(row) for name, row in means.items()},
    }


def _added(
    tables: Tables, *, known: Known, labels: Sequence[str], grid: Grid
) -> tuple[dict[str, npt.NDArray[np.float64]], dict[str, npt.NDArray[np.int64]]]:
    """Sums and counts of each value, by channel and column."""
    shape = (len(labels), grid.columns)
    sums = {name: np.zeros(shape) for name in known.values}
    counts = {name: np.zeros(shape, dtype=np.int64) for name in known.values}
    place_of = {label: place for place, label in enumerate(labels)}
    for table in tables.walked(["label", "start", *known.values]):
        rows = np.array([place_of[label] for label in table.column("label").to_pylist()])
        columns = grid.column_of(table.column("start").to_numpy())
        for name in known.values:
            values = table.column(name).to_numpy().astype(np.float64)
            there = ~np.isnan(values)
            np.add.at(sums[name], (rows[there], columns[there]), values[there])
            np.add.at(counts[name], (rows[there], columns[there]), 1)
    return sums, counts


def _means(sums: npt.NDArray[np.float64], counts: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    return np.asarray(np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0))
