"""How a line of the log is written, so that no log keeps what it should not.

Owns: that of a request it names the route and the number, never the address, which holds what somebody typed (a name, a
link for a new password); and that of an error it names the class and where it happened, and its own text only where
that is marked as holding nothing private (`people.errors`). Of what the portal itself refuses (4xx) there is no
traceback.
"""

import copy
import logging
import traceback
from collections.abc import Iterator
from types import TracebackType

from django.http import HttpRequest

from people.errors import kept_message

FAULT = 500
CSRF = "django.security.csrf"
# Which host was asked for is no secret, and tells whoever looks after the portal that `ECOG_URL` is another one.
SAID_AS_IT_IS = frozenset({"django.security.DisallowedHost"})
ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class Lines(logging.Formatter):
    """The formatter of all that goes to standard error."""

    def format(self, record: logging.LogRecord) -> str:
        return super().format(self.told(record))

    def told(self, record: logging.LogRecord) -> logging.LogRecord:
        """A copy of the record that holds what may be kept of it."""
        line = copy.copy(record)
        line.exc_text = None  # another formatter's, which other handlers see too
        request = getattr(record, "request", None)
        if isinstance(request, HttpRequest):
            status = int(getattr(record, "status_code", FAULT))
            if record.name not in SAID_AS_IT_IS:
                line.msg, line.args = f"{status} {_said_of(request)}{_why(record)}", ()
            if status < FAULT:
                line.exc_info = None
        return line

    def formatException(self, ei: ExcInfo) -> str:  # noqa: N802 (logging's own name)
        return "\n".join(_told(ei[1])) if ei[1] is not None else ""


def _said_of(request: HttpRequest) -> str:
    route = request.resolver_match.route if request.resolver_match else "no such address"
    return f"{request.method} {route!r}, request {getattr(request, 'request_id', 'unknown')}"


def _why(record: logging.LogRecord) -> str:
    """Why a form was taken for a forged one, without the address it came from."""
    if record.name != CSRF or not isinstance(record.args, tuple) or not record.args:
        return ""
    return f": {str(record.args[0]).partition(' - ')[0]}"


def _told(error: BaseException) -> Iterator[str]:
    """The error, after those it comes from."""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None:
        yield from _told(before)
    if error.__traceback__ is not None:
        yield "Traceback (most recent call last):"
        yield from (frame.rstrip("\n") for frame in traceback.format_tb(error.__traceback__))
    said = kept_message(error)
    yield f"{type(error).__module__}.{type(error).__qualname__}" + (f": {said}" if said else "")
