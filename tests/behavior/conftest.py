"""Servers shared by a run, and a portal with an empty store in a folder of its own."""

from pathlib import Path

import pytest
from pytest_django import Settings

from people.patients import add_patient
from storage.objects import Objects
from storage.urls import open_objects
from tests.aws import dynalite_url, ministack_url, moto_url, own_credentials  # noqa: F401

BUCKET = "behavioral-data-all"


@pytest.fixture
def objects(tmp_path: Path, settings: Settings) -> Objects:
    """An empty store with the bucket of sessions, which the portal uses too."""
    settings.OBJECTS_URL = (tmp_path / "objects").as_uri()
    store = open_objects(settings.OBJECTS_URL)
    store.make_bucket(BUCKET)
    return store


@pytest.fixture
def patient(db: None, objects: Objects) -> str:
    add_patient("2003")
    return "2003"
