"""What a worker does with the messages that reach it.

Owns: the two Celery tasks. Each job has its lease and its row, so a message may come twice, late or never.
"""

import logging
import traceback

from celery import shared_task

from jobs.broker import RUN, SWEEP, send, waiting
from jobs.errors import HandedBack, JobCancelled, LeaseLost
from jobs.kinds import kind_of
from jobs.lease import Lease, claim
from jobs.log_ids import in_job
from jobs.sweeper import sweep

HOUR_S = 3600
SOFT_LIMIT_S = 12 * HOUR_S
HARD_LIMIT_S = SOFT_LIMIT_S + 300
logger = logging.getLogger(__name__)


@shared_task(name=RUN, soft_time_limit=SOFT_LIMIT_S, time_limit=HARD_LIMIT_S, ignore_result=True)
def run(job_id: int) -> None:
    """Does the job, if it is to be done and nobody else is at it. What went wrong stands in its row."""
    lease = claim(job_id)
    if lease is None:
        return
    with in_job(job_id):
        _work(lease, job_id=job_id)


def _work(lease: Lease, *, job_id: int) -> None:
    try:
        with lease.kept():
            lease.progress()  # a worker that stops begins nothing
            work = kind_of(lease.kind).run
            if work is None:
                lease.fail("This job belongs to a command: run that again.")
            else:
                work(lease)
    except (HandedBack, JobCancelled, LeaseLost) as ended:
        logger.info("%s", ended)
    except Exception as error:  # noqa: BLE001 (it is told in the log)
        # Where it happened, without the error's own text, which may hold what no log should keep.
        where = "".join(traceback.format_tb(error.__traceback__))
        logger.error("Job %s failed: %s\n%s", job_id, type(error).__name__, where)  # noqa: TRY400 (as said above)


@shared_task(name=SWEEP, soft_time_limit=60, time_limit=90, ignore_result=True)
def sweep_now() -> None:
    """One sweep, at a worker's start."""
    sweep(send=send, waiting=waiting)
