"""Version 1 chunks through the function: rows for data managers, in a recording of state `version 1`."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime

import pytest

from storage.s3_boto import BotoObjects
from tests.lambdas.chunk_headers.conftest import Rows
from tests.lambdas.chunk_headers.made import OLD_FOLDER, put_document, put_old
from tests.lambdas.sqs import hints

Call = Callable[..., Sequence[str]]
Read = Callable[[str], Rows]


def test_an_old_chunk_is_as_long_as_what_it_holds(call: Call, rows: Read, store: BotoObjects, bucket: str) -> None:
    key = put_old(store, bucket)
    assert call(hints(bucket, key)) == []
    [row] = rows("chunk_header")
    assert (row["version"], row["channel"], row["crc32"], row["file_crc32"]) == (1, None, None, None)
    assert (row["patient"], row["recording"], row["label"], row["dtype"]) == ("2002", OLD_FOLDER, "LTG1", "<i2")
    assert (row["samples"], row["duration_us"]) == (200, 1_000_000)
    assert row["start"] == datetime(2002, 1, 4, 0, 55, 14, 988_000)
    assert row["stop"] == datetime(2002, 1, 4, 0, 55, 15, 988_000)


def test_their_folder_is_a_recording_of_its_own_state(call: Call, rows: Read, store: BotoObjects, bucket: str) -> None:
    first, second = put_old(store, bucket), put_old(store, bucket, name="LTG1_chunk-2", chunk=2, start_time=[25, 60, 0])
    call(hints(bucket, first))
    call(hints(bucket, second))
    [row] = rows("recording")
    assert (row["name"], row["state"], row["chunks_expected"], row["channels"]) == (OLD_FOLDER, "version 1", 2, "[]")
    assert (row["start"], row["stop"]) == (datetime(2002, 1, 4, 0, 55, 14, 988_000), datetime(2002, 1, 4, 2, 0, 1))
    assert row["bytes_expected"] == sum(each["bytes"] for each in rows("chunk_header"))
    assert len(json.loads(row["warnings"])) == 1
    store.delete(bucket, second)
    call(hints(bucket, second))
    assert [each["chunks_expected"] for each in rows("recording")] == [1]
    store.delete(bucket, first)
    call(hints(bucket, first))
    assert rows("recording") == []


@pytest.mark.parametrize("order", [1, -1])
def test_a_recording_json_beside_them_has_the_say(
    call: Call, rows: Read, store: BotoObjects, bucket: str, order: int
) -> None:
    old = put_old(store, bucket)
    document = put_document(store, bucket, recording=OLD_FOLDER)
    for key in [old, document][::order]:
        call(hints(bucket, key))
    assert [each["state"] for each in rows("recording")] == ["ok"]
    store.delete(bucket, document)
    call(hints(bucket, document))
    assert [each["state"] for each in rows("recording")] == ["version 1"]


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("EDF Annotations_chunk-0", {"sigLabel": "EDF Annotations", "samples": b"Dr. Smith in room"}, "annotations"),
        ("LTG1_chunk-0", {"samples": b""}, "no samples"),
        ("LTG1_chunk-0", {"samples": b"x"}, "no samples"),
        ("LTG1_chunk-0", {"start_time": ["John", 0, 0]}, "value that cannot be"),
        ("LTG1_chunk-0", {"start_time": [0, 61, 0]}, "no time"),
        ("LTG1_chunk-0", {"start_date": [2002, 1, 10**12]}, "none of a stay"),
        ("LTG1_chunk-0", {"recDur": 0}, "recDur"),
        ("LTG1_chunk-0", {"sampsPerRecord": 0}, "samples per record"),
        ("LTG1_chunk-0", {"sigLabel": 5}, "no text"),
    ],
)
def test_what_is_no_signal_has_no_row(
    call: Call, rows: Read, store: BotoObjects, bucket: str, name: str, changes: dict[str, object], said: str
) -> None:
    key = put_old(store, bucket, name=name, **changes)
    assert call(hints(bucket, key)) == []
    [fault] = rows("index_error")
    assert said in fault["reason"]
    assert not [word for word in ("John", "Smith", "EDF Ann") if word in fault["reason"]]
    assert rows("chunk_header") == rows("recording") == []


def test_labels_with_a_slash_are_in_their_recordings_folder(
    call: Call, rows: Read, store: BotoObjects, bucket: str
) -> None:
    key = put_old(store, bucket, name="C3/A2_chunk-0", sigLabel="C3/A2")
    call(hints(bucket, key))
    assert [(each["recording"], each["label"]) for each in rows("chunk_header")] == [(OLD_FOLDER, "C3/A2")]


def test_a_day_before_the_month_of_the_surgery_is_taken_as_it_is(
    call: Call, rows: Read, store: BotoObjects, bucket: str
) -> None:
    call(hints(bucket, put_old(store, bucket, start_date=[2002, 1, -26], start_time=[0, 0, 0])))
    assert [each["start"] for each in rows("chunk_header")] == [datetime(2001, 12, 5)]


def test_no_name_reaches_the_log(call: Call, store: BotoObjects, bucket: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG", logger="ecog"):
        call(hints(bucket, put_old(store, bucket), put_old(store, bucket, name="x_chunk-1", samples=b"")))
    assert caplog.messages
    assert not [text for text in caplog.messages if "John" in text or "Doe" in text]
