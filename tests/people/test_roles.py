"""Roles have the permissions that stand in the code: no fewer, no more."""

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission, User

from people import roles
from people.roles import PERMISSIONS, Role, give_roles
from tests.people.makers import make_user, with_role

pytestmark = pytest.mark.database


def held(role: Role) -> set[str]:
    rows = Group.objects.get(name=role.value).permissions.values_list("content_type__app_label", "codename")
    return {f"{app}.{codename}" for app, codename in rows}


@pytest.mark.parametrize("role", list(Role))
def test_a_role_has_just_its_permissions(role: Role) -> None:
    assert held(role) == set(PERMISSIONS[role])


@pytest.mark.parametrize("role", list(Role))
def test_a_permission_that_a_role_has_no_more_leaves_it(role: Role, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else whoever had it before an update would keep it for good."""
    user = with_role(make_user(), role)
    fewer = PERMISSIONS | {role: ("people.search",)}
    monkeypatch.setattr(roles, "PERMISSIONS", fewer)
    give_roles(apps)
    assert held(role) == {"people.search"}
    assert User.objects.get(pk=user.pk).get_all_permissions() == {"people.search"}


def test_a_role_without_any_permission_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roles, "PERMISSIONS", PERMISSIONS | {Role.RESEARCHER: ()})
    give_roles(apps)
    assert held(Role.RESEARCHER) == set()


def test_what_was_added_beside_the_code_is_taken_away_and_others_groups_are_left_alone() -> None:
    added = Permission.objects.get(codename="delete_user")
    mine = Group.objects.create(name="of the lab")
    mine.permissions.add(added)
    Group.objects.get(name=Role.RESEARCHER.value).permissions.add(added)
    give_roles(apps)
    assert held(Role.RESEARCHER) == set(PERMISSIONS[Role.RESEARCHER])
    assert list(mine.permissions.all()) == [added]
