"""A store in a folder of its own, and a place to download to."""

import os
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connections

from storage.folder import FolderObjects
from storage.objects import Objects


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
