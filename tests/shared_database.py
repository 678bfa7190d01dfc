"""The test database as several threads and processes at once need it: committed, and with an address.

A conftest takes the fixture in with `from tests.shared_database import shared_database  # noqa: F401`.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection, connections


@pytest.fixture
def shared_database(transactional_db: None) -> dict[str, str]:
    """The portal's test database; the environment in which another process opens the same one."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        assert not connection.is_in_memory_db(), "several processes need a file"
        return {"ECOG_PORTAL_DATABASE_URL": f"sqlite:///{name}"}
    url = urlsplit(os.environ["ECOG_PORTAL_DATABASE_URL"])
    return {"ECOG_PORTAL_DATABASE_URL": urlunsplit(url._replace(path=f"/{name}"))}


def at_once(work: Callable[[int], Any], *, threads: int) -> list[Any]:
    """What `work(0)`, `work(1)`, … return when they begin together, each in a thread that closes its connections."""
    barrier = Barrier(threads)

    def one(number: int) -> Any:
        try:
            barrier.wait(timeout=30)
            return work(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(one, range(threads)))
