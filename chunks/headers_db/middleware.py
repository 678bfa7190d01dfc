"""Turns a headers database that cannot be asked into a calm page (503) instead of a fault (500).

Owns: that answer, as a page and as JSON. Views let the error rise; what speaks nothing but JSON asks for `json_answer`.
"""

import logging
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string

from chunks.headers_db.errors import HeadersAsleep, HeadersUnavailable
from chunks.headers_db.place import HeadersPlace, State
from people.accounts import names_of
from people.roles import Role

# Seconds after which trying again makes sense.
RETRY_S = {State.ASLEEP: 600, State.WAKING: 60, State.AWAKE: 30}
UNREACHABLE = "The headers database cannot be reached: try again in a minute; if it stays so, tell an administrator."
logger = logging.getLogger(__name__)


class HeadersAsleepMiddleware:
    """Answers with 503 where a view raised `HeadersUnavailable`: asleep, waking up, or not to be reached."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Called by Django with what a view raised; None leaves it to others."""
        if isinstance(exception, HeadersAsleep):
            return _answer(request, exception)
        if isinstance(exception, HeadersUnavailable):
            logger.error("%s", exception, exc_info=exception)
            return _answer(request, exception)
        return None


def json_answer(error: HeadersUnavailable) -> JsonResponse:
    """The answer (503) for a program."""
    place = error.place if isinstance(error, HeadersAsleep) else HeadersPlace()
    body = {
        "error": "headers_asleep" if place.state != State.AWAKE else "headers_unreachable",
        "state": place.state.value,
        "since": place.since.isoformat() if place.since else None,
        "message": str(HeadersAsleep(place)) if place.state != State.AWAKE else UNREACHABLE,
        "retry_after_s": RETRY_S[place.state],
    }
    return JsonResponse(body, status=503, headers=_headers(place))


def _answer(request: HttpRequest, error: HeadersUnavailable) -> HttpResponse:
    if request.get_preferred_type(["text/html", "application/json"]) == "application/json":
        return json_answer(error)
    place = error.place if isinstance(error, HeadersAsleep) else HeadersPlace()
    context = {"place": place, "administrators": names_of(Role.ADMINISTRATOR), "mails": settings.EMAIL_CONFIGURED}
    page = render_to_string("headers_asleep.html", context, request)
    return HttpResponse(page, status=503, headers=_headers(place))


def _headers(place: HeadersPlace) -> dict[str, str]:
    return {"Retry-After": str(RETRY_S[place.state]), "Cache-Control": "no-store"}
