"""The audit's answers about a patient: by page, by command and as a file."""

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from people import audit
from people.account_words import AccountState, read_state
from people.accounts import make_account, save_account
from people.audit import Outcome
from people.audit_answers import (
    ALL_PATIENTS,
    Part,
    Period,
    audited_person,
    every_act,
    page_of_acts,
    who_could_see,
)
from people.models import AuditedPatient, AuditEntry, Grant, Patient
from people.patients import add_patient
from people.roles import Role
from people.scope import scope_for, server_scope
from tests.people.makers import grant, make_user

pytestmark = pytest.mark.database(transaction=True)
ALWAYS = Period()
JUNE = Period(first=date(2025, 6, 1), last=date(2025, 6, 30))


def at(month: int, day: int, hour: int = 0) -> datetime:
    return datetime(2025, month, day, hour, tzinfo=UTC)


def entry(act: str, *patients: str, when: datetime | None = None, **more: object) -> AuditEntry:
    row = AuditEntry.objects.create(
        **({"act": act, "by_name": "alice", "means": "page", "at": when or timezone.now(), "outcome": "done"} | more)
    )
    for patient in patients:
        AuditedPatient.objects.create(entry=row, patient=patient)
    return row


@pytest.fixture
def patient() -> None:
    add_patient("2002")
    Patient.objects.filter(pk="2002").update(created_at=at(1, 1))


@pytest.fixture
def admin(client):
    user = make_user("ada", is_staff=True, is_superuser=True)
    client.force_login(user)
    return user


def seers(period=ALWAYS):
    found = who_could_see(audited_person("2002"), period=period)
    return [(each.user, each.which, each.since, each.until, each.given_by, each.revoked_by) for each in found]


@pytest.mark.usefixtures("patient")
def test_grants_say_who_could_see_from_when_until_when():
    add_patient("2003")
    alice, bob, giver = make_user("alice"), make_user("bob"), make_user("gina")
    grant(alice, patient="2002", first=date(2025, 6, 10), last=date(2025, 6, 20), given_at=at(6, 1), given_by=giver)
    grant(bob, given_at=at(6, 5, 12), revoked_at=at(6, 7), revoked_by=giver)
    grant(bob, patient="2003", given_at=at(6, 1))
    assert seers() == [
        ("alice", "2002", at(6, 10), at(6, 21), "gina", ""),
        ("bob", ALL_PATIENTS, at(6, 5, 12), at(6, 7), "server", "gina"),
    ]
    assert [each[0] for each in seers(Period(first=date(2025, 6, 7)))] == ["alice"]
    assert [each[0] for each in seers(Period(last=date(2025, 6, 9)))] == ["bob"]
    assert seers(Period(first=date(2025, 6, 21))) == []


@pytest.mark.usefixtures("patient")
def test_a_grant_that_was_given_late_or_revoked_before_it_began_let_nobody_see_earlier():
    alice = make_user("alice")
    grant(alice, patient="2002", first=date(2025, 1, 1), given_at=at(6, 1))
    grant(alice, patient="2002", first=date(2025, 9, 1), given_at=at(6, 1), revoked_at=at(7, 1))
    assert [each[2:4] for each in seers()] == [(at(6, 1), None)]


@pytest.mark.usefixtures("patient")
def test_who_sees_all_by_role_is_said_as_such():
    make_user("sam", is_staff=True)
    make_user("gone", is_staff=True, is_active=False)
    (found,) = who_could_see(audited_person("2002"), period=ALWAYS)
    assert (found.user, found.which, found.reason, found.until) == ("sam", ALL_PATIENTS, "staff", None)
    assert "now" in found.note


def account(name: str, roles: str, *, active: str = "yes", when: datetime, by: str = "ada", **more: object) -> None:
    """An act on an account, as `people.accounts` writes it."""
    act = (
        "change account" if AuditEntry.objects.filter(question__startswith=f"user={name} ").exists() else "make account"
    )
    entry(act, when=when, by_name=by, question=f"user={name} roles={roles} active={active}", **more)


