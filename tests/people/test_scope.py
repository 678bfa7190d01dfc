"""Who may see which patient, when."""

import copy
import dataclasses
import pickle
from datetime import UTC, date, datetime

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from people.errors import AccountClosed
from people.models import Patient
from people.patients import add_patient
from people.scope import Scope, scope_for, server_scope
from tests.people.makers import grant, make_user

pytestmark = pytest.mark.database
NOON = datetime(2025, 6, 15, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def three_patients(db):
    for patient in ("2001", "2002", "Ab-1"):
        add_patient(patient)


def seen(user, now=NOON):
    return sorted(scope_for(user, means="page", now=now).patients)


def test_without_a_grant_nobody_is_seen():
    other = make_user("bob")
    grant(other)
    scope = scope_for(make_user(), means="page", now=NOON)
    assert (scope.patients, scope.until, scope.sees_all) == (frozenset(), None, False)
    assert not scope.allows("2001")
    assert scope.visible(["2001", "2002"]) == []


def test_a_grant_gives_its_patient_and_no_other():
    user = make_user()
    grant(user, patient="Ab-1")
    scope = scope_for(user, means="page", now=NOON)
    assert (scope.by, scope.user_id, scope.means) == ("alice", user.pk, "page")
    assert scope.allows("Ab-1")
    assert not scope.allows("2001")
    assert scope.visible(["Ab-1", "2001", "Ab-1", "unknown"]) == ["Ab-1"]


def test_a_grant_without_patient_gives_all():
    user = make_user()
    grant(user)
    scope = scope_for(user, means="page", now=NOON)
    assert scope.visible(scope.patients) == ["2001", "2002", "Ab-1"]
    assert not scope.sees_all


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (datetime(2025, 6, 9, 23, 59, 59, tzinfo=UTC), []),
        (datetime(2025, 6, 10, tzinfo=UTC), ["2001"]),
        (datetime(2025, 6, 20, 23, 59, 59, tzinfo=UTC), ["2001"]),
        (datetime(2025, 6, 21, tzinfo=UTC), []),
    ],
)
def test_a_grant_holds_from_its_first_to_its_last_day(now, expected):
    user = make_user()
    grant(user, patient="2001", first=date(2025, 6, 10), last=date(2025, 6, 20))
    assert seen(user, now) == expected


def test_a_revoked_grant_ends_at_once():
    user = make_user()
    grant(user, patient="2001", revoked_at=NOON)
    assert seen(user, NOON) == []
    assert seen(user, datetime(2025, 6, 15, 11, tzinfo=UTC)) == ["2001"]


def test_until_is_when_the_first_patient_leaves_the_scope():
    user = make_user()
    grant(user, patient="2001", last=date(2025, 6, 20))
    grant(user, patient="2001", last=date(2025, 6, 30))
    grant(user, patient="2002", last=date(2025, 7, 31))
    grant(user, patient="Ab-1")
    assert scope_for(user, means="page", now=NOON).until == datetime(2025, 7, 1, tzinfo=UTC)


def test_until_is_open_while_a_grant_without_end_covers_the_others():
    user = make_user()
    grant(user, patient="2001", last=date(2025, 6, 20))
    assert scope_for(user, means="page", now=NOON).until == datetime(2025, 6, 21, tzinfo=UTC)
    grant(user)
    assert scope_for(user, means="page", now=NOON).until is None


@pytest.mark.parametrize("mark", ["is_staff", "is_superuser"])
def test_staff_sees_all_without_grants(mark):
    scope = scope_for(make_user(**{mark: True}), means="page")
    assert scope.sees_all
    assert scope.visible(scope.patients) == ["2001", "2002", "Ab-1"]


def test_the_server_sees_all():
    scope = server_scope(means="command")
    assert (scope.by, scope.user_id, scope.means, scope.sees_all) == ("server", None, "command", True)
    assert scope.visible(scope.patients) == ["2001", "2002", "Ab-1"]


def test_nobody_sees_who_has_withdrawn():
    user = make_user()
    grant(user)
    grant(user, patient="2001")
    Patient.objects.filter(pk="2001").update(withdrawn_at=timezone.now())
    for scope in (
        scope_for(user, means="page"),
        scope_for(make_user("eve", is_staff=True), means="page"),
        server_scope(means="command"),
    ):
        assert scope.visible(["2001", "2002"]) == ["2002"]


@pytest.mark.parametrize("marks", [{}, {"is_staff": True}, {"is_superuser": True}])
def test_a_closed_account_has_no_scope(marks):
    user = make_user(is_active=False, **marks)
    grant(user)
    with pytest.raises(AccountClosed, match="alice"):
        scope_for(user, means="page")


def test_who_is_not_logged_in_has_no_scope():
    with pytest.raises(AccountClosed, match="Log in"):
        scope_for(AnonymousUser(), means="page")


def test_a_scope_is_made_in_one_place_and_never_changed_copied_or_sent():
    scope = scope_for(make_user(), means="page")
    given = {field.name: getattr(scope, field.name) for field in dataclasses.fields(scope)}
    with pytest.raises(TypeError):
        Scope(**given)
    with pytest.raises(TypeError, match="scope_for"):
        Scope(**given, seal=object())
    with pytest.raises((TypeError, ValueError)):
        dataclasses.replace(scope, patients=frozenset({"2001"}))
    with pytest.raises(dataclasses.FrozenInstanceError):
        scope.patients = frozenset({"2001"})
    with pytest.raises(TypeError, match="make it again"):
        pickle.dumps(scope)
    with pytest.raises(TypeError, match="make it again"):
        copy.deepcopy(scope)


def test_a_grant_cannot_end_before_it_begins():
    user = make_user()
    with pytest.raises(IntegrityError), transaction.atomic():
        grant(user, first=date(2025, 6, 2), last=date(2025, 6, 1))


def test_who_has_a_grant_is_deactivated_and_not_deleted():
    user = make_user()
    grant(user)
    with pytest.raises(ProtectedError):
        user.delete()
