"""The end of a download by the client: as the client says, or by itself where it has fallen silent.

Owns: that the audit entry is closed exactly once, with the bytes that were really handed out. A download that somebody
cancelled, or that the sweeper has given up, is closed a little later than it ended: bodies on their way still count.
"""

from datetime import timedelta

from django.utils import timezone

from downloads.client.progress import KIND, OPEN_ACT, own_download
from jobs.models import MAX_REASON, Job, State
from people.audit import OpenAct, Outcome
from people.errors import AuditIsFinal
from people.scope import Scope

SETTLED_AFTER = timedelta(seconds=60)
_OUTCOMES = {State.DONE: Outcome.DONE, State.FAILED: Outcome.FAILED, State.CANCELLED: Outcome.CANCELLED}


def end(job_id: int, *, scope: Scope, state: State, fetched: int, kept: int, failed: int) -> Job:
    """Ends the download as its client says, if it is still under way; the row as it is then. Raises `DownloadUnknown`.

    Saying it again does no harm. One that was cancelled meanwhile stays so.
    """
    job = own_download(job_id, scope=scope)
    said = {"fetched": fetched, "kept": kept, "failed": failed}
    running = Job.objects.filter(pk=job_id, state=State.RUNNING)
    result = (job.result or {}) | said
    running.filter(cancel_asked=True).end(State.CANCELLED, now=timezone.now(), result=result)
    running.end(state, now=timezone.now(), reason=_reason(state, failed=failed), result=result)
    job = own_download(job_id, scope=scope)
    close_act(job)
    return job


def close_act(job: Job) -> bool:
    """Closes the audit entry of an ended download; whether it was open."""
    result = dict(job.result or {})
    entry_id = result.pop(OPEN_ACT, None)
    if entry_id is None:
        return False
    act = OpenAct(entry_id)
    act.add_bytes(job.bytes_done)
    try:
        act.close(_OUTCOMES[State(job.state)], reason=job.reason)
    except AuditIsFinal:
        return False  # by somebody else, at the same moment
    finally:
        Job.objects.filter(pk=job.pk).update(result=result)
    return True


def settle() -> str:
    """Closes the audit entries of downloads that have ended without their client's word; says how many."""
    ended = Job.objects.filter(kind=KIND, finished_at__lt=timezone.now() - SETTLED_AFTER, result__has_key=OPEN_ACT)
    closed = sum(close_act(job) for job in ended.order_by("pk"))
    return f"{closed} downloads of clients that fell silent written down" if closed else ""


def _reason(state: State, *, failed: int) -> str:
    if state == State.DONE:
        return ""
    if state == State.CANCELLED:
        return "Stopped at the computer that fetched."
    reason = f"{failed:,} files could not be fetched." if failed else "It stopped at the computer that fetched."
    return reason[:MAX_REASON]
