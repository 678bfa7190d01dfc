"""The sweeper: no job is forgotten, whatever the broker and the workers lose.

Owns: which rows are sent again and which are given up. Run every 15 s and at each worker's start; several at once do no
harm, and neither do messages that come twice; but a broker must not fill with them while many jobs wait for long. Knows
no broker: `send` takes a job's number and raises `NotSent`, `waiting` says how many messages nobody has taken yet.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Q
from django.utils import timezone

from jobs.asking import Send
from jobs.errors import NotSent
from jobs.models import Job, Jobs, Runner, State

RESEND_AFTER = timedelta(seconds=15)
# While messages wait, a job's own is most likely among them: only its loss alone is waited for.
RESEND_BEHIND_OTHERS_AFTER = timedelta(minutes=10)
logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class SweepReport:
    """What a sweep did: numbers of the jobs sent again, and how many were ended or could not be sent."""

    sent: tuple[int, ...]
    not_sent: int
    cancelled: int
    failed: int


def no_messages() -> int:
    return 0


def sweep(*, send: Send, waiting: Callable[[], int] = no_messages, now: datetime | None = None) -> SweepReport:
    """Ends what is cancelled or hopeless, and sends again what has no living lease or no message."""
    now = now or timezone.now()
    cancelled, failed = Job.objects.all().end_hopeless(now=now)
    silence = RESEND_BEHIND_OTHERS_AFTER if waiting() else RESEND_AFTER
    forgotten = list(_forgotten(now=now, silence=silence).order_by("pk").values_list("pk", flat=True))
    sent = _send_all(forgotten, send=send, now=now)
    return SweepReport(sent=sent, not_sent=len(forgotten) - len(sent), cancelled=cancelled, failed=failed)


def _forgotten(*, now: datetime, silence: timedelta) -> Jobs:
    """A worker's jobs that wait or whose worker is gone, and of which no message was sent since, or for that long."""
    earlier = now - silence
    idle = Q(state=State.QUEUED) | Q(state=State.RUNNING, lease_until__lt=now)
    silent = Q(sent_at__lt=earlier) | Q(sent_at__isnull=True, created_at__lt=now - RESEND_AFTER)
    silent |= Q(sent_at__lt=F("lease_until"))
    # Its worker has stopped: the next one that starts is to have it at once.
    silent |= Q(sent_at__isnull=True, handed_back__gt=0)
    return Job.objects.filter(idle, silent, runner=Runner.WORKER)


def _send_all(job_ids: list[int], *, send: Send, now: datetime) -> tuple[int, ...]:
    """Sends these until the broker refuses one: then it would refuse the rest too. Those that were sent."""
    sent: list[int] = []
    for job_id in job_ids:
        try:
            send(job_id)
        except NotSent:
            logger.warning("The broker takes no messages; %s jobs wait for the next sweep.", len(job_ids) - len(sent))
            break
        Job.objects.filter(pk=job_id).update(sent_at=now)
        sent.append(job_id)
    return tuple(sent)
