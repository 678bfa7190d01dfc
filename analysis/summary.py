"""What a page says of a result without reading it again: means by channel and time, made once when the result is.

Owns: the aggregation, bounded whatever the result's size: a patient's picture has at most 160 columns of equal time and
128 channels, and is a file of its own beside the result; the row keeps the strongest pairs of a coherence.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.known import Known
from analysis.place import Place, picture_name

COLUMNS, CHANNELS, PAIRS = 160, 128, 60
_ROUNDING = 1e-3  # of a column: starts are rounded to the microsecond
File = Mapping[str, Any]


def summary_of(files: Sequence[File], *, known: Known, window_s: float, folder: str, place: Place) -> dict[str, Any]:
    """What the row keeps; of windows (as long as `window_s`), the pictures are written beside the result."""
    data = [each for each in files if each["kind"] == "data"]
    if not known.per_window:
        return {"pairs": _strongest(data, known=known, place=place)}
    patients = sorted({each["patient"] for each in data})
    for patient in patients:
        names = [each["name"] for each in data if each["patient"] == patient]
        picture = _pictured(_Tables(names, place=place), known=known, window_s=window_s)
        place.put(picture_name(folder, patient=patient), json.dumps(picture).encode())
    return {"pictured": patients}


class _Tables:
    """The data files of a patient, each read anew whenever they are walked."""

    def __init__(self, names: Sequence[str], *, place: Place) -> None:
        self._names, self._place = names, place

    def walked(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        for name in self._names:
            yield pq.ParquetFile(pa.BufferReader(self._place.get(name))).read(columns=list(columns))


def _pictured(tables: _Tables, *, known: Known, window_s: float) -> dict[str, Any]:
    """Means of each value: of each channel and column of time, and of each channel over all."""
    channels: dict[str, int] = {}
    first, last = np.datetime64("9999", "us"), np.datetime64("0001", "us")
    unit = ""
    for table in tables.walked(["label", "channel", "unit", "start"]):
        starts = table.column("start").to_numpy()
        first, last = min(first, starts.min()), max(last, starts.max())
        unit = unit or table.column("unit")[0].as_py() or ""
        for label, channel in zip(*(table.column(name).to_pylist() for name in ("label", "channel")), strict=True):
            channels[label] = min(channel, channels.get(label, channel))
    labels = sorted(channels, key=lambda label: (channels[label], label))
    # No column is shorter than a window, and none begins after the last of them.
    lasts_us = float((last - first) / np.timedelta64(1, "us"))
    step_us = max(window_s * 1e6, lasts_us / (COLUMNS - 1))
    width = int(lasts_us / step_us) + 1
    sums = {name: np.zeros((len(labels), width)) for name in known.values}
    counts = {name: np.zeros((len(labels), width), dtype=np.int64) for name in known.values}
    place_of = {label: place for place, label in enumerate(labels)}
    for table in tables.walked(["label", "start", *known.values]):
        rows = np.array([place_of[label] for label in table.column("label").to_pylist()])
        columns = ((table.column("start").to_numpy() - first) / np.timedelta64(1, "us") / step_us + _ROUNDING).astype(
            int
        )
        columns = np.minimum(columns, width - 1)
        for name in known.values:
            values = table.column(name).to_numpy()
            there = ~np.isnan(values.astype(np.float64))
            np.add.at(sums[name], (rows[there], columns[there]), values[there])
            np.add.at(counts[name], (rows[there], columns[there]), 1)
    return {
        "labels": labels[:CHANNELS],
        "channels": len(labels),
        "unit": unit,
        "start": str(first.astype(datetime).isoformat()),
        "step_s": step_us / 1e6,
        "cells": {name: _cells(sums[name][:CHANNELS], counts[name][:CHANNELS]) for name in known.values},
        "means": {name: _flat(sums[name].sum(axis=1), counts[name].sum(axis=1))[:CHANNELS] for name in known.values},
    }


def _cells(sums: npt.NDArray[np.float64], counts: npt.NDArray[np.int64]) -> list[list[float | None]]:
    return [_flat(row, count) for row, count in zip(sums, counts, strict=True)]


def _flat(sums: npt.NDArray[np.float64], counts: npt.NDArray[np.int64]) -> list[float | None]:
    pairs = zip(sums.tolist(), counts.tolist(), strict=True)
    return [float(f"{total / count:.4g}") if count else None for total, count in pairs]


def _strongest(data: Sequence[File], *, known: Known, place: Place) -> list[dict[str, Any]]:
    """The pairs with the highest coherence in any band, of all patients, tasks and codes."""
    found: list[dict[str, Any]] = []
    for each in data:
        table = pq.ParquetFile(pa.BufferReader(place.get(each["name"]))).read()
        found = sorted([*found, *table.to_pylist()], key=lambda row: -_highest(row, known))[:PAIRS]
    return found


def _highest(row: Mapping[str, Any], known: Known) -> float:
    return max((row[name] for name in known.values if row[name] is not None), default=0.0)
