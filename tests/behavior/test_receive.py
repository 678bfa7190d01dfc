"""Files that are uploaded: each by itself, and what a refused one tells."""

import io
import json

import pytest

from behavior import receive
from behavior.add import Attachment, NewSession
from behavior.errors import SessionRefused
from behavior.place import sessions_here
from behavior.receive import Told, make
from people.scope import server_scope
from storage.objects import Objects
from tests.behavior.conftest import BUCKET
from tests.behavior.made import content, document

pytestmark = pytest.mark.database
BY = "test"


def attachment(name: str, body: bytes) -> Attachment:
    return Attachment(name=name, file=io.BytesIO(body))


def received(name: str, body: bytes) -> receive.Received:
    return receive.receive(attachment(name, body), size_bytes=len(body), by=server_scope(means=BY))


def test_stored_there_already_and_stored_under_another_name(objects: Objects, patient: str) -> None:
    first, again = (received("x.json", content(document())) for _ in range(2))
    other = received("x.json", content(document(day="4")))
    assert first.taken is not None
    assert again.taken is not None
    assert other.taken is not None
    assert (first.taken.outcome, first.taken.key) == ("stored", "ToM_Loc_2003.json")
    assert (again.taken.outcome, again.taken.key) == ("already there", "ToM_Loc_2003.json")
    assert other.taken.key == "ToM_Loc_2003_day4_090503.json"
    assert "is another session, so this one is stored as" in other.taken.findings[0]


RAW = b'{"wall_time": "9:01:02"}\n{"wall_time": "9:03:04"}\n'


@pytest.mark.parametrize(
    ("name", "body", "said", "told"),
    [
        (
            "ToM_Loc_2003.json",
            RAW,
            "raw output (JSON Lines, 2 lines). It tells of its times: start 9:01:02, stop 9:03:04.",
            Told(experiment="ToM_Loc", patient="2003", start="9:01:02", stop="9:03:04"),
        ),
        (
            "faces_task_2003_run2.csv",
            b"a,b\n1,2\n",
            "a table with commas",
            Told(experiment="faces_task", patient="2003"),
        ),
        (
            "x.json",
            json.dumps({"meta": {"experiment": "A", "subject": 2003, "start_time": "9:0:0"}}).encode(),
            "does not say its stop_time, day.",
            Told(experiment="A", patient="2003", start="9:0:0"),
        ),
        ("x.json", b"", "an empty file", Told()),
    ],
)
def test_a_refused_file_says_why_and_what_it_tells(
    objects: Objects, patient: str, name: str, body: bytes, said: str, told: Told
) -> None:
    found = received(name, body)
    assert found.taken is None
    assert said in found.refusal
    assert "manage.py" not in found.refusal
    assert "ingest_behavior" not in found.refusal
    assert found.told == told
    assert not list(objects.list(BUCKET))


def test_one_too_large_is_not_even_read(objects: Objects, patient: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receive, "UPLOAD_BYTES", 10)
    file = io.BytesIO(b"x" * 11)
    found = receive.receive(Attachment(name="x.json", file=file), size_bytes=11, by=server_scope(means=BY))
    assert "at most 10 are taken here" in found.refusal
    assert file.tell() == 0


def test_words_complete_a_session_that_lacks_some(objects: Objects, patient: str) -> None:
    lacking = json.dumps(
        {"meta": {"experiment": "A", "start_time": "9:0:0", "stop_time": "9:1:0"}, "data": []}
    ).encode()
    new = NewSession(experiment="A", patient=patient, day=5, start="9:0:0", stop="9:1:0")
    taken = make(new, attachments=[attachment("x.json", lacking)], by=server_scope(means=BY))
    assert objects.get(BUCKET, taken.key) == lacking
    assert sessions_here().of_object(taken.key)[0].day == 5


def test_words_and_files_make_a_session(objects: Objects, patient: str) -> None:
    new = NewSession(experiment="A", patient=patient, day=5, start="9:0:0", stop="9:1:0")
    taken = make(new, attachments=[attachment("r.json", RAW), attachment("b.bin", b"\0")], by=server_scope(means=BY))
    assert objects.get(BUCKET, f"{taken.key}.files/1.json") == RAW
    assert objects.get(BUCKET, f"{taken.key}.files/2.bin") == b"\0"


def test_words_do_not_overrule_what_a_file_says(objects: Objects, patient: str) -> None:
    new = NewSession(experiment="A", patient=patient, day=5, start="9:0:0", stop="9:1:0")
    with pytest.raises(SessionRefused, match="The file says its"):
        make(new, attachments=[attachment("x.json", content(document()))], by=server_scope(means=BY))
