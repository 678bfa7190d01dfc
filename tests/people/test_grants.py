"""Giving leave to see, and ending it."""

from datetime import UTC, date, timedelta

import pytest
from django.utils import timezone

from people.errors import GrantRefused
from people.grants import end_grant, give_grant, grants_in_force, revoke_grant, today
from people.models import AuditEntry, Grant, Patient
from people.patients import add_patient
from people.scope import scope_for, server_scope
from tests.people.makers import grant, make_user

pytestmark = pytest.mark.database
DAY = timedelta(days=1)


@pytest.fixture
def patient(db):
    add_patient("2002")
    return add_patient("2001")[0]


@pytest.fixture
def alice(db):
    return make_user("alice")


@pytest.fixture
def ada(db):
    return scope_for(make_user("ada", is_staff=True), means="page")


def seen(user, **more):
    return sorted(scope_for(user, means="page", **more).patients)


def acts():
    return [
        (entry.act, entry.by_name, entry.question, entry.outcome, [each.patient for each in entry.patients.all()])
        for entry in AuditEntry.objects.order_by("pk")
    ]


def test_a_grant_is_in_force_at_once_and_says_who_gave_it(alice, ada, patient):
    given = give_grant(alice, patient=patient, reason=" protocol 7 ", by=ada)
    assert seen(alice) == ["2001"]
    row = Grant.objects.get()
    assert (row.pk, row.reason, row.given_by_id, row.valid_from) == (given.pk, "protocol 7", ada.user_id, today())
    question = f"user=alice patient=2001 from={today()} until=open"
    assert acts() == [("give grant", "ada", question, "done", ["2001"])]


def test_a_grant_for_all_patients_is_said_as_such(alice, patient):
    give_grant(alice, patient=None, reason="protocol 7", by=server_scope(means="command"))
    assert seen(alice) == ["2001", "2002"]
    assert Grant.objects.get().given_by is None
    assert "patient=all" in acts()[0][2]


def test_a_grant_can_begin_later(alice, ada, patient):
    later = today() + 7 * DAY
    give_grant(alice, patient=patient, reason="x", by=ada, valid_from=later, valid_until=later)
    assert seen(alice) == []
    assert seen(alice, now=timezone.now().astimezone(UTC) + 7 * DAY) == ["2001"]
    assert [each.state for each in grants_in_force(alice)] == ["begins later"]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"reason": ""}, "needs a reason"),
        ({"reason": " \n"}, "needs a reason"),
        ({"reason": "x" * 201}, "201 characters"),
        ({"valid_until": date(2020, 1, 1)}, "or is over"),
        ({"valid_from": date(2999, 1, 2), "valid_until": date(2999, 1, 1)}, "before the first"),
    ],
)
def test_what_cannot_be_a_grant_is_refused_and_gives_nothing(alice, ada, patient, wrong, told):
    with pytest.raises(GrantRefused, match=told):
        give_grant(alice, **({"patient": patient, "reason": "x", "by": ada} | wrong))
    assert not Grant.objects.exists()
    assert seen(alice) == []


def test_nobody_is_let_see_who_has_withdrawn(alice, ada, patient):
    Patient.objects.filter(pk="2001").update(withdrawn_at=timezone.now())
    patient.refresh_from_db()
    with pytest.raises(GrantRefused, match="withdrawn"):
        give_grant(alice, patient=patient, reason="x", by=ada)


def test_a_revoked_grant_ends_at_once_and_stays_as_history(alice, ada, patient):
    given = give_grant(alice, patient=patient, reason="x", by=ada)
    assert revoke_grant(given, by=ada, origin="10.0.0.7")
    assert seen(alice) == []
    row = Grant.objects.get()
    assert (row.state, row.revoked_by_id) == ("revoked", ada.user_id)
    when = row.revoked_at
    assert not revoke_grant(given, by=server_scope(means="command"))
    row.refresh_from_db()
    assert (row.revoked_at, row.revoked_by_id) == (when, ada.user_id)
    assert [act[0] for act in acts()] == ["give grant", "revoke grant", "revoke grant"]
    assert acts()[1][4] == ["2001"]


def test_a_grant_can_end_sooner_and_never_later(alice, ada, patient):
    given = give_grant(alice, patient=patient, reason="x", by=ada, valid_until=today() + 7 * DAY)
    assert end_grant(given, valid_until=today(), by=ada)
    given.refresh_from_db()
    assert given.valid_until == today()
    assert not end_grant(given, valid_until=today() + DAY, by=ada)
    with pytest.raises(GrantRefused, match="is over"):
        end_grant(given, valid_until=today() - DAY, by=ada)
    given.refresh_from_db()
    assert given.valid_until == today()
    assert acts()[1][2] == f"grant={given.pk} user=alice patient=2001 until={today()}"


def test_the_account_page_says_which_patients_until_when_and_why(alice, patient, client):
    make_user("bob")
    grant(alice, patient="2001", last=date(2999, 12, 31))
    grant(alice, patient="2002", last=date(2020, 12, 31))
    client.force_login(alice)
    page = client.get("/account/").content.decode()
    assert all(word in page for word in ("2001", "2999-12-31", "protocol 7", "the server's administrator"))
    assert "2002" not in page


def test_the_account_page_shows_nobody_else_s_grants(alice, patient, client):
    grant(alice, patient="2001")
    client.force_login(make_user("bob"))
    page = client.get("/account/").content.decode()
    assert "No patient yet" in page
    assert "2001" not in page


def test_the_account_page_tells_staff_that_she_sees_all(patient, client):
    client.force_login(make_user("dan", is_staff=True))
    assert "All patients, because of your role" in client.get("/account/").content.decode()


def test_the_account_page_needs_a_login(client):
    assert client.get("/account/")["Location"] == "/login/?next=/account/"
