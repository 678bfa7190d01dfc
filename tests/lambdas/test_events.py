"""From a batch of the queue to the keys that may have changed."""

import json

import pytest

from lambdas.events import Hint, Message, NotAQueue, messages, returned
from tests.lambdas.sqs import batch, message, record

BUCKET = "edf-chunks-2002"


def one(body: str | None) -> Message:
    [read] = messages({"Records": [{"messageId": "m", "body": body}]})
    return read


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("day3_140500/LTG1_chunk-0.chn", "day3_140500/LTG1_chunk-0.chn"),
        ("day3%2FLTG1_chunk-0.chn", "day3/LTG1_chunk-0.chn"),
        ("day3/a%2Bb+c_chunk-0.chn", "day3/a+b c_chunk-0.chn"),
        ("day3/100%25_chunk-0.chn", "day3/100%_chunk-0.chn"),
        ("day3/%C3%A9_chunk-0.chn", "day3/é_chunk-0.chn"),
    ],
)
def test_keys_are_decoded_as_s3_encodes_them(written: str, key: str) -> None:
    [read] = messages(batch([message("m", record(BUCKET, "", encoded=written))]))
    assert read == Message(id="m", hints=(Hint(bucket=BUCKET, key=key),))


def test_every_record_of_every_message_is_taken() -> None:
    sent = [message("m0", record(BUCKET, "a"), record(BUCKET, "b", name="ObjectRemoved:Delete")), message("m1")]
    assert [[hint.key for hint in each.hints] for each in messages(batch(sent))] == [["a", "b"], []]


def test_the_test_event_of_a_new_notification_hints_at_nothing() -> None:
    assert one(json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": BUCKET})) == Message(id="m")


@pytest.mark.parametrize(
    "body",
    [
        None,
        "",
        "Dr. Smith",
        "[]",
        "[" * 100_000,
        "{}",
        '{"Records": 5}',
        '{"Records": [5]}',
        '{"Records": [{"s3": {"bucket": {"name": "b"}}}]}',
        '{"Records": [{"s3": {"bucket": {"name": 5}, "object": {"key": "k"}}}]}',
        '{"Records": [{"s3": {"bucket": {"name": "b"}, "object": {"key": ""}}}]}',
        '{"Records": [{"s3": {"bucket": {"name": "b"}, "object": {"key": "%FF"}}}]}',
        '{"Records": [{"s3": {"bucket": {"name": "b"}, "object": {"key": "\\ud800"}}}]}',
        json.dumps({"Records": [record("b" * 64, "k")]}),
        json.dumps({"Records": [record("b", "k" * 1025)]}),
    ],
)
def test_what_is_no_event_is_a_fault_that_quotes_nothing(body: str | None) -> None:
    read = one(body)
    assert read.hints == ()
    assert read.fault.endswith(".")
    assert "Smith" not in read.fault


def test_the_good_records_of_a_half_bad_message_count() -> None:
    read = one(json.dumps({"Records": [{"s3": {}}, record(BUCKET, "good")]}))
    assert [hint.key for hint in read.hints] == ["good"]
    assert read.fault


@pytest.mark.parametrize("event", [{}, {"Records": {}}, {"Records": [record(BUCKET, "k")]}, []])
def test_what_is_no_batch_of_a_queue_is_refused(event: object) -> None:
    with pytest.raises(NotAQueue):
        messages(event)


def test_a_message_is_returned_once() -> None:
    assert returned(["m1", "m0", "m1"]) == {
        "batchItemFailures": [{"itemIdentifier": "m1"}, {"itemIdentifier": "m0"}],
    }
