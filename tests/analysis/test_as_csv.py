"""A result as CSV: its heads with their units, nothing that a spreadsheet would run, one form of time."""

import csv
import io
from datetime import datetime

import pyarrow as pa
import pytest

from analysis.as_csv import csv_of
from analysis.known import FAULT_COLUMNS, KNOWN
from analysis.models import Result
from analysis.place import Place
from analysis.writing import parquet


@pytest.fixture
def place(tmp_path):
    return Place((tmp_path / "results").as_uri())


def read(place: Place, rows: list[dict], *, job: str = "line_length", kind: str = "data") -> list[dict[str, str]]:
    columns = FAULT_COLUMNS if kind == "faults" else KNOWN[job].columns
    name = f"7/1/{kind}/patient=2002/a.parquet"
    place.put(name, parquet(pa.Table.from_pylist(rows), columns=columns, about={}))
    result = Result(name=job, files=[{"name": name, "kind": kind}])
    text = b"".join(csv_of(result, kind=kind, place=place)).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def row(label: str, *, value: float | None, microsecond: int = 0) -> dict:
    at = datetime(2002, 1, 3, 14, 5, 0, microsecond)
    place = {"patient": "2002", "recording": "day3_140500", "channel": 1, "label": label, "unit": "µV", "start": at}
    return place | {"line_length": value, "spike_rate": 0.5}


def test_heads_say_their_units_and_times_have_one_form(place):
    first, second = read(place, [row("A", value=-1.5), row("B", value=None, microsecond=250_000)])
    assert list(first)[-2:] == ["line_length (unit/s)", "spike_rate (1/s)"]
    assert ",".join(first).isascii()
    assert (first["start"], second["start"]) == ("2002-01-03T14:05:00.000000", "2002-01-03T14:05:00.250000")
    assert (first["line_length (unit/s)"], second["line_length (unit/s)"]) == ("-1.5", "")
    assert (first["unit"], first["patient"]) == ("µV", "2002")


def test_what_is_not_a_number_is_an_empty_cell(place):
    [only] = read(place, [row("A", value=float("nan"))])
    assert only["line_length (unit/s)"] == ""


def test_a_powers_unit_is_squared_in_plain_letters(place):
    bands = KNOWN["band_power"].values
    about = {name: value for name, value in row("A", value=1.0).items() if name in KNOWN["band_power"].columns}
    [only] = read(place, [about | dict.fromkeys(bands, 2.0)], job="band_power")
    assert list(only)[-6:] == [f"{band} (unit^2)" for band in bands]


@pytest.mark.parametrize("label", ["=HYPERLINK(1)", "@A", "+1", "-1", "\tA"])
def test_no_label_is_run(place, label):
    [only] = read(place, [row(label, value=1.0)])
    assert only["label"] == f"'{label}"


def test_faults_have_plain_heads(place):
    of = dict.fromkeys(FAULT_COLUMNS, "x")
    [only] = read(place, [of | {"fault": '=1+1, or "so"'}], kind="faults")
    assert only == of | {"fault": '\'=1+1, or "so"'}
