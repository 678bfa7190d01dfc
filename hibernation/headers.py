"""What is done with the headers database itself while it wakes: asked, read once, migrated, filled.

Owns: that all of it happens under `use_while_waking`, when nobody else may ask. Knows nothing of AWS.
"""

from collections.abc import Callable
from typing import Any

from django.core.management import call_command
from django.db import DatabaseError, connections

from chunks.headers_db.errors import HeadersUnavailable
from chunks.headers_db.router import HEADERS
from chunks.headers_db.state import use_while_waking
from chunks.models import ChunkHeader
from chunks.reindex import expected_objects, reindex
from chunks.reindex_report import Report
from hibernation.errors import NotProved
from people.models import Patient
from storage.objects import Objects

COLLATION = "utf8mb4_bin"


class _Nowhere:
    """Where the talk of `migrate` goes: a worker has no terminal."""

    def write(self, _text: str) -> int:
        return 0

    def flush(self) -> None: ...


def prove() -> None:
    """Asks the database at its recorded address. Raises `NotProved`."""
    connections[HEADERS].close()
    try:
        with use_while_waking(), connections[HEADERS].cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
    except (HeadersUnavailable, DatabaseError) as error:
        raise NotProved(
            f"The instance is there, but does not answer the portal: {error} Check its security groups and that its "
            "user and password are those of ECOG_HEADERS_DATABASE_URL, then run rds_restore again: it goes on here."
        ) from error


def warm() -> int:
    """Reads every page of the index once, since a restored disk is filled from S3 as it is read; how many rows."""
    table = ChunkHeader._meta.db_table
    with use_while_waking():
        if table not in connections[HEADERS].introspection.table_names():
            return 0
        with connections[HEADERS].cursor() as cursor:
            # The sums touch each row, and with it each page of the table; the names of the indexes come from the model.
            cursor.execute(f"SELECT COUNT(*), SUM(bytes) FROM {table}")  # noqa: S608 - a name of ours
            rows = int(cursor.fetchone()[0])
            if connections[HEADERS].vendor == "mysql":
                for index in ChunkHeader._meta.indexes:
                    first = index.fields[0]
                    cursor.execute(f"SELECT COUNT({first}) FROM {table} FORCE INDEX ({index.name})")  # noqa: S608
                    cursor.fetchone()
    return rows


def migrate() -> None:
    """The tables of a snapshot of June are June's; those of a new instance are none."""
    with use_while_waking():
        _collate_if_empty()
        call_command("migrate", database=HEADERS, interactive=False, verbosity=0, stdout=_Nowhere(), skip_checks=True)


def fill(objects: Objects, *, progress: Callable[[int, int], None]) -> Report:
    """Makes the rows equal to the buckets; tombstones are obeyed. `progress`: objects looked at, about how many in all.

    Rows whose object is gone go too, unless they are many: then they stay, and the report says so.
    """
    done, known = 0, list(Patient.objects.filter(withdrawn_at__isnull=True).values_list("pk", flat=True))
    with use_while_waking():
        total = expected_objects(objects, known)

        def advance(count: int) -> None:
            nonlocal done
            done += count
            progress(done, total)

        return reindex(objects, fix=True, progress=advance)


def _collate_if_empty() -> None:
    """A database that RDS makes has the server's collation, under which LTG1 and ltg1 would be one key."""
    connection: Any = connections[HEADERS]
    if connection.vendor != "mysql" or connection.introspection.table_names():
        return
    name = connection.ops.quote_name(connection.settings_dict["NAME"])
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER DATABASE {name} CHARACTER SET utf8mb4 COLLATE {COLLATION}")
