"""One's own account: who am I, what may I do, whom may I see.

Owns: this page. It shows the grants that make the Scope, with their reasons.
"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from people.accounts import roles_of
from people.asking import page_scope, page_user
from people.grants import grants_in_force


@require_safe
def account(request: HttpRequest) -> HttpResponse:
    """For everybody who is logged in."""
    user = page_user(request)
    scope = page_scope(request)
    context = {
        "roles": roles_of(user),
        "scope": scope,
        "grants": [] if scope.sees_all else grants_in_force(user),
        "email_configured": settings.EMAIL_CONFIGURED,
    }
    return render(request, "people/account.html", context)
