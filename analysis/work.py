"""The work of an analysis's job: find out once, submit, follow, keep.

Owns: the order of things, and what is left where they end. The first attempt resolves the question under the asker's
scope and keeps the manifest; a later one submits the same again. What fails or is cancelled leaves nothing; who has
lost the lease or hands the job back ends its own application and removes its own files, since another attempt goes on
with the manifest.
"""

import tempfile
import time
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from analysis.asking import check_size
from analysis.context import encode_event
from analysis.driven import OUTCOME, PROGRESS, Outcome
from analysis.errors import ManifestRefused, ScopeShrunk, SparkFailed
from analysis.events import events_of
from analysis.known import KNOWN
from analysis.manifest import check, write
from analysis.masters import Application, begin, check_master
from analysis.models import LOG_CHARACTERS, Result
from analysis.place import Place, events_name, folder_of, manifest_name
from jobs.errors import HandedBack, LeaseLost
from jobs.lease import Lease
from people.scope import Scope
from selections.resolve import resolve
from selections.totals import totals_of
from selections.words import parse_url
from storage.errors import StorageError
from storage.urls import open_objects

LOOK_EVERY_S = 1.0
FOLLOWED_SECONDS = 0.2
WITHOUT_A_WORD = (
    "Spark's driver was killed, most often because memory has run out, or it could not write into the place of "
    "results; its log says more. Ask for less at once, or tell the administrator."
)


def run(lease: Lease) -> None:
    """Makes the result and ends the job. Raises what ends it otherwise; then nothing of it is left."""
    place = Place(settings.RESULTS_URL)
    folder = folder_of(lease.job_id, attempt=lease.attempt)
    try:
        try:
            result = _resolved(lease, scope=lease.scope(means="page"), place=place)
            outcome = _worked(lease, result, folder=folder, place=place)
            _finish(lease, result, outcome, folder=folder)
        except StorageError as error:
            # What a store says names de-identified buckets and keys alone, so the person may read it.
            raise SparkFailed(str(error)) from error
    except (HandedBack, LeaseLost, SystemExit):
        remove(f"{folder}/", place=place)
        raise
    except BaseException:
        mine = Result.objects.of_attempt(lease.job_id, attempt=lease.attempt)
        remove(f"{lease.job_id}/" if mine.exists() else f"{folder}/", place=place)
        raise


def remove(folder: str, *, place: Place) -> bool:
    """Removes what lies below a folder; False where that is to be tried again, at the next tidying."""
    try:
        for name in list(place.names(folder)):
            place.discard(name)
    except StorageError:
        return False
    return True


def _resolved(lease: Lease, *, scope: Scope, place: Place) -> Result:
    """The row with its manifest kept: that of an earlier attempt, whose patients must still be seen, else made now."""
    given = lease.given()
    known = KNOWN[given["analysis"]]
    result, _ = Result.objects.get_or_create(job_id=lease.job_id, defaults={"name": known.name})
    if result.manifest_name:
        lines = place.get(result.manifest_name).decode().splitlines(keepends=True)
        try:
            summary = check(lines, scope=scope)
        except ManifestRefused as error:
            raise ScopeShrunk(str(error)) from error
        if summary.question != lease.question:
            raise ManifestRefused("The kept manifest answers another question: ask for the analysis again.")
        return result
    lease.progress(note="finding the chunks")
    objects = open_objects(settings.OBJECTS_URL)
    resolved = resolve(parse_url(lease.question), scope=scope)
    check_size(resolved, totals_of(resolved.stays), known=known)
    found = events_of(resolved, objects=objects) if known.needs_events else None
    name = manifest_name(lease.job_id, attempt=lease.attempt)
    with tempfile.TemporaryDirectory() as made:
        path = Path(made) / "manifest.jsonl"
        summary = write(resolved, path=path, objects=objects)
        lease.progress(note="keeping the manifest")
        place.put(name, path.read_bytes())
    events = events_name(lease.job_id, attempt=lease.attempt) if found else ""
    if found:
        place.put(events, "".join(map(encode_event, found.events)).encode())
    warnings = [*summary.warnings, *([found.warning] if found and found.warning else [])]
    kept = Result.objects.of_attempt(lease.job_id, attempt=lease.attempt).update(
        manifest_name=name,
        events_name=events,
        patients=list(summary.patients),
        chunks=summary.chunks,
        read_bytes=summary.size_bytes,
        left_out=dict(summary.left_out),
        warnings=warnings,
    )
    if not kept:
        raise LeaseLost(f"Attempt {lease.attempt} at job {lease.job_id} is over: it was given to another worker.")
    return Result.objects.get(job_id=lease.job_id)


