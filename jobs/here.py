"""A command in a terminal as a job: it is its own worker, and its row shows it on the page like any other.

Owns: how such a row begins. It is never sent to a worker: where the command is killed it fails, to be run again.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.utils import timezone

from jobs.asking import question_key
from jobs.lease import TIMING, Lease, Timing
from jobs.log_ids import in_job
from jobs.models import Job, Runner, State
from people.scope import Scope


@contextmanager
def run_here(
    *, kind: str, question: str, scope: Scope, bytes_total: int = 0, timing: Timing = TIMING
) -> Iterator[Lease]:
    """A job around the block that does its work, claimed at once; it ends as `Lease.kept` says."""
    now, until = timezone.now(), timing.end_of_lease()
    job = Job.objects.create(
        kind=kind,
        asker_id=scope.user_id,
        asker_name=scope.by,
        question=question,
        question_key=question_key(kind, question=question, scope=scope),
        runner=Runner.COMMAND,
        state=State.RUNNING,
        attempt=1,
        lease_until=until,
        created_at=now,
        started_at=now,
        bytes_total=bytes_total,
    )
    with in_job(job.pk), Lease(job, attempt=1, until=until, timing=timing).kept() as lease:
        yield lease
