"""What Spark gives is what the recording held, bit for bit, whatever its form."""

from pathlib import Path

import numpy as np
import pytest
from pyspark.sql import SparkSession
from pytest_django import Settings

from analysis.manifest import write as write_manifest
from analysis.registering import register
from analysis.source import ChnSource
from people.scope import server_scope
from selections.resolve import resolve
from selections.words import parse
from storage.objects import Objects
from storage.urls import open_objects
from tests.analysis.made import BUCKET, NAME, PLAIN, take, windows_of, write

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


def manifest_of(tmp_path: Path, objects: Objects) -> str:
    place = tmp_path / "manifest.jsonl"
    write_manifest(resolve(parse({}), scope=server_scope(means="test")), path=place, objects=objects)
    return str(place)


@pytest.mark.prove
def test_filters_keep_tasks_from_being_made_and_change_no_row(
    tmp_path: Path, objects: Objects, objects_url: str, spark: SparkSession
) -> None:
    write(tmp_path / "a.edf", records=12)
    take(tmp_path / "a.edf", objects)
    given = {"objects": objects_url, "manifest": manifest_of(tmp_path, objects), "chunks_a_task": "1"}
    table = spark.read.format("chn").options(**given).load()
    assert table.rdd.getNumPartitions() == 8
    for condition, tasks in (
        ("label = 'LTG2'", 4),
        ("channel in (1, 9)", 4),
        ("patient = '2002' and label in ('LTG1', 'LTG2')", 8),
        ("label = 'LTG1' or window = 3", 8),
        ("recording = 'other'", 1),  # Spark makes one where there is none
    ):
        wanted = table.where(condition)
        assert wanted.rdd.getNumPartitions() == tasks, condition
        assert wanted.count() == sum(map(bool, table.selectExpr(condition).toPandas().iloc[:, 0])), condition


@pytest.mark.prove
def test_what_is_wrong_is_said_by_spark_too(
    tmp_path: Path, objects: Objects, objects_url: str, spark: SparkSession
) -> None:
    with pytest.raises(Exception, match="'windw' is no option"):
        spark.read.format("chn").options(objects=objects_url, prefix="b", windw="2").load()
    spark.dataSource.register(type("ChnSource", (ChnSource,), {"master": "yarn"}))
    try:
        with pytest.raises(Exception, match="FolderOnCluster"):
            spark.read.format("chn").options(objects=objects_url, prefix="b").load()
    finally:
        register(spark)


@pytest.mark.prove
def test_a_bad_chunk_is_a_row_and_the_job_goes_on(
    tmp_path: Path, objects: Objects, objects_url: str, spark: SparkSession
) -> None:
    write(tmp_path / "a.edf", records=12)
    take(tmp_path / "a.edf", objects)
    objects.put(BUCKET, f"{NAME}/LTG1_chunk-1.chn", b"not a chunk")
    objects.delete(BUCKET, f"{NAME}/LTG2_chunk-3.chn")
    table = spark.read.format("chn").options(objects=objects_url, prefix=BUCKET).load()
    told = table.where("fault is not null").orderBy("label").collect()
    assert [(row.label, row.chunk, row.samples) for row in told] == [("LTG1", 1, None), ("LTG2", 3, None)]
    assert table.where("fault is null").count() == 24 - 6


@pytest.mark.prove
def test_a_manifest_and_chunks_on_a_server_are_read(
    tmp_path: Path, moto_url: str, spark: SparkSession, settings: Settings
) -> None:
    url = f"s3://?region=eu-west-1&endpoint={moto_url}"
    settings.OBJECTS_URL = url
    objects = open_objects(url)
    samples = write(tmp_path / "a.edf", records=12)
    take(tmp_path / "a.edf", objects, patient="4004")
    place = tmp_path / "manifest.jsonl"
    asked = parse({"patient": ["4004"], "when": ["day 3 14:05:04..day 3 14:05:05"], "channel": ["LTG1"]})
    write_manifest(resolve(asked, scope=server_scope(means="test")), path=place, objects=objects)
    objects.put("edf-chunks-4004", "manifest.jsonl", place.read_bytes())
    table = spark.read.format("chn").options(objects=url, manifest="s3://edf-chunks-4004/manifest.jsonl").load()
    (row,) = table.collect()
    assert np.array_equal(row.samples, PLAIN[0].physical(samples["LTG1"][800:1000]))
