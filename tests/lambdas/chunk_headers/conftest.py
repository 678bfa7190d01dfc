"""A migrated headers database that is reached by TLS, buckets on an S3 server, and the function between them."""

import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import MySQLdb
import MySQLdb.cursors
import pytest

from lambdas.chunk_headers import handler
from lambdas.chunk_headers.place import Place, place_from
from storage.s3_boto import BotoObjects
from tests.aws import moto_url, own_credentials  # noqa: F401
from tests.environment import portal_environment
from tests.lambdas.chunk_headers.authority import Authority, make_authority
from tests.mariadb import MariaDB, mariadb_server

ROOT = Path(__file__).parents[3]
USER, PASSWORD = "ecog_lambda", "of the run alone"
TABLES = ("chunk_header", "recording", "recording_overlap", "index_error")
Rows = list[dict[str, Any]]


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[MariaDB]:
    """Migrated, and with a user for the function who may only read and write rows, and only by TLS."""
    folder = tmp_path_factory.mktemp("headers")
    with mariadb_server(folder / "server", options=authority.server_options) as server:
        server.create("headers")
        environment = portal_environment(folder / "var", ECOG_HEADERS_DATABASE_URL=server.url("headers"))
        for database in ("default", "headers"):
            migrate = [sys.executable, "manage.py", "migrate", "--database", database, "--verbosity", "0"]
            subprocess.run(migrate, cwd=ROOT, env=environment, check=True)
        execute(server, f"CREATE USER '{USER}'@'%' IDENTIFIED BY '{PASSWORD}' REQUIRE SSL")
        execute(server, f"GRANT SELECT, INSERT, UPDATE, DELETE ON headers.* TO '{USER}'@'%'")
        yield server


def execute(server: MariaDB, sql: str) -> Rows:
    """As root, who needs no TLS."""
    connection = MySQLdb.connect(
        host="127.0.0.1", port=server.port, user="root", database="headers", charset="utf8mb4", autocommit=True
    )
    cursor = connection.cursor(MySQLdb.cursors.DictCursor)
    try:
        cursor.execute(sql)
        return list(cursor.fetchall())
    finally:
        connection.close()


@pytest.fixture
def rows(server: MariaDB) -> Callable[[str], Rows]:
    """The rows of a table, in the order of their keys; all tables are empty at first."""
    for table in TABLES:
        execute(server, f"TRUNCATE {table}")
    return lambda table: execute(server, f"SELECT * FROM {table} ORDER BY 2, 3")  # noqa: S608


@pytest.fixture
def environment(
    server: MariaDB,
    authority: Authority,
    moto_url: str,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., None]:
    """The function's variables; a changed one makes a function of its own, as on AWS."""

    def change(**changes: str) -> None:
        for name, value in changes.items():
            monkeypatch.setenv(name, value)
        handler._indexer.cache_clear()

    unique = uuid.uuid4().hex[:10]
    change(
        ECOG_HEADERS_HOST="127.0.0.1",
        ECOG_HEADERS_PORT=str(server.port),
        ECOG_HEADERS_USER=USER,
        ECOG_HEADERS_NAME="headers",
        ECOG_HEADERS_PASSWORD=PASSWORD,
        ECOG_HEADERS_CA=str(authority.ca),
        ECOG_BUCKET_PREFIX=f"{unique}-chunks-",
        ECOG_SESSIONS_BUCKET=f"{unique}-sessions",
        AWS_ENDPOINT_URL=moto_url,
        AWS_DEFAULT_REGION="us-east-1",
    )
    return change


@pytest.fixture
def place(environment: Callable[..., None]) -> Place:
    return place_from(os.environ)


@pytest.fixture
def store(place: Place) -> BotoObjects:
    """The buckets of patient 2002 and of the sessions are there."""
    objects = BotoObjects(endpoint=place.endpoint)
    objects.make_bucket(f"{place.bucket_prefix}2002")
    objects.make_bucket(place.sessions_bucket)
    return objects


@pytest.fixture
def bucket(place: Place, store: BotoObjects) -> str:
    return f"{place.bucket_prefix}2002"


@pytest.fixture
def call(environment: Callable[..., None], rows: Callable[[str], Rows]) -> Iterator[Callable[..., Sequence[str]]]:
    """Calls the function as AWS does; the ids of the messages that it gives back."""

    def run(event: dict[str, Any], *, seconds: float = 60) -> Sequence[str]:
        context = SimpleNamespace(get_remaining_time_in_millis=lambda: seconds * 1000)
        return [each["itemIdentifier"] for each in handler.handler(event, context)["batchItemFailures"]]

    yield run
    if handler._indexer.cache_info().currsize:
        handler._indexer()._database.close()
    handler._indexer.cache_clear()
