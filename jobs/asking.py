"""What the person who asks does with a job: asks for it once, and cancels it.

Owns: which questions are the same, and who may cancel. Knows no broker: sending is a callable that takes the job's
number and raises `NotSent` where it cannot.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from django.utils import timezone

from jobs.errors import JobUnknown, NotSent
from jobs.models import Job, Runner, State
from jobs.sealed import seal
from people.scope import Scope

Send = Callable[[int], None]
JsonValue = Mapping[str, Any] | None
logger = logging.getLogger(__name__)


def question_key(kind: str, *, question: str, scope: Scope) -> str:
    """Equal for the same kind and question of the same user under the same scope; 64 hex digits."""
    asked = json.dumps([kind, scope.user_id, question, scope.visible(scope.patients)])
    return hashlib.sha256(asked.encode()).hexdigest()


def enqueue(
    kind: str,
    *,
    question: str,
    scope: Scope,
    send: Send,
    bytes_total: int = 0,
    given: JsonValue = None,
    secret: str = "",
) -> Job:
    """The job of this question for a worker: the one under way, else a new one, which is sent.

    `given`: what its worker needs to know beside the question; `secret`: likewise, sealed, and wiped when the job ends.
    Call it outside transactions: a message must not arrive before its row. Where the message cannot be sent the job
    waits for the sweeper.
    """
    key = question_key(kind, question=question, scope=scope)
    job, created = Job.objects.get_or_create(
        under_way_key=key,
        defaults={
            "kind": kind,
            "asker_id": scope.user_id,
            "asker_name": scope.by,
            "question": question,
            "question_key": key,
            "runner": Runner.WORKER,
            "bytes_total": bytes_total,
            "given": given,
            "secret": seal(secret) if secret else "",
        },
    )
    if created:
        try:
            send(job.pk)
        except NotSent:
            logger.warning("The message of job %s was not sent; the sweeper sends it again.", job.pk)
        else:
            Job.objects.filter(pk=job.pk).update(sent_at=timezone.now())
    return job


def cancel(job_id: int, *, by: Scope) -> Job:
    """Ends the job if it waits, asks its worker to stop if it runs, leaves it if it has ended; the row as it is then.

    Its asker may, and who sees all. Raises `JobUnknown` for everybody else and where there is none.
    """
    mine = Job.objects.filter(pk=job_id)
    if not by.sees_all:
        mine = mine.filter(asker_id=by.user_id)
    reason = f"Cancelled by {by.by}."
    waiting = mine.filter(state=State.QUEUED)
    if not waiting.end(State.CANCELLED, now=timezone.now(), cancel_asked=True, reason=reason):
        # Without its key it is no longer the job of its question: who asks again gets a new one.
        mine.filter(state=State.RUNNING).update(cancel_asked=True, reason=reason, under_way_key=None)
    job = mine.first()
    if job is None:
        raise JobUnknown(f"There is no job {job_id} of yours. Your jobs are listed on your home page.")
    return job
