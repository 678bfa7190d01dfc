"""Files of sessions come in whole, once, under a name of their own, or are refused with a reason."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from behavior.add import Attachment, NewSession, add_session
from behavior.errors import BadSession, NotASession, SessionRefused
from behavior.notes import read_notes
from behavior.record import SessionRecord
from behavior.table import TableSessions
from behavior.take import Hints, Taken, take
from chunks.errors import IngestRefused
from chunks.tombstones import tombstone_key
from people.errors import PatientUnknown, PatientWithdrawn
from people.models import Patient
from people.patients import add_patient
from people.scope import server_scope
from storage.folder import FolderObjects
from storage.objects import Body, ObjectInfo, Objects
from tests.behavior.conftest import BUCKET
from tests.behavior.made import content, document
from tests.selections.made import DAY, hold
from tests.shared_database import at_once

pytestmark = pytest.mark.database
KEY = "ToM_Loc_2003.json"
Take = Callable[..., Taken]


@pytest.fixture
def taking(objects: Objects, patient: str) -> Take:
    def taken(whole: bytes, **hints: object) -> Taken:
        return take(
            whole,
            objects=objects,
            sessions=TableSessions(),
            by=server_scope(means="command"),
            hints=Hints(**hints),  # type: ignore[arg-type]
        )

    return taken


def keys(objects: Objects) -> list[str]:
    return [info.key for info in objects.list(BUCKET)]


def records() -> list[SessionRecord]:
    return list(TableSessions().of_subject("2003"))


def test_a_session_is_stored_as_it_came_and_indexed(taking: Take, objects: Objects) -> None:
    whole = content(document())
    taken = taking(whole)
    assert (taken.outcome, taken.key) == ("stored", KEY)
    assert objects.get(BUCKET, KEY) == whole
    assert records() == list(taken.records)
    assert keys(objects) == [KEY]


def test_the_same_file_again_changes_nothing(taking: Take, objects: Objects) -> None:
    whole = content(document(), document(day=4))
    first = taking(whole)
    for _ in range(2):
        again = taking(whole)
        assert (again.outcome, again.key, again.records) == ("already there", KEY, first.records)
    assert keys(objects) == [KEY]
    assert len(records()) == 2


def test_a_record_that_was_lost_is_written_again(taking: Take) -> None:
    taking(content(document()))
    TableSessions().remove(KEY)
    assert taking(content(document())).outcome == "already there"
    assert len(records()) == 1


def test_a_name_that_belongs_to_other_content_is_never_overwritten(taking: Take, objects: Objects) -> None:
    names = [taking(content(document(day=3, data=(number,)))).key for number in range(4)]
    assert names == [KEY, *(f"ToM_Loc_2003_day3_090503{letter}.json" for letter in ("", "_b", "_c"))]
    assert [json.loads(objects.get(BUCKET, name))["data"] for name in names] == [[0], [1], [2], [3]]
    assert taking(content(document(day=3, data=(2,)))).key == names[2]
    assert len(records()) == 4


def test_a_file_that_lies_under_a_foreign_key_is_there_already(taking: Take, objects: Objects) -> None:
    objects.put(BUCKET, "2003/monday.json", content(document()))
    TableSessions().replace("2003/monday.json", [_named(taking, objects)])
    taken = taking(content(document()))
    assert (taken.outcome, taken.key) == ("already there", "2003/monday.json")


def _named(taking: Take, objects: Objects) -> SessionRecord:
    (record,) = taking(content(document(data=("other",)))).records
    objects.delete(BUCKET, KEY)
    TableSessions().remove(KEY)
    return SessionRecord(**{**vars(record), "file_name": "2003/monday.json"})


def test_a_patient_in_other_case_is_kept_in_the_notes(taking: Take, objects: Objects) -> None:
    add_patient("Ab-1")
    whole = content(document(subject="aB-1"))
    (record,) = taking(whole).records
    assert record.subject == "Ab-1"
    assert objects.get(BUCKET, "ToM_Loc_Ab-1.json") == whole
    notes = read_notes(objects.get(BUCKET, "ToM_Loc_Ab-1.json.notes.json"))
    assert notes.of(1).corrections == {"subject": "Ab-1"}
    assert notes.history[0].by == "server"


def test_what_a_penalty_shot_file_does_not_say_is_said_by_the_person(taking: Take, objects: Objects) -> None:
    whole = b'{"start_time": "9:0:0:1"}\n{"end_time": "9:30:0:1"}\n'
    with pytest.raises(BadSession, match="does not say its subject, day"):
        taking(whole)
    (record,) = taking(whole, subject="2003", day=4).records
    assert (record.experiment, record.subject, record.day, record.file_name) == (
        "penaltyshot",
        "2003",
        4,
        "penaltyshot_2003.json",
    )
    assert objects.get(BUCKET, "penaltyshot_2003.json") == whole
    assert taking(whole, subject="2003", day=4).outcome == "already there"


@pytest.mark.parametrize(
    ("hints", "told"),
    [
        ({"subject": "2004"}, "its patient is 2003"),
        ({"day": 4}, "its day is 3"),
        ({"experiment": "m"}, "its task"),
    ],
)
def test_what_a_file_says_is_not_said_otherwise(taking: Take, hints: dict[str, object], told: str) -> None:
    with pytest.raises(SessionRefused, match=told):
        taking(content(document()), **hints)
    assert taking(content(document()), subject="2003", day=3, experiment="tom loc").outcome == "stored"


def test_a_patient_must_exist(taking: Take, objects: Objects) -> None:
    with pytest.raises(PatientUnknown, match="The most similar: 2003"):
        taking(content(document(subject="2030")))
    assert keys(objects) == []


def test_of_who_has_withdrawn_nothing_comes_in(taking: Take, objects: Objects) -> None:
    objects.put(BUCKET, tombstone_key("2003"), b"{}")
    with pytest.raises(IngestRefused, match="has withdrawn"):
        taking(content(document()))
    Patient.objects.update(withdrawn_at="2026-01-01T00:00:00Z")
    with pytest.raises(PatientWithdrawn):
        taking(content(document()))
    assert keys(objects) == [tombstone_key("2003")]


def test_notes_of_a_file_long_gone_do_not_become_a_new_one_s(taking: Take, objects: Objects) -> None:
    objects.put(BUCKET, f"{KEY}.notes.json", b'{"version": 1, "sessions": {"1": {"corrections": {"day": 9}}}}')
    (record,) = taking(content(document())).records
    assert record.day == 3


def test_what_is_odd_is_told_with_the_session_it_is_of(taking: Take) -> None:
    hold("2003", "r", (4 * DAY, 5 * DAY))
    found = taking(content(document(day=4), document(day=3))).findings
    (first,) = (each.partition(",")[0] for each in found)
    assert first == "Session 2: Nothing is recorded of patient 2003 at day 3 09:05"


def test_the_bucket_is_made_where_it_is_not_there(taking: Take, objects: Objects, settings: object) -> None:
    settings.SESSIONS_BUCKET = "another-bucket"  # type: ignore[attr-defined]
    assert taking(content(document())).outcome == "stored"
    assert [info.key for info in objects.list("another-bucket")] == [KEY]


NEW = NewSession(experiment="Verb_Gen", patient="2003", day=2, start="23:50:0", stop="0:10:0:5")


def added(objects: Objects, *files: bytes, new: NewSession = NEW) -> Taken:
    attachments = [Attachment(name=f"John Doe {n}.CSV", file=io.BytesIO(file)) for n, file in enumerate(files)]
    return add_session(
        new, attachments=attachments, objects=objects, sessions=TableSessions(), by=server_scope(means="command")
    )


def test_a_session_is_made_of_any_files(objects: Objects, patient: str) -> None:
    taken = added(objects, b"a,b\n1,2\n", b"\0" * 3_000_000)
    assert (taken.outcome, taken.key) == ("stored", "Verb_Gen_2003.json")
    (record,) = records()
    assert (record.day, record.stop - record.start) == (2, record.stop - record.start)
    assert record.stop.microsecond == 5
    assert objects.get(BUCKET, "Verb_Gen_2003.json.files/1.csv") == b"a,b\n1,2\n"
    assert objects.get(BUCKET, "Verb_Gen_2003.json.files/2.csv") == b"\0" * 3_000_000
    told = json.loads(objects.get(BUCKET, "Verb_Gen_2003.json"))
    assert [file["name"] for file in told["files"]] == ["1.csv", "2.csv"]
    assert "Doe" not in json.dumps(told)


def test_added_again_it_changes_nothing_and_lost_files_come_back(objects: Objects, patient: str) -> None:
    added(objects, b"one")
    objects.delete(BUCKET, "Verb_Gen_2003.json.files/1.csv")
    assert added(objects, b"one").outcome == "already there"
    assert keys(objects) == ["Verb_Gen_2003.json", "Verb_Gen_2003.json.files/1.csv"]
    assert added(objects, b"two").key == "Verb_Gen_2003_day2_235000.json"
    assert objects.get(BUCKET, "Verb_Gen_2003.json.files/1.csv") == b"one"


def test_a_word_that_cannot_be_is_refused_before_anything_is_written(objects: Objects, patient: str) -> None:
    with pytest.raises(BadSession, match="'noon' is no time of day"):
        added(objects, b"x", new=NewSession(experiment="a", patient="2003", day=2, start="noon", stop="1:0:0"))
    with pytest.raises(NotASession):
        take(b"", objects=objects, sessions=TableSessions(), by=server_scope(means="command"))
    assert keys(objects) == []


@pytest.mark.database(transaction=True)
def test_several_who_store_the_same_name_at_once_lose_nothing(objects: Objects, transactional_db: None) -> None:
    add_patient("2003")
    files = [content(document(day=3, data=(number,))) for number in range(5)]

    def store(number: int) -> Taken:
        scope = server_scope(means="command")
        return take(files[number], objects=objects, sessions=TableSessions(), by=scope)

    taken = at_once(store, threads=len(files))
    assert sorted(objects.get(BUCKET, each.key) for each in taken) == files
    assert len(records()) == 5
    assert [each.outcome for each in at_once(store, threads=len(files))] == ["already there"] * 5


def test_who_comes_a_moment_too_late_takes_the_next_name(patient: str, objects: Objects, settings: Any) -> None:
    other = content(document(data=("other",)))

    class Racing(FolderObjects):
        """In the moment between looking and writing somebody else writes."""

        def put(self, bucket: str, key: str, body: Body, **how: Any) -> ObjectInfo:
            if key == KEY:
                objects.put(bucket, KEY, other)
            return super().put(bucket, key, body, **how)

    racing = Racing(Path(urlsplit(settings.OBJECTS_URL).path))
    scope = server_scope(means="command")
    taken = take(content(document()), objects=racing, sessions=TableSessions(), by=scope)
    assert taken.key == "ToM_Loc_2003_day3_090503.json"
    assert objects.get(BUCKET, KEY) == other
