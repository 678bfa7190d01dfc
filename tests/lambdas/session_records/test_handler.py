"""The function as AWS calls it, on S3 and DynamoDB over HTTP: records follow the bucket, and the log tells nothing."""

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import pytest

from behavior.dynamodb import DynamoSessions
from behavior.keys import notes_key, tombstone_key
from lambdas.events import NotAQueue
from lambdas.session_records import batch as batch_module
from lambdas.session_records.handler import RESERVE_MS, BucketNotNamed, _stores, handler
from storage.s3_boto import BotoObjects
from tests.aws import moto_url, own_credentials  # noqa: F401
from tests.behavior.made import content, document
from tests.lambdas.sqs import batch, hints, message, record

ROOT = Path(__file__).parents[3]
BUCKET = "behavioral-data-all"
KEY = "ToM_Loc_2003.json"
PLENTY_MS = 60_000


@dataclass(frozen=True)
class Context:
    left_ms: int = PLENTY_MS

    def get_remaining_time_in_millis(self) -> int:
        return self.left_ms


@pytest.fixture
def objects(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> BotoObjects:  # noqa: F811
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto_url)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("ECOG_SESSIONS_BUCKET", BUCKET)
    objects = BotoObjects()
    objects.make_bucket(BUCKET)
    for found in objects.list(BUCKET):
        objects.delete(BUCKET, found.key)
    return objects


@pytest.fixture
def sessions(objects: BotoObjects) -> Iterator[DynamoSessions]:
    sessions = DynamoSessions()
    sessions.make_tables()
    _stores.cache_clear()
    yield sessions
    for name in (sessions.names.records, sessions.names.counts):
        sessions.calls.client.delete_table(TableName=name)
    _stores.cache_clear()


def hint(*keys: str) -> list[str]:
    """The messages that come again."""
    return again(handler(hints(BUCKET, *keys), Context()))


def again(answer: dict[str, list[dict[str, str]]]) -> list[str]:
    return [each["itemIdentifier"] for each in answer["batchItemFailures"]]


def tasks(sessions: DynamoSessions, key: str = KEY) -> list[str]:
    return [each.experiment for each in sessions.of_object(key)]


def test_records_follow_the_object_however_often_and_late_it_is_hinted_at(
    objects: BotoObjects, sessions: DynamoSessions
) -> None:
    objects.put(BUCKET, KEY, content(document(), document(experiment="Stroop")))
    assert hint(KEY, KEY) == []
    assert tasks(sessions) == ["ToM_Loc", "Stroop"]
    objects.put(BUCKET, KEY, content(document(experiment="Naming")))
    assert hint(KEY) == []
    assert tasks(sessions) == ["Naming"]
    objects.delete(BUCKET, KEY)
    assert hint(KEY) == []
    assert tasks(sessions) == []
    assert sessions.counts() == []


def test_a_batch_holds_many_sessions_and_counts_each_once(objects: BotoObjects, sessions: DynamoSessions) -> None:
    keys = [f"run {number}+ü.json" for number in range(20)]
    for key in keys:
        objects.put(BUCKET, key, content(document()))
    assert hint(*keys, *keys) == []
    assert [(each.experiment, each.sessions) for each in sessions.counts()] == [("ToM_Loc", 20)]


def test_notes_are_a_hint_at_their_session(objects: BotoObjects, sessions: DynamoSessions) -> None:
    objects.put(BUCKET, KEY, content(document()))
    notes = {"version": 1, "sessions": {"1": {"corrections": {"experiment": "Naming"}}}, "history": []}
    objects.put(BUCKET, notes_key(KEY), json.dumps(notes).encode())
    assert hint(notes_key(KEY)) == []
    assert tasks(sessions) == ["Naming"]


def test_nothing_of_a_withdrawn_patient_is_recorded(objects: BotoObjects, sessions: DynamoSessions) -> None:
    objects.put(BUCKET, KEY, content(document(), document(experiment="Stroop", subject="2004")))
    objects.put(BUCKET, tombstone_key("2003"), b"{}")
    assert hint(KEY, tombstone_key("2003")) == []
    assert [each.subject for each in sessions.of_object(KEY)] == ["2004"]


