"""A store in a folder, and one Spark of two threads that the tests of a run share."""

import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
from pyspark.sql import SparkSession
from pytest_django import Settings

from analysis.registering import register
from storage.objects import Objects
from storage.urls import open_objects
from tests.aws import CREDENTIALS, moto_url, own_credentials  # noqa: F401

ROOT = Path(__file__).parents[2]


@pytest.fixture
def objects_url(tmp_path: Path, settings: Settings) -> str:
    settings.OBJECTS_URL = (tmp_path / "objects").as_uri()
    return settings.OBJECTS_URL


@pytest.fixture
def objects(objects_url: str) -> Objects:
    return open_objects(objects_url)


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """A session of the machine's own; its Python is ours."""
    folder = tmp_path_factory.mktemp("spark")
    own = {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1", "PYTHONPATH": str(ROOT)}
    # What Spark starts keeps the environment of this moment.
    with patch.dict(os.environ, own | CREDENTIALS | {"AWS_EC2_METADATA_DISABLED": "true"}), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Spark's own
        session = (
            SparkSession.builder.master("local[2]")
            .appName("tests")
            .config("spark.ui.enabled", "false")
            .config("spark.driver.memory", "1g")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.sql.shuffle.partitions", "2")
            .config("spark.sql.warehouse.dir", str(folder / "warehouse"))
            .config("spark.local.dir", str(folder))
            .config("spark.sql.session.timeZone", "UTC")
            .getOrCreate()
        )
        session.sparkContext.setLogLevel("ERROR")
    register(session)
    yield session
    session.stop()
