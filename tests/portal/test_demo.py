"""`manage.py demo`: two patients, two people, made once."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from people.patients import add_patient
from people.scope import server_scope
from portal.demo_accounts import make_people
from tests.portal.served import Served

ASK = """
import json
from django.contrib.auth.models import User
from chunks.models import Recording
from people.scope import scope_for

names = {patient: sorted(Recording.objects.filter(patient=patient).values_list("name", flat=True))
         for patient in ("demo", "demo2")}
sees = {user.username: sorted(scope_for(user, means="test").patients) for user in User.objects.all()}
roles = {user.username: list(user.groups.values_list("name", flat=True)) for user in User.objects.all()}
kept = [line.split() for line in open("LOGIN_FILE")]
right = [User.objects.get(username=name).check_password(password) for name, password in kept]
print(json.dumps({"recordings": names, "sees": sees, "roles": roles, "right": right}))
"""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Served, str]:
    """A data folder in which the demo was made with no compiler to be found, and what was said."""
    here = Served(tmp_path_factory.mktemp("demo") / "var", CC="/bin/false")
    here.migrate()
    done = here.manage("demo", "--no-serve")
    assert done.returncode == 0, done.stderr
    return here, done.stdout


def login_file(here: Served) -> Path:
    return here.data_dir / "demo-login.txt"


def test_two_patients_have_recordings_of_the_same_name_and_each_person_sees_hers(demo: tuple[Served, str]) -> None:
    here, _ = demo
    asked = here.manage("shell", "--no-imports", "-c", ASK.replace("LOGIN_FILE", str(login_file(here))))
    found = json.loads(asked.stdout)
    assert set(found["recordings"]["demo"]) > set(found["recordings"]["demo2"]) == {"day1_140500", "day2_090000"}
    assert found["sees"] == {"demo-admin": ["demo", "demo2"], "demo-researcher": ["demo"]}
    assert found["roles"] == {"demo-admin": ["administrator"], "demo-researcher": ["researcher"]}
    assert found["right"] == [True, True]


def test_the_passwords_are_shown_and_kept_for_the_owner_of_the_data(demo: tuple[Served, str]) -> None:
    here, said = demo
    assert login_file(here).stat().st_mode & 0o777 == 0o600
    for line in login_file(here).read_text().splitlines():
        name, password = line.split()
        assert f"{name:<16} password {password} " in said


def test_a_second_run_makes_nothing_anew(demo: tuple[Served, str]) -> None:
    here, _ = demo
    passwords, sources = login_file(here).read_text(), {path: path.stat().st_mtime_ns for path in edf_files(here)}
    again = here.manage("demo", "--no-serve")
    assert again.returncode == 0, again.stderr
    assert "Making" not in again.stdout
    assert "ingest_edf" not in again.stdout
    assert "ingest_behavior" not in again.stdout
    assert login_file(here).read_text() == passwords
    assert {path: path.stat().st_mtime_ns for path in edf_files(here)} == sources


def test_tasks_find_sessions_and_one_is_aligned(demo: tuple[Served, str]) -> None:
    here, said = demo
    listed = json.loads(here.manage("tasks", "--json", "--as", "demo-researcher").stdout)["tasks"]
    assert {each["name"]: each["patients"] for each in listed} == {
        "Movie_Task": {"demo": 2},
        "ToM_Loc": {"demo": 2},
        "faces_task": {"demo": 1},
    }
    assert "69 of 69 codes matched" in said
    assert "Kept in the session's notes." in said
    again = here.manage("align_session", "Movie_Task_demo.json", "--dry-run")
    assert again.returncode == 0, again.stderr


@pytest.mark.database(transaction=True)
def test_a_password_that_was_changed_is_not_shown_as_if_it_held(tmp_path: Path) -> None:
    add_patient("demo")
    by = server_scope(means="command")
    first = make_people(data_dir=tmp_path, by=by)
    assert all(login.password for login in first)
    user = User.objects.get(username="demo-admin")
    user.set_password("changed since then")
    user.save()
    again = {login.name: login.password for login in make_people(data_dir=tmp_path, by=by)}
    assert again == {"demo-admin": "", "demo-researcher": first[0].password}


def test_it_is_for_this_machine_alone(settings: LazySettings) -> None:
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, url="https://ecog.example.org")
    with pytest.raises(CommandError, match="for this machine alone"):
        call_command("demo", "--no-serve")


def edf_files(here: Served) -> list[Path]:
    return sorted(here.data_dir.glob("demo*/*.edf"))
