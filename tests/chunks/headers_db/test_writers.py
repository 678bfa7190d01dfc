"""SQLite as the portal sets it up: many may read and then write at once, and none fails or loses anything."""

import time

import pytest
from django.db import connections, transaction

from chunks.headers_db.state import HeadersState
from chunks.models import Recording
from tests.chunks.headers_db.conftest import needs_sqlite
from tests.chunks.headers_db.made import recording
from tests.shared_database import at_once

THREADS, TRANSACTIONS = 4, 100

pytestmark = [pytest.mark.database(transaction=True), needs_sqlite]


@pytest.mark.parametrize("alias", ["default", "headers"])
def test_four_writers_at_once_lose_no_transaction(alias: str) -> None:
    if alias == "headers":
        rows, column = Recording.objects, "bytes_expected"
        row = recording("counter")
    else:
        rows, column = HeadersState.objects, "port"
        row = HeadersState()
    row.save()

    def add(_thread: int) -> None:
        for _ in range(TRANSACTIONS):
            with transaction.atomic(using=alias):
                found = rows.get()
                time.sleep(0.0002)  # between reading and writing another gets its chance
                setattr(found, column, getattr(found, column) + 1)
                found.save(update_fields=[column])

    at_once(add, threads=THREADS)
    assert getattr(rows.get(), column) == THREADS * TRANSACTIONS


@pytest.mark.parametrize("alias", ["default", "headers"])
def test_the_write_ahead_log_is_on(alias: str) -> None:
    with connections[alias].cursor() as cursor:
        cursor.execute("PRAGMA journal_mode")
        assert cursor.fetchone() == ("wal",)
