"""Aliases are kept by data managers in the admin, and by nobody else; one that makes no sense is refused."""

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from behavior.models import TaskAlias
from people.roles import Role
from tests.people.makers import make_user

pytestmark = pytest.mark.database
ADD = "/admin/behavior/taskalias/add/"


def client_of(role: Role) -> Client:
    user = make_user(role.name.lower(), is_staff=role != Role.RESEARCHER)
    user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize("role", [Role.DATA_MANAGER, Role.ADMINISTRATOR])
def test_who_looks_after_data_keeps_aliases(role: Role) -> None:
    answer = client_of(role).post(ADD, {"alias": "faces", "task": "faces_task"})
    assert answer.status_code == 302
    held = TaskAlias.objects.get()
    assert (held.alias, held.task, held.folded, held.given_by.username) == (
        "faces",
        "faces_task",
        "faces",
        role.name.lower(),
    )


def test_a_researcher_does_not() -> None:
    assert client_of(Role.RESEARCHER).post(ADD, {"alias": "faces", "task": "faces_task"}).status_code in {302, 403}
    assert not TaskAlias.objects.exists()


@pytest.mark.parametrize(
    ("alias", "task", "told"),
    [
        ("ToM-Loc", "tom loc", "one name already"),
        ("Faces ", "mov", "faces is an alias of faces_task already"),
        ("faces_task", "faces", "in a circle"),
    ],
)
def test_an_alias_that_makes_no_sense_is_refused(alias: str, task: str, told: str) -> None:
    TaskAlias.objects.create(alias="faces", task="faces_task", folded="faces")
    answer = client_of(Role.DATA_MANAGER).post(ADD, {"alias": alias, "task": task})
    assert told in answer.content.decode()
    assert TaskAlias.objects.count() == 1
