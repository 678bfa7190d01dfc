"""Records follow what the store says now, whatever the number and order of hints that it changed."""

from contextlib import suppress
from itertools import permutations

import pytest

from behavior.equal import is_withdrawn
from behavior.errors import BadSession, NotASession, NotesUnreadable
from behavior.index import index_object
from behavior.keys import tombstone_key
from behavior.record import SessionRecord
from behavior.table import TableSessions
from chunks import tombstones
from storage.errors import BucketMissing
from storage.objects import Objects
from tests.behavior.conftest import BUCKET
from tests.behavior.made import content, document

pytestmark = pytest.mark.database
KEY = "2003/ToM_Loc_2003.json"
STATES = (
    content(document()),
    content(document(experiment="faces_task"), document(day=5)),
    content(document(day=1), document(day=2), document(day=4)),
    b"",
    None,
)


@pytest.fixture
def sessions() -> TableSessions:
    return TableSessions()


def write(objects: Objects, whole: bytes | None) -> None:
    if whole is None:
        objects.delete(BUCKET, KEY)
    else:
        objects.put(BUCKET, KEY, whole)


def told(objects: Objects, sessions: TableSessions, key: str = KEY) -> None:
    """A hint, as an event or a repair gives it; whoever gives it goes on after a refusal."""
    with suppress(NotASession, BadSession):
        index_object(objects, sessions, key=key)


def held(sessions: TableSessions) -> list[tuple[str, str, int]]:
    return [(each.experiment, each.file_name, each.day) for each in sessions.of_object(KEY)]


def test_late_doubled_and_reordered_hints_change_nothing(objects: Objects, sessions: TableSessions) -> None:
    wanted = {}
    for order in permutations(range(len(STATES))):
        for number in order:
            write(objects, STATES[number])
            if number % 2:  # every second hint is late
                told(objects, sessions)
        for hint in (KEY, f"{KEY}.notes.json", KEY):
            told(objects, sessions, hint)
        assert held(sessions) == wanted.setdefault(order[-1], held(sessions))
    assert wanted[0] == [("ToM_Loc", KEY, 3)]
    assert wanted[1] == [("faces_task", KEY, 3), ("ToM_Loc", f"{KEY}#2", 5)]
    assert [day for _, _, day in wanted[2]] == [1, 2, 4]
    assert wanted[3] == wanted[4] == []


class Restless(TableSessions):
    """While it writes, somebody replaces the object."""

    def __init__(self, objects: Objects, *wholes: bytes | None) -> None:
        self.objects, self.wholes = objects, list(wholes)

    def replace(self, key: str, records: list[SessionRecord]) -> bool:  # type: ignore[override]
        if self.wholes:
            write(self.objects, self.wholes.pop(0))
        return super().replace(key, records)


@pytest.mark.parametrize("later", STATES)
def test_an_object_replaced_in_the_meantime_is_looked_at_again(objects: Objects, later: bytes | None) -> None:
    write(objects, content(document(day=9)))
    sessions = Restless(objects, content(document(day=8)), later)
    told(objects, sessions)
    plain = TableSessions()
    found = held(plain)
    told(objects, plain)
    assert held(plain) == found


def test_what_no_session_can_be_read_from_has_no_record_and_is_said(objects: Objects, sessions: TableSessions) -> None:
    write(objects, STATES[0])
    index_object(objects, sessions, key=KEY)
    write(objects, b"<html>")
    with pytest.raises(NotASession, match="web page"):
        index_object(objects, sessions, key=KEY)
    assert held(sessions) == []


def test_notes_that_cannot_be_read_leave_the_records_as_they_are(objects: Objects, sessions: TableSessions) -> None:
    write(objects, STATES[0])
    index_object(objects, sessions, key=KEY)
    objects.put(BUCKET, f"{KEY}.notes.json", b"{}")
    with pytest.raises(NotesUnreadable):
        index_object(objects, sessions, key=KEY)
    assert len(held(sessions)) == 1


@pytest.mark.parametrize("key", ["withdrawn/2003.json", "a.json.files/1.json", "readme.txt"])
def test_other_objects_are_no_sessions(objects: Objects, sessions: TableSessions, key: str) -> None:
    objects.put(BUCKET, key, content(document()))
    assert index_object(objects, sessions, key=key) is None
    assert not sessions.counts()


def test_nothing_of_a_withdrawn_patient_is_recorded(objects: Objects, sessions: TableSessions) -> None:
    write(objects, content(document(), document(subject="2004")))
    index_object(objects, sessions, key=KEY)
    assert len(held(sessions)) == 2
    objects.put(BUCKET, tombstones.tombstone_key("2003"), b"{}")
    index_object(objects, sessions, key=KEY)
    assert [each.subject for each in sessions.of_object(KEY)] == ["2004"]
    assert is_withdrawn(objects, BUCKET, "2003")
    assert not is_withdrawn(objects, BUCKET, "2004")


def test_tombstones_have_one_key() -> None:
    assert tombstone_key("Ab-1") == tombstones.tombstone_key("Ab-1")


def test_from_a_missing_bucket_nothing_is_concluded(
    objects: Objects, sessions: TableSessions, settings: object
) -> None:
    write(objects, STATES[0])
    index_object(objects, sessions, key=KEY)
    settings.SESSIONS_BUCKET = "not-there"  # type: ignore[attr-defined]
    with pytest.raises(BucketMissing):
        index_object(objects, sessions, key=KEY)
    assert len(held(sessions)) == 1
