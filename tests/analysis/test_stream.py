"""Recordings come once, as they become ok, over restarts too; what changes afterwards is told."""

import json
from collections import Counter
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from pyspark.sql import SparkSession
from pyspark.sql.streaming.datasource import ReadAllAvailable, ReadMaxFiles

from analysis.portions import Notice, Task
from analysis.recordings import Place
from analysis.stream import Stream, decode, encode
from storage.objects import Objects
from tests.analysis import streamed
from tests.analysis.made import BUCKET, NAME, PLAIN, START, take, write
from tests.analysis.tables import options

pytestmark = pytest.mark.database
EVERYTHING = ReadAllAvailable()


def ingested(tmp_path: Path, objects: Objects, *, hours: int, patient: str = "2002") -> dict[str, np.ndarray]:
    path = tmp_path / f"{patient}-{hours}.edf"
    samples = write(path, start=START + timedelta(hours=hours), seed=hours)
    take(path, objects, patient=patient)
    return samples


def with_keys(objects: Objects, *, name: str = NAME, **keys: object) -> None:
    """A recording's document with other values."""
    document = json.loads(objects.get(BUCKET, f"{name}/recording.json"))
    objects.put(BUCKET, f"{name}/recording.json", json.dumps(document | keys).encode())


def stream(url: str, **given: str) -> Stream:
    return Stream(options(url, **given))


def names(tasks: list[object]) -> Counter[str]:
    return Counter(task.run.recording if isinstance(task, Task) else task.recording for task in tasks)


def test_an_offset_is_names_and_comes_back_from_json() -> None:
    seen = {Place("b", "day3_140500"): "0a", Place("b", "day4_000000_b"): "1b", Place("a", "x+y-z.1"): "2c"}
    offset = encode(seen)
    assert offset == {"a": "x+y-z.1:2c", "b": "day3_140500:0a day4_000000_b:1b"}
    assert decode(json.loads(json.dumps(offset))) == seen
    assert decode({}) == {}


def test_only_what_is_ok_comes_and_only_once(tmp_path: Path, objects: Objects, objects_url: str) -> None:
    ingested(tmp_path, objects, hours=0)
    ingested(tmp_path, objects, hours=1)
    with_keys(objects, name="day3_150500", state="ingesting")
    watched = stream(objects_url)
    first = watched.latestOffset(watched.initialOffset(), EVERYTHING)
    assert names(watched.partitions({}, first)) == {NAME: 2}
    assert watched.latestOffset(first, EVERYTHING) == first
    assert watched.partitions(first, first) == []
    with_keys(objects, name="day3_150500", state="ok")
    second = watched.latestOffset(first, EVERYTHING)
    assert names(watched.partitions(first, second)) == {"day3_150500": 2}


def test_a_limit_is_kept_until_all_have_come(tmp_path: Path, objects: Objects, objects_url: str) -> None:
    for hours in range(3):
        ingested(tmp_path, objects, hours=hours)
    watched = stream(objects_url, recordings_a_batch="2")
    assert watched.getDefaultReadLimit() == ReadMaxFiles(2)
    first = watched.latestOffset({}, ReadMaxFiles(2))
    second = watched.latestOffset(first, ReadMaxFiles(2))
    assert [len(decode(each)) for each in (first, second)] == [2, 3]
    assert len(decode(watched.latestOffset({}, EVERYTHING))) == 3


def test_a_correction_is_told_once_and_not_sent_again(tmp_path: Path, objects: Objects, objects_url: str) -> None:
    ingested(tmp_path, objects, hours=0)
    watched = stream(objects_url)
    first = watched.latestOffset({}, EVERYTHING)
    with_keys(objects, corrections=[{"what": "label"}])
    second = watched.latestOffset(first, EVERYTHING)
    (told,) = watched.partitions(first, second)
    assert isinstance(told, Notice)
    assert "changed since it was found" in told.fault
    assert watched.latestOffset(second, EVERYTHING) == second
    (batch,) = watched.read(told)
    (row,) = batch.to_pylist()
    assert (row["recording"], row["bucket"], row["fault"], row["samples"]) == (NAME, BUCKET, told.fault, None)


def test_other_overlaps_are_no_correction(tmp_path: Path, objects: Objects, objects_url: str) -> None:
    ingested(tmp_path, objects, hours=0)
    watched = stream(objects_url)
    first = watched.latestOffset({}, EVERYTHING)
    with_keys(objects, overlaps=[{"other": "day3_150500"}])
    assert watched.latestOffset(first, EVERYTHING) == first


@pytest.mark.parametrize("gone", [False, True])
def test_what_was_read_and_is_hidden_or_gone_is_told(
    gone: bool, tmp_path: Path, objects: Objects, objects_url: str
) -> None:
    ingested(tmp_path, objects, hours=0)
    first = stream(objects_url).latestOffset({}, EVERYTHING)
    if gone:
        objects.delete(BUCKET, f"{NAME}/recording.json")
    else:
        with_keys(objects, state="hidden")
    watched = stream(objects_url)
    second = watched.latestOffset(first, EVERYTHING)
    (told,) = watched.partitions(first, second)
    assert told.fault == f"It was found ok, and is {'gone' if gone else 'hidden'} now."
    assert watched.latestOffset(second, EVERYTHING) == second


