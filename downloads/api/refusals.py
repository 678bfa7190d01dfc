"""Every refusal of the API: one form, `{"error": code, "message": sentence}`, and the status of each error.

Owns: the table. What no rule foresees is a fault (500) with the request's number, which stands in the log.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from behavior.errors import SessionsUnavailable
from chunks.headers_db.errors import HeadersUnavailable
from chunks.headers_db.middleware import json_answer
from downloads.api.access import NotAllowed
from downloads.api.schemas import Failure
from downloads.client.errors import (
    Busy,
    DownloadCancelled,
    DownloadOver,
    DownloadUnknown,
    FileChanged,
    FileUnknown,
    RangeOutside,
    Rehearsed,
)
from downloads.errors import PathRefused
from people.errors import AccountClosed, TokenRefused
from selections.errors import CursorRefused, SelectionError
from storage.errors import ObjectChanged, StorageError, StoreUnreachable

logger = logging.getLogger(__name__)
UNREADABLE = 422
SHOW_ONE = (
    'Show a token: Authorization: Bearer ecog_…. Tokens are made on the portal\'s page "Tokens for your computer".'
)


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """How an error is answered. The sentence is the error's own where `says` is empty."""

    status: int
    code: str
    says: str = ""
    retry_after_s: int | None = None


REFUSALS: Mapping[type[Exception], Refusal] = {
    AuthenticationError: Refusal(status=401, code="token_missing", says=SHOW_ONE),
    TokenRefused: Refusal(status=401, code="token_refused"),
    NotAllowed: Refusal(status=403, code="not_allowed"),
    AccountClosed: Refusal(status=403, code="account_closed"),
    DownloadUnknown: Refusal(status=404, code="download_unknown"),
    FileUnknown: Refusal(status=404, code="file_unknown"),
    PathRefused: Refusal(status=409, code="path_refused"),
    ObjectChanged: Refusal(status=409, code="object_changed"),
    Rehearsed: Refusal(status=409, code="dry_run"),
    DownloadOver: Refusal(status=410, code="download_over"),
    DownloadCancelled: Refusal(status=410, code="download_cancelled"),
    FileChanged: Refusal(status=412, code="file_changed"),
    RequestDataTooBig: Refusal(
        status=413, code="too_large", says="The question is too long: write ranges or patterns."
    ),
    RangeOutside: Refusal(status=416, code="range_outside"),
    StorageError: Refusal(status=502, code="object_unavailable"),
    StoreUnreachable: Refusal(status=503, code="store_unreachable", retry_after_s=5),
    SessionsUnavailable: Refusal(
        status=503,
        code="sessions_unavailable",
        says="The table of sessions does not answer just now. Ask again soon, or without a task.",
        retry_after_s=30,
    ),
    Busy: Refusal(status=503, code="busy", retry_after_s=2),
}

MEANINGS: Mapping[int, str] = {
    200: "Done.",
    201: "It has begun.",
    206: "The range that was asked for.",
    304: "You have it already.",
    400: "The request cannot be read.",
    401: "No token, or one that opens nothing.",
    403: "The token's person may not do this.",
    404: "There is no such thing that you may see.",
    409: "It is not what it was when it was listed.",
    410: "The download has ended.",
    412: "The file is another one than `If-Match` says.",
    413: "The question is too long.",
    416: "The range lies outside the file.",
    422: "The question cannot be read; `problems` names every fault.",
    500: "The portal has made a mistake; the number in `message` stands in its log.",
    502: "The store does not give the object out.",
    503: "Not now: `Retry-After` says when. The headers database sleeps, the store is silent, or much is being sent.",
}


def may_answer(*statuses: int) -> dict[int, Any]:
    """The refusals of an operation, for its `response`."""
    return dict.fromkeys(sorted({401, 403, 500, *statuses}), Failure)


def install(api: NinjaAPI) -> None:
    """Teaches the API the table."""
    handlers: dict[type[Exception], Callable[..., HttpResponse]] = {
        **dict.fromkeys(REFUSALS, _by_table),
        HeadersUnavailable: _unavailable,
        SelectionError: _unreadable_question,
        CursorRefused: _unreadable_cursor,
        ValidationError: _unreadable_request,
        HttpError: _plain,
        Http404: _not_here,
        Exception: _fault,
    }
    for error, handler in handlers.items():
        api.add_exception_handler(error, handler)


def failure(
    status: int, *, error: str, message: str, headers: Mapping[str, str] | None = None, **more: object
) -> JsonResponse:
    body: dict[str, object] = {"error": error, "message": message}
    return JsonResponse(body | more, status=status, headers={"Cache-Control": "no-store", **(headers or {})})


def _by_table(_request: HttpRequest, error: Exception) -> HttpResponse:
    refusal = next(REFUSALS[kind] for kind in type(error).__mro__ if kind in REFUSALS)
    headers: dict[str, str] = {}
    if refusal.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="ecog"'
    if refusal.retry_after_s is not None:
        headers["Retry-After"] = str(refusal.retry_after_s)
    if isinstance(error, RangeOutside):
        headers["Content-Range"] = f"bytes */{error.size_bytes}"
    return failure(refusal.status, error=refusal.code, message=refusal.says or str(error), headers=headers)


def _unavailable(_request: HttpRequest, error: HeadersUnavailable) -> HttpResponse:
    logger.warning("The API was asked while the headers database was away (%s).", type(error).__name__)
    return json_answer(error)


def _unreadable_question(_request: HttpRequest, error: SelectionError) -> HttpResponse:
    return _unreadable([(problem.field, problem.message) for problem in error.problems])


def _unreadable_cursor(_request: HttpRequest, error: CursorRefused) -> HttpResponse:
    return _unreadable([("after", str(error))])


def _unreadable_request(_request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Pydantic's messages; the value is not repeated."""
    return _unreadable([(_field(each["loc"]), str(each["msg"])) for each in error.errors])


def _field(location: Any) -> str:  # noqa: ANN401 (a tuple of names and places)
    names = [str(part) for part in location if isinstance(part, str)]
    return names[-1] if names else "request"


def _unreadable(problems: list[tuple[str, str]]) -> HttpResponse:
    return failure(
        UNREADABLE,
        error="question_unreadable",
        message="\n".join(f"{field}: {message}" for field, message in problems),
        problems=[{"field": field, "message": message} for field, message in problems],
    )


def _plain(_request: HttpRequest, error: HttpError) -> HttpResponse:
    return failure(error.status_code, error="request_unreadable", message=str(error))


def _not_here(_request: HttpRequest, _error: Http404) -> HttpResponse:
    return failure(404, error="not_found", message="There is nothing here.")


def _fault(request: HttpRequest, error: Exception) -> HttpResponse:
    if settings.DEBUG:
        raise error
    number = getattr(request, "request_id", "unknown")
    logger.error("Request %s has failed.", number, exc_info=error)
    message = f"The portal has made a mistake. Try again; if it stays so, tell an administrator this number: {number}"
    return failure(500, error="fault", message=message)
