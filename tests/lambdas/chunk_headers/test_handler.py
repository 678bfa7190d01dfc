"""The function as AWS calls it, on a real S3 server and a real database by TLS: an event is only a hint."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

import pytest

from lambdas.chunk_headers.look import Looker, Seen
from lambdas.chunk_headers.place import Place
from lambdas.events import Hint
from storage.errors import AccessDenied
from storage.s3_boto import BotoObjects
from tests.lambdas.chunk_headers.conftest import Rows, execute
from tests.lambdas.chunk_headers.made import chunk, put_chunk, put_document
from tests.lambdas.sqs import batch, hints, message, record
from tests.mariadb import MariaDB

Call = Callable[..., Sequence[str]]
Read = Callable[[str], Rows]


def keys(rows: Rows) -> list[str]:
    return [row["objectKey"] for row in rows]


def inserts(server: MariaDB) -> int:
    [status] = execute(server, "SHOW GLOBAL STATUS LIKE 'Com_insert'")
    return int(status["Value"])


def test_a_new_chunk_gets_its_row(call: Call, rows: Read, store: BotoObjects, bucket: str) -> None:
    key = put_chunk(store, bucket)
    assert call(hints(bucket, key)) == []
    [row] = rows("chunk_header")
    assert (row["bucket"], row["objectKey"], row["label_norm"], row["version"]) == (bucket, key, "ltg1", 2)
    assert (row["bytes"], row["etag"]) == (store.head(bucket, key).size_bytes, store.head(bucket, key).etag)


def test_a_hundred_chunks_are_one_statement(
    call: Call, rows: Read, store: BotoObjects, bucket: str, server: MariaDB
) -> None:
    made = [put_chunk(store, bucket, number=number) for number in range(100)]
    before = inserts(server)
    assert call(hints(bucket, *made)) == []
    assert inserts(server) - before == 1
    assert keys(rows("chunk_header")) == sorted(made)


def test_duplicate_and_reordered_events_change_nothing(call: Call, rows: Read, store: BotoObjects, bucket: str) -> None:
    here, gone = put_chunk(store, bucket), put_chunk(store, bucket, number=1)
    call(hints(bucket, here, gone))
    before = rows("chunk_header")
    store.delete(bucket, gone)
    removed = [record(bucket, each, name="ObjectRemoved:Delete") for each in (gone, here)]
    sent = [message("m0", *removed, record(bucket, here)), message("m1", record(bucket, gone), *removed)]
    assert call(batch([*sent, *sent])) == []
    assert keys(rows("chunk_header")) == [here]
    assert rows("chunk_header")[0]["etag"] == before[0]["etag"]


@pytest.mark.parametrize("label", ["a+b", "a b", "100%", "é", "x%2Fy"])
@pytest.mark.parametrize("form", ["plus", "percent"])
def test_keys_come_encoded(call: Call, rows: Read, store: BotoObjects, bucket: str, label: str, form: str) -> None:
    key = put_chunk(store, bucket, label=label)
    written = quote(key, safe="/") if form == "percent" else quote(key, safe="/ ").replace(" ", "+")
    assert call(batch([message("m", record(bucket, "", encoded=written))])) == []
    assert keys(rows("chunk_header")) == [key]


def test_others_objects_are_nobodys_business(
    call: Call, rows: Read, store: BotoObjects, place: Place, bucket: str
) -> None:
    foreign = ["day3/annotations.json", "day3/LTG1.edf", "recording.json.bak", "a.chn/", "notes.txt"]
    sent = [record(bucket, key) for key in foreign]
    sent += [record("somebody-elses", "a/b_chunk-0.chn"), record(place.sessions_bucket, "a/b_chunk-0.chn")]
    sent += [record(f"{place.bucket_prefix}withheld", "2002/recording.json")]
    assert call(batch([message("m", *sent)])) == []
    assert rows("chunk_header") == rows("recording") == rows("index_error") == []


def test_a_removed_chunk_loses_its_row(call: Call, rows: Read, store: BotoObjects, bucket: str) -> None:
    key = put_chunk(store, bucket)
    call(hints(bucket, key))
    store.delete(bucket, key)
    assert call(batch([message("m", record(bucket, key, name="ObjectRemoved:Delete"))])) == []
    assert rows("chunk_header") == []


def test_a_recording_and_what_it_holds_twice(call: Call, rows: Read, store: BotoObjects, bucket: str) -> None:
    twice = {
        "earlier": "day3_130000",
        "start": "2002-01-03T14:05:00",
        "stop": "2002-01-03T14:06:00",
        "channels": ["ltg1"],
        "verdict": "same",
        "shift_us": 0,
        "contained": "",
        "settled": None,
    }
    key = put_document(store, bucket, overlaps=[twice, twice])
    assert call(hints(bucket, key)) == []
    [row] = rows("recording")
    assert (row["name"], row["state"], row["channels"]) == ("day3_140500", "ok", '[[5, "LTG1"]]')
    assert [each["place"] for each in rows("recording_overlap")] == [0, 1]
    put_document(store, bucket, state="hidden", overlaps=[twice])
    call(hints(bucket, key))
    assert [each["state"] for each in rows("recording")] == ["hidden"]
    assert [each["place"] for each in rows("recording_overlap")] == [0]
    store.delete(bucket, key)
    call(hints(bucket, key))
    assert rows("recording") == rows("recording_overlap") == []


def test_a_test_event_is_acknowledged_though_the_database_is_away(call: Call, environment: Callable[..., None]) -> None:
    environment(ECOG_HEADERS_PORT="1")
    assert call(batch([message("m", body='{"Event": "s3:TestEvent"}')])) == []


def test_a_message_that_is_no_event_is_noted_and_acknowledged(
    call: Call, rows: Read, store: BotoObjects, bucket: str
) -> None:
    key = put_chunk(store, bucket)
    sent = batch([message("bad", body="John Doe"), message("good", record(bucket, key))])
    assert call(sent) == []
    assert call(sent) == []
    [fault] = rows("index_error")
    assert (fault["bucket"], fault["objectKey"], fault["times"]) == ("", "bad", 2)
    assert "John" not in fault["reason"]
    assert fault["first_seen"] < fault["last_seen"]
    assert keys(rows("chunk_header")) == [key]


BAD = {
    "empty": b"",
    "text": b"John Doe, born 1950\n" + bytes(100),
    "no-newline": b"{" * 100_000,
    "ends-early": b"{" * 5_000,
    "cut": chunk()[:-7],
    "another-patient": chunk(patient="2003"),
    "another-recording": chunk(recording="day4_000000"),
    "another-chunk": chunk(number=5),
    "half-character": chunk(label="LTG1").replace(b'"LTG1"', b'"\\ud800"'),
    "long-label": chunk(label="L" * 65),
    "huge-channel": chunk(channel=40_000),
    "before-all-time": chunk(start=datetime(900, 1, 1)),
}


@pytest.mark.parametrize("name", BAD)
def test_an_unreadable_chunk_is_noted_until_it_is_readable_or_gone(
    call: Call, rows: Read, store: BotoObjects, bucket: str, name: str
) -> None:
    good, bad = put_chunk(store, bucket, number=1), "day3_140500/LTG1_chunk-0.chn"
    store.put(bucket, bad, BAD[name])
    assert call(hints(bucket, bad, good)) == []
    [fault] = rows("index_error")
    assert (fault["bucket"], fault["objectKey"], fault["etag"]) == (bucket, bad, store.head(bucket, bad).etag)
    assert "John" not in fault["reason"]
    assert "LTG1" not in fault["reason"]
    assert keys(rows("chunk_header")) == [good]
    put_chunk(store, bucket)
    assert call(hints(bucket, bad)) == []
    assert rows("index_error") == []
    assert keys(rows("chunk_header")) == [bad, good]


def test_a_chunk_that_was_spoilt_has_no_row_any_more(call: Call, rows: Read, store: BotoObjects, bucket: str) -> None:
    key = put_chunk(store, bucket)
    call(hints(bucket, key))
    store.put(bucket, key, b"spoilt")
    call(hints(bucket, key))
    assert (keys(rows("chunk_header")), keys(rows("index_error"))) == ([], [key])
    store.delete(bucket, key)
    call(hints(bucket, key))
    assert rows("index_error") == []


@pytest.mark.parametrize(
    "change",
    [
        {"patient": "2003"},
        {"start": "yesterday"},
        {"state": "fine"},
        {"state": "version 1"},
        {"chunks": "many"},
        {"channels": 5},
        {"channels": [{"number": 1, "label": "\ud800"}]},
        {"overlaps": [{}]},
        {"fingerprint": None},
        {"bytes": 2**63},
    ],
)
def test_an_unreadable_recording_is_noted(
    call: Call, rows: Read, store: BotoObjects, bucket: str, change: dict[str, Any]
) -> None:
    key = put_document(store, bucket)
    call(hints(bucket, key))
    put_document(store, bucket, **change)
    assert call(hints(bucket, key)) == []
    assert (rows("recording"), keys(rows("index_error"))) == ([], [key])


def test_a_key_that_no_column_holds_is_noted_shortened(call: Call, rows: Read, store: BotoObjects, bucket: str) -> None:
    key = "day3_140500/" + "L" * 800 + "_chunk-0.chn"
    store._client().put_object(Bucket=bucket, Key=key, Body=chunk(label="L" * 800))  # the store itself makes none such
    assert call(hints(bucket, key)) == []
    [fault] = rows("index_error")
    assert len(fault["objectKey"]) == 700
    store.delete(bucket, key)
    call(hints(bucket, key))
    assert rows("index_error") == []


def test_of_a_withdrawn_patient_nothing_is_written_and_what_is_hinted_at_goes(
    call: Call, rows: Read, store: BotoObjects, place: Place, bucket: str
) -> None:
    old, recording = put_chunk(store, bucket), put_document(store, bucket)
    call(hints(bucket, old, recording))
    store.put(place.sessions_bucket, "withdrawn/2002.json", b"{}")
    new = put_chunk(store, bucket, number=1)
    assert call(hints(bucket, old, new, recording)) == []
    assert rows("chunk_header") == rows("recording") == []


def test_a_chunk_replaced_while_it_is_read_is_looked_at_again(
    call: Call, rows: Read, store: BotoObjects, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = put_chunk(store, bucket)
    looked, see = [], Looker.see

    def see_and_replace(self: Looker, hint: Hint) -> Seen:
        seen = see(self, hint)
        if not looked:
            put_chunk(store, bucket, channel=77)
        looked.append(hint)
        return seen

    monkeypatch.setattr(Looker, "see", see_and_replace)
    assert call(hints(bucket, key)) == []
    assert len(looked) == 2
    [row] = rows("chunk_header")
    assert (row["channel"], row["etag"]) == (77, store.head(bucket, key).etag)


def test_one_that_is_written_again_and_again_comes_again(
    call: Call, store: BotoObjects, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, other = put_chunk(store, bucket), put_chunk(store, bucket, number=1)
    changed = Looker.has_changed
    monkeypatch.setattr(Looker, "has_changed", lambda self, seen: seen.hint.key == key or changed(self, seen))
    assert call(hints(bucket, key, other)) == ["m0"]


def test_a_refusal_is_no_absence(
    call: Call, rows: Read, store: BotoObjects, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, other = put_chunk(store, bucket), put_chunk(store, bucket, number=1)
    call(hints(bucket, key, other))
    head = BotoObjects.head

    def refused(self: BotoObjects, bucket: str, asked: str) -> object:
        if asked == key:
            raise AccessDenied(bucket, key=asked)
        return head(self, bucket, asked)

    monkeypatch.setattr(BotoObjects, "head", refused)
    assert call(hints(bucket, key, other)) == ["m0"]
    assert keys(rows("chunk_header")) == [key, other]
    assert rows("index_error") == []


def test_a_sessions_bucket_that_is_not_there_lets_nothing_be_written(
    call: Call, rows: Read, store: BotoObjects, bucket: str, environment: Callable[..., None]
) -> None:
    """A name written wrong must not switch the question off."""
    key = put_chunk(store, bucket)
    environment(ECOG_SESSIONS_BUCKET="no-such-bucket-of-sessions")
    assert call(hints(bucket, key)) == ["m0"]
    assert rows("chunk_header") == []


def test_what_there_is_no_time_for_comes_again(call: Call, rows: Read, store: BotoObjects, bucket: str) -> None:
    made = [put_chunk(store, bucket, number=number) for number in range(3)]
    assert call(hints(bucket, *made), seconds=5) == ["m0", "m1", "m2"]
    assert rows("chunk_header") == []


def test_while_the_database_is_down_all_comes_again_and_then_is_served(
    call: Call, rows: Read, store: BotoObjects, bucket: str, server: MariaDB
) -> None:
    first, key = put_chunk(store, bucket), put_chunk(store, bucket, number=1)
    assert call(hints(bucket, first)) == []
    sent = batch([message("a", record(bucket, key)), message("b", body="no event"), message("c", record("x", "y"))])
    port = server.port
    server.stop()
    try:
        assert call(sent) == ["a", "b"]
        assert call(sent) == ["a", "b"]
    finally:
        server.start(port=port)
    assert call(sent) == []
    assert keys(rows("chunk_header")) == [first, key]
    assert keys(rows("index_error")) == ["b"]


def test_the_log_tells_numbers_alone(
    call: Call, store: BotoObjects, bucket: str, caplog: pytest.LogCaptureFixture
) -> None:
    key = put_chunk(store, bucket, label="John-Doe")
    with caplog.at_level("INFO", logger="ecog.chunk_headers"):
        call(hints(bucket, key, "day3_140500/Jane_chunk-0.chn"))
    assert json.loads(caplog.messages[-1]) == {"messages": 2, "returned": 0, "indexed": 1, "gone": 1}
    assert "John" not in caplog.text
