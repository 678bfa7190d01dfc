"""How a zip that may be fetched is answered over HTTP: its bytes, a signed link, or a word to nginx.

Owns: the headers of a zip, which of the three ways is gone, and that each fetch is in the audit with the patients and
the bytes: those really sent where this process sends them, else those that were asked for. Who may fetch is not known
here.
"""

import os
from contextlib import AbstractContextManager, ExitStack, closing

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import http_date

from downloads.bundles import place
from downloads.bundles.body import Body
from downloads.bundles.errors import Busy, NotKept
from downloads.bundles.gate import GATE
from downloads.bundles.ranges import RangeUnsatisfiable, Span, asked_span
from downloads.models import Bundle
from people import audit
from people.origin import client_address
from people.scope import Scope

ZIP = "application/zip"


def answer(request: HttpRequest, bundle: Bundle, *, scope: Scope) -> HttpResponseBase:
    """The zip, or the part of it that is asked for. Raises `Busy` and `NotKept`."""
    try:
        if request.method == "HEAD":
            return _described(HttpResponse(), bundle, span=Span(start=0, stop=bundle.size_bytes, partial=False))
        if place.path_on_disk(bundle.zip_name) is None:
            return _linked(request, bundle, scope=scope)
        if settings.ACCEL_PREFIX:
            return _handed_over(request, bundle, scope=scope)
        return _sent(request, bundle, scope=scope)
    except RangeUnsatisfiable:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{bundle.size_bytes}"})


def fetch_act(request: HttpRequest, bundle: Bundle, *, scope: Scope) -> AbstractContextManager[audit.OpenAct]:
    """The audit's entry of a fetch."""
    question, origin = bundle.job.question, client_address(request)
    return audit.act("fetch", scope=scope, question=question, patients=bundle.patients, origin=origin)


def _sent(request: HttpRequest, bundle: Bundle, *, scope: Scope) -> HttpResponseBase:
    """The bytes themselves, unless the client has them."""
    modified = int(bundle.finished_at.timestamp()) if bundle.finished_at else None
    if unneeded := get_conditional_response(request, etag=bundle.etag, last_modified=modified):
        unneeded["ETag"] = bundle.etag
        return unneeded
    span = _span(request, bundle)
    leave = GATE.enter(request.user.pk or 0)
    if leave is None:
        raise Busy("Other files are being sent just now. Try again in a moment.")
    with ExitStack() as stack:
        stack.callback(leave)
        act = stack.enter_context(fetch_act(request, bundle, scope=scope))
        file = stack.enter_context(closing(place.read(bundle.zip_name)))
        if file.seek(0, os.SEEK_END) != bundle.size_bytes:
            raise NotKept("The bundle's file is not as long as it was when it was made. Ask for the bundle again.")
        body = Body(file, span=span, act=act, held=stack.pop_all())
    return _described(StreamingHttpResponse(body, status=206 if span.partial else 200), bundle, span=span)


def _linked(request: HttpRequest, bundle: Bundle, *, scope: Scope) -> HttpResponseBase:
    """To a link that is signed now and kept nowhere."""
    span = _span(request, bundle, trusting=True)
    with fetch_act(request, bundle, scope=scope) as act:
        link = place.link(bundle.zip_name, file_name=bundle.file_name)
        act.add_bytes(span.size_bytes)
    return HttpResponse(status=302, headers={"Location": link, "Referrer-Policy": "no-referrer"})


def _handed_over(request: HttpRequest, bundle: Bundle, *, scope: Scope) -> HttpResponseBase:
    """nginx sends the file, and ranges of it; validators are its own."""
    span = _span(request, bundle, trusting=True)
    with fetch_act(request, bundle, scope=scope) as act:
        act.add_bytes(span.size_bytes)
    location = f"{settings.ACCEL_PREFIX.rstrip('/')}/{bundle.zip_name}"
    headers = {"X-Accel-Redirect": location, "Content-Disposition": _disposition(bundle)}
    return HttpResponse(content_type=ZIP, headers=headers)


def _span(request: HttpRequest, bundle: Bundle, *, trusting: bool = False) -> Span:
    """`trusting`: somebody else holds the validators, and sends the range if they are right."""
    return asked_span(
        request.headers.get("Range", ""),
        "" if trusting else request.headers.get("If-Range", ""),
        size_bytes=bundle.size_bytes,
        etag=bundle.etag,
        modified=bundle.finished_at,
    )


def _described(answered: HttpResponseBase, bundle: Bundle, *, span: Span) -> HttpResponseBase:
    answered["Content-Type"] = ZIP
    answered["Content-Length"] = str(span.size_bytes)
    answered["Content-Disposition"] = _disposition(bundle)
    answered["Accept-Ranges"] = "bytes"
    answered["ETag"] = bundle.etag
    if bundle.finished_at:
        answered["Last-Modified"] = http_date(bundle.finished_at.timestamp())
    if span.partial:
        answered["Content-Range"] = f"bytes {span.start}-{span.stop - 1}/{bundle.size_bytes}"
    return answered


def _disposition(bundle: Bundle) -> str:
    return f'attachment; filename="{bundle.file_name}"'
