"""The Django admin of accounts, grants and patients: who may what, and what is written down."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone

from people.accounts import roles_of
from people.grants import today
from people.models import AuditEntry, Grant, Patient
from people.patients import add_patient
from people.roles import Role
from people.scope import scope_for
from tests.people.makers import PASSWORD, grant, make_user, with_password, with_role

pytestmark = [pytest.mark.database, pytest.mark.usefixtures("quick_hashes")]
USERS, GRANTS, PATIENTS = "/admin/auth/user/", "/admin/people/grant/", "/admin/people/patient/"
DAY = timedelta(days=1)


@pytest.fixture
def ada(client):
    user = with_role(make_user("ada"), Role.ADMINISTRATOR)
    client.force_login(user)
    return user


@pytest.fixture
def alice(db):
    return with_role(with_password(make_user("alice")), Role.RESEARCHER)


@pytest.fixture
def root(db):
    return with_password(User.objects.create_superuser("root"))


@pytest.fixture
def patient(db):
    return add_patient("2001")[0]


def group(role):
    return Group.objects.get(name=role.value).pk


def change(client, user, *roles, active=True, **more):
    fields = {"groups": [group(role) for role in roles]} | ({"is_active": "on"} if active else {}) | more
    return client.post(f"{USERS}{user.pk}/change/", fields)


def give(client, **fields):
    return client.post(f"{GRANTS}add/", {"valid_from": today().isoformat(), "reason": "protocol 7"} | fields)


def acts():
    fields = ("act", "by_name", "question", "outcome")
    return list(AuditEntry.objects.order_by("pk").values_list(*fields))


def test_an_account_is_made_with_its_roles(ada, client):
    fields = {"username": "bob", "password1": PASSWORD, "password2": PASSWORD, "email": "b@example.org"}
    assert client.post(f"{USERS}add/", fields | {"groups": [group(Role.DATA_MANAGER)]}).status_code == 302
    bob = User.objects.get(username="bob")
    assert (roles_of(bob), bob.is_staff, bob.is_superuser) == ([Role.DATA_MANAGER], True, False)
    assert bob.check_password(PASSWORD)
    assert acts() == [("make account", "ada", "user=bob roles=data manager active=yes", "done")]


@pytest.mark.parametrize(
    "wrong",
    [
        {"password1": "short", "password2": "short"},
        {"password2": "something else"},
        {"username": "ADA"},
        {"username": "server"},
        {"username": "a\0b"},
        {"username": "x" * 151},
        {"email": "nowhere"},
        {"groups": ["99"]},
        {"groups": ["x"]},
    ],
)
def test_an_account_that_cannot_be_is_not_made(ada, client, wrong):
    fields = {"username": "bob", "password1": PASSWORD, "password2": PASSWORD} | wrong
    assert client.post(f"{USERS}add/", fields).status_code == 200
    assert User.objects.count() == 1
    assert not acts()


def test_roles_decide_whether_one_is_staff(ada, alice, client):
    assert change(client, alice, Role.DATA_MANAGER, Role.RESEARCHER).status_code == 302
    alice.refresh_from_db()
    assert alice.is_staff
    change(client, alice, Role.RESEARCHER, is_staff="on")
    alice.refresh_from_db()
    assert not alice.is_staff
    assert acts()[0] == ("change account", "ada", "user=alice roles=data manager,researcher active=yes", "done")


def test_a_closed_account_is_out_at_once(ada, alice, client):
    hers = Client()
    hers.force_login(alice)
    assert hers.get("/account/").status_code == 200
    change(client, alice, Role.RESEARCHER, active=False)
    assert hers.get("/account/").status_code == 302
    assert acts()[0][2] == "user=alice roles=researcher active=no"
    change(client, alice, Role.RESEARCHER)
    assert User.objects.get(pk=alice.pk).is_active


@pytest.mark.parametrize("whose", ["alice", "ada"])
def test_an_administrator_raises_nobody_to_superuser(ada, alice, client, whose):
    user = User.objects.get(username=whose)
    every = list(Group.objects.values_list("pk", flat=True))
    fields = {"groups": every, "is_active": "on", "is_superuser": "on", "is_staff": "on", "user_permissions": ["1"]}
    assert "is_superuser" not in client.get(f"{USERS}{user.pk}/change/").content.decode()
    assert client.post(f"{USERS}{user.pk}/change/", fields).status_code == 302
    user.refresh_from_db()
    assert not user.is_superuser
    assert not user.user_permissions.exists()


def test_an_administrator_does_not_touch_a_superuser(ada, root, client):
    before = User.objects.filter(pk=root.pk).values().get()
    page = client.get(f"{USERS}{root.pk}/change/").content.decode()
    assert 'name="_save"' not in page
    assert change(client, root, active=False).status_code == 403
    new = {"password1": "another long password", "password2": "another long password", "usable_password": "true"}
    assert client.get(f"{USERS}{root.pk}/password/").status_code == 403
    assert client.post(f"{USERS}{root.pk}/password/", new | {"set-password": "x"}).status_code == 403
    assert User.objects.filter(pk=root.pk).values().get() == before


def test_a_superuser_may_make_another(root, alice, client):
    client.force_login(root)
    assert change(client, alice, is_superuser="on").status_code == 302
    alice.refresh_from_db()
    assert (alice.is_superuser, alice.is_staff) == (True, True)
    assert acts()[0][2].endswith("superuser=yes")


@pytest.mark.parametrize(
    ("roles", "active", "told"),
    [
        ([Role.ADMINISTRATOR], False, "close your own account"),
        ([Role.RESEARCHER], True, "take this role from yourself"),
    ],
)
def test_nobody_closes_the_door_behind_herself(ada, client, roles, active, told):
    response = change(client, ada, *roles, active=active)
    assert response.status_code == 200
    assert told in response.content.decode()
    ada.refresh_from_db()
    assert ada.is_active
    assert roles_of(ada) == [Role.ADMINISTRATOR]


def test_a_name_stays_what_the_audit_knows(ada, alice, client):
    change(client, alice, Role.RESEARCHER, username="mallory")
    alice.refresh_from_db()
    assert alice.username == "alice"


def test_another_s_password_is_set_and_her_sessions_end(ada, alice, client):
    hers = Client()
    hers.force_login(alice)
    new = {"password1": "another long password", "password2": "another long password", "usable_password": "true"}
    address = f"{USERS}{alice.pk}/password/"
    assert client.post(address, {"password1": "x", "password2": "x", "usable_password": "true"}).status_code == 200
    assert client.post(address, new | {"set-password": "x"}).status_code == 302
    alice.refresh_from_db()
    assert alice.check_password("another long password")
    assert hers.get("/account/").status_code == 302
    assert acts() == [
        ("set password", "ada", "user=alice", "refused"),
        ("set password", "ada", "user=alice", "done"),
    ]


@pytest.mark.parametrize("who", ["ada", "root"])
def test_nothing_is_deleted(who, ada, root, alice, patient, client):
    client.force_login(User.objects.get(username=who))
    row = grant(alice, patient="2001")
    for address in (f"{USERS}{alice.pk}/", f"{GRANTS}{row.pk}/", f"{PATIENTS}2001/"):
        assert client.post(f"{address}delete/", {"post": "yes"}).status_code == 403
    for address, pk in ((USERS, alice.pk), (GRANTS, row.pk)):
        client.post(address, {"action": "delete_selected", "_selected_action": [pk], "post": "yes"})
    assert (User.objects.filter(pk=alice.pk).count(), Grant.objects.count(), Patient.objects.count()) == (1, 1, 1)


@pytest.mark.parametrize("address", [USERS, f"{USERS}add/", GRANTS, f"{GRANTS}add/"])
@pytest.mark.parametrize("role", [Role.RESEARCHER, Role.DATA_MANAGER])
def test_only_administrators_give_access(role, address, client):
    client.force_login(with_role(make_user("dan"), role))
    assert client.get(address, follow=True).status_code == 403


def test_a_data_manager_gives_herself_nothing(alice, patient, client):
    dan = with_role(make_user("dan"), Role.DATA_MANAGER)
    client.force_login(dan)
    assert give(client, user=alice.pk, patient="2001").status_code == 403
    assert change(client, dan, Role.ADMINISTRATOR).status_code == 403
    assert not Grant.objects.exists()
    assert roles_of(dan) == [Role.DATA_MANAGER]
    assert client.get(PATIENTS).status_code == 200


def test_roles_themselves_are_not_edited(root, client):
    client.force_login(root)
    assert client.get("/admin/auth/group/").status_code == 404


def test_a_grant_is_given_in_the_administrator_s_name(ada, alice, patient, client):
    assert give(client, user=alice.pk, patient="2001", given_by=alice.pk).status_code == 302
    row = Grant.objects.get()
    assert (row.given_by, row.patient_id, row.reason) == (ada, "2001", "protocol 7")
    assert scope_for(alice, means="page").allows("2001")
    question = f"user=alice patient=2001 from={today()} until=open"
    assert acts() == [("give grant", "ada", question, "done")]
    assert AuditEntry.objects.get().patients.get().patient == "2001"
    page = client.get(GRANTS).content.decode()
    assert "in force" in page
    assert "ada" in page


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"patient": "2001", "all_patients": "on"},
        {"patient": "2009"},
        {"patient": "2001", "reason": ""},
        {"patient": "2001", "reason": "x" * 201},
        {"patient": "2001", "reason": "  "},
        {"patient": "2001", "valid_until": "2020-01-01"},
        {"patient": "2001", "valid_from": "2999-01-02", "valid_until": "2999-01-01"},
        {"patient": "2001", "valid_from": "soon"},
        {"patient": "2001", "user": "999999"},
        {"patient": "a\0b"},
    ],
)
def test_what_can_be_no_grant_is_refused_on_the_form(ada, alice, patient, client, wrong):
    response = give(client, **({"user": alice.pk} | wrong))
    assert response.status_code == 200
    assert "errorlist" in response.content.decode()
    assert not Grant.objects.exists()
    assert not acts()


def test_all_patients_are_chosen_aloud(ada, alice, patient, client):
    assert give(client, user=alice.pk, all_patients="on").status_code == 302
    assert Grant.objects.get().patient is None


def test_staff_and_closed_accounts_and_who_has_withdrawn_are_not_offered(ada, alice, patient, client):
    Patient.objects.filter(pk="2001").update(withdrawn_at=timezone.now())
    assert give(client, user=alice.pk, patient="2001").status_code == 200
    assert give(client, user=ada.pk, all_patients="on").status_code == 200
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert give(client, user=alice.pk, all_patients="on").status_code == 200
    assert not Grant.objects.exists()


def test_a_grant_is_never_rewritten(ada, alice, patient, client):
    add_patient("2002")
    row = grant(alice, patient="2001")
    wanted = {"patient": "2002", "reason": "another", "valid_from": "1999-01-01", "user": ada.pk, "given_by": ada.pk}
    client.post(f"{GRANTS}{row.pk}/change/", wanted)
    after = Grant.objects.get()
    assert (after.patient_id, after.reason, after.valid_from, after.user, after.given_by) == (
        *("2001", "protocol 7", row.valid_from, alice, None),
    )


def test_a_grant_can_end_sooner_and_not_later(ada, alice, patient, client):
    row = grant(alice, patient="2001", last=today() + 7 * DAY)
    address = f"{GRANTS}{row.pk}/change/"
    for wrong in (today() + 8 * DAY, today() - DAY, ""):
        assert client.post(address, {"valid_until": str(wrong)}).status_code == 200
    assert Grant.objects.get().valid_until == today() + 7 * DAY
    assert client.post(address, {"valid_until": str(today())}).status_code == 302
    assert Grant.objects.get().valid_until == today()
    assert [act[0] for act in acts()] == ["end grant"]


def test_a_grant_is_revoked_on_its_page_and_then_closed(ada, alice, patient, client):
    row = grant(alice, patient="2001")
    address = f"{GRANTS}{row.pk}/change/"
    assert client.post(address, {"valid_until": "", "revoke": "on"}).status_code == 302
    after = Grant.objects.get()
    assert (after.state, after.revoked_by, after.valid_until) == ("revoked", ada, None)
    assert client.post(address, {"valid_until": str(today())}).status_code == 403
    assert 'name="_save"' not in client.get(address).content.decode()
    assert [act[0] for act in acts()] == ["revoke grant"]


def test_many_grants_are_revoked_at_once(ada, alice, patient, client):
    rows = [grant(alice, patient="2001"), grant(alice), grant(alice, revoked_at=timezone.now())]
    data = {"action": "revoke", "_selected_action": [row.pk for row in rows[::2]]}
    response = client.post(GRANTS, data, follow=True)
    assert "1 of the chosen grants are revoked" in response.content.decode()
    assert [Grant.objects.get(pk=row.pk).state for row in rows] == ["revoked", "in force", "revoked"]
    assert Grant.objects.get(pk=rows[0].pk).revoked_by == ada


def test_who_may_only_look_does_not_revoke(alice, patient, client):
    row = grant(alice, patient="2001")
    client.force_login(with_role(make_user("dan"), Role.DATA_MANAGER))
    assert client.post(GRANTS, {"action": "revoke", "_selected_action": [row.pk]}).status_code == 403
    assert Grant.objects.get().state == "in force"


@pytest.mark.parametrize(
    ("state", "seen"), [("now", {"now"}), ("later", {"later"}), ("over", {"over"}), ("revoked", {"revoked"})]
)
def test_grants_are_found_by_their_state(ada, alice, patient, client, state, seen):
    made = {
        "now": grant(alice, last=today()),
        "later": grant(alice, first=today() + DAY),
        "over": grant(alice, last=today() - DAY),
        "revoked": grant(alice, revoked_at=timezone.now()),
    }
    page = client.get(GRANTS, {"state": state})
    assert {name for name, row in made.items() if row in page.context["cl"].result_list} == seen
    assert client.get(GRANTS, {"q": "ali"}).context["cl"].result_count == 4
    assert client.get(GRANTS, {"q": "bob"}).context["cl"].result_count == 0


def test_patients_are_looked_at_and_not_changed(ada, patient, client):
    Patient.objects.update(surgery_date_hash="secret-hash")
    for address in (PATIENTS, f"{PATIENTS}2001/change/"):
        page = client.get(address).content.decode()
        assert "2001" in page
        assert "secret-hash" not in page
    assert client.post(f"{PATIENTS}2001/change/", {"id": "2002"}).status_code == 403
    assert client.get(f"{PATIENTS}add/").status_code == 403


@pytest.mark.parametrize(
    "address",
    ["", "auth/user/", "auth/user/add/", "people/grant/", "people/grant/add/", "people/patient/", "nowhere/"],
)
def test_the_strict_policy_holds_here_too(ada, client, address):
    response = client.get(f"/admin/{address}")
    assert "'unsafe-inline'" not in response["Content-Security-Policy"]
    assert not re.search(r"<style|<script(?![^>]*\bsrc=)|\sstyle=|\son[a-z]+=", response.content.decode())
