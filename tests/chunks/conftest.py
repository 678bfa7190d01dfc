"""A portal with one patient and an empty store in a folder of its own."""

from pathlib import Path

import pytest
from pytest_django import Settings

from chunks.format.keys import patient_bucket
from people.patients import add_patient
from storage.objects import Objects
from storage.urls import open_objects

BUCKET = patient_bucket("2002", prefix="edf-chunks-")


@pytest.fixture
def store_folder(tmp_path: Path) -> Path:
    return tmp_path / "objects"


@pytest.fixture
def objects(store_folder: Path, settings: Settings) -> Objects:
    settings.OBJECTS_URL = store_folder.as_uri()
    return open_objects(settings.OBJECTS_URL)


@pytest.fixture
def patient(db: None, objects: Objects) -> str:
    add_patient("2002")
    objects.make_bucket(BUCKET)
    return "2002"
