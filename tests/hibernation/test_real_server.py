"""The real thing in small: a private MariaDB is stopped, its data kept, and comes back on another port."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.chunks.made import START, write_recording
from tests.environment import portal_environment
from tests.mariadb import MariaDB, free_port, mariadb_server

ROOT = Path(__file__).parents[2]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MariaDB]:
    with mariadb_server(tmp_path / "mariadb") as server:
        server.create("ecog_headers")
        yield server


def manage(environment: dict[str, str], *words: str, status: int = 0) -> str:
    command = [sys.executable, "manage.py", *words]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


ROWS = """
import json
from chunks.models import ChunkHeader
print(json.dumps([list(row) for row in ChunkHeader.objects.order_by("pk").values_list("id", "object_key", "crc32")]))
"""


@pytest.mark.prove
def test_stopped_and_awake_again_on_another_port_with_what_came_meanwhile(server: MariaDB, tmp_path: Path) -> None:
    environment = portal_environment(tmp_path / "var", ECOG_HEADERS_DATABASE_URL=server.url("ecog_headers"))
    manage(environment, "migrate", "--verbosity", "0")
    manage(environment, "add_patient", "2002")
    first, second = tmp_path / "a.edf", tmp_path / "b.edf"
    write_recording(first)
    write_recording(second, start=START + timedelta(days=1), seed=1)
    ingest = ("ingest_edf", "--subject", "2002", "--surgery-date", "2017-03-11")
    manage(environment, *ingest, str(first))
    before = manage(environment, "shell", "-v", "0", "-c", ROWS)

    assert "Search is closed" in manage(environment, "rds_hibernate", "--mode", "closed", "--yes")
    server.stop()
    assert "asleep since" in manage(environment, "rds_status")
    assert "asleep since" in manage(environment, "search", "--patient", "2002", status=1)
    told = manage(environment, *ingest, str(second))
    assert "follow" in told

    old = server.port
    other = free_port()
    server.start(port=other)
    assert old != other
    told = manage(environment, "rds_restore", "--address", f"127.0.0.1:{other}")
    assert "rows were recovered" in told
    assert "The headers database answers the portal." in told
    after = manage(environment, "shell", "-v", "0", "-c", ROWS)
    kept, all_rows = (json.loads(text) for text in (before, after))
    assert kept
    assert all_rows[: len(kept)] == kept
    assert len(all_rows) == 2 * len(kept)
    assert "awake since" in manage(environment, "rds_status")
