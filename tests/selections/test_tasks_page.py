"""The list of tasks, and the names that complete: counts, hours, cost, and nothing of hidden patients."""

import re

import pytest
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from behavior.errors import SessionsUnavailable
from behavior.table import TableSessions
from people.models import AuditedPatient, AuditEntry
from people.roles import Role
from selections import task_list
from tests.selections.made import DAY, HOUR, MINUTE, hold, recording
from tests.selections.pages import browser_of, links, person, text
from tests.selections.sessions import alias, keep, record, session

pytestmark = pytest.mark.database(transaction=True)
NOON = 3 * DAY + 12 * HOUR


@pytest.fixture
def rita() -> Client:
    hold("2002", "rec", (NOON, NOON + HOUR), labels=["LTG1"])
    hold("2007", "theirs", (NOON, NOON + HOUR), labels=["LTG1"])
    session("2002", NOON, NOON + 30 * MINUTE)
    session("2002", NOON + 20 * MINUTE, NOON + 50 * MINUTE, name="again.json")  # at the same time: counted once
    session("2002", NOON + 5 * HOUR, NOON + 6 * HOUR, name="unrecorded.json")
    session("2002", NOON - 50 * MINUTE, NOON - 30 * MINUTE, task="faces", offset=60 * MINUTE)
    session("2007", NOON, NOON + 30 * MINUTE, task="Hidden_Task")
    session("2007", NOON, NOON + 30 * MINUTE, task="ToM_Loc")
    alias("faces", "faces_task")
    alias("mine", "Hidden_Task")
    return browser_of(person("rita", "2002"))


def suggestions(client: Client, typed: str) -> list[str]:
    return [each["name"] for each in client.get("/tasks/suggest", {"q": typed}).json()["tasks"]]


def test_it_counts_patients_sessions_and_hours(rita):
    page = rita.get("/tasks/")
    said = text(page)
    assert "2 tasks, 4 sessions, 1 patient." in said
    assert "ToM_Loc – 3 0.83 2002" in said
    assert "faces_task faces 1 0.33 2002" in said
    assert "/search/?patient=*&task=%3Dtomloc" in links(page)
    assert rita.get("/search/?patient=*&task=%3Dtomloc").status_code == 200


def test_a_look_is_in_the_audit_and_a_suggestion_is_not(rita):
    rita.get("/tasks/")
    rita.get("/tasks/suggest?q=t")
    (entry,) = AuditEntry.objects.filter(act="look")
    assert (entry.question, entry.outcome) == ("tasks", "done")
    assert list(AuditedPatient.objects.filter(entry=entry).values_list("patient", flat=True)) == ["2002"]


def test_nothing_tells_of_tasks_that_hidden_patients_alone_did(rita):
    for address in ("/tasks/", "/tasks/?q=hidden", "/tasks/?q=mine", "/tasks/?q=*", "/tasks/?q=Hidden_Tasc"):
        said = text(rita.get(address)).replace("“mine”", "").replace("“hidden”", "").replace("“Hidden_Tasc”", "")
        said = said.replace("hidden", "").replace("Hidden_Tasc", "").replace("mine", "")
        assert "Hidden" not in said, address
        assert "2007" not in said, address
    for typed in ("", "hid", "mine", "*", "task"):
        assert "Hidden_Task" not in suggestions(rita, typed)
    everything = browser_of(person("dan", role=Role.DATA_MANAGER))
    assert "Hidden_Task" in suggestions(everything, "hid")


def test_the_filter_reads_names_as_the_search_does(rita):
    assert "faces_task" not in text(rita.get("/tasks/?q=tom+LOC"))
    assert "No task is called “tom lok”. Did you mean ToM_Loc" in text(rita.get("/tasks/?q=tom+lok"))
    assert "/tasks/" in links(rita.get("/tasks/?q=nonsense"))


def test_the_last_of_several_names_is_completed_and_counted_for_who_asks(rita):
    assert suggestions(rita, "ToM_Loc, FAC") == ["faces_task"]
    (found,) = rita.get("/tasks/suggest", {"q": "tom"}).json()["tasks"]
    assert found == {"name": "ToM_Loc", "typed": "ToM_Loc", "sessions": 3, "patients": 1}


