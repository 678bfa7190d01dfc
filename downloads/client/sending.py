"""What is sent to a client: the manifest as it is made, and files or parts of them.

Owns: that bodies keep to the gate that all bodies of this process share, the validators and ranges of a file, and that
what fails before the first byte is a proper refusal. Memory is that of one piece.
"""

import io
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from itertools import chain

from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.utils.cache import get_conditional_response

from downloads.bundles.gate import GATE
from downloads.bundles.ranges import RangeUnsatisfiable, Span, asked_span
from downloads.client.body import FileBody, HeldBody
from downloads.client.errors import Busy, FileChanged, RangeOutside
from downloads.client.files import ClientFile
from downloads.client.progress import count_bytes
from downloads.manifest import Entry, written
from jobs.models import Job
from storage.objects import Objects

FILES_AT_ONCE = 8
PIECE_BYTES = 1 << 20
LINES_CHARACTERS = 1 << 16
CSV, OCTETS = "text/csv; charset=utf-8", "application/octet-stream"
_CHANGED = 412


def send_file(request: HttpRequest, file: ClientFile, *, job: Job, store: Objects) -> HttpResponseBase:
    """The file's bytes, or those of them that are asked for.

    Raises `Busy`, `FileChanged`, `RangeOutside`, and errors of `storage`.
    """
    etag = f'"{file.etag}"' if file.etag else ""
    if unneeded := get_conditional_response(request, etag=etag or None):
        if unneeded.status_code == _CHANGED:
            raise FileChanged("The file is no longer the one of which you have a part: fetch it from its beginning.")
        unneeded["ETag"] = etag
        return unneeded
    span = _span(request, file, etag=etag)
    with _let_in(request) as stack:
        pieces: Iterator[bytes] = iter(())
        if span.size_bytes:
            stream = store.stream(
                file.bucket, file.key, chunk_bytes=PIECE_BYTES, start=span.start, if_match=file.etag or None
            )
            stack.callback(_close, stream)
            pieces = _begun(stream)
        body = FileBody(
            pieces,
            size_bytes=span.size_bytes,
            count=lambda size_bytes: count_bytes(job.pk, size_bytes),
            held=stack.pop_all(),
        )
    answer = StreamingHttpResponse(body, status=206 if span.partial else 200, content_type=OCTETS)
    answer["Content-Length"] = str(span.size_bytes)
    answer["Accept-Ranges"] = "bytes"
    answer["Cache-Control"] = "private, no-store"
    if etag:
        answer["ETag"] = etag
    if span.partial:
        answer["Content-Range"] = f"bytes {span.start}-{span.stop - 1}/{file.size_bytes}"
    return answer


def send_manifest(request: HttpRequest, entries: Iterable[Entry], *, job: Job) -> HttpResponseBase:
    """The manifest, a few lines at a time as it is made. Raises `Busy`, and what the first entries raise."""
    with _let_in(request) as stack:
        body = HeldBody(_begun(_lines(entries, job=job)), held=stack.pop_all())
    return StreamingHttpResponse(body, content_type=CSV, headers={"Cache-Control": "private, no-store"})


def _span(request: HttpRequest, file: ClientFile, *, etag: str) -> Span:
    asked, if_range = request.headers.get("Range", ""), request.headers.get("If-Range", "")
    try:
        return asked_span(asked, if_range, size_bytes=file.size_bytes, etag=etag, modified=None)
    except RangeUnsatisfiable:
        raise RangeOutside(size_bytes=file.size_bytes) from None


def _let_in(request: HttpRequest) -> ExitStack:
    """Past the gate; what is returned leaves it again. Raises `Busy`."""
    leave = GATE.enter(request.user.pk or 0, kind="client", at_most=FILES_AT_ONCE)
    if leave is None:
        raise Busy("As many files as may be are being sent just now. Try again in a moment.")
    stack = ExitStack()
    stack.callback(leave)
    return stack


def _lines(entries: Iterable[Entry], *, job: Job) -> Iterator[bytes]:
    """The lease is renewed as they are taken."""
    buffer = io.StringIO(newline="")
    for _ in written(buffer, entries):
        if buffer.tell() >= LINES_CHARACTERS:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
            count_bytes(job.pk, 0)
    yield buffer.getvalue().encode()


def _begun(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same, its first piece read already, so that its errors come now."""
    first = next(pieces, b"")
    return chain([first], pieces)


def _close(pieces: object) -> None:
    with suppress(AttributeError):  # not every store reads with a generator
        pieces.close()  # type: ignore[attr-defined]
