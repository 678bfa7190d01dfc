"""The job of a download by the client `ecog`: a row like any other, kept alive by what the client asks for.

Owns: the row's form, its lease, and how its bytes are counted: one UPDATE each, from any thread of any process. The
work is done on somebody's own computer, so no worker takes it up again: where the client is silent for longer than its
lease, the sweeper ends it. The number of its audit entry, which is open meanwhile, stands in its result.
"""

from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from downloads.client.errors import DownloadCancelled, DownloadOver, DownloadUnknown, Rehearsed
from jobs.asking import question_key
from jobs.lease import Timing
from jobs.models import Job, Jobs, Runner, State
from people import audit
from people.scope import Scope
from selections.resolve import Resolved
from selections.totals import Totals

KIND = "client"
ACT, ACT_OF_REHEARSAL = "download", "download, dry run"
LEASE = Timing(lease_s=300.0)
RENEW_BELOW = timedelta(seconds=240)
OPEN_ACT, REHEARSAL = "act", "dry_run"


def begin(
    resolved: Resolved, *, totals: Totals, patients: tuple[str, ...], origin: str, rehearsal: bool = False
) -> Job | None:
    """Writes down that a download begins: its open audit entry, and its job. None where nothing was found.

    `rehearsal`: the client asks what would come, and fetches no file.
    """
    question, scope = resolved.selection.url(), resolved.scope
    name = ACT_OF_REHEARSAL if rehearsal else ACT
    act = audit.begin(name, scope=scope, question=question, patients=patients, origin=origin)
    if not totals.chunks:
        act.close()
        return None
    now = timezone.now()
    return Job.objects.create(
        kind=KIND,
        asker_id=scope.user_id,
        asker_name=scope.by,
        question=question,
        question_key=question_key(KIND, question=question, scope=scope),
        runner=Runner.COMMAND,
        state=State.RUNNING,
        attempt=1,
        lease_until=LEASE.end_of_lease(),
        created_at=now,
        started_at=now,
        bytes_total=totals.size_bytes,
        result={OPEN_ACT: act.entry_id, REHEARSAL: rehearsal},
    )


def own_download(job_id: int, *, scope: Scope) -> Job:
    """The download of that number where it is the asker's own. Raises `DownloadUnknown`.

    Nobody goes on with somebody else's, whatever she may see: the audit would name the wrong person.
    """
    job = Job.objects.filter(pk=job_id, kind=KIND, asker_id=scope.user_id).first()
    if job is None or scope.user_id is None:
        raise DownloadUnknown(f"There is no download {job_id} of yours. Run the command again.")
    return job


def under_way(job_id: int, *, scope: Scope) -> Job:
    """As `own_download`, its lease renewed where it has run for a while. Raises `DownloadOver`, `DownloadCancelled`."""
    job = own_download(job_id, scope=scope)
    until = job.lease_until
    if not job.cancel_asked and until is not None and until - timezone.now() > RENEW_BELOW:
        return job
    if not _mine(job_id).update(lease_until=LEASE.end_of_lease()):
        raise why_over(own_download(job_id, scope=scope))
    return job


def fetching(job_id: int, *, scope: Scope) -> Job:
    """As `under_way`, for one that may fetch files. Raises `Rehearsed` besides."""
    job = under_way(job_id, scope=scope)
    if (job.result or {}).get(REHEARSAL):
        raise Rehearsed("This download was begun as a dry run, so it has a manifest and no files. Begin another.")
    return job


def count_bytes(job_id: int, size_bytes: int) -> bool:
    """Counts what was handed to the client, and renews the lease; whether the download is still under way.

    What a client asks for again, because the answer came too late for it, counts again: never too little is said.
    """
    counted = F("bytes_done") + size_bytes
    if _mine(job_id).update(bytes_done=counted, lease_until=LEASE.end_of_lease()):
        return True
    Job.objects.filter(pk=job_id).update(bytes_done=counted)
    return False


def why_over(job: Job) -> DownloadOver | DownloadCancelled:
    """Why nothing more is fetched under this job."""
    if job.cancel_asked or job.state == State.CANCELLED:
        return DownloadCancelled("This download was cancelled. What was fetched is whole: the same again goes on.")
    if job.state == State.DONE:
        return DownloadOver("This download has ended. Run the command again.")
    return DownloadOver("This download was given up, because nothing was heard of it for too long. Run it again.")


def _mine(job_id: int) -> Jobs:
    return Job.objects.filter(pk=job_id, kind=KIND, state=State.RUNNING, cancel_asked=False)
