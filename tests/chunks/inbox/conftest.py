"""An inbox folder of its own, a data manager who looks at it, and jobs that are done at once."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from jobs import broker
from jobs.models import Job
from jobs.tasks import run
from people.roles import Role
from tests.chunks.conftest import objects, patient, store_folder
from tests.chunks.made import write_recording
from tests.people.makers import make_user, with_role

__all__ = ["objects", "patient", "store_folder"]
AN_HOUR_S = 3600
Put = Callable[..., Path]


@pytest.fixture
def box(tmp_path: Path, settings: Settings) -> Path:
    settings.INBOX = tmp_path / "inbox"
    settings.INBOX.mkdir()
    return settings.INBOX


@pytest.fixture
def put(box: Path) -> Put:
    """Writes a recording into the inbox, as old as a copy that has ended long ago."""

    def written(name: str | bytes, **options: object) -> Path:
        path = box / os.fsdecode(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_recording(path, **options)
        return aged(path)

    return written


def aged(path: Path) -> Path:
    os.utime(path, (time.time() - AN_HOUR_S,) * 2)
    return path


@pytest.fixture
def manager(db: None) -> User:
    return with_role(make_user("dan"), Role.DATA_MANAGER)


@pytest.fixture
def browser(manager: User, sent: list[int]) -> Client:
    client = Client()
    client.force_login(manager)
    return client


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of jobs whose message was sent."""
    numbers: list[int] = []
    monkeypatch.setattr(broker, "send", numbers.append)
    return numbers


def done(sent: list[int]) -> Job:
    """The newest job, after a worker has done it."""
    run(sent[-1])
    return Job.objects.get(pk=sent[-1])
