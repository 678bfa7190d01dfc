"""Who asks by a page, and what she may see: the Scope of a request, made once for it.

Owns: that a request has one scope. Imports nothing of ours outside `people`.
"""

from django.http import HttpRequest

from people.scope import Scope, scope_for

PAGE = "page"


def page_scope(request: HttpRequest) -> Scope:
    """What the person who is logged in may see now. Raises `AccountClosed`."""
    scope: Scope | None = getattr(request, "_scope", None)
    if scope is None:
        scope = scope_for(request.user, means=PAGE)
        request._scope = scope  # type: ignore[attr-defined]
    return scope
