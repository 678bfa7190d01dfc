"""The files of a download's sessions: their JSON, what is attached to them, their triggers.

    s3_download/behavioral_data/<file>                     a session's JSON, as it was uploaded
    s3_download/behavioral_data/<file>.files/<n>.<suffix>  what is attached to it
    s3_download/behavioral_data/<file>.triggers.csv        its codes, where it is aligned by them

Owns: which objects those are and where they go. The bucket is asked once for each session's object, by its key's
beginning. An object that holds sessions of several patients is not given out, whoever may see them; corrections and
notes never are, since they name people.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.conf import settings

from behavior.keys import attached_prefix, safe, split_file_name, tree_paths, triggers_key
from behavior.place import sessions_here
from downloads.errors import PathRefused
from downloads.manifest import Entry
from downloads.tree import ROOT, SESSIONS_FOLDER, check_path
from selections.joined import Joined
from selections.resolve import Resolved, resolve
from selections.session_table import moment_of
from storage.errors import BucketMissing
from storage.objects import ObjectInfo, Objects

GONE = "its file is gone from the store"
NOT_WHOLE = "its file is not given out, since not all in it is of this patient"
NO_PATH = "its file's name cannot be written on every machine"


@dataclass(frozen=True, kw_only=True)
class SessionFiles:
    """`entries` folder by folder. `paths`: where the JSON of each object goes, by key; `left_out`: why it does not."""

    entries: tuple[Entry, ...]
    paths: dict[str, str]
    left_out: dict[str, str]


NO_FILES = SessionFiles(entries=(), paths={}, left_out={})


def session_files(resolved: Resolved, *, store: Objects) -> SessionFiles:
    """Those of every session of the answer. Raises errors of `storage` and `SessionsUnavailable`."""
    if not resolved.sessions:
        return NO_FILES
    by_key: dict[str, list[Joined]] = {}
    for session in resolved.sessions:
        by_key.setdefault(split_file_name(session.record.file_name)[0], []).append(session)
    all_paths = session_paths(resolved)
    entries: list[Entry] = []
    paths, left_out = {}, {}
    for key, sessions in by_key.items():
        try:
            found = list(_of_object(key, sessions, path=all_paths[key], store=store))
        except _LeftOut as error:
            left_out[key] = str(error)
        else:
            entries += found
            paths[key] = all_paths[key]
    by_folder = sorted(entries, key=lambda entry: entry.path.rpartition("/"))
    return SessionFiles(entries=tuple(by_folder), paths=paths, left_out=left_out)


def session_paths(resolved: Resolved) -> dict[str, str]:
    """Where the JSON of each object goes, by its key: the same for every part of the question's time."""
    keys = {split_file_name(record.file_name)[0] for record in resolved.records}
    return {key: f"{ROOT}/{SESSIONS_FOLDER}/{path}" for key, path in tree_paths(keys).items()}


def session_entry_at(path: str, *, resolved: Resolved, store: Objects) -> Entry | None:
    """The session's file of that path, where the answer has it; one patient is asked, and the bucket once."""
    for key, place in session_paths(resolved).items():
        if path != place and not path.startswith(f"{place}."):
            continue
        subjects = {record.subject for record in resolved.records if split_file_name(record.file_name)[0] == key}
        if len(subjects) != 1:
            continue
        alone = resolve(replace(resolved.selection, patients=tuple(subjects)), scope=resolved.scope)
        sessions = [each for each in alone.sessions if split_file_name(each.record.file_name)[0] == key]
        try:
            found = list(_of_object(key, sessions, path=place, store=store)) if sessions else []
        except _LeftOut:
            continue
        for entry in found:
            if entry.path == path:
                return entry
    return None


class _LeftOut(Exception):
    """The object's files are not part of the download, for this reason."""


def _of_object(key: str, sessions: Sequence[Joined], *, path: str, store: Objects) -> Iterator[Entry]:
    if {record.subject for record in sessions_here().of_object(key)} != {sessions[0].record.subject}:
        raise _LeftOut(NOT_WHOLE)
    objects = _objects(key, store=store)
    if key not in objects:
        raise _LeftOut(GONE)
    try:
        yield _entry(objects[key], sessions, path=check_path(path))
        for session in sessions:
            triggers = triggers_key(session.record.file_name)
            if triggers in objects:
                yield _entry(objects[triggers], [session], path=check_path(path + triggers.removeprefix(key)))
        attached = attached_prefix(key)
        for name in objects:
            if name.startswith(attached):
                behind = "/".join(map(safe, name.removeprefix(attached).split("/")))
                yield _entry(objects[name], sessions, path=check_path(f"{attached_prefix(path)}{behind}"))
    except PathRefused:
        raise _LeftOut(NO_PATH) from None


def _objects(key: str, *, store: Objects) -> dict[str, ObjectInfo]:
    """Those whose keys begin with the session's."""
    try:
        return {info.key: info for info in store.list(settings.SESSIONS_BUCKET, prefix=key)}
    except BucketMissing:
        return {}


def _entry(info: ObjectInfo, sessions: Sequence[Joined], *, path: str) -> Entry:
    return Entry(
        path=path,
        bucket=info.bucket,
        key=info.key,
        etag=info.etag,
        patient=sessions[0].record.subject,
        recording="",
        channel=None,
        label="",
        start=_earliest(sessions),
        stop=max(moment_of(each, each.own.stop_us) for each in sessions),
        size_bytes=info.size_bytes,
        crc32_samples=None,
        crc32_file=None,
        sessions=tuple(each.record.file_name for each in sessions),
    )


def _earliest(sessions: Sequence[Joined]) -> datetime:
    return min(moment_of(each, each.own.start_us) for each in sessions)
