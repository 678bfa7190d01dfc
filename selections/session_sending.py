"""Sends a file of a session: piece by piece, as a file to be saved, and audited with the bytes that really went.

Owns: its headers. Whatever a file holds, a browser saves it and shows nothing of it.
"""

from collections.abc import Iterator
from itertools import chain

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

from behavior.record import SessionRecord
from behavior.session_files import JSON, TRIGGERS, SessionFile, pieces_of
from people import audit
from people.origin import client_address
from people.scope import Scope

_TYPES = {JSON: "application/json", TRIGGERS: "text/csv; charset=utf-8"}


class _Body:
    """The pieces; when they end, or their reader goes away, the act of the audit ends too."""

    def __init__(self, pieces: Iterator[bytes], *, act: audit.OpenAct) -> None:
        self._pieces, self._act, self._open = pieces, act, True

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            self._act.add_bytes(len(piece))
            yield piece
        self._end(audit.Outcome.DONE)

    def close(self) -> None:
        """Django calls it however the answer ends."""
        self._end(audit.Outcome.CANCELLED)

    def _end(self, outcome: audit.Outcome) -> None:
        if self._open:
            self._open = False
            self._act.close(outcome)


def send(request: HttpRequest, file: SessionFile, record: SessionRecord, *, scope: Scope) -> HttpResponseBase:
    """The answer. Raises `StorageError` and `BehaviorError` as long as nothing of it is sent."""
    if request.method == "HEAD":
        return _described(HttpResponse(), file)
    act = audit.begin(
        "fetch",
        scope=scope,
        question=f"{record.file_name} {file.name}",
        patients=[record.subject],
        origin=client_address(request),
    )
    try:
        pieces = pieces_of(file, record, scope=scope)
        first = list(filter(None, [next(pieces, b"")]))
    except BaseException:
        act.close(audit.Outcome.FAILED)
        raise
    return _described(StreamingHttpResponse(_Body(chain(first, pieces), act=act)), file)


def _described(answer: HttpResponseBase, file: SessionFile) -> HttpResponseBase:
    answer["Content-Type"] = _TYPES.get(file.name, "application/octet-stream")
    answer["Content-Disposition"] = f'attachment; filename="{file.disk_name}"'
    answer["Cache-Control"] = "private, no-store"
    if not file.alone:
        answer["Content-Length"] = str(file.size_bytes)
    return answer
