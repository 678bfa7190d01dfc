"""Asking for a batch of files of the inbox: one job, which knows them without their names.

Owns: what is refused at once, what the job's row is given (files, options) and what it holds sealed (the surgery date).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Self
from urllib.parse import urlencode

from django.conf import settings

from chunks.batch import refuse_checked_together
from chunks.errors import IngestRefused
from chunks.inbox import naming
from chunks.inbox.listing import InboxFile
from chunks.inbox.naming import Named, named
from chunks.interrupted import INGEST
from chunks.tombstones import refuse_withdrawn
from jobs.asking import Send, enqueue
from jobs.models import Job
from people import audit
from people.identity import check_surgery_date, keyed_hash
from people.patients import find_patient
from people.scope import Scope
from storage.urls import open_objects

FILES_MAX = 2_000
LIST_DIGITS = 12


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A batch as it is asked for; `patient` as typed."""

    patient: str = field(repr=False)
    surgery_date: date = field(repr=False)
    files: tuple[InboxFile, ...]
    accept_truncated: bool = False
    identity_checked: bool = False


@dataclass(frozen=True, kw_only=True)
class Given:
    """What the job's row is given to know of it."""

    patient: str
    files: Sequence[Named]
    accept_truncated: bool
    identity_checked: bool

    def encode(self) -> dict[str, Any]:
        return vars(self) | {"files": naming.encode(self.files)}

    @classmethod
    def decode(cls, kept: Mapping[str, Any]) -> Self:
        return cls(**{**kept, "files": naming.decode(kept["files"])})

    @property
    def size_bytes(self) -> int:
        return sum(file.size_bytes for file in self.files)


def ask(wanted: Wanted, *, scope: Scope, send: Send, origin: str) -> Job:
    """The job that takes the files in; the one under way where the same was asked before. Audited.

    Raises `PeopleError` for a patient or date that cannot be, `IngestRefused` for files.
    """
    patient = find_patient(wanted.patient, scope=scope).pk
    check_surgery_date(patient, surgery_date=wanted.surgery_date)
    refuse_withdrawn(open_objects(settings.OBJECTS_URL), patient=patient)
    _check_files(wanted.files)
    if wanted.identity_checked:
        refuse_checked_together(len(wanted.files))
    given = Given(
        patient=patient,
        files=[named(file) for file in wanted.files],
        accept_truncated=wanted.accept_truncated,
        identity_checked=wanted.identity_checked,
    )
    secret = wanted.surgery_date.isoformat()
    question = urlencode({"patient": patient, "files": len(given.files), "list": _digest(given, secret=secret)})
    with audit.act("ask for ingest", scope=scope, question=question, patients=[patient], origin=origin) as act:
        job = enqueue(
            INGEST,
            question=question,
            scope=scope,
            send=send,
            bytes_total=given.size_bytes,
            given=given.encode(),
            secret=secret,
        )
        act.add_bytes(given.size_bytes)
    return job


def _check_files(files: Sequence[InboxFile]) -> None:
    if not files:
        raise IngestRefused("No file is chosen. Choose those to take in.")
    if len(files) > FILES_MAX:
        raise IngestRefused(f"{len(files)} files are chosen: a batch has {FILES_MAX} at most. Take them in parts.")
    if growing := sum(file.growing for file in files):
        raise IngestRefused(
            f"{growing} of the {len(files)} files chosen changed within the last ten minutes: wait until they are "
            "whole. Nothing was begun."
        )


def _digest(given: Given, *, secret: str) -> str:
    """Another one for other files, options or dates, so that a correction is not taken for the same batch."""
    text = json.dumps([given.encode(), secret])
    return keyed_hash(text, purpose="batch of the inbox", patient=given.patient)[:LIST_DIGITS]