@pytest.mark.usefixtures("patient")
def test_who_was_staff_once_could_see_until_then():
    for name in ("bob", "gone"):
        make_user(name, is_active=name != "gone")
    make_user("dan", is_staff=True)
    account("bob", "data manager", when=at(6, 1), by="server")
    account("bob", "researcher", when=at(6, 5))
    account("bob", "administrator,researcher", when=at(6, 7), by="eve")
    account("bob", "researcher", when=at(6, 8))
    account("gone", "administrator", when=at(6, 2))
    account("gone", "administrator", when=at(6, 9), active="no", by="eve")
    account("dan", "researcher", when=at(6, 3))
    account("dan", "data manager", when=at(6, 4))
    account("dan", "administrator", when=at(6, 10))
    assert seers() == [
        ("bob", ALL_PATIENTS, at(6, 1), at(6, 5), "server", "ada"),
        ("gone", ALL_PATIENTS, at(6, 2), at(6, 9), "ada", "eve"),
        ("dan", ALL_PATIENTS, at(6, 4), None, "ada", ""),
        ("bob", ALL_PATIENTS, at(6, 7), at(6, 8), "eve", "ada"),
    ]
    assert [each[0] for each in seers(Period(first=date(2025, 6, 6), last=date(2025, 6, 6)))] == ["gone", "dan"]
    Patient.objects.filter(pk="2002").update(withdrawn_at=at(6, 6))
    assert [each[:4:3] for each in seers()] == [("bob", at(6, 5)), ("gone", at(6, 6)), ("dan", at(6, 6))]


@pytest.mark.usefixtures("patient")
def test_a_role_that_is_given_and_taken_on_the_portal_is_told():
    by = server_scope(means="command")
    bob, _ = make_account("bob", password="a long password of a test", role=Role.DATA_MANAGER, by=by)
    save_account(bob, roles=[Role.RESEARCHER], by=by)
    (found,) = who_could_see(audited_person("2002"), period=ALWAYS)
    assert (found.user, found.given_by, found.revoked_by) == ("bob", "server", "server")
    assert found.since < found.until <= timezone.now()


@pytest.mark.usefixtures("patient")
def test_a_change_of_an_account_that_was_not_made_gave_nobody_sight():
    make_user("bob")
    account("bob", "researcher", when=at(6, 1))
    account("bob", "administrator", when=at(6, 2), outcome="refused")
    account("bob", "administrator", when=at(6, 3), outcome="failed")
    assert seers() == []
    account("bob", "administrator", when=at(6, 4), outcome="")  # its process was killed: it may have been done
    account("bob", "researcher", when=at(6, 5))
    assert [each[:4:3] for each in seers()] == [("bob", at(6, 5))]


@pytest.mark.usefixtures("patient")
def test_what_was_changed_beside_the_portal_is_marked():
    make_user("bob")
    account("bob", "data manager", when=at(6, 1))
    (found,) = who_could_see(audited_person("2002"), period=ALWAYS)
    assert found.until is not None
    assert "no act says when it ended" in found.note


def test_what_an_account_is_made_to_be_is_read_back_as_it_was_written():
    for roles in ([], [Role.DATA_MANAGER], [Role.DATA_MANAGER, Role.RESEARCHER], list(Role)):
        for active in (True, False):
            for superuser in (True, False):
                state = AccountState(username="a.b+c@d-e_f", roles=frozenset(roles), active=active, superuser=superuser)
                assert read_state(str(state)) == state
    assert read_state("") is None
    assert read_state("user=x active=yes") is None


@pytest.mark.usefixtures("patient")
def test_a_withdrawn_patient_stays_answerable_and_nobody_sees_her_since():
    make_user("sam", is_staff=True)
    grant(make_user("alice"), patient="2002", given_at=at(6, 1))
    looked = entry("look", "2002", when=at(6, 2))
    Patient.objects.filter(pk="2002").update(withdrawn_at=at(7, 1))
    assert [each[:4] for each in seers()] == [("alice", "2002", at(6, 1), at(7, 1))]
    assert [each.entry for each in every_act(audited_person("2002"), period=ALWAYS)] == [looked.pk]


@pytest.mark.usefixtures("patient")
def test_acts_are_told_apart_and_paged_newest_first():
    add_patient("2003")
    mine = [entry(act, "2002", "2003", when=at(6, day)) for day, act in enumerate(["search", "look"] * 3, 1)]
    taken = [entry(act, "2002", when=at(6, 10)) for act in ("make bundle", "fetch", "download")]
    other = entry("ingest", "2002", when=at(7, 1))
    entry("look", "2003", when=at(6, 3))
    person = audited_person("2002")

    def page(part, before=None, period=ALWAYS, size=4):
        found = page_of_acts(person, part=part, period=period, before=before, size=size)
        return [each.entry for each in found.acts], found.older

    newest = [each.pk for each in reversed(mine)]
    assert page(Part.LOOKED) == (newest[:4], newest[3])
    assert page(Part.LOOKED, newest[3]) == (newest[4:], None)
    assert page(Part.TOOK) == ([each.pk for each in reversed(taken)], None)
    assert page(Part.REST) == ([other.pk], None)
    assert page(Part.REST, period=JUNE) == ([], None)
    assert page(Part.LOOKED, period=Period(first=date(2025, 6, 3), last=date(2025, 6, 4)))[0] == newest[2:4]
    assert [each.entry for each in every_act(person, period=ALWAYS)] == [each.pk for each in [*mine, *taken, other]]


