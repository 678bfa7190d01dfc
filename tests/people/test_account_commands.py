"""The first administrator and others, made at the terminal."""

import io
import os
import pty
import subprocess
import sys
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from people.accounts import roles_of
from people.grants import today
from people.models import AuditEntry, Grant
from people.patients import add_patient
from people.roles import Role
from people.scope import scope_for
from tests.environment import portal_environment
from tests.people.makers import PASSWORD, make_user, with_role

pytestmark = [pytest.mark.database, pytest.mark.usefixtures("quick_hashes")]


def run(*words):
    out = io.StringIO()
    call_command(*words, stdout=out, stderr=out)
    return out.getvalue()


@pytest.fixture(autouse=True)
def typed(monkeypatch):
    """What stands on standard input; by default a good password."""

    def put(text):
        monkeypatch.setattr(sys, "stdin", io.StringIO(text))

    put(f"{PASSWORD}\n")
    return put


def setup(*words):
    return run("setup", "--username", "ada", "--password-stdin", *words)


def add(*words, name="rita", role="researcher"):
    return run("add_user", name, "--role", role, "--password-stdin", *words)


def test_the_first_administrator_is_made_and_can_log_in():
    said = setup("--email", "ada@example.org")
    user = User.objects.get()
    assert "administrator ada is made" in said
    assert PASSWORD not in said
    assert (roles_of(user), user.is_staff, user.is_superuser) == ([Role.ADMINISTRATOR], True, False)
    assert user.check_password(PASSWORD)
    assert AuditEntry.objects.get().by_name == "server"


def test_again_it_changes_nothing_and_says_so(typed):
    setup()
    before = User.objects.values().get()
    typed("quite another password\n")
    assert "exists already" in setup()
    assert User.objects.values().get() == before


def test_it_can_leave_a_portal_alone_that_has_an_administrator():
    with_role(make_user("root"), Role.ADMINISTRATOR)
    assert "already" in setup("--if-none")
    assert User.objects.count() == 1
    User.objects.update(is_active=False)
    assert "is made" in setup("--if-none")


@pytest.mark.parametrize("password", ["short", "1234567890123", ""])
def test_a_weak_password_is_refused_with_the_reason(typed, password):
    typed(f"{password}\n")
    with pytest.raises(CommandError, match="password"):
        setup()
    assert not User.objects.exists()


def test_an_account_of_another_role_is_not_raised():
    with_role(make_user("ada"), Role.RESEARCHER)
    with pytest.raises(CommandError, match="no administrator"):
        setup()
    assert roles_of(User.objects.get()) == [Role.RESEARCHER]


def test_without_a_terminal_it_says_how_to_give_what_it_needs():
    with pytest.raises(CommandError, match="--username"):
        run("setup")
    with pytest.raises(CommandError, match="--password-stdin"):
        run("setup", "--username", "ada")


def test_a_researcher_and_her_patients_are_one_command():
    for patient in ("2001", "2002", "2003"):
        add_patient(patient)
    until = today() + timedelta(days=30)
    said = add("--patient", "2001", "2002", "--reason", "protocol 7", "--until", until.isoformat())
    user = User.objects.get()
    assert f"rita may see patient 2002 until {until}" in said
    assert sorted(scope_for(user, means="page").patients) == ["2001", "2002"]
    assert not user.is_staff
    again = add("--patient", "2001", "--reason", "protocol 7", "--until", until.isoformat())
    assert "may see patient 2001 already" in again
    assert Grant.objects.count() == 2


def test_all_patients_are_said_aloud():
    add_patient("2001")
    add("--all-patients", "--reason", "protocol 7")
    assert Grant.objects.get().patient is None


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--patient", "2001", "2009", "--reason", "x"], "no patient '2009'"),
        (["--patient", "2001"], "needs a reason"),
        (["--patient", "2001", "--reason", "x", "--until", "2020-01-01"], "or is over"),
        (["--patient", "2001", "--reason", "x", "--until", "soon"], "not a day"),
        (["--patient", "2001", "--all-patients", "--reason", "x"], "not allowed"),
    ],
)
def test_what_cannot_be_granted_makes_no_account_either(words, told):
    add_patient("2001")
    with pytest.raises(CommandError, match=told):
        add(*words)
    assert not User.objects.exists()
    assert not Grant.objects.exists()


def test_staff_is_given_no_grants():
    add_patient("2001")
    with pytest.raises(CommandError, match="sees all patients"):
        add("--patient", "2001", "--reason", "x", role="data manager")
    add(role="data manager")
    assert User.objects.get().is_staff


def test_a_role_is_not_changed_by_adding_again():
    add()
    with pytest.raises(CommandError, match="with the role researcher"):
        add(role="administrator")
    assert roles_of(User.objects.get()) == [Role.RESEARCHER]


@pytest.mark.prove
def test_on_a_terminal_the_password_is_asked_for_twice_and_never_echoed(tmp_path):
    environment = portal_environment(tmp_path / "var")
    manage = [sys.executable, "manage.py"]
    unready = subprocess.run([*manage, "setup"], env=environment, capture_output=True, text=True, check=False)
    assert "manage.py migrate" in unready.stderr
    subprocess.run([*manage, "migrate", "-v0"], env=environment, check=True)
    # Enter takes the suggested name; the first password is weak, the second pair differs, the third holds.
    lines = ["", "short", "a first long password", "no such password", PASSWORD, PASSWORD]
    child, terminal = pty.fork()
    if not child:
        os.execvpe(manage[0], [*manage, "setup"], environment)  # noqa: S606 (the test's own command)
    said = b""
    for line in lines:
        said += read_until(terminal, b": ")
        os.write(terminal, f"{line}\n".encode())
    said += read_until(terminal, b"log in.")
    assert os.waitpid(child, 0)[1] == 0
    assert b"too short" in said
    assert b"two differ" in said
    assert b"administrator admin is made" in said
    assert PASSWORD.encode() not in said
    assert b"a first long" not in said


def read_until(terminal, end):
    said = b""
    while end not in said:
        said += os.read(terminal, 1000)
    return said
