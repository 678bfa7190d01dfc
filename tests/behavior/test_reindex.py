"""Bucket and records are compared both ways; what is wrong is put right, and nothing is removed by mistake."""

import json
from typing import Any

import pytest

from behavior.dynamodb import DynamoSessions, _item
from behavior.models import SessionNote
from behavior.record import attributes
from behavior.reindex import Report, reindex
from behavior.sessions import Sessions
from behavior.table import TableSessions
from chunks.tombstones import tombstone_key
from jobs.chores import chores
from people.patients import add_patient
from people.scope import server_scope
from storage.errors import BucketMissing
from storage.objects import Objects
from tests.behavior.conftest import BUCKET
from tests.behavior.contract import held, told
from tests.behavior.made import content, document, record
from tests.behavior.test_dynamodb import fresh

pytestmark = pytest.mark.database


@pytest.fixture
def store(objects: Objects, patient: str) -> Objects:
    objects.put(BUCKET, "a.json", content(document(), document(day=4)))
    objects.put(BUCKET, "b.json", content(document(experiment="mov")))
    objects.put(BUCKET, "b.json.notes.json", b'{"version": 1, "sessions": {"1": {"clock_offset_us": 7}}}')
    return objects


@pytest.fixture(params=["table", "dynamodb"])
def sessions(request: pytest.FixtureRequest) -> Sessions:
    if request.param == "table":
        return TableSessions()
    home = fresh(request.getfixturevalue("dynalite_url"))
    home.make_tables()
    return home


def run(store: Objects, sessions: Sessions, **how: Any) -> Report:
    return reindex(store, sessions, by=server_scope(means="command"), **how)


WHOLE = [("ToM_Loc", "a.json"), ("ToM_Loc", "a.json#2"), ("mov", "b.json")]


def test_an_index_is_built_from_the_bucket_alone(store: Objects, sessions: Sessions) -> None:
    report = run(store, sessions)
    assert (report.objects, report.sessions, report.added, report.replaced) == (2, 3, 2, 0)
    assert held(sessions) == WHOLE
    assert told(sessions) == {("ToM_Loc", "2003"): 2, ("mov", "2003"): 1}
    assert SessionNote.objects.get().clock_offset_us == 7
    assert report.clean
    again = run(store, sessions)
    assert (again.added, again.replaced, again.removed, again.counts_wrong) == (0, 0, 0, 0)


def test_a_check_writes_nothing(store: Objects, sessions: Sessions) -> None:
    sessions.replace("gone.json", [record("gone.json")])
    report = run(store, sessions, check=True, fix=True)
    assert (report.added, report.orphans) == (2, ["gone.json"])
    assert held(sessions) == [("ToM_Loc", "gone.json")]
    assert not SessionNote.objects.exists()


def test_ghosts_and_wrong_records_are_replaced(store: Objects, sessions: Sessions) -> None:
    run(store, sessions)
    sessions.replace("a.json", [record("a.json", experiment="old", day=9), *(record(f"a.json#{n}") for n in (2, 3))])
    report = run(store, sessions)
    assert report.replaced == 1
    assert held(sessions) == WHOLE


def test_a_record_without_an_object_is_removed_only_when_asked(store: Objects, sessions: Sessions) -> None:
    run(store, sessions)
    sessions.replace("gone.json", [record("gone.json")])
    report = run(store, sessions)
    assert (report.orphans, report.removed, report.clean) == (["gone.json"], 0, False)
    assert len(held(sessions)) == 4
    report = run(store, sessions, fix=True)
    assert (report.orphans, report.removed, report.clean) == ([], 1, True)
    assert held(sessions) == WHOLE


def test_many_records_without_an_object_are_not_removed_by_mistake(store: Objects, sessions: Sessions) -> None:
    for number in range(11):
        sessions.replace(f"{number}.json", [record(f"{number}.json")])
    report = run(store, sessions, fix=True)
    assert report.kept_because_many
    assert len(held(sessions)) == 14
    report = run(store, sessions, fix=True, many=True)
    assert report.removed == 11
    assert held(sessions) == WHOLE


def test_from_a_listing_that_fails_nothing_is_concluded(store: Objects, sessions: Sessions, settings: Any) -> None:
    run(store, sessions)
    settings.SESSIONS_BUCKET = "renamed"
    with pytest.raises(BucketMissing):
        run(store, sessions, fix=True, many=True)
    assert held(sessions) == WHOLE


def test_unreadable_objects_and_unknown_subjects_are_named(store: Objects, sessions: Sessions) -> None:
    store.put(BUCKET, "raw.json", b'{"wall_time": "9:0:0"}\n{"wall_time": "9:5:0"}\n')
    store.put(BUCKET, "c.json", content(document(subject="9999")))
    report = run(store, sessions)
    assert [key for key, _ in report.unreadable] == ["raw.json"]
    assert dict(report.unknown_subjects) == {"9999": 1}
    add_patient("9999")
    assert not run(store, sessions).unknown_subjects


def test_the_records_of_a_withdrawn_patient_go(store: Objects, sessions: Sessions) -> None:
    run(store, sessions)
    store.put(BUCKET, tombstone_key("2003"), b"{}")
    run(store, sessions)
    assert held(sessions) == []
    assert not told(sessions)


def test_the_lab_s_old_records_are_replaced_and_counted(store: Objects, dynalite_url: str) -> None:
    sessions: DynamoSessions = fresh(dynalite_url)
    sessions.make_tables()
    right = attributes(record("b.json", experiment="mov"))
    old = right | {"start time": "2003-01-03 09:05:03.420000", "stop time": "2003-01-03 09:20:00.700000"}
    spelled = {name.replace("t t", "t_t").replace("p t", "p_t"): value for name, value in old.items()}
    for item in (spelled, old | {"file name": "a.json", "experiment": "ToM_Loc"}):
        sessions.calls.ask("put_item", TableName=sessions.names.records, Item=_item(item))
    report = run(store, sessions)
    assert report.replaced == 2
    assert report.faults["microseconds read as a fraction"] == 2
    assert report.faults["old spelling 'start_time'"] == 1
    assert held(sessions) == WHOLE
    assert told(sessions) == {("ToM_Loc", "2003"): 2, ("mov", "2003"): 1}
    assert report.counts_wrong == 2  # the old records had never been counted
    assert {str(each.item["start time"]) for each in sessions.everything() if each.file_name == "b.json"} == {
        "2003-01-03 09:05:03.000042"
    }
    json.dumps(report.unreadable)


def test_every_night_it_is_done_without_removing_anything(store: Objects, settings: Any) -> None:
    (nightly,) = [chore.run for chore in chores() if chore.name == "sessions"]
    TableSessions().replace("gone.json", [record("gone.json")])
    assert nightly() == "2 added, 1 without an object"
    assert len(held(TableSessions())) == 4
    assert nightly() == "1 without an object"
    settings.SESSIONS_BUCKET = "none-yet"
    assert nightly() == ""
