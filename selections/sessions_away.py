"""Turns a table of sessions that does not answer into a calm page (503) instead of a fault (500).

Owns: that answer.
"""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render

from behavior.errors import SessionsUnavailable

RETRY_S = 30
AWAY = "Sessions cannot be shown just now: their table does not answer. Recordings are found as ever; try again soon."
View = Callable[..., HttpResponseBase]
logger = logging.getLogger(__name__)


def told_when_away(view: View) -> View:
    """The view needs the table of sessions."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:  # noqa: ANN401
        try:
            return view(request, *args, **kwargs)
        except SessionsUnavailable as error:
            logger.error("%s", error)  # noqa: TRY400 (the message says all)
            page = render(request, "selections/sessions_away.html", {"nav": "tasks", "away": AWAY}, status=503)
            page["Retry-After"] = str(RETRY_S)
            return page

    return wrapped
