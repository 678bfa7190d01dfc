"""On a cluster whose workers have the zip of our modules and not this checkout, the table is the same."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pytest_django import Settings

from storage.urls import open_objects
from tests.analysis.cluster import cluster
from tests.analysis.made import PLAIN, take, write

ROOT = Path(__file__).parents[2]
PATIENT = "5005"
LIMIT_S = 300
DRIVER = """
import json, sys
from pyspark.sql import SparkSession
from analysis.registering import register
spark = (
    SparkSession.builder.master(sys.argv[1]).config("spark.ui.enabled", "false")
    .config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1")
    .config("spark.executor.memory", "512m").getOrCreate()
)
register(spark)
table = spark.read.format("chn").options(objects=sys.argv[2], prefix=sys.argv[3], chunks_a_task="1").load()
def where(rows):
    import analysis.table
    yield analysis.table.__file__
rows = table.selectExpr("label", "window", "aggregate(samples, 0D, (a, b) -> a + b) as total").collect()
places = spark.sparkContext.parallelize([1], 1).mapPartitions(where).collect()
print("told:" + json.dumps([[list(row) for row in rows], places]))
spark.stop()
"""


def drive(*words: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    own = {"PYTHONPATH": str(ROOT), "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    command = [sys.executable, "-c", DRIVER, *words]
    return subprocess.run(
        command, env=os.environ | own, cwd=folder, capture_output=True, text=True, check=False, timeout=LIMIT_S
    )


@pytest.mark.prove
@pytest.mark.database
def test_the_table_is_the_same_on_a_cluster(tmp_path: Path, moto_url: str, settings: Settings) -> None:
    url = f"s3://?region=eu-west-1&endpoint={moto_url}"
    settings.OBJECTS_URL = url
    samples = write(tmp_path / "a.edf", records=12)
    take(tmp_path / "a.edf", open_objects(url), patient=PATIENT)
    secrets = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    with cluster(tmp_path / "cluster", environment=secrets) as running:
        done = drive(running.master, url, f"edf-chunks-{PATIENT}", folder=tmp_path)
        refused = drive(running.master, "file:///nowhere", "b", folder=tmp_path)
    assert done.returncode == 0, done.stderr[-4000:]
    rows, places = json.loads(done.stdout.partition("told:")[2])
    assert len(rows) == 24
    for made in PLAIN:
        of = {window: total for label, window, total in rows if label == made.label}
        physical = made.physical(samples[made.label]).reshape(12, -1)
        assert np.allclose([of[window] for window in range(12)], physical.sum(axis=1), rtol=1e-12, atol=1e-6)
    (place,) = places
    assert "ecog-analysis.zip" in place
    assert refused.returncode != 0
    assert "FolderOnCluster" in refused.stderr
