"""What Spark gives is what the recording held, bit for bit, whatever its form."""

from pathlib import Path

import numpy as np
import pytest
from pyspark.sql import SparkSession

from analysis.manifest import write as write_manifest
from people.scope import server_scope
from selections.resolve import resolve
from selections.words import parse
from storage.objects import Objects
from tests.analysis.made import NAME, PLAIN, take, windows_of, write

pytestmark = pytest.mark.database


def test_a_manifest_is_read_as_a_table(tmp_path: Path, objects: Objects, objects_url: str, spark: SparkSession) -> None:
    samples = write(tmp_path / "a.edf")
    take(tmp_path / "a.edf", objects)
    place = tmp_path / "manifest.jsonl"
    summary = write_manifest(resolve(parse({}), scope=server_scope(means="test")), path=place, objects=objects)
    assert (summary.patients, summary.recordings, summary.runs, summary.chunks) == (("2002",), 1, 2, 8)
    table = spark.read.format("chn").options(objects=objects_url, manifest=str(place), window="0.7").load()
    rows = table.orderBy("channel", "window").collect()
    assert {row.fault for row in rows} == {None}
    for channel, made in enumerate(PLAIN, 1):
        of = [row for row in rows if row.channel == channel]
        expected = windows_of(made.physical(samples[made.label]), length=round(0.7 * made.rate))
        assert np.array_equal(np.array([row.samples for row in of]), expected)
        assert [row.window for row in of] == list(range(len(expected)))
    first = rows[0]
    assert (first.patient, first.recording, first.label, first.unit, first.sfreq) == ("2002", NAME, "LTG1", "uV", 200.0)
    assert first.start.isoformat() == "2002-01-03T14:05:00"
    assert rows[1].start.isoformat() == "2002-01-03T14:05:00.700000"
