"""The rows of a result as CSV, read from its Parquet as they are sent, one file of it in memory.

Owns: how cells are written, and that a number's head says its unit, in ASCII. Needs PyArrow, so it is looked up by
name where it is used.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from analysis.errors import PlaceUnusable
from analysis.known import FAULT_COLUMNS, KNOWN
from analysis.models import Result
from analysis.place import Place
from people.spreadsheet import line, tamed

BATCH_ROWS = 5_000


def csv_of(result: Result, *, kind: str, place: Place) -> Iterator[bytes]:
    """The rows as CSV, no cell of which a spreadsheet would run. Raises `PlaceUnusable` and `StorageError`."""
    known = KNOWN[result.name]
    columns = FAULT_COLUMNS if kind == "faults" else known.columns
    yield line(_head(name, unit=known.units.get(name, "")) for name in columns).encode()
    for file in result.files_of(kind):
        try:
            table = pq.ParquetFile(pa.BufferReader(place.get(file["name"])))
        except pa.ArrowInvalid:
            raise PlaceUnusable("A file of this result is not what was written. Ask the question again.") from None
        for batch in table.iter_batches(BATCH_ROWS, columns=list(columns)):
            rows = zip(*(batch.column(name).to_pylist() for name in columns), strict=True)
            yield "".join(line(map(_cell, row)) for row in rows).encode()


def _head(name: str, *, unit: str) -> str:
    return f"{name} ({unit})".replace("²", "^2") if unit else name


def _cell(value: Any) -> str:  # noqa: ANN401 (whatever a column holds)
    if value is None or value != value:  # noqa: PLR0124 (what is not a number is no number either)
        return ""
    if isinstance(value, str):
        return tamed(value)
    # All times with as many digits, so that whatever reads them sees one form.
    return value.isoformat(timespec="microseconds") if isinstance(value, datetime) else str(value)
