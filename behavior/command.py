"""The base of the commands about sessions."""

import difflib
from collections.abc import Mapping
from typing import Any, ClassVar

from django.contrib.auth.models import User

from behavior.errors import BehaviorError, SessionMissing
from chunks.command import PortalCommand
from people.scope import Scope, scope_for, server_scope

MEANS = "command"


class SessionsCommand(PortalCommand):
    """`handle` lets `BehaviorError` rise, as all errors whose message is for people."""

    for_people: ClassVar[tuple[type[Exception], ...]] = (BehaviorError,)


def scope_from(options: Mapping[str, Any]) -> Scope:
    """The permission of the user named by `--as`, else the administrator's."""
    name = options.get("as_user")
    if not name:
        return server_scope(means=MEANS)
    user = User.objects.filter(username=name).first()
    if user is None:
        near = difflib.get_close_matches(name, User.objects.values_list("username", flat=True))
        like = f" The most similar: {', '.join(near)}." if near else ""
        raise SessionMissing(f"There is no user {name!r}.{like}")
    return scope_for(user, means=MEANS)
