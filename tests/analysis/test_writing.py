"""A result's files hold every row once, each of bounded size, whatever is written in them."""

import io
import json
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis import writing
from analysis.batches import arrow_schema, schema_of
from analysis.known import KNOWN
from analysis.packing import pack
from analysis.place import Place
from analysis.writing import Writer

JOB = KNOWN["line_length"]
SCHEMA = arrow_schema(schema_of(JOB.values))
HOSTILE = ["=cmd|' /C calc'!A0", "../../etc/passwd", "a=b/c%2F\u2028\x85\n", "µ-é", ""]


def batches(count: int, *, rows: int = 7) -> Iterator[pa.RecordBatch]:
    for number in range(count):
        row = dict.fromkeys(SCHEMA.names) | {
            "patient": ("2002", "P-7")[number % 2],
            "recording": "day3_140500",
            "channel": 1,
            "label": HOSTILE[number % len(HOSTILE)],
            "start": datetime(2002, 1, 3, 14),
            "line_length": float(number),
        }
        bad = row | {"line_length": None, "chunk": number, "fault": "It is damaged."}
        yield pa.RecordBatch.from_pylist([*[row] * (rows - 1), bad], schema=SCHEMA)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place((tmp_path / "results").as_uri())


def test_a_file_is_written_as_soon_as_it_is_full(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "ROWS_A_FILE", 20)
    writer = Writer(place=place.url, folder="7/1", job=JOB, about={"job": JOB.name})
    files = [row for batch in writer(batches(10)) for row in batch.to_pylist()]
    assert {each["rows"] for each in files if each["kind"] == "data"} == {6, 12}
    assert sum(each["rows"] for each in files if each["kind"] == "faults") == 10
    tables = [pq.read_table(pa.BufferReader(place.get(each["name"]))) for each in files if each["kind"] == "data"]
    held = sorted((row["line_length"], row["label"]) for table in tables for row in table.to_pylist())
    assert held == [(float(number), HOSTILE[number % len(HOSTILE)]) for number in range(10) for _ in range(6)]
    pack(files, about={"label": HOSTILE[2]}, folder="7/1", place=place)
    with zipfile.ZipFile(io.BytesIO(place.get("7/1/result.zip"))) as packed:
        assert packed.testzip() is None
        assert sorted(packed.namelist()) == sorted(["about.json", *(each["name"][4:] for each in files)])
        assert json.loads(packed.read("about.json")) == {"label": HOSTILE[2]}
