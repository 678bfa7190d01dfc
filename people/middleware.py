"""Answers where a view raised that somebody or something is not for the asker: 404 and 403, never a fault (500).

Owns: which errors of `people` are which page. Views let them rise.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from people.errors import AccountClosed, BadPatientId, PatientUnknown, PatientWithdrawn

# A patient outside the scope raises the same as one who does not exist, with the same words.
NOT_HERE = (PatientUnknown, BadPatientId, PatientWithdrawn)


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
