"""The page one sees first: the patients, what there is of each, and one's own jobs.

Owns: how these come together; the parts are the apps' own.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def home(request: HttpRequest) -> HttpResponse:
    """For everybody who is logged in."""
    return render(request, "portal/home.html", {"nav": "home"})
