"""Takes files that a data manager uploads: each by itself, its outcome in a sentence; a bad one stops no other.

Owns: which of the two ways a file goes (a session's JSON as it is, any other as an attachment of a session whose words
a person says), and what a refused file tells of these words, so that nobody types them twice.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from behavior.add import Attachment, NewSession, add_session
from behavior.documents import read_documents
from behavior.errors import BehaviorError, NotASession, SessionRefused
from behavior.place import sessions_here
from behavior.session_files import objects_here
from behavior.take import Hints, Taken, take
from chunks.errors import ChunksError
from people.errors import PeopleError
from people.scope import Scope
from storage.errors import StorageError

UPLOAD_BYTES = 64 * 1024 * 1024
REFUSALS = (BehaviorError, ChunksError, PeopleError, StorageError)

_NAMED = re.compile(r"(?P<experiment>.*[^_])_(?P<subject>[A-Za-z0-9-]{1,40})(?:_.*)?", re.DOTALL)
_DIGITS = re.compile(r"(?P<experiment>.*[^_])_(?P<subject>[0-9]{4})(?:_.*)?", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a file tells of the session it may be of, as text; empty where it does not."""

    experiment: str = ""
    patient: str = ""
    day: str = ""
    start: str = ""
    stop: str = ""


@dataclass(frozen=True, kw_only=True)
class Received:
    """What became of one file: it was taken, or `refusal` says why not and `told` what is known of it."""

    name: str
    size_bytes: int
    taken: Taken | None = None
    refusal: str = ""
    told: Told = Told()


def receive(attachment: Attachment, *, size_bytes: int, by: Scope) -> Received:
    """Takes one file as it is."""
    name = attachment.name
    if size_bytes > UPLOAD_BYTES:
        refusal = (
            f"It has {size_bytes:,} bytes, and at most {UPLOAD_BYTES:,} are taken here. On the server, "
            "manage.py ingest_behavior takes larger ones."
        )
        return Received(name=name, size_bytes=size_bytes, refusal=refusal)
    content = attachment.file.read()
    try:
        taken = take(content, objects=objects_here(), sessions=sessions_here(), by=by)
    except REFUSALS as error:
        told = _told(content, name=name, error=error)
        return Received(name=name, size_bytes=size_bytes, refusal=_sentence(error), told=told)
    return Received(name=name, size_bytes=size_bytes, taken=taken)


def make(new: NewSession, *, attachments: Sequence[Attachment], by: Scope) -> Taken:
    """A session of these words: of one session's JSON that lacks some of them, or with the files attached.

    Raises what `take` and `add_session` do.
    """
    objects, sessions = objects_here(), sessions_here()
    if len(attachments) == 1 and (content := _session_json(attachments[0])) is not None:
        hints = Hints(experiment=new.experiment, subject=new.patient, day=new.day)
        return take(content, objects=objects, sessions=sessions, by=by, hints=hints)
    return add_session(new, attachments=attachments, objects=objects, sessions=sessions, by=by)


def _session_json(attachment: Attachment) -> bytes | None:
    attachment.file.seek(0)
    content = attachment.file.read(UPLOAD_BYTES + 1)
    attachment.file.seek(0)
    if len(content) > UPLOAD_BYTES:
        raise SessionRefused(f"A session's JSON of over {UPLOAD_BYTES:,} bytes is taken by manage.py ingest_behavior.")
    try:
        read_documents(content)
    except NotASession:
        return None
    return content


def _sentence(error: Exception) -> str:
    """What is wrong, without the commands that are the way out of it: here that is a form."""
    if isinstance(error, NotASession):
        return str(error).removesuffix(_way_out(error)).strip()
    return str(error).partition(" Say it: ")[0]


def _way_out(error: NotASession) -> str:
    return error.way_out.format(start=error.start or "H:M:S", stop=error.stop or "H:M:S")


def _told(content: bytes, *, name: str, error: Exception) -> Told:
    """The file's own words where it has any, else those of its name."""
    told = _by_name(name)
    if isinstance(error, NotASession):
        return replace(told, start=error.start, stop=error.stop)
    try:
        meta = read_documents(content)[0].meta
    except NotASession:
        return told
    own = {
        field: str(meta[word])[:100]
        for field, word in (
            ("experiment", "experiment"),
            ("patient", "subject"),
            ("day", "day"),
            ("start", "start_time"),
            ("stop", "stop_time"),
        )
        if meta.get(word) not in (None, "")
    }
    return replace(told, **own)


def _by_name(name: str) -> Told:
    stem = name.rpartition("/")[2].partition(".")[0]
    found = _DIGITS.fullmatch(stem) or _NAMED.fullmatch(stem)
    return Told(experiment=found["experiment"][:100], patient=found["subject"]) if found else Told()
