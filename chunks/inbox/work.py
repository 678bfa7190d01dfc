"""The work of a batch's job: one file of the inbox after the other, each found again by looking.

Owns: that what became of each file is kept as soon as it is known, so that a later attempt goes on with the next one
and the report outlives every end.
"""

from datetime import date

from django.conf import settings
from django.contrib.auth.models import User

from chunks import report
from chunks.batch import Batch, Result, Wish
from chunks.errors import FileChanged, IngestRefused
from chunks.inbox.asking import Given
from chunks.inbox.listing import inbox_files
from chunks.inbox.naming import Named, find
from chunks.report import FileReport, Report
from chunks.tombstones import refuse_withdrawn
from jobs.lease import Lease
from people import audit
from people.scope import Scope
from storage.urls import open_objects


def run(lease: Lease) -> None:
    """Takes the files in and ends the job: failed where a file was refused, with the report of all."""
    given = Given.decode(lease.given())
    scope = lease.scope(means="page")
    _check_may(scope, patient=given.patient)
    surgery = date.fromisoformat(lease.secret())
    objects = open_objects(settings.OBJECTS_URL)
    refuse_withdrawn(objects, patient=given.patient)
    wish = Wish(accept_truncated=given.accept_truncated, identity_checked=given.identity_checked)
    batch = Batch(
        patient=given.patient,
        surgery=surgery,
        surgery_source="date given",
        wish=wish,
        objects=objects,
        scope=scope,
    )
    question = f"{len(given.files)} files"
    with audit.act(wish.act, scope=scope, question=question, patients=[given.patient]) as entry:
        made = _take_all(lease, given, batch=batch)
        entry.add_bytes(sum(file.size_bytes for file in made.files if not file.is_refused))
        if bad := [str(file.place) for file in made.files if file.is_refused]:
            reason = f"Not every file was taken: number {', '.join(bad)} of {made.of}."
            entry.ends_as(audit.Outcome.FAILED, reason=reason)
            lease.fail(reason)
        else:
            lease.finish(report.encode(made))


def _take_all(lease: Lease, given: Given, *, batch: Batch) -> Report:
    kept = lease.result()
    files = list(report.decode(kept).files) if kept else []
    past_bytes = sum(each.size_bytes for each in given.files[: len(files)])
    for place, file in enumerate(given.files[len(files) :], len(files) + 1):
        note = f"file {place} of {len(given.files)}"
        lease.progress(bytes_done=past_bytes, note=note)
        files.append(_take(lease, file, batch=batch, place=place, past_bytes=past_bytes, note=note))
        past_bytes += file.size_bytes
        lease.keep(report.encode(Report(patient=given.patient, of=len(given.files), files=tuple(files))))
    lease.progress(bytes_done=past_bytes, note="")
    return Report(patient=given.patient, of=len(given.files), files=tuple(files))


def _take(lease: Lease, wanted: Named, *, batch: Batch, place: int, past_bytes: int, note: str) -> FileReport:
    done_bytes = past_bytes

    def progress(advanced_bytes: int, /) -> None:
        nonlocal done_bytes
        done_bytes += advanced_bytes
        lease.progress(bytes_done=min(done_bytes, past_bytes + wanted.size_bytes))

    def phase(words: str, /) -> None:
        lease.progress(note=f"{note}, {words}")

    try:
        file = find(wanted, among=inbox_files())
        if file.growing:
            raise FileChanged("The file changed within the last ten minutes: perhaps its copy is still under way.")
    except IngestRefused as error:
        refused = Result(
            place=place,
            size_bytes=wanted.size_bytes,
            outcome="refused",
            reason=str(error),
            refusal=type(error).__name__,
        )
        return report.told(refused)
    return report.told(
        batch.ingest(file.path, place=place, progress=progress, phase=phase, look=file.look, job_id=lease.job_id)
    )


def _check_may(scope: Scope, *, patient: str) -> None:
    """Who asked may have lost the right meanwhile."""
    user = User.objects.get(pk=scope.user_id) if scope.user_id is not None else None
    if not scope.allows(patient) or (user and not user.has_perm("people.ingest")):
        raise IngestRefused("You may no longer take in recordings of this patient, so nothing more was taken.")
