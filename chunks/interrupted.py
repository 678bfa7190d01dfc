"""Recordings that are half taken in and whose job has died: run it again, or remove what it left.

Owns: which these are, and that a removal and an ingest of one patient never work at once: each is a job under way
before it looks whether the other is, so at least one of two sees the other and stops.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlencode

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from chunks.errors import IngestRefused
from chunks.format.keys import patient_bucket
from chunks.models import Recording, RecordingState
from chunks.take_back import take_back
from jobs.asking import Send, enqueue
from jobs.lease import TIMING, Lease
from jobs.models import UNDER_WAY, Job, Jobs, Runner, State
from people import audit
from people.identity import forget_surgery_date
from people.patient_identity import forget_identities
from people.scope import Scope
from storage.objects import Objects
from storage.urls import open_objects

INGEST, REMOVE = "ingest", "remove interrupted"
# A worker that has not renewed its lease for so long is gone, most likely: it does every 5 s.
SILENT = timedelta(seconds=TIMING.renew_s + 1.5)
LOOK_EVERY_S = 0.25
ASK_TO_REMOVE = "remove interrupted recording"


@dataclass(frozen=True, kw_only=True)
class Interrupted:
    """A recording in state `ingesting` on which nobody works."""

    patient: str
    name: str
    fingerprint: str
    start: datetime
    chunks_expected: int


def interrupted(*, scope: Scope) -> list[Interrupted]:
    """Those of the patients in the scope. Raises `HeadersAsleep`."""
    rows = Recording.objects.filter(state=RecordingState.INGESTING, patient__in=scope.visible(scope.patients))
    found = list(rows.order_by("patient", "start", "name"))
    busy = {patient for patient in {row.patient for row in found} if _alive(INGEST, patient=patient).exists()}
    return [
        Interrupted(
            patient=row.patient,
            name=row.name,
            fingerprint=row.fingerprint,
            start=row.start,
            chunks_expected=row.chunks_expected,
        )
        for row in found
        if row.patient not in busy
    ]


def being_removed(*, patients: Sequence[str]) -> set[tuple[str, str]]:
    """(patient, recording) of the removals under way."""
    removals = Job.objects.filter(kind=REMOVE, state__in=UNDER_WAY)
    asked = [parse_qs(each) for each in removals.values_list("question", flat=True)]
    named = {(each["patient"][0], each["recording"][0]) for each in asked}
    return {each for each in named if each[0] in patients}


def refuse_while_removed(patient: str) -> None:
    """Called by an ingest, whose job is under way. Raises `IngestRefused`."""
    if _alive(REMOVE, patient=patient).exists():
        raise IngestRefused(
            f"An interrupted recording of patient {patient} is being removed: take this file again when that has ended."
        )


def refuse_while_taken_in(patient: str, *, job_id: int | None) -> None:
    """Called before a half taken recording is gone on with. Raises `IngestRefused` where another job may be at it.

    One that was killed a moment ago looks alive: it is waited for until its lease is renewed, or should have been.
    """
    seen: dict[int, datetime] = {}
    while others := _lately_renewed(patient, but=job_id):
        if any(seen.setdefault(job, until) != until for job, until in others.items()):
            raise IngestRefused(
                f"This recording of patient {patient} is half taken in, and another job takes in files of the patient "
                "now: perhaps this one. Take this file again when that job has ended."
            )
        time.sleep(LOOK_EVERY_S)


def _lately_renewed(patient: str, *, but: int | None) -> dict[int, datetime]:
    since = TIMING.end_of_lease() - SILENT
    running = _alive(INGEST, patient=patient, but=but).filter(state=State.RUNNING, lease_until__gte=since)
    return {job.pk: job.lease_until for job in running if job.lease_until is not None}


def forget_where_nothing_is_held(objects: Objects, *, patient: str, bucket: str, job_id: int | None = None) -> None:
    """Of a patient of whom no recording is held nothing is remembered, so that a mistake is not held against her files.

    Nothing changes while another job takes in files of the patient. Raises `StorageError`.
    """
    if not _alive(INGEST, patient=patient, but=job_id).exists() and not any(objects.folders(bucket)):
        forget_identities(patient)
        forget_surgery_date(patient)


def ask_to_remove(patient: str, recording: str, *, scope: Scope, send: Send, origin: str) -> Job:
    """The job that removes what an interrupted ingest left, audited. Raises `IngestRefused` where it is none."""
    with audit.act(ASK_TO_REMOVE, scope=scope, question=f"recording={recording}", patients=[patient], origin=origin):
        if not any((each.patient, each.name) == (patient, recording) for each in interrupted(scope=scope)):
            raise IngestRefused(
                f"{recording} of patient {patient} is not interrupted: it is whole, gone, or being taken in now."
            )
        question = urlencode({"patient": patient, "recording": recording})
        return enqueue(REMOVE, question=question, scope=scope, send=send)


def remove(lease: Lease) -> None:
    """The work of that job. Raises `IngestRefused` where an ingest of the patient is under way."""
    asked = parse_qs(lease.question)
    patient, recording = asked["patient"][0], asked["recording"][0]
    scope = lease.scope(means="page")
    if not scope.allows(patient):
        raise IngestRefused("You may no longer see this patient, so nothing was removed.")
    if _alive(INGEST, patient=patient).exists():
        raise IngestRefused(f"A recording of patient {patient} is being taken in: remove this one when that has ended.")
    objects = open_objects(settings.OBJECTS_URL)
    done_bytes = 0

    def removed(removed_bytes: int, /) -> None:
        nonlocal done_bytes
        done_bytes += removed_bytes
        lease.progress(bytes_done=done_bytes, note=f"removing {recording}")

    bucket = patient_bucket(patient, prefix=settings.BUCKET_PREFIX)
    with audit.act("remove interrupted", scope=scope, question=f"recording={recording}", patients=[patient]):
        take_back(objects, patient=patient, bucket=bucket, recording=recording, removed=removed)
        forget_where_nothing_is_held(objects, patient=patient, bucket=bucket)


def _alive(kind: str, *, patient: str, but: int | None = None) -> Jobs:
    """Jobs of this kind about the patient that are worked on, or will be: a command that was killed is neither."""
    about = Q(question=f"patient={patient}") | Q(question__startswith=f"patient={patient}&")
    killed = Q(runner=Runner.COMMAND, state=State.RUNNING, lease_until__lt=timezone.now())
    alive = Job.objects.filter(about, kind=kind, state__in=UNDER_WAY).exclude(killed)
    return alive if but is None else alive.exclude(pk=but)
