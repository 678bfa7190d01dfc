"""MySQL over TLS: whoever names the authorities is never connected to another server, nor in plain text."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.environment import portal_environment
from tests.lambdas.chunk_headers.authority import Authority, make_authority
from tests.mariadb import MariaDB, mariadb_server

ROOT = Path(__file__).parents[2]
ASK = (
    "import django; django.setup(); from django.db import connections\n"
    "with connections['headers'].cursor() as cursor:\n"
    "    cursor.execute(\"SHOW SESSION STATUS LIKE 'Ssl_cipher'\"); print(cursor.fetchone()[1])\n"
)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[MariaDB]:
    with mariadb_server(tmp_path_factory.mktemp("headers"), options=authority.server_options) as server:
        server.create("headers")
        yield server


def asked(server: MariaDB, folder: Path, query: str) -> "subprocess.CompletedProcess[str]":
    """What the portal says its connection to the headers database is encrypted with."""
    environment = portal_environment(folder, ECOG_HEADERS_DATABASE_URL=f"{server.url('headers')}{query}")
    command = [sys.executable, "-c", ASK]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_the_connection_is_encrypted(server: MariaDB, authority: Authority, tmp_path: Path) -> None:
    done = asked(server, tmp_path, f"?ssl_ca={authority.ca}")
    assert (done.returncode, done.stdout.startswith("TLS_")) == (0, True), done.stderr


def test_another_authority_is_not_believed(server: MariaDB, authority: Authority, tmp_path: Path) -> None:
    done = asked(server, tmp_path, f"?ssl_ca={authority.other_ca}")
    assert done.returncode == 1
    assert "TLS/SSL error" in done.stderr


def test_another_host_of_the_same_authority_is_not_believed(tmp_path: Path) -> None:
    other = make_authority(tmp_path, name="DNS:elsewhere.example")
    with mariadb_server(tmp_path / "server", options=other.server_options) as server:
        server.create("headers")
        done = asked(server, tmp_path / "var", f"?ssl_ca={other.ca}")
    assert done.returncode == 1
    assert "TLS/SSL error" in done.stderr


def test_a_server_without_tls_is_refused(authority: Authority, tmp_path: Path) -> None:
    with mariadb_server(tmp_path / "server", options=["--skip-ssl"]) as server:
        server.create("headers")
        done = asked(server, tmp_path / "var", f"?ssl_ca={authority.ca}")
    assert done.returncode == 1
    assert "TLS/SSL error" in done.stderr or "SSL is required" in done.stderr


def test_a_file_that_is_not_there_is_told_before_anything_is_connected(server: MariaDB, tmp_path: Path) -> None:
    done = asked(server, tmp_path, "?ssl_ca=/no/such/file.pem")
    assert done.returncode == 1
    assert "ssl_ca of ECOG_HEADERS_DATABASE_URL names no file" in done.stderr
