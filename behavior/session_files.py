"""The files of one session for whoever may see it: its JSON, its triggers, what is attached to it.

Owns: which files those are, what each is called on a person's disk, and that an object which also holds sessions of
patients outside the scope is never handed out whole: of it there is the one document alone.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings

from behavior.correct import document_of
from behavior.errors import SessionMissing
from behavior.keys import attached_prefix, safe, split_file_name, triggers_key
from behavior.place import sessions_here
from behavior.record import SessionRecord
from people.scope import Scope
from storage.errors import BucketMissing, KeyUnusable, ObjectMissing
from storage.objects import ObjectInfo, Objects
from storage.urls import open_objects

JSON, TRIGGERS = "session.json", "triggers.csv"
ATTACHED_MAX = 100


@dataclass(frozen=True, kw_only=True)
class SessionFile:
    """A file: `name` within its session, `label` for people, `disk_name` as it is saved. `alone`: written for this
    asker, one document of its object; then its size is not known beforehand."""

    name: str
    label: str
    disk_name: str
    key: str
    size_bytes: int
    etag: str
    alone: bool = False


def objects_here() -> Objects:
    """The store that the portal is set to."""
    return open_objects(settings.OBJECTS_URL)


def files_of(record: SessionRecord, *, scope: Scope) -> list[SessionFile]:
    """The session's JSON first, then its triggers and what is attached. Raises `SessionMissing` and `StorageError`."""
    objects = objects_here()
    key, number = split_file_name(record.file_name)
    stem = safe(key.removesuffix(".json").replace("/", "_")) + ("" if number == 1 else f"_{number}")
    info = _head(objects, key)
    if info is None:
        raise SessionMissing(f"The file of session {record.file_name!r} is gone from the store.")
    whole = all(scope.allows(each.subject) for each in sessions_here().of_object(key))
    found = [_file(info, name=JSON, label="the session's JSON", disk_name=f"{stem}.json", alone=not whole)]
    if triggers := _head(objects, triggers_key(record.file_name)):
        found.append(_file(triggers, name=TRIGGERS, label="its triggers", disk_name=f"{stem}.triggers.csv"))
    if whole:
        prefix = attached_prefix(key)
        for place, each in enumerate(objects.list(settings.SESSIONS_BUCKET, prefix=prefix)):
            if place >= ATTACHED_MAX:
                break
            name = each.key.removeprefix(prefix)
            found.append(
                _file(each, name=f"attached/{name}", label=f"attached: {name}", disk_name=safe(f"{stem}.{name}"))
            )
    return found


def file_of(record: SessionRecord, name: str, *, scope: Scope) -> SessionFile:
    """That file of the session. Raises `SessionMissing` where it has none of that name, and as `files_of`."""
    for each in files_of(record, scope=scope):
        if each.name == name:
            return each
    raise SessionMissing(f"Session {record.file_name!r} has no file {name!r}.")


def pieces_of(file: SessionFile, record: SessionRecord, *, scope: Scope) -> Iterator[bytes]:
    """The bytes of the file, never held whole unless it is one document `alone`. Raises `StorageError`."""
    if file.alone:
        document = document_of(record.file_name, objects=objects_here(), by=scope)
        yield json.dumps({"meta": dict(document.meta), "data": document.data}).encode()
        return
    yield from objects_here().stream(settings.SESSIONS_BUCKET, file.key, if_match=file.etag)


def _file(info: ObjectInfo, *, name: str, label: str, disk_name: str, alone: bool = False) -> SessionFile:
    return SessionFile(
        name=name,
        label=label,
        disk_name=disk_name,
        key=info.key,
        size_bytes=info.size_bytes,
        etag=info.etag,
        alone=alone,
    )


def _head(objects: Objects, key: str) -> ObjectInfo | None:
    try:
        return objects.head(settings.SESSIONS_BUCKET, key)
    except (ObjectMissing, BucketMissing, KeyUnusable):
        return None
