"""One moment of the portal database, read while others go on writing.

Owns: how each database is asked for it: on SQLite a reading transaction over the write-ahead log, on MySQL a consistent
snapshot. Neither keeps a writer waiting.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

_BEGIN = {
    # IMMEDIATE, as elsewhere, would hold the lock of the writers.
    "sqlite": ("BEGIN DEFERRED", "SELECT COUNT(*) FROM sqlite_master"),
    "mysql": (
        "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
    ),
}


@contextmanager
def snapshot() -> Iterator[None]:
    """Within it, this thread reads the portal database as it was at the beginning. Nothing may be written."""
    if connection.in_atomic_block:
        raise RuntimeError("A snapshot begins outside transactions.")
    with connection.cursor() as cursor:
        for statement in _BEGIN[connection.vendor]:
            cursor.execute(statement)
        if connection.vendor == "sqlite":
            cursor.fetchall()  # SQLite takes its snapshot with the first read
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")
