"""The same job, the same numbers: on one machine, and on a cluster of which a worker is killed while it works."""

import time
from datetime import datetime, timedelta
from typing import Any

import pytest

from analysis.context import Event, encode_event
from analysis.driven import PROGRESS
from analysis.place import Place, events_name, folder_of
from storage.urls import open_objects
from tests.analysis.cluster import cluster
from tests.analysis.driving import JOB, driver, outcome, rows_of, submit
from tests.analysis.made import BUCKET, NAME, Made, take, write
from tests.aws import CREDENTIALS
from tests.servers import moto_server

pytestmark = [pytest.mark.database, pytest.mark.prove]
LIMIT_S = 400
CONF = "spark.driver.host 127.0.0.1\nspark.driver.bindAddress 127.0.0.1\nspark.executor.memory 512m\n"
ROWS = {"band_power": 6 * 120, "coherence": 15}
BEGIN = datetime(2002, 1, 3, 14, 5)


def test_a_cluster_that_loses_workers_gives_the_numbers_of_one_machine(tmp_path, settings, monkeypatch):
    """A worker for each job to lose, and one that is left."""
    with moto_server() as server:
        settings.OBJECTS_URL = f"s3://?region=us-east-1&endpoint={server}"
        objects = open_objects(settings.OBJECTS_URL)
        objects.make_bucket("results")
        place = Place(f"s3://results/spark?region=us-east-1&endpoint={server}")
        signals = [Made(label=f"LTG{number}", rate=200) for number in range(1, 7)]
        write(tmp_path / "a.edf", signals=signals, records=120)
        take(tmp_path / "a.edf", objects)
        submit(place, objects, tmp_path)
        place.put(events_name(JOB, attempt=1), "".join(encode_event(_event(number)) for number in range(20)).encode())
        given: dict[str, Any] = {"objects_url": settings.OBJECTS_URL, "place": place, "window": "1"}
        monkeypatch.setenv("SPARK_CONF_DIR", str(tmp_path))
        (tmp_path / "spark-defaults.conf").write_text(CONF)
        with cluster(tmp_path / "cluster", environment=CREDENTIALS, workers=3) as spark:
            for lost, job in enumerate(ROWS):
                attempt, log, more = 2 * lost + 1, tmp_path / f"{job}.log", given | {"events": job == "coherence"}
                assert driver(job, attempt=attempt, **more).wait(LIMIT_S) == 0
                under_way = driver(job, attempt=attempt + 1, master=spark.master, log=log, **more)
                spark.freeze(lost)  # so it has a task at its end, while others do theirs
                killed_at = _some_tasks_done(place, attempt=attempt + 1)
                spark.kill(lost)
                assert under_way.wait(LIMIT_S) == 0, log.read_text()[-4000:]
                assert killed_at["done"] < killed_at["of"]
                assert "Lost executor" in log.read_text()
                _compare(place, attempt=attempt, rows=ROWS[job])


def _compare(place: Place, *, attempt: int, rows: int) -> None:
    alone, together = outcome(place, attempt=attempt), outcome(place, attempt=attempt + 1)
    assert (alone.done, together.done) == (True, True)
    expected, found = rows_of(place, alone), rows_of(place, together)
    assert len(expected) == rows
    assert all(row["delta"] is not None for row in expected)
    assert [_words(row) for row in found] == [_words(row) for row in expected]
    # Sums of events are added up in the order in which they come.
    assert [_numbers(row) for row in found] == [pytest.approx(_numbers(row), rel=1e-9) for row in expected]
    told = {each["name"] for each in together.files}
    assert told == set(place.names(f"{folder_of(JOB, attempt=attempt + 1)}/data/"))


def _words(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if not isinstance(value, float)}


def _numbers(row: dict[str, Any]) -> dict[str, float]:
    return {name: value for name, value in row.items() if isinstance(value, float)}


def _event(number: int) -> Event:
    return Event(
        number=number,
        patient="2002",
        bucket=BUCKET,
        recording=NAME,
        task="ToM_Loc",
        session="s.json",
        code=5,
        trial=number + 1,
        at=BEGIN + timedelta(seconds=2.5 + 5.77 * number),
    )


def _some_tasks_done(place: Place, *, attempt: int) -> dict[str, int]:
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        told = place.json(f"{folder_of(JOB, attempt=attempt)}/{PROGRESS}")
        if told and told["done"]:
            return told
        time.sleep(0.1)
    raise AssertionError("no task was ever done")
