"""Each test has an AWS of its own, on moto (in this process, emptied before each) or on ministack."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from django.db import connections
from moto.rds.models import DBInstance

from storage.folder import FolderObjects
from tests.aws import ministack_url, moto_url, own_credentials  # noqa: F401
from tests.hibernation.lab import Lab


@pytest.fixture
def objects(tmp_path: Path) -> FolderObjects:
    return FolderObjects(tmp_path / "objects")


@pytest.fixture
def lab(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:  # noqa: F811
    # moto names AWS's own backups by the minute, and refuses to make an instance twice in one.
    monkeypatch.setattr(DBInstance, "save_automated_backup", lambda _self: None)
    requests.post(f"{moto_url}/moto-api/reset", timeout=10)
    # Functions are answered for, not run: that needs a Docker, whose absence leaves sockets open in this process.
    requests.post(f"{moto_url}/moto-api/config", json={"lambda": {"use_docker": False}}, timeout=10)
    yield Lab(moto_url)
    requests.post(f"{moto_url}/moto-api/reset", timeout=10)


@pytest.fixture
def own_user(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The portal has a user and a password of its own, as on RDS; on MariaDB that user is really there."""
    connection, user, password = connections["headers"], f"portal_{os.getpid()}", "not-a-secret"
    if connection.vendor != "mysql":
        monkeypatch.setitem(connection.settings_dict, "NAME", str(connection.settings_dict["NAME"]))
    else:
        with connection.cursor() as cursor:
            cursor.execute("CREATE USER %s@'localhost' IDENTIFIED BY %s", [user, password])
            cursor.execute("GRANT ALL ON *.* TO %s@'localhost'", [user])
    with monkeypatch.context() as patch:
        patch.setitem(connection.settings_dict, "USER", user)
        patch.setitem(connection.settings_dict, "PASSWORD", password)
        connection.close()
        yield
    connection.close()
    if connection.vendor == "mysql":
        with connection.cursor() as cursor:
            cursor.execute("DROP USER %s@'localhost'", [user])
