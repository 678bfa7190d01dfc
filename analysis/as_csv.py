"""The rows of a result as CSV, read from its Parquet as they are sent, one file of it in memory.

Owns: how cells are written. Needs PyArrow, so it is looked up by name where it is used.
"""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from analysis.known import FAULT_COLUMNS, KNOWN
from analysis.models import Result
from analysis.place import Place
from people.spreadsheet import line, tamed

BATCH_ROWS = 5_000


def csv_of(result: Result, *, kind: str, place: Place) -> Iterator[bytes]:
    """The rows as CSV, no cell of which a spreadsheet would run."""
    columns = FAULT_COLUMNS if kind == "faults" else KNOWN[result.name].columns
    yield line(columns).encode()
    for file in result.files_of(kind):
        table = pq.ParquetFile(pa.BufferReader(place.get(file["name"])))
        for batch in table.iter_batches(BATCH_ROWS, columns=list(columns)):
            rows = zip(*(batch.column(name).to_pylist() for name in columns), strict=True)
            yield "".join(line(map(_cell, row)) for row in rows).encode()


def _cell(value: Any) -> str:  # noqa: ANN401 (whatever a column holds)
    if value is None:
        return ""
    if isinstance(value, str):
        return tamed(value)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
