"""Which bytes of a file a request asks for.

Owns: the reading of `Range` and `If-Range` (RFC 9110, 14.2 and 13.1.5). One range is answered; of several the whole
file is sent, as the standard allows. What is no range of bytes is ignored.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from django.utils.http import parse_http_date_safe

_ONE_RANGE = re.compile(r"bytes=[ \t]*(?P<first>[0-9]{0,18})-(?P<last>[0-9]{0,18})[ \t]*", re.IGNORECASE)


class RangeUnsatisfiable(Exception):
    """The range lies outside the file: 416."""


@dataclass(frozen=True, kw_only=True)
class Span:
    """The bytes from `start` to before `stop`; `partial`: they were asked for as a range."""

    start: int
    stop: int
    partial: bool

    @property
    def size_bytes(self) -> int:
        return self.stop - self.start


def asked_span(range_header: str, if_range: str, *, size_bytes: int, etag: str, modified: datetime | None) -> Span:
    """What is to be sent of a file of this size and validators. Raises `RangeUnsatisfiable`."""
    whole = Span(start=0, stop=size_bytes, partial=False)
    found = _ONE_RANGE.fullmatch(range_header.strip())
    if found is None or not (found["first"] or found["last"]):
        return whole
    if if_range and not _same(if_range.strip(), etag=etag, modified=modified):
        return whole
    if not found["first"]:
        suffix = int(found["last"])
        start, stop = max(0, size_bytes - suffix), size_bytes
    else:
        start = int(found["first"])
        if found["last"] and int(found["last"]) < start:
            return whole  # no valid range: the header is to be ignored
        stop = min(int(found["last"]) + 1, size_bytes) if found["last"] else size_bytes
    if start >= stop:
        raise RangeUnsatisfiable
    return Span(start=start, stop=stop, partial=True)


def _same(if_range: str, *, etag: str, modified: datetime | None) -> bool:
    """Whether the file is still the one the client has a part of: the strong comparison, or the very same date."""
    if if_range.startswith(('"', "W/")):
        return if_range == etag
    return modified is not None and parse_http_date_safe(if_range) == int(modified.timestamp())
