"""`s3_dynamo_behavioral`: what AWS calls with a batch of the sessions' queue.

Owns: the environment of the function, and that its connections are made with the first batch and kept. Plain Python;
boto3 is the one that Lambda's runtime brings along, and travels in no zip.
"""

import os
from collections.abc import Mapping
from functools import cache
from typing import Any, Protocol

from behavior.dynamodb import DynamoSessions
from lambdas.events import messages, returned
from lambdas.session_records.batch import Batch, work_off
from storage.s3_boto import BotoObjects
from storage.s3_clients import Patience

BUCKET_VARIABLE = "ECOG_SESSIONS_BUCKET"
# Short, since the queue is patient: what does not answer now is given back and comes again.
PATIENCE = Patience(connect_s=3, read_s=10, attempts=3)
# No object is begun with less time than this: the slowest takes its looks, its reading and a dozen writes.
RESERVE_MS = 20_000


class BucketNotNamed(RuntimeError):
    """The function does not know whose events these are."""


class Context(Protocol):
    """What of Lambda's context is asked."""

    def get_remaining_time_in_millis(self) -> int: ...


def handler(event: Mapping[str, Any], context: Context) -> dict[str, list[dict[str, str]]]:
    """Makes the records of every session named equal to the store; the messages that are to come again."""
    bucket = os.environ.get(BUCKET_VARIABLE, "")
    if not bucket:
        raise BucketNotNamed(f"{BUCKET_VARIABLE} is empty: write the name of the sessions bucket.")
    objects, sessions = _stores()
    batch = Batch(
        objects=objects,
        sessions=sessions,
        bucket=bucket,
        has_time=lambda: context.get_remaining_time_in_millis() > RESERVE_MS,
    )
    return returned(work_off(batch, messages(event)))


@cache
def _stores() -> tuple[BotoObjects, DynamoSessions]:
    return BotoObjects(patience=PATIENCE), DynamoSessions(patience=PATIENCE)
