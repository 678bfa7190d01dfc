"""Puts right what a session says, by its notes: the uploaded JSON stays as it came.

Owns: how notes are changed. Whoever changes them writes them to the bucket first and indexes the session then, so that
an index built anew says the same. Two people who change one session's notes in the same moment: the later one holds.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from behavior.documents import Document, read_documents
from behavior.errors import BadSession, SessionMissing, SessionRefused
from behavior.index import index_object
from behavior.keys import is_session_key, notes_key, split_file_name
from behavior.notes import OFFSET_LIMIT_US, Change, Notes, SessionNotes, read_notes, write_notes
from behavior.record import SessionRecord, record_of
from behavior.sessions import Sessions
from chunks.tombstones import refuse_withdrawn
from people.patients import find_patient
from people.scope import Scope
from storage.errors import BucketMissing, KeyUnusable, ObjectMissing
from storage.objects import Objects

Value = str | int | float
HAND = "hand"


@dataclass(frozen=True, kw_only=True)
class Correction:
    """What is to be otherwise; None: as it is. Times as `H:M:S[:f]`; the offset is added to the session's times
    wherever they are joined with recordings."""

    experiment: str | None = None
    subject: str | None = None
    day: int | None = None
    start_time: str | None = None
    stop_time: str | None = None
    clock_offset_us: int | None = None
    clock_offset_source: str = HAND

    @property
    def values(self) -> dict[str, Value]:
        """The corrected values of meta."""
        names = ("experiment", "subject", "day", "start_time", "stop_time")
        return {name: value for name in names if (value := getattr(self, name)) is not None}


@dataclass(frozen=True, kw_only=True)
class Corrected:
    """A session before (None where it could not be read) and after."""

    before: SessionRecord | None
    after: SessionRecord
    clock_offset_us: int


def set_session(
    file_name: str, *, correction: Correction, reason: str, by: Scope, objects: Objects, sessions: Sessions
) -> Corrected:
    """Corrects one session (an object's key, with `#2` for its second document).

    Raises `SessionMissing`, for a patient outside the scope too; `BadSession` for a value that cannot be;
    `SessionRefused` where nothing would change; `PatientUnknown`.
    """
    document, notes = _read(file_name, objects=objects, by=by)
    key, number = split_file_name(file_name)
    values = correction.values
    if "subject" in values:
        values["subject"] = str(find_patient(str(values["subject"]), scope=by).pk)
        refuse_withdrawn(objects, patient=str(values["subject"]))
    held = notes.of(number)
    kept = _needed(document, {**held.corrections, **values}, key=key)
    offset = held.clock_offset_us if correction.clock_offset_us is None else correction.clock_offset_us
    if abs(offset) > OFFSET_LIMIT_US:
        raise SessionRefused(f"A clock offset of {offset / 1e6:,.0f} s cannot be: correct the day instead.")
    source = held.clock_offset_source if correction.clock_offset_us is None else correction.clock_offset_source
    new = replace(held, corrections=kept, clock_offset_us=offset, clock_offset_source=source if offset else "")
    if new == held:
        raise SessionRefused("Nothing would change: the session says so already.")
    after = record_of(document, key=key, notes=Notes(sessions={number: new}))
    changes: dict[str, Any] = dict(values)
    if correction.clock_offset_us is not None:
        changes["clock_offset_us"] = offset
    change_notes(file_name, lambda _: new, changes=changes, reason=reason, by=by, objects=objects, sessions=sessions)
    return Corrected(before=_record(document, key=key, notes=notes), after=after, clock_offset_us=offset)


def change_notes(
    file_name: str,
    change: Callable[[SessionNotes], SessionNotes],
    *,
    changes: Mapping[str, Any],
    reason: str,
    by: Scope,
    objects: Objects,
    sessions: Sessions,
) -> SessionNotes:
    """Replaces the notes of one session by what `change` makes of them, keeps `changes` in their history, and indexes
    the session; the notes as they are now. For corrections use `set_session`. Raises `SessionMissing`."""
    key, number = split_file_name(file_name)
    _, notes = _read(file_name, objects=objects, by=by)
    new = change(notes.of(number))
    entry = Change(
        at=datetime.now(UTC).isoformat(timespec="seconds"), by=by.by, session=number, changes=changes, reason=reason
    )
    objects.put(settings.SESSIONS_BUCKET, notes_key(key), write_notes(notes.having(number, new, change=entry)))
    index_object(objects, sessions, key=key)
    return new


def notes_in_bucket(key: str, *, objects: Objects) -> Notes:
    """The notes of an object as they stand in the bucket, with their history; empty ones where there are none."""
    try:
        return read_notes(objects.get(settings.SESSIONS_BUCKET, notes_key(key)))
    except (ObjectMissing, BucketMissing):
        return Notes()


def document_of(file_name: str, *, objects: Objects, by: Scope) -> Document:
    """One session's document, its trials too, from the bucket. Raises `SessionMissing`, outside the scope too."""
    return _read(file_name, objects=objects, by=by)[0]


def _read(file_name: str, *, objects: Objects, by: Scope) -> tuple[Document, Notes]:
    key, number = split_file_name(file_name)
    missing = SessionMissing(f"There is no session {file_name!r}. manage.py tasks lists what there is.")
    if not is_session_key(key):
        raise missing
    try:
        documents = read_documents(objects.get(settings.SESSIONS_BUCKET, key))
    except (ObjectMissing, BucketMissing, KeyUnusable):
        raise missing from None
    notes = notes_in_bucket(key, objects=objects)
    for document in documents:
        if document.number == number:
            record = _record(document, key=key, notes=notes)
            if by.allows(record.subject) if record else by.sees_all:
                return document, notes
    raise missing


def _needed(document: Document, corrections: Mapping[str, Value], *, key: str) -> dict[str, Value]:
    """These corrections without those that say what the file says already."""

    def read(values: Mapping[str, Value]) -> SessionRecord | None:
        notes = Notes(sessions={document.number: SessionNotes(corrections=values)})
        return _record(document, key=key, notes=notes)

    needed = dict(corrections)
    for name in corrections:
        without = {other: value for other, value in needed.items() if other != name}
        if (record := read(without)) is not None and record == read(needed):
            needed = without
    return needed


def _record(document: Document, *, key: str, notes: Notes) -> SessionRecord | None:
    """The record; None where it cannot be read, which is what a correction may be for."""
    try:
        return record_of(document, key=key, notes=notes)
    except BadSession:
        return None
