"""The table that Spark gets: its columns, and how windows and faults become rows.

Owns: the columns, the physical values, and the size of a batch. No Django; PyArrow and NumPy.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from analysis.reading import Piece, Reading, Samples
from analysis.runs import Run
from analysis.windows import Part, filled, start_us
from storage.objects import Objects

BATCH_BYTES = 16 * 1024 * 1024
NO_SCALE = "The recording's header gives this channel no scale: read it with values=digital."
_COLUMNS = (
    ("patient", "string", pa.string()),
    ("recording", "string", pa.string()),
    ("bucket", "string", pa.string()),
    ("channel", "int", pa.int32()),
    ("label", "string", pa.string()),
    ("unit", "string", pa.string()),
    ("sfreq", "double", pa.float64()),
    ("stretch", "int", pa.int32()),
    ("window", "bigint", pa.int64()),
    ("first_sample", "bigint", pa.int64()),
    ("start", "timestamp_ntz", pa.timestamp("us")),
    ("samples", "", None),
    ("chunk", "int", pa.int32()),
    ("fault", "string", pa.string()),
)


def ddl(*, digital: bool) -> str:
    """The columns as Spark wants them said."""
    samples = f"array<{'int' if digital else 'double'}>"
    return ", ".join(f"{name} {kind or samples}" for name, kind, _ in _COLUMNS)


def arrow_schema(*, digital: bool) -> pa.Schema:
    samples = pa.list_(pa.field("element", pa.int32() if digital else pa.float64()))
    return pa.schema([(name, samples if kind is None else kind) for name, _, kind in _COLUMNS])


def rows_of(run: Run, part: Part, *, objects: Objects, digital: bool) -> Iterator[pa.RecordBatch]:
    """What one task gives: windows in order, and one row for each chunk that cannot be used and is its to tell of."""
    table = _Table(run, digital=digital)
    if run.gain is None and not digital:
        chunks = range(run.chunk_at(part.samples[0]), run.chunk_at(part.samples[1] - 1) + 1)
        yield from (table.fault(each, NO_SCALE) for each in chunks if part.tells_of(run.span(each)[0]))
        return
    reading = Reading(run, objects)
    told: set[int] = set()
    for span in part.spans:
        for found in filled(span, reading.pieces(span.samples)):
            if not isinstance(found, Piece):
                yield from table.windows(*found)
            elif found.chunk not in told:
                told.add(found.chunk)
                if part.tells_of(found.first):
                    yield table.fault(found.chunk, found.fault)


def notice(values: Mapping[str, Any], *, digital: bool) -> pa.RecordBatch:
    """One row that tells of something else than a chunk; what is not given is null."""
    schema = arrow_schema(digital=digital)
    return pa.RecordBatch.from_arrays(
        [pa.array([values.get(field.name)], type=field.type) for field in schema], schema=schema
    )


class _Table:
    """Rows of one run."""

    def __init__(self, run: Run, *, digital: bool) -> None:
        self._run = run
        self._digital = digital
        self._schema = arrow_schema(digital=digital)
        self._begin_us = int(np.datetime64(run.begin, "us").astype(np.int64))
        self._same = {
            "patient": run.patient,
            "recording": run.recording,
            "bucket": run.bucket,
            "channel": run.channel,
            "label": run.label,
            "unit": run.unit,
            "sfreq": float(run.sfreq),
            "stretch": run.stretch,
        }

    def windows(self, first: int, samples: Samples) -> Iterator[pa.RecordBatch]:
        """Rows of windows × length samples, the first of which is window number `first`."""
        rows, length = samples.shape
        width = 4 if self._digital else 8
        at_once = max(1, BATCH_BYTES // (length * width))
        for begin in range(0, rows, at_once):
            some = samples[begin : begin + at_once]
            numbers = range(first + begin, first + begin + len(some))
            offsets = np.arange(len(some) + 1, dtype=np.int32) * length
            values = pa.array(self._values(some).reshape(-1))
            listed = pa.ListArray.from_arrays(pa.array(offsets), values, type=self._schema.field("samples").type)
            firsts = [number * length for number in numbers]
            chunks = [self._run.chunk_at(each) for each in firsts]
            yield self._batch(numbers=numbers, firsts=firsts, samples=listed, chunks=chunks, fault=None)

    def fault(self, chunk: int, text: str) -> pa.RecordBatch:
        first = self._run.span(chunk)[0]
        none = pa.nulls(1, type=self._schema.field("samples").type)
        return self._batch(numbers=[None], firsts=[first], samples=none, chunks=[chunk], fault=text)

    def _values(self, samples: Samples) -> np.ndarray[Any, Any]:
        if self._digital:
            return samples.astype(np.int32)
        return samples * np.float64(self._run.gain or 0) + np.float64(self._run.offset or 0)

    def _batch(
        self,
        *,
        numbers: Sequence[int | None],
        firsts: Sequence[int],
        samples: pa.Array,
        chunks: Sequence[int],
        fault: str | None,
    ) -> pa.RecordBatch:
        sfreq = self._run.sfreq
        starts = [self._begin_us + start_us(sfreq, sample=each) for each in firsts]
        own = {"window": list(numbers), "first_sample": list(firsts), "start": starts, "chunk": list(chunks)}
        columns = []
        for field in self._schema:
            if field.name == "samples":
                columns.append(samples)
            elif field.name == "fault":
                columns.append(pa.array([fault] * len(firsts), type=field.type))
            elif field.name in own:
                columns.append(pa.array(own[field.name], type=field.type))
            else:
                columns.append(pa.repeat(pa.scalar(self._same[field.name], type=field.type), len(firsts)))
        return pa.RecordBatch.from_arrays(columns, schema=self._schema)
