"""Which object a path of the tree is, for one download and under the present scope.

Owns: that a client names paths and never buckets or keys: an object is found through the row of its chunk or recording,
or through its session, where the question asks for that and its patient may be seen now. Everything else does not
exist, with the same words.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.conf import settings

from chunks.format.keys import ANNOTATIONS_OBJECT, CHUNK_SUFFIX, annotations_key, withheld_bucket
from downloads.client.errors import FileUnknown
from downloads.errors import PathRefused
from downloads.session_files import session_entry_at
from downloads.tree import SESSIONS_FOLDER, check_path
from people.scope import Scope
from selections.resolve import resolve
from selections.rows import StayRows
from selections.selection import Selection
from selections.stay import Held, Stay
from storage.errors import BucketMissing, ObjectMissing
from storage.objects import Objects

_PARTS = 4
_LOOK_AT_ROWS = 200


@dataclass(frozen=True, kw_only=True)
class ClientFile:
    """An object that may be sent. `etag` is empty where none is known."""

    bucket: str
    key: str
    etag: str
    size_bytes: int


def file_at(path: str, *, selection: Selection, scope: Scope, store: Objects) -> ClientFile:
    """The file of that path in the download of that question. Raises `FileUnknown`, and errors of `storage`."""
    found = _find(path, selection=selection, scope=scope, store=store)
    if found is None:
        raise FileUnknown(
            f"This download has no file {path[:300]!r}: it is not asked for, was removed, or may no longer be seen by "
            "you."
        )
    return found


def _find(path: str, *, selection: Selection, scope: Scope, store: Objects) -> ClientFile | None:
    try:
        parts = check_path(path).split("/")
    except PathRefused:
        return None
    if parts[1] == SESSIONS_FOLDER:
        return _of_session(path, selection=selection, scope=scope, store=store)
    return _of_recording(parts, selection=selection, scope=scope, store=store) if len(parts) == _PARTS else None


def _of_session(path: str, *, selection: Selection, scope: Scope, store: Objects) -> ClientFile | None:
    entry = session_entry_at(path, resolved=resolve(selection, scope=scope), store=store)
    if entry is None:
        return None
    return ClientFile(bucket=entry.bucket, key=entry.key, etag=entry.etag, size_bytes=entry.size_bytes)


def _of_recording(parts: Sequence[str], *, selection: Selection, scope: Scope, store: Objects) -> ClientFile | None:
    _, patient, recording, name = parts
    if not scope.allows(patient) or not selection.asks_for(patient):
        return None
    stay = resolve(replace(selection, patients=(patient,)), scope=scope).stay(patient)
    for held in stay.recordings:
        if held.name == recording and held.bucket not in _closed_buckets():
            found = _in_recording(held, name, stay=stay, store=store)
            if found is not None:
                return found
    return None


def _in_recording(held: Held, name: str, *, stay: Stay, store: Objects) -> ClientFile | None:
    rows = StayRows(stay)
    if name.endswith(CHUNK_SUFFIX):
        row = rows.of_key(held, f"{held.name}/{name}")
        if row is None:
            return None
        return ClientFile(bucket=row.bucket, key=row.object_key, etag=row.etag, size_bytes=row.size_bytes)
    if name == ANNOTATIONS_OBJECT and next(rows.of_recording(held, page_rows=_LOOK_AT_ROWS), None):
        try:
            info = store.head(held.bucket, annotations_key(held.name))
        except (ObjectMissing, BucketMissing):
            return None
        return ClientFile(bucket=info.bucket, key=info.key, etag=info.etag, size_bytes=info.size_bytes)
    return None


def _closed_buckets() -> set[str]:
    """Buckets of which nothing is ever sent, whatever a row says."""
    return {withheld_bucket(prefix=settings.BUCKET_PREFIX), settings.SESSIONS_BUCKET}
