"""A correction is kept beside the session: the JSON stays as it came, and an index built anew says the same."""

import pytest

from behavior.correct import Correction, change_notes, document_of, notes_in_bucket, set_session
from behavior.errors import BadSession, SessionMissing, SessionRefused
from behavior.index import index_object
from behavior.models import SessionNote
from behavior.noted import notes_of
from behavior.notes import SessionNotes
from behavior.table import TableSessions
from people.errors import PatientUnknown
from people.patients import add_patient
from people.scope import Scope, scope_for, server_scope
from storage.objects import Objects
from tests.behavior.conftest import BUCKET
from tests.behavior.made import at, content, document
from tests.people.makers import grant, make_user

pytestmark = pytest.mark.database
KEY = "ToM_Loc_2003.json"
SECOND = f"{KEY}#2"
HOUR_US = 3_600_000_000


@pytest.fixture
def by(patient: str) -> Scope:
    add_patient("2004")
    return server_scope(means="command")


@pytest.fixture
def store(objects: Objects, by: Scope) -> Objects:
    objects.put(BUCKET, KEY, content(document(), document(day=5)))
    index_object(objects, TableSessions(), key=KEY)
    return objects


def corrected(store: Objects, by: Scope, name: str = KEY, **values: object) -> object:
    return set_session(
        name,
        correction=Correction(**values),  # type: ignore[arg-type]
        reason="typed wrong",
        by=by,
        objects=store,
        sessions=TableSessions(),
    )


def test_every_value_can_be_corrected_in_its_own_session(store: Objects, by: Scope) -> None:
    whole = store.get(BUCKET, KEY)
    corrected(
        store, by, SECOND, experiment="faces_task", subject="2004", day=6, start_time="23:50:0", stop_time="0:10:0"
    )
    first, second = TableSessions().of_object(KEY)
    assert (first.experiment, first.day) == ("ToM_Loc", 3)
    assert (second.experiment, second.subject, second.day) == ("faces_task", "2004", 6)
    assert (second.start, second.stop) == (at("2004", day=6, hour=23, minute=50), at("2004", day=7, minute=10))
    assert store.get(BUCKET, KEY) == whole


def test_who_changed_what_and_why_is_kept(store: Objects, by: Scope) -> None:
    corrected(store, by, day=4)
    corrected(store, by, clock_offset_us=-HOUR_US)
    notes = notes_in_bucket(KEY, objects=store)
    assert [(each.by, each.session, dict(each.changes), each.reason) for each in notes.history] == [
        ("server", 1, {"day": 4}, "typed wrong"),
        ("server", 1, {"clock_offset_us": -HOUR_US}, "typed wrong"),
    ]
    assert notes.of(1) == SessionNotes(corrections={"day": 4}, clock_offset_us=-HOUR_US, clock_offset_source="hand")


def test_an_index_built_anew_says_the_same(store: Objects, by: Scope) -> None:
    corrected(store, by, day=4, clock_offset_us=HOUR_US)
    TableSessions().remove(KEY)
    SessionNote.objects.all().delete()
    index_object(store, TableSessions(), key=f"{KEY}.notes.json")  # the event of the notes wakes whoever indexes
    assert [each.day for each in TableSessions().of_object(KEY)] == [4, 5]
    note = notes_of([KEY, SECOND])[KEY]
    assert (note.subject, note.clock_offset_us, note.clock_offset_source, note.corrected) == (
        "2003",
        HOUR_US,
        "hand",
        "day",
    )
    assert SECOND not in notes_of([SECOND])


def test_a_correction_is_taken_back_by_what_the_file_says(store: Objects, by: Scope) -> None:
    corrected(store, by, start_time="8:0:0", clock_offset_us=5)
    corrected(store, by, start_time="9:5:3:42", clock_offset_us=0)
    assert notes_in_bucket(KEY, objects=store).of(1) == SessionNotes()
    assert not SessionNote.objects.exists()


def test_notes_are_forgotten_with_their_session(store: Objects, by: Scope) -> None:
    corrected(store, by, SECOND, clock_offset_us=HOUR_US)
    store.put(BUCKET, KEY, content(document()))
    index_object(store, TableSessions(), key=KEY)
    assert not SessionNote.objects.exists()


def test_other_notes_are_kept_with_their_author(store: Objects, by: Scope) -> None:
    corrected(store, by, day=4)
    change_notes(
        KEY,
        lambda notes: SessionNotes(corrections=notes.corrections, alignment={"method": "triggers"}),
        changes={"alignment": "triggers"},
        reason="",
        by=by,
        objects=store,
        sessions=TableSessions(),
    )
    assert SessionNote.objects.get().alignment == {"method": "triggers"}
    assert notes_in_bucket(KEY, objects=store).of(1).corrections == {"day": 4}


@pytest.mark.parametrize(
    ("name", "values", "error", "told"),
    [
        ("nothing.json", {"day": 4}, SessionMissing, "There is no session 'nothing.json'"),
        (f"{KEY}#3", {"day": 4}, SessionMissing, "There is no session"),
        (f"{KEY}.notes.json", {"day": 4}, SessionMissing, "There is no session"),
        ("../x.json", {"day": 4}, SessionMissing, "There is no session"),
        (KEY, {"day": 3}, SessionRefused, "Nothing would change"),
        (KEY, {"clock_offset_us": 0}, SessionRefused, "Nothing would change"),
        (KEY, {"clock_offset_us": 10**15}, SessionRefused, "cannot be"),
        (KEY, {"start_time": "noon"}, BadSession, "'noon' is no time of day"),
        (KEY, {"day": 99_999}, BadSession, "is no day"),
        (KEY, {"subject": "2030"}, PatientUnknown, "There is no patient '2030'"),
    ],
)
def test_what_cannot_be_corrected(
    store: Objects, by: Scope, name: str, values: dict[str, object], error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        corrected(store, by, name, **values)
    assert [each.day for each in TableSessions().of_object(KEY)] == [3, 5]


def test_a_session_that_cannot_be_read_is_put_right(store: Objects, by: Scope) -> None:
    store.put(BUCKET, "shot.json", b'{"start_time": "9:0:0:1"}\n{"end_time": "9:30:0:1"}\n')
    with pytest.raises(BadSession):
        index_object(store, TableSessions(), key="shot.json")
    corrected(store, by, "shot.json", subject="2003", day=4)
    assert [each.day for each in TableSessions().of_object("shot.json")] == [4]


def test_a_session_out_of_sight_is_one_that_does_not_exist(store: Objects) -> None:
    user = make_user()
    grant(user, patient="2004")
    alice = scope_for(user, means="page")
    with pytest.raises(SessionMissing) as hidden:
        corrected(store, alice, day=4)
    with pytest.raises(SessionMissing) as missing:
        corrected(store, alice, "nothing.json", day=4)
    assert str(hidden.value).replace(KEY, "") == str(missing.value).replace("nothing.json", "")
    with pytest.raises(SessionMissing):
        document_of(KEY, objects=store, by=alice)


def test_trials_are_read_from_the_bucket(store: Objects, by: Scope) -> None:
    assert document_of(SECOND, objects=store, by=by).meta["day"] == 5
