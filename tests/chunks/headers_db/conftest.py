"""Servers and connections for the tests of the headers database's engines."""

import socket
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from chunks.headers_db.mysql.base import DatabaseWrapper as MySQLHeaders
from portal.settings import MYSQL_OPTIONS
from tests.mariadb import MariaDB, mariadb_server

needs_sqlite = pytest.mark.skipif(
    "mysql" in settings.DATABASES["headers"]["ENGINE"], reason="of SQLite; shown in the run on SQLite"
)
needs_mariadb = pytest.mark.skipif(
    "mysql" not in settings.DATABASES["headers"]["ENGINE"], reason="of MariaDB; shown by ECOG_TEST_DATABASE=mariadb"
)


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDB]:
    """A server whose database `headers` is there and empty."""
    with mariadb_server(tmp_path_factory.mktemp("mariadb")) as server:
        server.create("headers")
        yield server


@pytest.fixture
def mysql_headers() -> Iterator[Callable[..., MySQLHeaders]]:
    """Makes connections of the MySQL engine, not opened yet, under the alias `headers`; closed at the end."""
    made: list[MySQLHeaders] = []

    def make(port: int, *, database: str = "headers") -> MySQLHeaders:
        own = {"ENGINE": "chunks.headers_db.mysql", "NAME": database, "USER": "root", "PASSWORD": ""}
        where = {"HOST": "127.0.0.1", "PORT": port, "OPTIONS": MYSQL_OPTIONS}
        made.append(MySQLHeaders(settings.DATABASES["headers"] | own | where, alias="headers"))
        return made[-1]

    yield make
    for wrapper in made:
        wrapper.close()


@pytest.fixture
def in_place_of_headers() -> Iterator[Callable[[BaseDatabaseWrapper], None]]:
    """Puts another connection in the place of the run's own to `headers`."""
    own = connections["headers"]
    yield lambda wrapper: connections.__setitem__("headers", wrapper)
    connections["headers"] = own


class SilentServer:
    """Accepts connections and never says a word, as a host behind a firewall that swallows does."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self.port: int = listener.getsockname()[1]

    def callers(self) -> int:
        """How many have connected since the last look."""
        count = 0
        while True:
            try:
                caller, _ = self._listener.accept()
            except BlockingIOError:
                return count
            caller.close()
            count += 1


@pytest.fixture
def silent_server() -> Iterator[SilentServer]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.setblocking(False)
        yield SilentServer(listener)
