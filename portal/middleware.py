"""What every answer carries: the request's number, and that nobody but the asker keeps it.

Owns: that number, which is made here and never taken from outside, and stands in the lines of the log until the last
byte is sent; and that an answer which does not say otherwise is kept by no cache, so that on a shared computer nobody
goes back to what another one saw.
"""

import secrets
from collections.abc import Callable

from django.core.signals import request_finished
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control

from jobs import log_ids


class RequestIdMiddleware:
    """Sets `request.request_id`, and `X-Request-Id` on the answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.request_id = secrets.token_hex(8)  # type: ignore[attr-defined]
        log_ids.begin_request(request.request_id)  # type: ignore[attr-defined]
        response = self.get_response(request)
        response["X-Request-Id"] = request.request_id  # type: ignore[attr-defined]
        return response


@receiver(request_finished)
def _end(**_signal: object) -> None:
    log_ids.end_request()


class KeptByNobodyMiddleware:
    """`Cache-Control: private, no-store`, unless the view has said how its answer may be kept."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not response.has_header("Cache-Control"):
            patch_cache_control(response, private=True, no_store=True)
        return response
