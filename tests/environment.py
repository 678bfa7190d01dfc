"""Gives a test run a world of its own before Django's settings are read: a fresh data folder, no settings of a lab.

A pytest plugin (`-p tests.environment` in pyproject.toml), since a conftest is read after the settings.
`ECOG_TEST_DATABASE=mariadb` puts both databases on one private MariaDB, which all workers of the run share.
"""

import os
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.mariadb import mariadb_server

KEPT = ("ECOG_TEST_",)
DATABASES = {"ECOG_PORTAL_DATABASE_URL": "ecog_portal", "ECOG_HEADERS_DATABASE_URL": "ecog_headers"}
EXAMPLE = (Path(__file__).parents[1] / ".env.example").read_text(encoding="utf-8")
# Every setting with its embedded default, said aloud, so that a `.env` of this checkout has no say.
EMBEDDED = dict(line.split("=", 1) for line in EXAMPLE.splitlines() if line.startswith("ECOG_"))


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker:
        # The run's own environment is inherited; the worker has a data folder inside the run's.
        os.environ["ECOG_DATA_DIR"] = str(Path(os.environ["ECOG_DATA_DIR"]) / worker)
        return
    world = ExitStack()
    early_config.add_cleanup(world.close)
    folder = Path(tempfile.mkdtemp(prefix="ecog-tests-"))
    world.callback(shutil.rmtree, folder, ignore_errors=True)
    for name in [name for name in os.environ if name.startswith("ECOG_") and not name.startswith(KEPT)]:
        del os.environ[name]
    os.environ |= EMBEDDED | {"ECOG_DATA_DIR": str(folder / "var")}
    if _wanted() == "mariadb":
        server = world.enter_context(mariadb_server(folder / "mariadb"))
        for variable, database in DATABASES.items():
            server.create(database)
            os.environ[variable] = server.url(database)


def _wanted() -> str:
    wanted = os.environ.get("ECOG_TEST_DATABASE", "sqlite")
    if wanted not in {"sqlite", "mariadb"}:
        raise pytest.UsageError(f"ECOG_TEST_DATABASE is {wanted!r}: write sqlite or mariadb.")
    return wanted


def portal_environment(data_dir: Path, **settings: str) -> dict[str, str]:
    """The environment of a portal of its own, for a process that a test starts: embedded defaults unless given."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("ECOG_")}
    return own | EMBEDDED | {"ECOG_DATA_DIR": str(data_dir), "DJANGO_SETTINGS_MODULE": "portal.settings"} | settings
