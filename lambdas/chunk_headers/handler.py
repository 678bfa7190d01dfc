"""`s3_rds_data_transfer`: the function that S3's events wake, through a queue, to index chunks and recordings.

Owns: what lives from one call to the next (the clients and the connection), made at the first. AWS calls `handler`.
"""

import logging
import os
import time
from collections.abc import Mapping
from functools import cache
from typing import Any, Protocol

from lambdas.chunk_headers.database import Database
from lambdas.chunk_headers.indexer import Indexer
from lambdas.chunk_headers.place import place_from
from lambdas.events import messages, returned
from storage.s3_boto import BotoObjects
from storage.s3_clients import Patience

# Shorter than the portal's: what takes longer goes back to the queue and is served later.
PATIENCE = Patience(connect_s=2, read_s=10, attempts=3)
# Kept back of the function's time for the last statements and the answer.
RESERVE_S = 10
PING = {"ecog": "ping"}

logging.getLogger("ecog").setLevel(logging.INFO)


class Context(Protocol):
    """What AWS tells of the call."""

    def get_remaining_time_in_millis(self) -> int: ...


def handler(event: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Serves a batch; the answer names the messages that stay in the queue. Raises `NotAQueue`, `NotConfigured`.

    Whoever wakes the headers database asks `{"ecog": "ping"}`: the answer proves that it is reached from here.
    """
    if event == PING:
        return _ping()
    until = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - RESERVE_S
    return returned(_indexer().serve(messages(event), until=until))


def _ping() -> dict[str, str]:
    """By a connection of its own, so that its address is the one that is configured now. Raises `DatabaseSilent`."""
    database = Database(place_from(os.environ))
    with database.transaction() as cursor:
        cursor.execute("SELECT 1")
    database.close()
    return {"ecog": "pong"}


@cache
def _indexer() -> Indexer:
    place = place_from(os.environ)
    return Indexer(
        objects=BotoObjects(endpoint=place.endpoint, patience=PATIENCE),
        database=Database(place),
        bucket_prefix=place.bucket_prefix,
        sessions_bucket=place.sessions_bucket,
    )
