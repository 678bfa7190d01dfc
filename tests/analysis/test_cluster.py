"""The same job, the same numbers: on one machine, and on a cluster of which a worker is killed while it works."""

import time
from typing import Any

import pytest

from analysis.context import encode_event
from analysis.driven import PROGRESS
from analysis.place import Place, events_name, folder_of
from storage.urls import open_objects
from tests.analysis.cluster import cluster
from tests.analysis.driving import JOB, LIMIT_S, driver, numbers, outcome, rows_of, submit, words
from tests.analysis.made import Made, event, take, write
from tests.aws import CREDENTIALS
from tests.servers import moto_server

pytestmark = [pytest.mark.database, pytest.mark.prove]
CONF = "spark.driver.host 127.0.0.1\nspark.driver.bindAddress 127.0.0.1\nspark.executor.memory 512m\n"
ROWS = {"band_power": 6 * 120, "coherence": 15}


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
        events = [event(number, at_s=2.5 + 5.77 * number) for number in range(20)]
        place.put(events_name(JOB, attempt=1), "".join(map(encode_event, events)).encode())
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
    assert [words(row) for row in found] == [words(row) for row in expected]
    # Sums of events are added up in the order in which they come.
    assert [numbers(row) for row in found] == [pytest.approx(numbers(row), rel=1e-9) for row in expected]
    told = {each["name"] for each in together.files}
    assert told == set(place.names(f"{folder_of(JOB, attempt=attempt + 1)}/data/"))


def _some_tasks_done(place: Place, *, attempt: int) -> dict[str, int]:
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        told = place.json(f"{folder_of(JOB, attempt=attempt)}/{PROGRESS}")
        if told and told["done"]:
            return told
        time.sleep(0.1)
    raise AssertionError("no task was ever done")
