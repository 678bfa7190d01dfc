"""`manage.py migrate` in a portal of its own: both databases, unless one is named; asleep is said and is no failure."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.environment import portal_environment

PROJECT = Path(__file__).parents[3]
ASLEEP = """
import django; django.setup()
from chunks.headers_db.state import State, read_state, set_state
set_state(read_state(), state=State.ASLEEP, by="ann")
"""
Manage = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def manage(tmp_path: Path) -> Manage:
    def run(*words: str, code: str = "") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", code] if code else [sys.executable, "manage.py", *words]
        env = portal_environment(tmp_path)
        return subprocess.run(command, cwd=PROJECT, env=env, capture_output=True, text=True, check=False)

    return run


def tables(file: Path) -> set[str]:
    with closing(sqlite3.connect(file)) as database:
        return {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def test_without_a_word_both_databases_are_migrated_each_with_its_own_tables(manage: Manage, tmp_path: Path) -> None:
    assert manage("migrate", "--check").returncode == 1
    done = manage("migrate", "--plan")
    assert (done.returncode, done.stdout.count("Planned operations:")) == (0, 2)
    done = manage("migrate")
    assert (done.returncode, done.stderr) == (0, "")
    portal, headers = tables(tmp_path / "portal.sqlite3"), tables(tmp_path / "headers.sqlite3")
    assert {"chunk_header", "recording"} <= headers
    assert {"headers_state", "auth_user"} <= portal
    assert headers & portal == {"django_migrations", "sqlite_sequence"}
    assert manage("migrate", "--check").returncode == 0


def test_a_named_database_alone_is_migrated(manage: Manage, tmp_path: Path) -> None:
    assert manage("migrate", "--database", "headers", "--verbosity", "0").returncode == 0
    assert "chunk_header" in tables(tmp_path / "headers.sqlite3")
    assert "headers_state" not in tables(tmp_path / "portal.sqlite3")
    # The portal's are still to be done, and the check says so.
    assert manage("migrate", "--check", "--database", "headers").returncode == 0
    assert manage("migrate", "--check").returncode == 1


def test_an_app_can_be_named_and_faked(manage: Manage, tmp_path: Path) -> None:
    assert manage("migrate", "chunks", "--fake").returncode == 0
    assert "chunk_header" not in tables(tmp_path / "headers.sqlite3")
    assert manage("migrate", "chunks", "zero", "--fake").returncode == 0
    assert manage("migrate", "chunks").returncode == 0
    assert "chunk_header" in tables(tmp_path / "headers.sqlite3")


def test_asleep_the_portal_is_migrated_and_the_rest_is_one_sentence(manage: Manage, tmp_path: Path) -> None:
    assert manage("migrate", "--verbosity", "0").returncode == 0
    assert manage(code=ASLEEP).returncode == 0
    (tmp_path / "headers.sqlite3").unlink()
    done = manage("migrate", "--database", "headers")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("The headers database is asleep since")
    assert done.stdout.count("\n") == 1
    done = manage("migrate")
    assert (done.returncode, done.stderr) == (0, "")
    assert "No migrations to apply" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("The headers database is asleep since")
    # Settings make its file, for the portal's account alone; nothing was written to it.
    assert (tmp_path / "headers.sqlite3").read_bytes() == b""
