"""The page of a fault (500), which leans on nothing that may be broken: no database, no session, no other template.

Owns: that page's answer. The request's number on it is the one in the log.
"""

import logging

from django.http import HttpRequest, HttpResponse, HttpResponseServerError
from django.template.loader import render_to_string

logger = logging.getLogger(__name__)
PLAIN = "The portal has made a mistake. Try again; if it stays so, tell an administrator this number: {number}\n"


def server_error(request: HttpRequest) -> HttpResponse:
    """Called by Django for every error that nobody answers."""
    number: str = getattr(request, "request_id", "unknown")
    logger.error("Request %s has failed.", number)
    try:
        # Without the request the page knows no user, and so asks no database.
        return HttpResponseServerError(render_to_string("500.html", {"number": number}))
    except Exception:
        logger.exception("The page of the fault has failed too.")
        return HttpResponseServerError(PLAIN.format(number=number), content_type="text/plain")
