"""Who asks, by a page or in a command, and what she may see.

Owns: that a request has one scope, and whose permission a command has. Imports nothing of ours outside `people`.
"""

import difflib

from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest

from people.errors import AccountClosed, AskerUnknown
from people.scope import Scope, scope_for, server_scope

PAGE = "page"
COMMAND = "command"
_SHOWN = 60


def page_user(request: HttpRequest) -> User:
    """The person who is logged in. Raises `AccountClosed` where nobody is."""
    if isinstance(request.user, AnonymousUser):
        raise AccountClosed("Nobody is logged in. Log in first.")
    return request.user


def page_scope(request: HttpRequest) -> Scope:
    """What the person who is logged in may see now. Raises `AccountClosed`."""
    scope: Scope | None = getattr(request, "_scope", None)
    if scope is None:
        scope = scope_for(request.user, means=PAGE)
        request._scope = scope  # type: ignore[attr-defined]
    return scope


def command_scope(as_user: str | None) -> Scope:
    """What the user named by `--as` may see, else the administrator's scope.

    Raises `AskerUnknown`, and `AccountClosed` for a user who is inactive.
    """
    if not as_user:
        return server_scope(means=COMMAND)
    user = User.objects.filter(username=as_user).first()
    if user is None:
        near = difflib.get_close_matches(as_user, User.objects.values_list("username", flat=True))
        like = f" The most similar: {', '.join(near)}." if near else ""
        raise AskerUnknown(f"There is no user {as_user[:_SHOWN]!r}.{like}")
    return scope_for(user, means=COMMAND)
