"""One at a time: whoever puts the headers database to sleep or wakes it holds the one row of `Hold` by a job.

Owns: who holds it, and until when: as long as that job has its lease, which a thread renews every few seconds. A holder
that was killed is no longer one after half a minute, and what it was at is over when somebody else takes over: the last
who asked has the say, and no worker that comes back puts to sleep again what was woken meanwhile.
"""

from collections.abc import Collection

from django.db.models import Q
from django.utils import timezone

from hibernation.errors import SomebodyElse
from hibernation.models import Hold
from jobs.errors import LeaseLost
from jobs.kinds import title_of
from jobs.lease import TIMING, Lease
from jobs.models import UNDER_WAY, Job, Runner, State

TRIES = 3


class Held:
    """The right to go on, asked for before each step."""

    def __init__(self, lease: Lease) -> None:
        self._lease = lease

    def check(self, note: str | None = None) -> None:
        """Shows `note` in the job's row. Raises `LeaseLost`, `JobCancelled`, `HandedBack`."""
        self._lease.progress(note=note)
        if not Hold.objects.filter(pk=1, job_id=self._lease.job_id).exists():
            raise LeaseLost("Somebody else has taken over, since nothing was heard from here for too long.")

    def release(self) -> None:
        Hold.objects.filter(pk=1, job_id=self._lease.job_id).update(job_id=None)


def take(lease: Lease, *, kinds: Collection[str]) -> Held:
    """`kinds`: those of jobs that hold. Raises `SomebodyElse`, who says who is at it, by what means, and since when."""
    for _ in range(TRIES):
        row, _ = Hold.objects.get_or_create(pk=1)
        if row.job_id != lease.job_id and (holder := _alive(row.job_id)) is not None:
            raise SomebodyElse(said_of(holder))
        if Hold.objects.filter(pk=1, job_id=row.job_id).update(job_id=lease.job_id):
            _end_older(lease, kinds=kinds)
            return Held(lease)
    raise SomebodyElse("Somebody else was faster by a moment: look with manage.py rds_status, then try again.")


def _end_older(lease: Lease, *, kinds: Collection[str]) -> None:
    """Those that were asked for before, and on which nobody works now."""
    by = Job.objects.values_list("asker_name", flat=True).get(pk=lease.job_id)
    older = Job.objects.filter(kind__in=kinds, state__in=UNDER_WAY, pk__lt=lease.job_id)
    idle = older.filter(Q(state=State.QUEUED) | Q(lease_until__lt=timezone.now()))
    idle.end(State.FAILED, now=timezone.now(), reason=f"Taken over by job {lease.job_id} of {by}.")


def holder() -> Job | None:
    """The job of who is at it now."""
    return _alive(Hold.objects.filter(pk=1).values_list("job_id", flat=True).first())


def said_of(job: Job) -> str:
    means = "in a terminal" if job.runner == Runner.COMMAND else "by the portal's page"
    since = f"{job.started_at or job.created_at:%Y-%m-%d %H:%M} UTC"
    heard = f", last heard of {max(0, _silent_s(job)):.0f} s ago" if job.lease_until else ""
    doing = f": {job.note}" if job.note else ""
    return (
        f"{job.asker_name} is at it {means} since {since} ({title_of(job.kind)}, job {job.pk}{heard}){doing}. "
        "Wait for its end (rds_status shows it), or cancel that job first."
    )


def _silent_s(job: Job) -> float:
    """Since the lease was renewed last."""
    return TIMING.lease_s - (job.lease_until - timezone.now()).total_seconds() if job.lease_until else 0.0


def _alive(job_id: int | None) -> Job | None:
    if job_id is None:
        return None
    return Job.objects.filter(pk=job_id, state=State.RUNNING, lease_until__gte=timezone.now()).first()