@pytest.mark.usefixtures("patient")
def test_an_open_act_has_its_outcome_unknown():
    entry("download", "2002", outcome="")
    (found,) = page_of_acts(audited_person("2002"), part=Part.TOOK, period=ALWAYS, size=10).acts
    assert found.outcome == "outcome unknown"


@pytest.mark.usefixtures("patient")
def test_every_question_walks_the_index_of_the_patients_entries():
    for _ in range(60):
        entry("look", "2002")
    person = audited_person("2002")
    explain = "EXPLAIN " if connection.vendor == "mysql" else "EXPLAIN QUERY PLAN "
    with CaptureQueriesContext(connection) as captured:
        page_of_acts(person, part=Part.LOOKED, period=JUNE, before=10**6, size=50)
        list(every_act(person, period=ALWAYS))
    for query in captured.captured_queries:
        with connection.cursor() as cursor:
            cursor.execute(explain + query["sql"].replace("%", "%%"))
            plan = str(cursor.fetchall())
        assert "audited_patient_once" in plan or "sqlite_autoindex_people_auditedpatient_1" in plan, plan
        assert "TEMP B-TREE" not in plan
        assert "LIMIT" in query["sql"]


def test_an_unknown_patient_is_a_sentence():
    with pytest.raises(CommandError, match="The audit knows no patient '2070'"):
        call_command("audit", "--patient", "2070")
    with pytest.raises(CommandError, match="is not a patient ID"):
        call_command("audit", "--patient", "a b")
    assert not AuditEntry.objects.exists()


@pytest.mark.usefixtures("patient")
def test_the_command_answers_as_lines_csv_and_json_and_is_written_down(capsys):
    grant(make_user("alice"), patient="2002", given_at=at(6, 1))
    evil = '=HYPERLINK("https://example.org")'
    entry("fetch", "2002", when=at(6, 2), question=evil, bytes=1234, origin="10.0.0.7")

    def said(*words: str) -> str:
        call_command("audit", "--patient", "2002", *words)
        return capsys.readouterr().out

    text = said()
    assert "could see" in text
    assert "took home" in text
    assert "bytes 1234" in text
    rows = list(csv.DictReader(io.StringIO(said("--csv"))))
    # The last two are the question before, and this one.
    assert [row["part"] for row in rows] == ["could see", "took home", "other acts", "other acts"]
    assert (rows[0]["user"], rows[0]["from"], rows[0]["until"]) == ("alice", at(6, 1).isoformat(), "")
    assert (rows[1]["question"], rows[1]["bytes"], rows[1]["origin"]) == (f"'{evil}", "1234", "10.0.0.7")
    objects = [json.loads(line) for line in said("--json", "--from", "2025-06-01", "--to", "2025-06-30").splitlines()]
    assert [each["part"] for each in objects] == ["could see", "took home"]
    assert objects[1]["question"] == evil
    asked = AuditEntry.objects.filter(act="read audit").order_by("pk")
    assert [each.question for each in asked][-1] == "patient=2002 from=2025-06-01 to=2025-06-30"
    assert {(each.by_name, each.means, each.outcome, each.patients.get().patient) for each in asked} == {
        ("server", "command", "done", "2002")
    }
    with pytest.raises(CommandError, match="'soon' is no day: write a real day"):
        said("--from", "soon")
    with pytest.raises(CommandError, match="exchange them"):
        said("--from", "2025-06-02", "--to", "2025-06-01")


@pytest.mark.usefixtures("patient")
def test_the_page_answers_the_board_and_is_written_down(client, admin):
    grant(make_user("alice"), patient="2002", given_at=at(6, 1))
    entry("look", "2002", origin="10.0.0.7", question="<b>")
    entry("download", "2002", bytes=4321, outcome="")
    page = client.get(reverse("audit"), {"patient": "2002"})
    text = page.content.decode()
    for expected in (
        "alice",
        "protocol 7",
        "10.0.0.7",
        "4,321",
        "outcome unknown",
        "&lt;b&gt;",
        "sees all patients now",
    ):
        assert expected in text, expected
    asked = AuditEntry.objects.get(act="read audit")
    assert (asked.user_id, asked.origin, asked.outcome, asked.question) == (
        admin.pk,
        "127.0.0.1",
        "done",
        "patient=2002",
    )
    assert asked.patients.get().patient == "2002"