def _worked(lease: Lease, result: Result, *, folder: str, place: Place) -> Outcome:
    """Submits, and follows until the end. Raises `SparkFailed` where there is no result."""
    given = lease.given()
    master = given["master"] or settings.SPARK_MASTER
    check_master(master, objects_url=settings.OBJECTS_URL, place=place)
    lease.progress(bytes_done=0, bytes_total=result.read_bytes, note="starting Spark")
    words = {
        "job": result.name,
        "objects": settings.OBJECTS_URL,
        "results": place.url,
        "manifest": result.manifest_name,
        "events": result.events_name,
        "folder": folder,
        "window": given["window"],
        "question": lease.question,
        "software": f"ecog-portal {settings.SOFTWARE_VERSION}",
    }
    for earlier in range(1, lease.attempt):
        # What a killed worker left: a step of EMR ends when it misses its files.
        remove(f"{folder_of(lease.job_id, attempt=earlier)}/", place=place)
    application = begin(words, master=master, place=place)
    try:
        said = _followed(lease, application, result=result, folder=folder, place=place)
    finally:
        application.stop()
        _keep_log(lease, application.log_tail())
    plain = place.json(f"{folder}/{OUTCOME}")
    outcome = Outcome.of(plain) if plain else Outcome(reason=said or WITHOUT_A_WORD)
    if not outcome.done:
        raise SparkFailed(outcome.reason)
    return outcome


def _followed(lease: Lease, application: Application, *, result: Result, folder: str, place: Place) -> str:
    """What is said of the application's end."""
    look_at = time.monotonic()
    while True:
        ended = application.ended()
        if ended is not None:
            return ended
        if time.monotonic() >= look_at:
            look_at = time.monotonic() + LOOK_EVERY_S
            if (told := place.json(f"{folder}/{PROGRESS}")) and told["of"]:
                share = told["done"] / told["of"]
                lease.progress(
                    bytes_done=int(result.read_bytes * share), note=f"{told['done']} of {told['of']} tasks done"
                )
            _keep_log(lease, application.log_tail())
        lease.progress()
        time.sleep(FOLLOWED_SECONDS)


def _keep_log(lease: Lease, text: str) -> None:
    Result.objects.of_attempt(lease.job_id, attempt=lease.attempt).update(log_tail=text[-LOG_CHARACTERS:])


def _finish(lease: Lease, result: Result, outcome: Outcome, *, folder: str) -> None:
    """The row first, then the job: the result can be fetched when both say so. Raises `ScopeShrunk`."""
    if lost := result.outside(lease.scope(means="page").patients):
        raise ScopeShrunk(f"{len(lost)} of its patients may no longer be seen by who asked, so nothing of it is kept.")
    lease.progress(bytes_done=result.read_bytes, note="")
    now = timezone.now()
    rows = sum(each["rows"] for each in outcome.files if each["kind"] == "data")
    kept = Result.objects.of_attempt(lease.job_id, attempt=lease.attempt).update(
        folder=folder,
        files=[dict(each) for each in outcome.files],
        about=dict(outcome.about),
        summary=dict(outcome.summary),
        rows=rows,
        faults=outcome.faults,
        size_bytes=outcome.size_bytes,
        finished_at=now,
        expires_at=now + timedelta(days=settings.RESULT_DAYS),
    )
    if not kept:
        raise LeaseLost(f"Attempt {lease.attempt} at job {lease.job_id} is over: it was given to another worker.")
    lease.finish({"rows": rows, "faults": outcome.faults, "bytes": outcome.size_bytes})