def test_what_is_typed_for_a_name_means_that_task_alone(rita):
    session("2002", NOON, NOON + HOUR, task="ToM_Loc_2")
    session("2002", NOON, NOON + HOUR, task="odd, na*me?")
    typed = {each["name"]: each["typed"] for each in rita.get("/tasks/suggest").json()["tasks"]}
    assert typed["ToM_Loc"] == "=ToM_Loc"
    assert typed["ToM_Loc_2"] == "ToM_Loc_2"
    assert "," not in typed["odd, na*me?"]
    assert suggestions(rita, typed["odd, na*me?"]) == ["odd, na*me?"]


def test_suggestions_are_few_and_hostile_letters_find_nothing(rita):
    keep([record("2002", NOON, NOON + 1, task=f"task number {number}") for number in range(40)])
    assert len(suggestions(rita, "number")) == task_list.SUGGESTED
    for typed in ("[", "(" * 199, "\\", "%00", "\x00", "'; drop", "x" * 10_000):
        assert suggestions(rita, typed) == []


def test_statements_do_not_grow_with_sessions_or_patients(rita):
    dan = browser_of(person("dan", role=Role.DATA_MANAGER))

    def statements() -> int:
        with (
            CaptureQueriesContext(connections["default"]) as own,
            CaptureQueriesContext(connections["headers"]) as held,
        ):
            dan.get("/tasks/")
        return len(own) + len(held)

    before = statements()
    for patient in map(str, range(3000, 3030)):
        hold(patient, "rec", (NOON, NOON + HOUR), labels=["LTG1"])
        keep([record(patient, NOON + at, NOON + at + MINUTE, task=f"task {at % 7}") for at in range(10)])
    assert statements() <= before + 2  # patients of the audit, names by 400


def test_hours_are_left_to_the_search_where_sessions_are_many(rita, monkeypatch):
    monkeypatch.setattr(task_list, "SESSIONS_SUMMED", 2)
    said = text(rita.get("/tasks/"))
    assert "ToM_Loc – 3 in the search 2002" in said
    assert "faces_task faces 1 0.33 2002" in said


def test_many_tasks_have_pages_and_each_is_on_one(rita):
    keep([record("2002", NOON, NOON + 1, task=f"t{number:03}") for number in range(120)])
    address, names = "/tasks/?q=t0*,t1*", []
    while address:
        page = rita.get(address)
        names += re.findall(r"task=%3D(t\d{3})\b", " ".join(links(page)))
        address = next((f"/tasks/{each}" for each in links(page) if "after=" in each), "")
    assert sorted(names) == sorted({f"t{number:03}" for number in range(120)})


def test_recordings_that_are_not_ok_count_nothing(rita):
    recording("2002", "bad", (NOON + 5 * HOUR, NOON + 6 * HOUR), state="conflict").save(force_insert=True)
    assert "ToM_Loc – 3 0.83 2002" in text(rita.get("/tasks/"))


def test_empty_pages_say_what_to_do():
    assert "No patient is granted to you" in text(browser_of(person("nora")).get("/tasks/"))
    assert "No sessions yet" in text(browser_of(person("rita", "2002")).get("/tasks/"))
    managed = browser_of(person("dan", role=Role.DATA_MANAGER)).get("/tasks/")
    assert "/sessions/add/" in links(managed)
    assert "/admin/behavior/taskalias/" in links(managed)


def test_who_may_not_search_gets_neither():
    nobody = browser_of(person("nobody", "2002", role=None))
    assert nobody.get("/tasks/").status_code == 403
    assert nobody.get("/tasks/suggest?q=t").status_code == 403


def test_a_table_of_sessions_that_does_not_answer_is_said(rita, monkeypatch):
    def away(_self: TableSessions) -> None:
        raise SessionsUnavailable("The table of sessions does not answer.")

    monkeypatch.setattr(TableSessions, "counts", away)
    page = rita.get("/tasks/")
    assert page.status_code == 503
    assert b"Sessions cannot be shown just now" in page.content
    assert rita.get("/tasks/suggest?q=t").status_code == 503
    # Recordings are found as ever.
    assert "2 patients" not in text(rita.get("/search/"))
    assert rita.get("/search/?patient=2002").status_code == 200
    assert rita.get("/patients/2002/").status_code == 200