@pytest.mark.usefixtures("patient", "admin")
def test_pages_of_each_part_lead_on_and_back(client):
    for number in range(120):
        entry("look", "2002", question=f"number={number:03}")
    entry("fetch", "2002", question="taken")
    first = client.get(reverse("audit"), {"patient": "2002"})
    older = next(part["older"] for part in first.context["parts"] if part["name"] == "looked")
    second = client.get(reverse("audit") + older.partition("#")[0])
    text = second.content.decode()
    assert "number=069" in text
    assert "number=070" not in text
    assert "taken" in text
    assert client.get(reverse("audit"), {"patient": "2002", "looked": "x"}).status_code == 404


@pytest.mark.usefixtures("admin")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"patient": "2070"}, "knows no patient"),
        ({"patient": "a b"}, "is not a patient ID"),
        ({"patient": ""}, "required"),
        ({"patient": "2002", "first": "2025-06-02", "last": "2025-06-01"}, "exchange them"),
        ({"patient": "2002", "first": "soon"}, "valid date"),
    ],
)
def test_what_cannot_be_asked_is_said_and_not_written_down(client, words, said):
    add_patient("2002")
    assert said in client.get(reverse("audit"), words).content.decode()
    assert client.get(reverse("audit-csv"), words).status_code == 400
    assert not AuditEntry.objects.filter(act="read audit").exists()


@pytest.mark.usefixtures("patient")
def test_the_file_streams_all_of_it_and_counts_its_bytes(client, admin):
    for number in range(1_200):
        entry("look", "2002", question=f"n={number}")
    response = client.get(reverse("audit-csv"), {"patient": "2002"})
    body = b"".join(response.streaming_content)
    rows = list(csv.DictReader(io.StringIO(body.decode())))
    assert [row["question"] for row in rows if row["part"] == "looked"] == [f"n={number}" for number in range(1_200)]
    assert response["Content-Disposition"] == 'attachment; filename="audit-2002.csv"'
    asked = AuditEntry.objects.get(act="read audit")
    assert (asked.user_id, asked.outcome, asked.bytes) == (admin.pk, "done", len(body))


@pytest.mark.parametrize("name", ["audit", "audit-csv"])
@pytest.mark.parametrize("marks", [{}, {"is_staff": True}])
def test_who_may_not_administer_gets_no_answer(client, name, marks):
    add_patient("2002")
    user = make_user("rita", **marks)
    grant(user)
    client.force_login(user)
    for words in ({}, {"patient": "2002"}):
        assert client.get(reverse(name), words).status_code == 403
    client.logout()
    assert client.get(reverse(name), {"patient": "2002"}).status_code == 302
    assert not AuditEntry.objects.exists()


def test_each_sees_her_own_acts_and_nobody_elses(client):
    alice, bob = make_user("alice"), make_user("bob")
    for user in (alice, bob):
        for number in range(60):
            with audit.act("search", scope=scope_for(user, means="page"), question=f"{user.username}={number:02}"):
                pass
    with audit.act("search", scope=server_scope(means="command"), question="server=0"):
        pass
    client.force_login(alice)
    first = client.get(reverse("own-acts"))
    assert len(first.context["acts"]) == 50
    second = client.get(reverse("own-acts"), {"before": first.context["older"]})
    questions = [act.question for page in (first, second) for act in page.context["acts"]]
    assert questions == [f"alice={number:02}" for number in reversed(range(60))]
    theirs = AuditEntry.objects.filter(user=bob).order_by("-pk").first().pk
    assert all(act.user_id == alice.pk for act in client.get(reverse("own-acts"), {"before": theirs}).context["acts"])
    assert client.get(reverse("own-acts"), {"before": "9" * 30}).status_code == 404
    client.logout()
    assert client.get(reverse("own-acts")).status_code == 302


def test_a_reader_who_goes_away_is_written_down_as_such(client):
    add_patient("2002")
    client.force_login(make_user("ada", is_staff=True, is_superuser=True))
    response = client.get(reverse("audit-csv"), {"patient": "2002"})
    next(iter(response.streaming_content))
    response.close()
    assert AuditEntry.objects.get(act="read audit").outcome == Outcome.CANCELLED
    assert Grant.objects.count() == 0
    assert timezone.now() - AuditEntry.objects.get().at < timedelta(minutes=1)
