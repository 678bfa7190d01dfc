"""A job from a manifest to files, by a driver of its own: the numbers of one machine, and what stands beside them."""

import json
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis.context import encode_event
from analysis.jobs.band_power import BANDS, band_power
from analysis.jobs.line_length import NAMES, line_length
from analysis.place import Place, events_name
from analysis.writing import FAULTS
from tests.analysis.driving import JOB, LIMIT_S, driver, outcome, rows_of, submit, values_of
from tests.analysis.jobs.test_coherence import by_scipy
from tests.analysis.made import BUCKET, NAME, PLAIN, Made, event, take, windows_of, write

pytestmark = [pytest.mark.database, pytest.mark.prove]
KERNELS = {"band_power": (band_power, list(BANDS)), "line_length": (line_length, NAMES)}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place((tmp_path / "results").as_uri())


@pytest.mark.parametrize("job", KERNELS)
def test_a_job_gives_the_numbers_of_one_machine(job, tmp_path, objects, objects_url, place):
    samples = write(tmp_path / "a.edf", records=60)
    take(tmp_path / "a.edf", objects)
    submit(place, objects, tmp_path)
    assert driver(job, objects_url=objects_url, place=place, window="2.5").wait(LIMIT_S) == 0
    made = outcome(place)
    assert made.done, made.reason
    kernel, names = KERNELS[job]
    rows = rows_of(place, made)
    for signal in PLAIN:
        windows = windows_of(signal.physical(samples[signal.label]), length=round(2.5 * signal.rate))
        own = [row for row in rows if row["label"] == signal.label]
        assert np.allclose(values_of(own, names), kernel(windows, float(signal.rate)), rtol=1e-6, equal_nan=True)
        assert [row["start"] for row in own][:2] == [
            datetime(2002, 1, 3, 14, 5),
            datetime(2002, 1, 3, 14, 5, 2, 500000),
        ]
    schema = pq.read_schema(pa.BufferReader(place.get(made.files[0]["name"])))
    assert schema.metadata[b"ecog.selection"] == b"patient=2002"
    assert schema.metadata[b"ecog.software"] == b"ecog-portal 9"
    assert all(field.metadata[b"description"] for field in schema)
    assert {each["name"].split("/")[3] for each in made.files} == {"patient=2002"}
    told = json.loads(place.get(f"{JOB}/1/progress.json"))
    assert told["done"] == told["of"] > 0


def test_a_damaged_chunk_costs_itself_and_is_told(tmp_path, objects, objects_url, place):
    write(tmp_path / "a.edf", records=60)
    take(tmp_path / "a.edf", objects)
    key = f"{NAME}/LTG1_chunk-1.chn"
    content = bytearray(objects.get(BUCKET, key))
    content[-3] ^= 1
    submit(place, objects, tmp_path)
    objects.put(BUCKET, key, bytes(content))
    assert driver("line_length", objects_url=objects_url, place=place, window="1").wait(LIMIT_S) == 0
    made = outcome(place)
    (fault,) = rows_of(place, made, kind=FAULTS)
    assert (fault["patient"], fault["label"], fault["chunk"]) == ("2002", "LTG1", 1)
    rows = rows_of(place, made)
    assert 0 < sum(row["label"] == "LTG1" for row in rows) < 60 == sum(row["label"] == "LTG2" for row in rows)


def test_coherence_is_that_of_the_epochs_of_aligned_events(tmp_path, objects, objects_url, place):
    signals = (Made(label="A1", rate=400), Made(label="A2", rate=400))
    samples = write(tmp_path / "a.edf", signals=signals, records=40)
    take(tmp_path / "a.edf", objects)
    submit(place, objects, tmp_path)
    events = [event(number, at_s=3.01 + 2.77 * number) for number in range(12)]
    place.put(events_name(JOB, attempt=1), "".join(map(encode_event, events)).encode())
    assert driver("coherence", objects_url=objects_url, place=place, events=True).wait(LIMIT_S) == 0
    made = outcome(place)
    assert made.done, made.reason
    (row,) = rows_of(place, made)
    assert (row["label"], row["other"], row["events"], row["averages"]) == ("A1", "A2", 12, 60)
    traces = [signal.physical(samples[signal.label]) for signal in signals]
    assert [row[band] for band in BANDS] == pytest.approx(by_scipy(*traces, events), rel=1e-6)
