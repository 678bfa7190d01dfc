"""How many requests there were, and how long each took until its answer began: by route, method and status.

Owns: that measure. A label is a route of the URL configuration, never an address, which holds what somebody typed. The
numbers are of this process, and there is one (`portal.gunicorn`); they begin at 0 with it.
"""

import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from prometheus_client import CollectorRegistry, Histogram

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
BUCKETS_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120)
NOWHERE = "no such address"

registry = CollectorRegistry()
_seconds = Histogram(
    "ecog_request_seconds",
    "Time until an answer begins, of requests by route, method and status",
    ["route", "method", "status"],
    buckets=BUCKETS_S,
    registry=registry,
)


class RequestTimesMiddleware:
    """Measures everything that stands after it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.monotonic()
        response = self.get_response(request)
        route = request.resolver_match.route if request.resolver_match else NOWHERE
        method = request.method if request.method in METHODS else "other"
        _seconds.labels(route, method, str(response.status_code)).observe(time.monotonic() - began)
        return response