def test_one_whose_document_makes_no_sense_is_told(tmp_path: Path, objects: Objects, objects_url: str) -> None:
    ingested(tmp_path, objects, hours=0)
    with_keys(objects, stretches=[{"records": 3}])
    watched = stream(objects_url)
    (told,) = watched.partitions({}, watched.latestOffset({}, EVERYTHING))
    assert isinstance(told, Notice)
    assert "not as the portal writes it" in told.fault


def test_what_comes_back_ok_is_told_and_not_sent_again(tmp_path: Path, objects: Objects, objects_url: str) -> None:
    ingested(tmp_path, objects, hours=0)
    offsets = [stream(objects_url).latestOffset({}, EVERYTHING)]
    for state in ("hidden", "ok"):
        with_keys(objects, state=state)
        offsets.append(stream(objects_url).latestOffset(offsets[-1], EVERYTHING))
    again = [stream(objects_url).partitions(*offsets[place : place + 2]) for place in (0, 1)]
    # Planned late, both batches see what is said now.
    assert [[task.fault[:31] for task in tasks] for tasks in again] == [["It was changed since it was fou"]] * 2
    assert offsets[0] == offsets[2]


def test_a_batch_made_anew_is_the_same_unless_a_recording_is_no_longer_ok(
    tmp_path: Path, objects: Objects, objects_url: str
) -> None:
    for hours in range(2):
        ingested(tmp_path, objects, hours=hours)
    end = stream(objects_url).latestOffset({}, EVERYTHING)
    tasks = stream(objects_url).partitions({}, end)
    ingested(tmp_path, objects, hours=5)
    assert stream(objects_url).partitions({}, end) == tasks, "what came later is not in it"
    with_keys(objects, state="hidden")
    again = stream(objects_url).partitions({}, end)
    assert [task for task in again if isinstance(task, Task)] == [task for task in tasks if task.run.recording != NAME]
    (told,) = [task for task in again if isinstance(task, Notice)]
    assert told.fault == "It was ok when it was found and is hidden now: nothing of it is read."


def test_a_run_to_the_end_ends(tmp_path: Path, objects: Objects, objects_url: str) -> None:
    ingested(tmp_path, objects, hours=0)
    watched = stream(objects_url)
    watched.prepareForTriggerAvailableNow()
    ingested(tmp_path, objects, hours=1)
    assert set(decode(watched.latestOffset({}, EVERYTHING))) == {Place(BUCKET, NAME)}


@pytest.mark.prove
def test_nothing_twice_and_nothing_lost_while_recordings_come_and_the_stream_is_started_again(
    tmp_path: Path, objects: Objects, objects_url: str, spark: SparkSession
) -> None:
    """Sums of samples are the recordings', each once; one is of a patient whom the first run did not know."""
    expected: dict[tuple[str, str, str], int] = {}

    def come(hours: int, *, patient: str = "2002") -> None:
        for label, trace in ingested(tmp_path, objects, hours=hours, patient=patient).items():
            expected[patient, f"day3_{14 + hours:02}0500", label] = int(trace.sum())

    def found() -> dict[tuple[str, str, str], int]:
        table = [row for row in streamed.rows(spark, tmp_path) if row["fault"] is None]
        keys = Counter((row["patient"], row["recording"], row["label"], row["window"]) for row in table)
        assert set(keys.values()) <= {1}, "a window came twice"
        sums: Counter[tuple[str, str, str]] = Counter()
        for row in table:
            sums[row["patient"], row["recording"], row["label"]] += sum(row["samples"])
        return dict(sums)

    digital = {"url": objects_url, "values": "digital", "recordings_a_batch": "1"}
    come(0)
    query = streamed.begin(spark, tmp_path, **digital)
    try:
        streamed.wait(lambda: found() == expected, query=query)
        come(1)
        come(2)
        streamed.wait(lambda: len(found()) > 2, query=query)
    finally:
        query.stop()
    come(3)
    with_keys(objects, corrections=[{"what": "clock"}])
    come(4, patient="3003")
    query = streamed.begin(spark, tmp_path, **digital)
    try:
        streamed.wait(lambda: found() == expected, query=query)
        come(5)
        streamed.wait(lambda: found() == expected, query=query)
        streamed.wait(lambda: any(row["fault"] for row in streamed.rows(spark, tmp_path)), query=query)
    finally:
        query.stop()
    streamed.to_the_end(spark, tmp_path, **digital)
    assert found() == expected
    told = [row for row in streamed.rows(spark, tmp_path) if row["fault"]]
    assert [(row["recording"], row["samples"]) for row in told] == [(NAME, None)]
    assert len(PLAIN) * 6 == len(expected)
