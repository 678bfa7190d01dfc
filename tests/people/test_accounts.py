"""Making accounts, and what a role means."""

import pytest
from django.contrib.auth.models import User

from people.accounts import find_account, has_administrator, make_account, roles_of, save_account
from people.errors import AccountRefused, PasswordRefused
from people.models import AuditEntry
from people.roles import STAFF, Role
from people.scope import scope_for, server_scope
from tests.people.makers import PASSWORD, make_user, with_role

pytestmark = [pytest.mark.database, pytest.mark.usefixtures("quick_hashes")]


@pytest.fixture
def server(db):
    return server_scope(means="command")


@pytest.mark.parametrize("role", Role)
def test_the_role_decides_whether_one_is_staff(server, role):
    user, made = make_account("alice", password=PASSWORD, role=role, email="a@example.org", by=server, origin="tty")
    user = User.objects.get(pk=user.pk)
    assert (made, user.is_active, user.is_superuser, user.email) == (True, True, False, "a@example.org")
    assert user.is_staff == (role in STAFF)
    assert scope_for(user, means="page").sees_all == (role in STAFF)
    assert roles_of(user) == [role]
    assert user.check_password(PASSWORD)
    entry = AuditEntry.objects.get()
    assert (entry.act, entry.by_name, entry.question) == (
        "make account",
        "server",
        f"user=alice roles={role} active=yes",
    )


def test_an_account_that_exists_is_left_as_it_is(server):
    first, _ = make_account("alice", password=PASSWORD, role=Role.RESEARCHER, by=server)
    again, made = make_account("alice", password="another long one", role=Role.ADMINISTRATOR, by=server)
    assert (again.pk, made) == (first.pk, False)
    assert roles_of(again) == [Role.RESEARCHER]
    assert User.objects.get().check_password(PASSWORD)


@pytest.mark.parametrize("password", ["", "weak", "1234567890123", "qazwsxedcrfv", "alice.liddell"])
def test_a_weak_password_is_refused_and_never_repeated(server, password):
    with pytest.raises(PasswordRefused, match="password") as refused:
        make_account("alice.liddell", password=password, role=Role.RESEARCHER, by=server)
    assert not password or password not in str(refused.value)
    assert not User.objects.exists()
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("name", ["", "a b", "a\0b", "a\nb", "x" * 151, "<script>", "\u202ealice", "a/b"])
def test_what_cannot_be_a_name_is_refused(server, name):
    with pytest.raises(AccountRefused, match="cannot be made"):
        make_account(name, password=PASSWORD, role=Role.RESEARCHER, by=server)
    assert not User.objects.exists()


def test_what_cannot_be_an_address_is_refused(server):
    with pytest.raises(AccountRefused, match="email"):
        make_account("alice", password=PASSWORD, role=Role.RESEARCHER, email="nowhere", by=server)


def test_names_that_differ_by_case_are_too_easy_to_mistake(server):
    make_user("alice")
    with pytest.raises(AccountRefused, match="'alice'"):
        make_account("Alice", password=PASSWORD, role=Role.RESEARCHER, by=server)
    assert find_account("alice").username == "alice"
    assert find_account("bob") is None


@pytest.mark.parametrize("name", ["server", "nobody", "unknown", "Server", "NOBODY", "ｓｅｒｖｅｒ"])
def test_no_account_has_the_name_of_somebody_without_one(server, name):
    """The audit would take its acts for those of the command line, or of who has not logged in."""
    with pytest.raises(AccountRefused, match="without an account"):
        make_account(name, password=PASSWORD, role=Role.RESEARCHER, by=server)
    assert not User.objects.exists()


def test_losing_a_role_takes_its_sight_away(server):
    user = with_role(make_user("alice"), Role.DATA_MANAGER)
    save_account(user, roles=[Role.RESEARCHER], by=server)
    user = User.objects.get()
    assert (user.is_staff, roles_of(user)) == (False, [Role.RESEARCHER])
    assert not user.has_perm("people.ingest")
    assert AuditEntry.objects.get().act == "change account"


def test_who_counts_as_an_administrator():
    assert not has_administrator()
    user = with_role(make_user("alice"), Role.ADMINISTRATOR)
    assert has_administrator()
    User.objects.update(is_active=False)
    assert not has_administrator()
    assert user.has_perm("people.administer")
