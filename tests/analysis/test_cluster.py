"""The same job, the same numbers: on one machine, and on a cluster of which a worker is killed half way."""

import time

import pytest

from analysis.driven import PROGRESS
from analysis.place import Place, folder_of
from storage.urls import open_objects
from tests.analysis.cluster import cluster
from tests.analysis.driving import JOB, driver, outcome, rows_of, submit
from tests.analysis.made import Made, take, write
from tests.aws import CREDENTIALS
from tests.servers import moto_server

pytestmark = [pytest.mark.database, pytest.mark.prove]
LIMIT_S = 400


def test_a_cluster_that_loses_a_worker_gives_the_numbers_of_one_machine(tmp_path, settings, monkeypatch):
    with moto_server() as server:
        settings.OBJECTS_URL = f"s3://?region=us-east-1&endpoint={server}"
        objects = open_objects(settings.OBJECTS_URL)
        objects.make_bucket("results")
        place = Place(f"s3://results/spark?region=us-east-1&endpoint={server}")
        signals = [Made(label=f"LTG{number}", rate=200) for number in range(1, 7)]
        write(tmp_path / "a.edf", signals=signals, records=120)
        take(tmp_path / "a.edf", objects)
        submit(place, objects, tmp_path)
        assert driver("band_power", objects_url=settings.OBJECTS_URL, place=place, window="1").wait(LIMIT_S) == 0
        monkeypatch.setenv("SPARK_CONF_DIR", str(tmp_path))
        (tmp_path / "spark-defaults.conf").write_text(
            "spark.driver.host 127.0.0.1\nspark.driver.bindAddress 127.0.0.1\nspark.executor.memory 512m\n"
        )
        with cluster(tmp_path / "cluster", environment=CREDENTIALS) as spark:
            under_way = driver(
                "band_power", objects_url=settings.OBJECTS_URL, place=place, window="1", master=spark.master, attempt=2
            )
            killed_at = _some_tasks_done(place)
            spark.kill(0)
            assert under_way.wait(LIMIT_S) == 0
        assert killed_at["done"] < killed_at["of"]
        alone, together = outcome(place), outcome(place, attempt=2)
        assert (alone.done, together.done) == (True, True)
        rows = rows_of(place, alone)
        assert len(rows) == 6 * 120
        assert all(row["delta"] is not None for row in rows)
        assert rows == rows_of(place, together)
        told = {each["name"] for each in together.files}
        assert told == set(place.names(f"{folder_of(JOB, attempt=2)}/data/"))


def _some_tasks_done(place: Place) -> dict[str, int]:
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        told = place.json(f"{folder_of(JOB, attempt=2)}/{PROGRESS}")
        if told and told["done"]:
            return told
        time.sleep(0.1)
    raise AssertionError("no task was ever done")
