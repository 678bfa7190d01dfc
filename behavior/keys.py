"""Names of the objects in the sessions bucket: the one place that builds or takes apart such a key.

Owns: what a new session is called, where notes and attached files lie beside it, which keys are sessions at all, and
how a session's key becomes a path on a researcher's disk. Keys that others made keep their folders. Plain Python.

    <experiment>_<subject>.json                      a session, or several (documents appended)
    <experiment>_<subject>_day<N>_<HHMMSS>.json      where that name belongs to other content
    <key>.notes.json                                 corrections, clock offset, alignment
    <key>.triggers.csv                               codes of the photodiode, of document 2 `<key>.2.triggers.csv`
    <key>.files/<n>.<suffix>                         files attached to it, untouched
    withdrawn/<patient>.json                         tombstones (`chunks.tombstones`)
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime

SESSION_SUFFIX = ".json"
NOTES_SUFFIX = ".notes.json"
TRIGGERS_SUFFIX = ".triggers.csv"
FILES_SUFFIX = ".files"
TOMBSTONES = "withdrawn/"
NAME_LIMIT = 200

_UNSAFE = re.compile(r"[^A-Za-z0-9._+'-]")
_NUMBERED = re.compile(r"(?P<key>.*)#(?P<number>[1-9][0-9]*)", re.DOTALL)
_ATTACHED = re.compile(r".*\.json\.files/", re.IGNORECASE | re.DOTALL)


def is_session_key(key: str) -> bool:
    """Whether an object of this key should be a session's JSON."""
    return (
        key.lower().endswith(SESSION_SUFFIX)
        and not key.lower().endswith(NOTES_SUFFIX)
        and not key.startswith(TOMBSTONES)
        and not _ATTACHED.match(key)
    )


def session_key_of(key: str) -> str | None:
    """The session that an object belongs to: itself, or the one its notes are about; None for any other object."""
    own = key.removesuffix(NOTES_SUFFIX)
    return own if is_session_key(own) else None


def tombstone_key(subject: str) -> str:
    """As `chunks.tombstones` says it; a test holds the two equal."""
    return f"{TOMBSTONES}{subject.lower()}.json"


def notes_key(key: str) -> str:
    return f"{key}{NOTES_SUFFIX}"


def triggers_key(name: str) -> str:
    """Where the triggers of a session lie, by its file name."""
    key, number = split_file_name(name)
    return f"{key}{TRIGGERS_SUFFIX}" if number == 1 else f"{key}.{number}{TRIGGERS_SUFFIX}"


def attached_key(key: str, *, number: int, file_name: str) -> str:
    """Where a file attached to a session lies. Of its own name only the suffix is kept: names may tell of people."""
    found = re.search(r"\.([A-Za-z0-9]{1,10})$", file_name)
    return f"{attached_prefix(key)}{number}{f'.{found[1].lower()}' if found else ''}"


def attached_prefix(key: str) -> str:
    return f"{key}{FILES_SUFFIX}/"


def file_name(key: str, *, number: int) -> str:
    """The `file name` of a record: the key, with `#2`, `#3` for further documents of the object."""
    return key if number == 1 else f"{key}#{number}"


def split_file_name(name: str) -> tuple[str, int]:
    """The key and the number of the document that a record is of."""
    if found := _NUMBERED.fullmatch(name):
        return found["key"], int(found["number"])
    return name, 1


def new_keys(*, experiment: str, subject: str, start: datetime, day: int) -> Iterator[str]:
    """The names for a new session in the order they are tried; a name that exists with other content is passed over."""
    stem = f"{safe(experiment)}_{safe(subject)}"
    yield f"{stem}{SESSION_SUFFIX}"
    full = f"{stem}_day{day}_{start:%H%M%S}"
    yield f"{full}{SESSION_SUFFIX}"
    yield from (f"{full}_{letter}{SESSION_SUFFIX}" for letter in "bcdefghijklmnopqrstuvwxyz")


def safe(text: str) -> str:
    """The text as part of an object's name: nothing in it can climb out of a folder, be hidden, or be an option."""
    cleaned = _UNSAFE.sub("-", text.strip())[:NAME_LIMIT]
    return cleaned.lstrip(".-") or "session"


def tree_paths(keys: Iterable[str]) -> dict[str, str]:
    """Where each session's object goes below a researcher's `behavioral_data/`, by key.

    Folders are kept, each part made safe; where two paths are then equal but for case, each gets `~<n>`.
    """
    plain = {
        key: "/".join(safe(part) for part in key.split("/") if part not in {"", ".", ".."}) for key in sorted(keys)
    }
    twins = Counter(path.lower() for path in plain.values())
    numbers: Counter[str] = Counter()
    paths = {}
    for key, path in plain.items():
        if twins[path.lower()] > 1:
            numbers[path.lower()] += 1
            stem, dot, suffix = path.rpartition(".")
            path = f"{stem}~{numbers[path.lower()]}{dot}{suffix}"  # noqa: PLW2901 (numbered once)
        paths[key] = path
    return paths
