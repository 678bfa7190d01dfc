"""What a batch of the queue says: which keys may have changed, and which messages are no events at all.

Owns: the way from SQS's batch over S3's notification to decoded keys, and the answer that returns messages. A record
is only a hint that a key changed; its kind, order and number mean nothing.
Source: docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html (keys are URL-encoded, a
blank is a plus) and docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html (the answer).
Plain Python, no third party.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

TEST_EVENT = "s3:TestEvent"
BUCKET_LIMIT_CHARACTERS = 63
KEY_LIMIT_BYTES = 1024


class NotAQueue(ValueError):
    """The function was called with something else than a batch of a queue."""


@dataclass(frozen=True, kw_only=True)
class Hint:
    """A key that may have changed."""

    bucket: str
    key: str


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message of the queue. `fault` says, without quoting it, why it (or a part of it) is no event; else empty."""

    id: str
    hints: tuple[Hint, ...] = ()
    fault: str = ""


class _NotAnEvent(ValueError):
    """The sentence says what is missing."""


def messages(event: Mapping[str, Any]) -> list[Message]:
    """The messages of a batch, in its order. Raises `NotAQueue`."""
    records = event.get("Records") if isinstance(event, Mapping) else None
    if not isinstance(records, list) or not all(isinstance(each, dict) and "messageId" in each for each in records):
        raise NotAQueue("This function takes batches of an SQS queue to which S3 sends its events, and nothing else.")
    return [_message(str(each["messageId"]), each.get("body")) for each in records]


def returned(message_ids: Iterable[str]) -> dict[str, list[dict[str, str]]]:
    """The answer that keeps these messages in the queue; all others of the batch are done with."""
    return {"batchItemFailures": [{"itemIdentifier": each} for each in dict.fromkeys(message_ids)]}


def _message(identity: str, body: object) -> Message:
    try:
        content = json.loads(body) if isinstance(body, str) else None
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        return Message(id=identity, fault="The message is no JSON object, so no event of S3.")
    if content.get("Event") == TEST_EVENT:
        return Message(id=identity)
    records = content.get("Records")
    if not isinstance(records, list):
        return Message(id=identity, fault="The message has no list of records, so it is no event of S3.")
    hints, fault = [], ""
    for record in records:
        try:
            hints.append(_hint(record))
        except _NotAnEvent as error:
            fault = str(error)
    return Message(id=identity, hints=tuple(hints), fault=fault)


def _hint(record: object) -> Hint:
    try:
        bucket, key = record["s3"]["bucket"]["name"], record["s3"]["object"]["key"]  # type: ignore[index]
    except (TypeError, KeyError) as error:
        raise _NotAnEvent("A record of the message names no bucket and key, so it is no event of S3.") from error
    if not isinstance(bucket, str) or not 0 < len(bucket) <= BUCKET_LIMIT_CHARACTERS or not isinstance(key, str):
        raise _NotAnEvent("A record of the message names a bucket and key that cannot be.")
    try:
        decoded = unquote_plus(key, errors="strict")
        fits = 0 < len(decoded.encode()) <= KEY_LIMIT_BYTES
    except UnicodeError as error:
        raise _NotAnEvent("A record of the message names a key that is no UTF-8.") from error
    if not fits:
        raise _NotAnEvent(f"A record of the message names a key that is empty or over {KEY_LIMIT_BYTES} bytes.")
    return Hint(bucket=bucket, key=decoded)
