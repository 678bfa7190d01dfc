"""A store in a folder of its own, and a place to download to."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.contrib.auth.models import Group, User
from django.db import connections
from django.test import Client

from storage.folder import FolderObjects
from storage.objects import Objects
from tests.people.makers import make_user


@pytest.fixture
def store(tmp_path: Path) -> Objects:
    return FolderObjects(tmp_path / "objects")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where the person wants it; not there yet."""
    return tmp_path / "home"


@pytest.fixture
def databases_of_this_test(transactional_db: None) -> dict[str, str]:
    """The environment in which another process opens the databases of this test."""
    variables = {"default": "ECOG_PORTAL_DATABASE_URL", "headers": "ECOG_HEADERS_DATABASE_URL"}
    return {variable: _url(alias, variable=variable) for alias, variable in variables.items()}


def _url(alias: str, *, variable: str) -> str:
    name = str(connections[alias].settings_dict["NAME"])
    if connections[alias].vendor == "sqlite":
        assert Path(name).is_file(), "another process needs a file"
        return f"sqlite:///{name}"
    return urlunsplit(urlsplit(os.environ[variable])._replace(path=f"/{name}"))


@pytest.fixture
def bundles_folder(tmp_path: Path, settings: Any) -> Path:
    """An empty place for bundles, and the objects of `store`."""
    folder = tmp_path / "bundles"
    place = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(folder), "file_permissions_mode": 0o600, "directory_permissions_mode": 0o700},
    }
    settings.STORAGES = settings.STORAGES | {"bundles": place}
    settings.OBJECTS_URL = (tmp_path / "objects").as_uri()
    return folder


@pytest.fixture
def alice(db: None) -> User:
    """A researcher, who may see what she is granted."""
    user = make_user("alice")
    user.groups.add(Group.objects.get(name="researcher"))
    return user


@pytest.fixture
def as_alice(alice: User, client: Client) -> Client:
    client.force_login(alice)
    return client
