"""Batches as Lambda hands them over, made by hand: what S3 sends, in messages of a queue."""

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote_plus


def record(bucket: str, key: str, *, name: str = "ObjectCreated:Put", encoded: str | None = None) -> dict[str, Any]:
    """One record of S3; its key encoded as S3 does it unless `encoded` says how it is written."""
    written = quote_plus(key, safe="/") if encoded is None else encoded
    s3 = {"bucket": {"name": bucket}, "object": {"key": written, "sequencer": "0055AED6DCD90281E5"}}
    return {"eventVersion": "2.5", "eventSource": "aws:s3", "eventName": name, "s3": s3}


def message(identity: str, *records: dict[str, Any], body: str | None = None) -> dict[str, Any]:
    text = json.dumps({"Records": records}) if body is None else body
    return {"messageId": identity, "receiptHandle": "r", "body": text, "eventSource": "aws:sqs"}


def batch(messages: Iterable[dict[str, Any]]) -> dict[str, Any]:
    return {"Records": list(messages)}


def hints(bucket: str, *keys: str) -> dict[str, Any]:
    """A batch of one message a key, m0 to mN."""
    return batch(message(f"m{number}", record(bucket, key)) for number, key in enumerate(keys))
