"""Servers shared by a run, and a portal with an empty store in a folder of its own."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from people.patients import add_patient
from storage.objects import Objects
from storage.urls import open_objects
from tests.servers import ServerMissing, dynalite_server, ministack_server, moto_server

BUCKET = "behavioral-data-all"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "AKIATESTTESTTESTTEST", "AWS_SECRET_ACCESS_KEY": "not-a-secret-for-tests"}


@pytest.fixture(autouse=True)
def own_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of this machine's AWS set-up reaches a test, and no test goes to the instance's address for it."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    settings = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    for name, value in (CREDENTIALS | settings | {"AWS_EC2_METADATA_DISABLED": "true"}).items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with moto_server() as url:
        yield url


@pytest.fixture(scope="session")
def ministack_url() -> Iterator[str]:
    try:
        with ministack_server() as url:
            yield url
    except ServerMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def dynalite_url() -> Iterator[str]:
    try:
        with dynalite_server() as url:
            yield url
    except ServerMissing as missing:
        pytest.skip(str(missing))


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
