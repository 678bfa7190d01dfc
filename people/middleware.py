"""What stands between a request and the views because of who asks.

Owns: where somebody who is not logged in is led, and which errors of `people` are which page: 404 and 403, never a
fault (500). Views let them rise.
"""

from collections.abc import Callable

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render

from people.errors import AccountClosed, BadPatientId, PatientUnknown, PatientWithdrawn

# A patient outside the scope raises the same as one who does not exist, with the same words.
NOT_HERE = (PatientUnknown, BadPatientId, PatientWithdrawn)


class LoginMiddleware(LoginRequiredMiddleware):
    """Leads to the login, and from there back to the page that was asked for, where that is a page."""

    def handle_no_permission(  # type: ignore[override]  # the stubs know redirects alone
        self, request: HttpRequest, view_func: Callable[..., HttpResponseBase]
    ) -> HttpResponseBase:
        if "HX-Request" in request.headers:
            # A login inside a part of a page would be of no use: the whole page is loaded again.
            return HttpResponse(status=401, headers={"HX-Refresh": "true"})
        if request.method not in {"GET", "HEAD"}:
            # What a form has sent is not sent again by coming back.
            return redirect("login")
        return super().handle_no_permission(request, view_func)


class PeopleErrorsMiddleware:
    """The page 404 for a patient who is not there for the asker, 403 for a closed account."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Called by Django with what a view raised; None leaves it to others."""
        if isinstance(exception, NOT_HERE):
            return render(request, "404.html", {"said": str(exception)}, status=404)
        if isinstance(exception, AccountClosed):
            return render(request, "403.html", {"said": str(exception)}, status=403)
        return None
