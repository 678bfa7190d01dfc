"""Compares the patients' buckets with the headers database, both ways, and makes the rows true.

Owns: which buckets are looked at, and what may be done by itself: it adds and updates; it removes rows of withdrawn
patients always, rows without an object only where asked for. From empty tables it rebuilds everything, and that is
what runs after a restore. It reads `recording.json` whole and 4 KB of each chunk whose row is missing or old: a listing
costs one request for 1,000 objects, a repair one for each, and a second listing looks whether anything changed
meanwhile. Memory does not grow with the number of chunks. It may run beside ingests, the Lambda and itself.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db.models import Sum
from django.utils import timezone

from chunks import faults, index
from chunks.format.keys import patient_bucket, withheld_bucket
from chunks.held import documents
from chunks.models import ChunkHeader, Recording, RecordingState
from chunks.reindex_bucket import BucketRepair, How
from chunks.reindex_report import OfPatient, Report
from chunks.tombstones import is_withdrawn
from jobs.models import Job, State
from people.models import Patient
from storage.errors import StorageError
from storage.objects import Objects

READERS = 16
MESSAGES_KEPT = timedelta(days=30)


def reindex(
    objects: Objects,
    patients: Iterable[str] | None = None,
    *,
    check: bool = False,
    fix: bool = False,
    many: Callable[[OfPatient], bool] = lambda _: False,
    progress: Callable[[int], None] = lambda _: None,
) -> Report:
    """Looks at every object and every row of these patients (IDs as first written), or of all.

    `check`: nothing is written; `fix`: rows whose object is gone are removed too, where they are more than 1 % of the
    patient's only if `many` says so. Raises `HeadersUnavailable` as soon as rows cannot be asked or written.
    """
    Recording.objects.exists()  # asleep: said before anything is asked of the store
    how = How(check=check, fix=fix, many=many, progress=progress)
    report = Report()
    known = list(Patient.objects.order_by("pk").values_list("pk", flat=True))
    with ThreadPoolExecutor(READERS, thread_name_prefix="reindex") as readers:
        for patient in known if patients is None else sorted(patients):
            report.patients.append(_of_patient(objects, patient, how=how, readers=readers))
    if patients is None:
        buckets = {_bucket(patient) for patient in known}
        try:
            report.strangers += _strange_buckets(objects, known=buckets)
            report.strangers += _strange_rows(objects, known=buckets, check=check)
        except StorageError as error:
            report.strangers.append(f"Whether there are buckets or rows of unknown patients cannot be told: {error}")
        if not check:
            faults.forget_older(datetime.now(UTC) - MESSAGES_KEPT, bucket="")
    return report


def expected_objects(objects: Objects, patients: Iterable[str]) -> int:
    """About how many objects there are to be looked at: of rows where there are any, else of every `recording.json`."""
    total = 0
    for patient in patients:
        bucket = _bucket(patient)
        counted = Recording.objects.filter(bucket=bucket).aggregate(chunks=Sum("chunks_expected"))["chunks"]
        try:
            total += counted or sum(int(each.get("chunks", 0)) + 1 for each in documents(objects, bucket=bucket))
        except (StorageError, ValueError, TypeError):
            continue  # the comparison says what is wrong
    return total


def _of_patient(objects: Objects, patient: str, *, how: How, readers: ThreadPoolExecutor) -> OfPatient:
    report = OfPatient(patient=patient, bucket=_bucket(patient))
    try:
        if _has_withdrawn(objects, patient):
            _forget_withdrawn(report, check=how.check)
            return report
        BucketRepair(objects, report, how=how, readers=readers).run()
    except StorageError as error:
        report.fault = str(error)
    report.interrupted = list(_interrupted(report))
    return report


def _has_withdrawn(objects: Objects, patient: str) -> bool:
    """By her row, or by the tombstone, which an older copy of the portal database does not know of."""
    if Patient.objects.filter(folded=patient.lower(), withdrawn_at__isnull=False).exists():
        return True
    return is_withdrawn(objects, patient=patient)


def _forget_withdrawn(report: OfPatient, *, check: bool) -> None:
    report.withdrawn = True
    if check:
        report.orphaned = ChunkHeader.objects.filter(bucket=report.bucket).count()
        report.orphaned += Recording.objects.filter(bucket=report.bucket).count()
        return
    report.orphaned = report.removed = index.remove_bucket(report.bucket)
    faults.forget_older(datetime.now(UTC), bucket=report.bucket)


def _interrupted(report: OfPatient) -> Iterator[str]:
    """Recordings that say they are being ingested, where no job of this patient's is alive."""
    alive = Job.objects.filter(
        kind__startswith="ingest",
        state=State.RUNNING,
        lease_until__gte=timezone.now(),
        question__contains=report.patient,
    )
    if not alive.exists():
        claimed = Recording.objects.filter(bucket=report.bucket, state=RecordingState.INGESTING)
        yield from claimed.order_by("name").values_list("name", flat=True)


def _strange_buckets(objects: Objects, *, known: set[str]) -> Iterator[str]:
    """Buckets named like a patient's, of nobody this portal knows."""
    withheld = withheld_bucket(prefix=settings.BUCKET_PREFIX)
    strange = {name for name in objects.buckets() if name.startswith(settings.BUCKET_PREFIX)} - known - {withheld}
    for name in sorted(strange):
        if not is_withdrawn(objects, patient=_patient_of(name)):
            yield f"The bucket {name} is of no patient known here: manage.py add_patient {_patient_of(name)}"


def _strange_rows(objects: Objects, *, known: set[str], check: bool) -> Iterator[str]:
    """Rows of buckets that are nobody's: removed where she has withdrawn, else kept; the prefix may be a wrong one."""
    for bucket in sorted(set(_buckets_of_rows()) - known):
        ours = bucket.startswith(settings.BUCKET_PREFIX)
        if ours and not check and is_withdrawn(objects, patient=_patient_of(bucket)):
            index.remove_bucket(bucket)
            continue
        yield (
            f"There are rows of the bucket {bucket}, which is no patient's: is ECOG_BUCKET_PREFIX right? "
            "Else start with an empty headers database."
        )


def _buckets_of_rows() -> Iterator[str]:
    """One probe of an index for each bucket."""
    for model in (ChunkHeader, Recording):
        last = ""
        while (
            bucket := model.objects.filter(bucket__gt=last).order_by("bucket").values_list("bucket", flat=True).first()
        ):
            yield bucket
            last = bucket


def _bucket(patient: str) -> str:
    return patient_bucket(patient, prefix=settings.BUCKET_PREFIX)


def _patient_of(bucket: str) -> str:
    return bucket.removeprefix(settings.BUCKET_PREFIX)
