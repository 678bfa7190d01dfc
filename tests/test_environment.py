"""A test run has a world of its own."""

import os
import subprocess
import sys
from pathlib import Path

from django.conf import settings
from django.db import connections

from tests.environment import portal_environment

PROJECT = Path(__file__).parents[1]


def test_the_run_keeps_away_from_the_projects_data() -> None:
    assert not settings.DATA_DIR.is_relative_to(PROJECT)
    assert settings.OBJECTS_URL.startswith(settings.DATA_DIR.as_uri())
    files = [
        Path(connection.settings_dict["NAME"]) for connection in connections.all() if connection.vendor == "sqlite"
    ]
    assert all(file.is_relative_to(settings.DATA_DIR) for file in files)


def test_a_portal_of_its_own_shares_nothing_with_the_run(tmp_path: Path) -> None:
    code = "from portal.settings import *; print(DATA_DIR, OBJECTS_URL, *(d['NAME'] for d in DATABASES.values()))"
    env = portal_environment(tmp_path)
    made = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, env=env, capture_output=True, text=True, check=True
    )
    assert made.stdout.split() == [
        str(tmp_path),
        f"{tmp_path.as_uri()}/objects",
        f"{tmp_path}/portal.sqlite3",
        f"{tmp_path}/headers.sqlite3",
    ]
    assert set(env) >= set(os.environ) - {name for name in os.environ if name.startswith("ECOG_TEST_")}
