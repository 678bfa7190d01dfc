"""Results as Parquet, written by the tasks that hold them, through the same interface as chunks are read.

Owns: that a file counts only when its task has told of it: a task that was killed or ran twice leaves files that nobody
names, and the driver removes them. Spark's own writers reach no S3 without jars that PyPI does not have. Runs on
executors.
"""

import io
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from analysis.known import FAULT_COLUMNS, Known
from analysis.place import Place

WRITTEN = "name string, patient string, kind string, rows long, bytes long"
DATA, FAULTS = "data", "faults"
ROWS_A_FILE = 250_000
_ORDER = ("patient", "recording", "task", "code", "channel", "label", "other", "start", "chunk")


@dataclass(frozen=True, kw_only=True)
class Writer:
    """What `DataFrame.mapInArrow` takes: writes a partition of a job's rows, and gives a row for each file."""

    place: str
    folder: str
    job: Known
    about: Mapping[str, str]

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for table in _tables(batches):
            failed = table.column("fault").is_valid()
            rows = [
                *self._files(table.filter(pc.invert(failed)), kind=DATA, columns=self.job.columns),
                *self._files(table.filter(failed), kind=FAULTS, columns=FAULT_COLUMNS),
            ]
            yield pa.RecordBatch.from_pylist(rows)

    def _files(self, table: pa.Table, *, kind: str, columns: Mapping[str, str]) -> Iterator[dict[str, object]]:
        place = Place(self.place)
        for patient in pc.unique(table.column("patient")).to_pylist():
            own = table.filter(pc.equal(table.column("patient"), patient)).select(list(columns))
            own = own.sort_by([(name, "ascending") for name in _ORDER if name in columns])
            name = f"{self.folder}/{kind}/patient={patient}/{uuid.uuid4().hex}.parquet"
            size_bytes = place.put(name, parquet(own, columns=columns, about=self.about))
            yield {"name": name, "patient": patient, "kind": kind, "rows": own.num_rows, "bytes": size_bytes}


def _tables(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """The rows, at most about so many at once that a file of them is made in some 300 MB, however many there are."""
    held: list[pa.RecordBatch] = []
    rows = 0
    for batch in batches:
        if batch.num_rows:
            held.append(batch)
            rows += batch.num_rows
        if rows >= ROWS_A_FILE:
            yield pa.Table.from_batches(held)
            held, rows = [], 0
    if held:
        yield pa.Table.from_batches(held)


def parquet(table: pa.Table, *, columns: Mapping[str, str], about: Mapping[str, str]) -> bytes:
    """A file whose schema says what each column is, and of what the whole is a result."""
    fields = [table.schema.field(name).with_metadata({"description": text}) for name, text in columns.items()]
    described = table.cast(pa.schema(fields, metadata={f"ecog.{name}": value for name, value in about.items()}))
    out = io.BytesIO()
    pq.write_table(described, out, compression="zstd")
    return out.getvalue()
