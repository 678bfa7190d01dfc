"""Takes a session's file in: checked, named, put into the sessions bucket, indexed.

Owns: that nothing which exists is overwritten, that a file taken before changes nothing, and that what its JSON does
not say (or says of a patient in other case) is kept in its notes, never written into it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from django.conf import settings

from behavior.check import oddities
from behavior.documents import Document, read_documents
from behavior.errors import SessionRefused
from behavior.index import index_object
from behavior.keys import new_keys, notes_key, split_file_name
from behavior.names import fold
from behavior.notes import Change, Notes, SessionNotes, write_notes
from behavior.record import SessionRecord, is_blank, record_of
from behavior.sessions import Sessions
from behavior.wall_time import MICROSECOND
from chunks.tombstones import refuse_withdrawn
from people.patients import find_patient
from people.scope import Scope
from storage.errors import BucketMissing, ObjectExists, ObjectMissing
from storage.objects import Objects

Outcome = Literal["stored", "already there"]
STORED: Outcome = "stored"
ALREADY: Outcome = "already there"
_DRAFT = "new.json"


@dataclass(frozen=True, kw_only=True)
class Hints:
    """What a person says of files that may not say it themselves."""

    experiment: str | None = None
    subject: str | None = None
    day: int | None = None


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What became of a file: its key in the bucket, its sessions, and what is odd about them."""

    outcome: Outcome
    key: str
    records: Sequence[SessionRecord]
    findings: Sequence[str]


def take(
    content: bytes,
    *,
    objects: Objects,
    sessions: Sessions,
    by: Scope,
    hints: Hints | None = None,
    lab_name: bool = True,
) -> Taken:
    """Stores and indexes a session's file; the same again changes nothing.

    Raises what `read_documents` and `record_of` do, `SessionRefused`, `PatientUnknown`, `PatientWithdrawn`,
    `IngestRefused` (a tombstone) and `StorageError`. With `lab_name` off a new session is named by its time at once.
    """
    documents = read_documents(content)
    notes = _notes(documents, hints=hints or Hints(), objects=objects, by=by)
    drafts = [record_of(each, key=_DRAFT, notes=notes) for each in documents]
    known = _filed_already(content, drafts[0], objects=objects, sessions=sessions)
    names = _names(drafts[0], lab_name=lab_name)
    key, outcome = (known, ALREADY) if known else _store(content, names, notes=notes, objects=objects)
    found = index_object(objects, sessions, key=key)
    if found is None or outcome == ALREADY:
        return Taken(outcome=outcome, key=key, records=found.records if found else [], findings=[])
    findings = _findings(documents, found.records, notes=found.notes)
    if lab_name and key != names[0]:
        findings = [f"{names[0]} is another session, so this one is stored as {key}.", *findings]
    return Taken(outcome=outcome, key=key, records=found.records, findings=findings)


def _names(record: SessionRecord, *, lab_name: bool) -> list[str]:
    names = list(new_keys(experiment=record.experiment, subject=record.subject, start=record.start, day=record.day))
    return names if lab_name else names[1:]


def _notes(documents: Sequence[Document], *, hints: Hints, objects: Objects, by: Scope) -> Notes:
    """The notes of a new file: what it does not say and the hints do, and its patient as first written."""
    notes = Notes()
    for document in documents:
        number, corrections = document.number, _fill(document, hints=hints)
        record = record_of(document, key=_DRAFT, notes=Notes(sessions={number: SessionNotes(corrections=corrections)}))
        _refuse_other(record, hints=hints)
        patient = str(find_patient(record.subject, scope=by).pk)
        refuse_withdrawn(objects, patient=patient)
        if patient != record.subject:
            corrections["subject"] = patient
        if corrections:
            change = Change(
                at=datetime.now(UTC).isoformat(timespec="seconds"),
                by=by.by,
                session=number,
                changes=corrections,
                reason="said when it was taken in",
            )
            notes = notes.having(number, SessionNotes(corrections=corrections), change=change)
    return notes


def _fill(document: Document, *, hints: Hints) -> dict[str, str | int | float]:
    said = {"experiment": hints.experiment, "subject": hints.subject, "day": hints.day}
    return {
        name: value
        for name, value in said.items()
        if value is not None and (name not in document.meta or is_blank(document.meta[name]))
    }


def _refuse_other(record: SessionRecord, *, hints: Hints) -> None:
    said = (
        ("patient", hints.subject, record.subject, str.lower),
        ("task", hints.experiment, record.experiment, fold),
        ("day", None if hints.day is None else str(hints.day), str(record.day), str),
    )
    for word, hint, own, alike in said:
        if hint is not None and alike(hint) != alike(own):
            raise SessionRefused(
                f"The file says its {word} is {own}, and you say {hint}. Take it as it is; set_session corrects it."
            )


def _filed_already(content: bytes, draft: SessionRecord, *, objects: Objects, sessions: Sessions) -> str | None:
    """The key under which this very file lies already, whatever its name: others put files there too."""
    near = sessions.of_subject(draft.subject, start=draft.start, stop=draft.start + MICROSECOND)
    keys = {split_file_name(each.file_name)[0] for each in near if each.start == draft.start}
    return next((key for key in sorted(keys) if _is_held(content, key, objects=objects)), None)


def _store(content: bytes, names: Sequence[str], *, notes: Notes, objects: Objects) -> tuple[str, Outcome]:
    bucket = settings.SESSIONS_BUCKET
    if not objects.bucket_exists(bucket):
        objects.make_bucket(bucket)
    for key in names:
        held = _is_held(content, key, objects=objects)
        if held is None:
            # Notes come first, so that whoever is woken by the session finds them; those of a file long gone must not
            # become this one's.
            if notes.sessions:
                objects.put(bucket, notes_key(key), write_notes(notes))
            else:
                objects.delete(bucket, notes_key(key))
            try:
                objects.put(bucket, key, content, create_only=True)
            except ObjectExists:
                held = _is_held(content, key, objects=objects)
            else:
                return key, STORED
        if held:
            return key, ALREADY
    raise SessionRefused(f"{names[0]} and all up to {names[-1]} are other sessions. Is this the right file?")


def _is_held(content: bytes, key: str, *, objects: Objects) -> bool | None:
    """Whether the object is these very bytes; None where there is no such object."""
    try:
        size_bytes = objects.head(settings.SESSIONS_BUCKET, key).size_bytes
        return size_bytes == len(content) and objects.get(settings.SESSIONS_BUCKET, key) == content
    except (ObjectMissing, BucketMissing):
        return None


def _findings(documents: Sequence[Document], records: Sequence[SessionRecord], *, notes: Notes) -> list[str]:
    data = {document.number: document.data for document in documents}
    found = []
    for record in records:
        number = split_file_name(record.file_name)[1]
        where = f"Session {number}: " if len(records) > 1 else ""
        odd = oddities(record, clock_offset_us=notes.of(number).clock_offset_us, data=data.get(number))
        found += [f"{where}{each}" for each in odd]
    return found
