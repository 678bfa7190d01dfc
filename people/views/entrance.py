"""Logging in and out.

Owns: these two acts and their audit. How often a password may be wrong is django-axes' (`portal.settings`), which
answers with `people/locked_out.html` in place of these pages.
"""

from typing import Any

from django.conf import settings
from django.contrib.auth import views
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator

from people import audit
from people.asking import PAGE, page_scope
from people.attempts import one_by_one
from people.origin import client_address
from people.scope import nobody_scope, scope_for

WRONG_PASSWORD = "wrong name or password"  # noqa: S105 (a reason)
MUST_WAIT = "too many attempts"
TOO_MANY = 429


class LogIn(views.LoginView):
    """The one login, of the Django admin too."""

    redirect_authenticated_user = True

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # noqa: ANN401
        with one_by_one(request) as mine:
            if mine:
                return super().post(request, *args, **kwargs)
        self._write_refusal(request.POST.get("username", ""), waits=True)
        return render(request, settings.AXES_LOCKOUT_TEMPLATE, status=TOO_MANY)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        scope = scope_for(form.get_user(), means=PAGE)
        with audit.act("log in", scope=scope, origin=client_address(self.request)):
            return super().form_valid(form)

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        if form.non_field_errors():
            locked = getattr(self.request, "axes_locked_out", False)
            self._write_refusal(form.cleaned_data.get("username", ""), waits=locked)
        return super().form_invalid(form)

    def _write_refusal(self, typed: str, *, waits: bool) -> None:
        """Names an account only where it exists: anything else that was typed as a name may be a password."""
        known = User.objects.filter(username=typed).exists()
        question = f"user={typed}" if known else "user=unknown"
        scope, origin = nobody_scope(means=PAGE), client_address(self.request)
        with audit.act("log in", scope=scope, question=question, origin=origin) as opened:
            opened.ends_as(audit.Outcome.REFUSED, reason=MUST_WAIT if waits else WRONG_PASSWORD)


@method_decorator(login_not_required, name="dispatch")
class LogOut(views.LogoutView):
    """By POST alone, and also for who is logged out already."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # noqa: ANN401
        if not request.user.is_authenticated:
            return super().post(request, *args, **kwargs)
        with audit.act("log out", scope=page_scope(request), origin=client_address(request)):
            return super().post(request, *args, **kwargs)