def test_what_is_no_event_of_a_session_is_acknowledged(objects: BotoObjects, sessions: DynamoSessions) -> None:
    objects.put(BUCKET, "readme.txt", content(document()))
    objects.put(BUCKET, f"{KEY}.files/1.json", content(document()))
    messages = [
        message("test", body=json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": BUCKET})),
        message("torn", body="{"),
        message("empty", body="[]"),
        message("other", record(BUCKET, "readme.txt"), record(BUCKET, f"{KEY}.files/1.json")),
        message("foreign", record("somebody-elses", KEY)),
    ]
    assert again(handler(batch(messages), Context())) == []
    assert list(sessions.everything()) == []


@pytest.mark.parametrize(
    "written",
    [b"Mrs Rossi, 1.4.1961", content(document(subject="Mrs Rossi")), content(document(day="1.4.1961 Rossi")), b""],
)
def test_an_object_that_is_no_session_is_acknowledged_and_the_log_tells_nothing_of_it(
    written: bytes, objects: BotoObjects, sessions: DynamoSessions, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="lambdas")
    objects.put(BUCKET, "Rossi.json", written)
    objects.put(BUCKET, KEY, content(document()))
    assert hint("Rossi.json", KEY) == []
    assert tasks(sessions) == ["ToM_Loc"]
    assert "reindex --sessions" in caplog.text
    assert "Rossi" not in caplog.text
    assert "1961" not in caplog.text


def test_a_session_beyond_the_functions_memory_is_left_to_reindex(
    objects: BotoObjects, sessions: DynamoSessions, caplog: pytest.LogCaptureFixture
) -> None:
    objects.put(BUCKET, KEY, content(document()))
    with patch.object(batch_module, "LIMIT_BYTES", 20):
        assert hint(KEY) == []
    assert tasks(sessions) == []
    assert "reindex --sessions" in caplog.text


def test_without_tables_every_message_comes_again(objects: BotoObjects, caplog: pytest.LogCaptureFixture) -> None:
    _stores.cache_clear()
    objects.put(BUCKET, KEY, content(document()))
    objects.put(BUCKET, "b.json", content(document()))
    assert hint(KEY, "b.json", "readme.txt") == ["m0", "m1"]
    assert "make_session_tables" in caplog.text


def test_without_the_bucket_nothing_is_concluded(
    objects: BotoObjects, sessions: DynamoSessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects.put(BUCKET, KEY, content(document()))
    hint(KEY)
    monkeypatch.setenv("ECOG_SESSIONS_BUCKET", "not-there")
    assert again(handler(hints("not-there", KEY), Context())) == ["m0"]
    assert tasks(sessions) == ["ToM_Loc"]


def test_what_there_is_no_time_for_comes_again(objects: BotoObjects, sessions: DynamoSessions) -> None:
    objects.put(BUCKET, KEY, content(document()))
    assert again(handler(hints(BUCKET, KEY, "b.json"), Context(left_ms=RESERVE_MS))) == ["m0", "m1"]
    assert tasks(sessions) == []


def test_what_no_rule_foresaw_brings_its_own_message_back_and_no_other(
    objects: BotoObjects, sessions: DynamoSessions, caplog: pytest.LogCaptureFixture
) -> None:
    objects.put(BUCKET, KEY, content(document()))
    whole = batch_module.make_equal

    def torn(*given: object, key: str, **more: object) -> object:
        if key == "bad.json":
            raise ZeroDivisionError("Mrs Rossi")
        return whole(*given, key=key, **more)  # type: ignore[arg-type]

    with patch.object(batch_module, "make_equal", torn):
        assert hint("bad.json", KEY) == ["m0"]
    assert tasks(sessions) == ["ToM_Loc"]
    assert "ZeroDivisionError at test_handler.py" in caplog.text
    assert "Rossi" not in caplog.text


def test_a_call_that_is_no_batch_and_a_bucket_that_is_not_named_are_refused(
    objects: BotoObjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NotAQueue):
        handler({"Records": [{"s3": {}}]}, Context())
    monkeypatch.delenv("ECOG_SESSIONS_BUCKET")
    with pytest.raises(BucketNotNamed, match="ECOG_SESSIONS_BUCKET"):
        handler(hints(BUCKET, KEY), Context())


def test_it_needs_nothing_that_lambda_has_not() -> None:
    blocked = "django", "numpy", "obstore", "environ", "celery", "pymysql", "MySQLdb"
    code = f"import sys; sys.modules.update(dict.fromkeys({blocked!r})); import lambdas.session_records.handler"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
