"""Who asks by a page, and what she may see: the Scope of a request, made once for it.

Owns: that a request has one scope. Imports nothing of ours outside `people`.
"""

from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest

from people.errors import AccountClosed
from people.scope import Scope, scope_for

PAGE = "page"


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
