"""Makes a session of files that no session can be read from: its JSON is written, the files are kept beside it.

Owns: what such a JSON says. The files stay as they came; of their names only the suffix is kept, since names of files
often hold people's names.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from django.conf import settings

from behavior.documents import FIELDS, Document
from behavior.keys import attached_key
from behavior.record import SessionRecord, record_of
from behavior.sessions import Sessions
from behavior.take import Taken, take
from behavior.wall_time import DAY_US, wall_time_text
from chunks.format.clock import since_day_zero_us
from people.scope import Scope
from storage.objects import Objects

PIECE_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A file to be kept with a session: its own name, and its content, which can be read from the start again."""

    name: str
    file: BinaryIO


@dataclass(frozen=True, kw_only=True)
class NewSession:
    """The words of a session as a person types them; times as `H:M:S` or `H:M:S:f`."""

    experiment: str
    patient: str
    day: int
    start: str
    stop: str


def add_session(
    new: NewSession, *, attachments: Sequence[Attachment], objects: Objects, sessions: Sessions, by: Scope
) -> Taken:
    """Stores a session with its files; the same again changes nothing.

    Raises `BadSession` for a word that cannot be, and what `behavior.take.take` does.
    """
    values = (new.experiment, new.patient, new.start, new.stop, new.day)
    record = record_of(Document(number=1, meta=dict(zip(FIELDS, values, strict=True)), data=[]), key="new.json")
    files = [_described(each, number=number) for number, each in enumerate(attachments, 1)]
    document = {"meta": _meta(record), "data": [], "files": files}
    content = json.dumps(document, ensure_ascii=False, indent=1).encode()
    taken = take(content, objects=objects, sessions=sessions, by=by)
    for number, (attachment, file) in enumerate(zip(attachments, files, strict=True), 1):
        key = attached_key(taken.key, number=number, file_name=attachment.name)
        objects.put(settings.SESSIONS_BUCKET, key, _pieces(attachment.file), size_bytes=file["bytes"])
    return taken


def _meta(record: SessionRecord) -> dict[str, Any]:
    start_us, stop_us = (since_day_zero_us(record.subject, moment) for moment in (record.start, record.stop))
    return {
        "experiment": record.experiment,
        "subject": record.subject,
        "start_time": wall_time_text(start_us % DAY_US),
        "stop_time": wall_time_text(stop_us % DAY_US),
        "day": record.day,
    }


def _described(attachment: Attachment, *, number: int) -> dict[str, Any]:
    sha256, size_bytes = hashlib.sha256(), 0
    for piece in _pieces(attachment.file):
        sha256.update(piece)
        size_bytes += len(piece)
    name = attached_key("", number=number, file_name=attachment.name).rpartition("/")[2]
    return {"name": name, "bytes": size_bytes, "sha256": sha256.hexdigest()}


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    while piece := file.read(PIECE_BYTES):
        yield piece
