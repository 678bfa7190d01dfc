"""The roles of the portal: groups of Django, and what each may do.

Owns: the names of roles and their permissions. A migration writes them into the database; `give_roles` does the same
after every later migration, so that a permission that is new reaches its roles, and one that a role has no more leaves
it. Imports nothing of ours.
"""

from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from typing import Any

from django.apps.registry import Apps
from django.contrib.auth.decorators import permission_required
from django.db.models import Q
from django.http import HttpRequest, HttpResponseBase

View = Callable[..., HttpResponseBase]


class Role(StrEnum):
    RESEARCHER = "researcher"
    DATA_MANAGER = "data manager"
    ADMINISTRATOR = "administrator"


STAFF = frozenset({Role.DATA_MANAGER, Role.ADMINISTRATOR})
"""Who sees all patients, and may open the Django admin."""

_LOOK_AT_HEADERS = ("chunks.view_chunkheader", "chunks.view_recording", "chunks.view_headersstate")
_KEEP_ALIASES = tuple(f"behavior.{act}_taskalias" for act in ("view", "add", "change", "delete"))
PERMISSIONS: dict[Role, tuple[str, ...]] = {
    Role.RESEARCHER: ("people.search", "people.download"),
    Role.DATA_MANAGER: (
        "people.search",
        "people.download",
        "people.ingest",
        "people.view_patient",
        *_LOOK_AT_HEADERS,
        *_KEEP_ALIASES,
    ),
    Role.ADMINISTRATOR: (
        "people.search",
        "people.download",
        "people.ingest",
        "people.administer",
        "people.view_patient",
        "people.view_grant",
        "people.add_grant",
        "people.change_grant",
        "people.view_auditentry",
        "people.view_auditedpatient",
        "jobs.view_job",
        "auth.view_user",
        "auth.add_user",
        "auth.change_user",
        *_LOOK_AT_HEADERS,
        *_KEEP_ALIASES,
    ),
}


def requires(permission: str) -> Callable[[View], View]:
    """The view is for those who have the permission (`search`, `download`, `ingest`, `administer`).

    Others get the page of no permission (403), who is not logged in the login page. The view's `permission` names it,
    so that a test can walk all routes.
    """

    def decorate(view: View) -> View:
        guarded = permission_required(f"people.{permission}", raise_exception=True)(view)

        @wraps(view)
        def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:  # noqa: ANN401
            return guarded(request, *args, **kwargs)

        wrapped.permission = permission  # type: ignore[attr-defined]
        return wrapped

    return decorate


def give_roles(apps: Apps) -> None:
    """Makes the groups where they are missing, each with just those permissions of its role that exist by now."""
    group_model, permission_model = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    for role, names in PERMISSIONS.items():
        group, _ = group_model.objects.get_or_create(name=role.value)
        wanted = Q(pk__in=[])  # an empty Q would be every permission
        for name in names:
            app_label, _, codename = name.partition(".")
            wanted |= Q(content_type__app_label=app_label, codename=codename)
        group.permissions.set(permission_model.objects.filter(wanted))
