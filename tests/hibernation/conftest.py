"""Each test has an AWS of its own, on moto (in this process, emptied before each) or on ministack."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
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
