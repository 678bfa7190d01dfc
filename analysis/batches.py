"""From Arrow batches of windows to arrays and back: what every job of windows does around its numbers.

Owns: how windows of equal length and rate become one array, and that a fault of the source goes through as a row of its
own: its chunk and its sentence, and no numbers. NumPy and PyArrow; runs on executors.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Array = npt.NDArray[np.float64]
# (windows × samples, sfreq) → windows × values; NaN where a value cannot be had.
Kernel = Callable[[Array, float], Array]
# What a job does with the windows of a task.
Mapper = Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]

FAULT = "fault"
NAMED = "patient string, recording string, bucket string, channel int, label string, unit string"
PLACED = f"{NAMED}, start timestamp_ntz, chunk int, fault string"
_KEPT = ("patient", "recording", "bucket", "channel", "label", "unit", "start", "chunk", FAULT)


def schema_of(names: Sequence[str]) -> str:
    """The columns of what `per_window` gives, in Spark's words: where and when, then these values."""
    return ", ".join([PLACED, *(f"{name} double" for name in names)])


def per_window(kernel: Kernel, *, names: Sequence[str]) -> Mapper:
    """What `mapInArrow` takes: a row for each window, with the kernel's values under these names, and each
    fault as it came."""

    def mapped(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for rows, samples, sfreq in blocks(batch):
                yield _with(rows, values=dict(zip(names, kernel(samples, sfreq).T, strict=True)))
            faults = batch.filter(batch.column(FAULT).is_valid())
            if faults.num_rows:
                yield _with(faults, values=dict.fromkeys(names))

    return mapped


def blocks(batch: pa.RecordBatch) -> Iterator[tuple[pa.RecordBatch, Array, float]]:
    """The sound windows of a batch, those of equal length and rate together: (their rows, windows × samples, rate)."""
    sound = batch.filter(batch.column(FAULT).is_null())
    if not sound.num_rows:
        return
    lengths = np.asarray(sound.column("samples").value_lengths())
    rates = np.asarray(sound.column("sfreq"))
    for length, rate in sorted(set(zip(lengths.tolist(), rates.tolist(), strict=True))):
        rows = sound.filter(pa.array((lengths == length) & (rates == rate)))
        flat = rows.column("samples").flatten().to_numpy(zero_copy_only=False)
        yield rows, flat.reshape(rows.num_rows, length).astype(np.float64, copy=False), rate


_ARROW = {
    "string": pa.string(),
    "int": pa.int32(),
    "long": pa.int64(),
    "double": pa.float64(),
    "timestamp_ntz": pa.timestamp("us"),
    "array<double>": pa.list_(pa.float64()),
}


def arrow_schema(columns: str) -> pa.Schema:
    """Spark's words for columns, `label string, value double`, as an Arrow schema."""
    return pa.schema([(name, _ARROW[kind]) for name, kind in map(str.split, columns.split(", "))])


def _with(rows: pa.RecordBatch, *, values: Mapping[str, Any]) -> pa.RecordBatch:
    columns = [rows.column(name) for name in _KEPT]
    for value in values.values():
        if value is None:
            columns.append(pa.nulls(rows.num_rows, pa.float64()))
        else:
            columns.append(pa.array(np.ascontiguousarray(value), mask=np.isnan(value)))
    return pa.RecordBatch.from_arrays(columns, names=[*_KEPT, *values])
