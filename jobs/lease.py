"""The lease: the right to work on a job, held by one worker at a time.

Owns: how a job is claimed, kept, shown and ended by who works on it: each is one UPDATE on its own, conditional on the
attempt being still mine, and no transaction is open while work is done. Machines' clocks agree within seconds.
"""

import contextlib
import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import Error as DatabaseFailure
from django.db import connection
from django.db.models import F, Q
from django.utils import timezone

from jobs.errors import HandedBack, JobCancelled, JobError, LeaseLost
from jobs.keeper import Keeper
from jobs.models import MAX_ATTEMPTS, MAX_NOTE, MAX_REASON, Job, Jobs, Runner, State
from jobs.sealed import unseal
from jobs.stopping import told
from people.errors import kept_message
from people.scope import Scope, scope_for, server_scope

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Timing:
    """How long a lease holds, how often it is renewed, and how often progress is written at most."""

    lease_s: float = 30.0
    renew_s: float = 5.0
    write_s: float = 1.0

    def end_of_lease(self) -> datetime:
        return timezone.now() + timedelta(seconds=self.lease_s)


TIMING = Timing()


def claim(job_id: int, *, timing: Timing = TIMING) -> "Lease | None":
    """The lease of a worker's job that waits or whose worker is gone; None where there is nothing to do.

    Of many who claim at once one wins. A job that has used up its attempts is ended instead.
    """
    job = Job.objects.filter(pk=job_id, runner=Runner.WORKER).first()
    if job is None or not job.under_way:
        return None
    now = timezone.now()
    this = Job.objects.filter(pk=job_id)
    # The attempt is part of the condition, so that the number read above is surely followed by mine.
    free = this.filter(Q(state=State.QUEUED) | Q(state=State.RUNNING, lease_until__lt=now)).filter(
        attempt=job.attempt, attempt__lt=F("handed_back") + MAX_ATTEMPTS, cancel_asked=False
    )
    attempt, until = job.attempt + 1, timing.end_of_lease()
    won = free.update(
        state=State.RUNNING, attempt=attempt, lease_until=until, started_at=now, bytes_done=0, note="", reason=""
    )
    if not won:
        this.end_hopeless(now=now)
        return None
    return Lease(job, attempt=attempt, until=until, timing=timing)


class Lease:
    """One attempt at one job. Made by `claim` and `jobs.here.run_here`."""

    def __init__(self, job: Job, *, attempt: int, until: datetime, timing: Timing) -> None:
        self.job_id: int = job.pk
        self.kind = job.kind
        self.question = job.question
        self.attempt = attempt
        self._asker_id = job.asker_id
        self._by_worker = job.runner == Runner.WORKER
        self._timing = timing
        self._until = until
        self._ended = self._kept = False
        self._stop: type[JobError] | None = None
        self._lock, self._renewing = threading.Lock(), threading.Lock()
        self._bytes_done, self._bytes_total, self._note = 0, job.bytes_total, ""
        self._changed = False
        self._renewed_at = time.monotonic()

    def scope(self, *, means: str) -> Scope:
        """What the asker may see now; raises `AccountClosed`."""
        if self._asker_id is None:
            return server_scope(means=means)
        return scope_for(User.objects.get(pk=self._asker_id), means=means)

    @contextmanager
    def kept(self) -> Iterator["Lease"]:
        """Renews the lease from a thread of its own while the block works, then ends the job.

        Done where the block did not say `finish` or `fail` itself; cancelled on `JobCancelled` and Ctrl-C; failed with
        what may be kept of any other error, which goes on; waiting again on `HandedBack` and where its worker's process
        is ended; untouched on `LeaseLost`.
        """
        keeper = Keeper(self._tick, every_s=self._timing.write_s)
        keeper.start()
        try:
            yield self
            if not self._ended:
                self.finish()
        except LeaseLost:
            raise
        except BaseException as error:
            self._end_after(error)
            raise
        finally:
            keeper.stop()

    def given(self) -> Mapping[str, Any]:
        """What the job was given to know beside its question."""
        return dict(Job.objects.values_list("given", flat=True).get(pk=self.job_id) or {})

    def secret(self) -> str:
        """What the job holds sealed. Raises `NothingSealed`."""
        return unseal(Job.objects.values_list("secret", flat=True).get(pk=self.job_id))

    def result(self) -> Mapping[str, Any]:
        """What is kept of the job's work so far, by this attempt or an earlier one."""
        return dict(Job.objects.values_list("result", flat=True).get(pk=self.job_id) or {})

    def keep(self, result: Mapping[str, Any]) -> None:
        """Keeps what came of the work so far: it stays however the job ends. Raises `LeaseLost`."""
        if not self._mine().update(result=dict(result)):
            raise self._error(LeaseLost)
        self._kept = True

    def progress(
        self, *, bytes_done: int | None = None, bytes_total: int | None = None, note: str | None = None
    ) -> None:
        """Says how far the work is; from any thread, as often as one likes (the keeper writes it, once a second).

        Raises `LeaseLost`, `JobCancelled` and `HandedBack`: call it before each step that leaves something.
        """
        with self._lock:
            before = self._shown()
            self._bytes_done = self._bytes_done if bytes_done is None else bytes_done
            self._bytes_total = self._bytes_total if bytes_total is None else bytes_total
            self._note = self._note if note is None else note[:MAX_NOTE]
            self._changed |= self._shown() != before
        self._check()

    def advance(self, *, size_bytes: int) -> None:
        """Like `progress`, for many threads: so many more bytes are done."""
        with self._lock:
            self._bytes_done += size_bytes
            self._changed = True
        self._check()

    def finish(self, result: Mapping[str, Any] | None = None) -> None:
        """The job is done; without `result` what was kept stays.

        Raises `LeaseLost`, and `JobCancelled` where that was asked meanwhile."""
        kept = {} if result is None and self._kept else {"result": dict(result or {})}
        self._end(self._mine().filter(cancel_asked=False), state=State.DONE, reason="", **kept)

    def fail(self, reason: str) -> None:
        """The job has failed, with a sentence for people (no file name, no date). Raises `LeaseLost`."""
        self._end(self._mine(), state=State.FAILED, reason=reason[:MAX_REASON])

    def _mine(self) -> Jobs:
        return Job.objects.filter(pk=self.job_id, attempt=self.attempt, state=State.RUNNING)

    def _shown(self) -> dict[str, int | str]:
        return {"bytes_done": self._bytes_done, "bytes_total": self._bytes_total, "note": self._note}

    def _end(self, mine: Jobs, *, state: State, **values: Any) -> None:  # noqa: ANN401 - columns of any type
        with self._lock:
            shown = self._shown() | {"note": ""}
        if not mine.end(state, now=timezone.now(), **shown, **values):
            raise self._error(JobCancelled if self._mine().exists() else LeaseLost)
        self._ended = True

    def _end_after(self, error: BaseException) -> None:
        """Ends the job as `error` says; nothing is written where it has ended or is no longer mine."""
        if self._ended:
            return
        # Whoever lost the lease besides is told of the first error, which goes on.
        with contextlib.suppress(LeaseLost):
            # A worker's child that gets a SIGTERM of its own ends with SystemExit, wherever it is.
            if isinstance(error, HandedBack) or (self._by_worker and isinstance(error, SystemExit)):
                self._hand_back()
            elif isinstance(error, KeyboardInterrupt):
                self._end(self._mine(), state=State.CANCELLED, reason="Cancelled with Ctrl-C.")
            elif getattr(error, "audit_outcome", "") == "cancelled":
                self._end(self._mine(), state=State.CANCELLED)
            else:
                unexpected = f"It stopped at an unexpected error ({type(error).__name__})."
                self.fail(kept_message(error) or unexpected)

    def _hand_back(self) -> None:
        """The job waits for another worker, or ends where it was cancelled meanwhile."""
        if not self._mine().filter(cancel_asked=False).hand_back():
            self._end(self._mine(), state=State.CANCELLED)
        self._ended = True

    def _check(self) -> None:
        """Raises where the work must stop."""
        # Who was stopped (SIGSTOP, a suspended machine) asks at once, before the keeper's next beat.
        if self._stop is None and timezone.now() >= self._until:
            with self._renewing, _connection_as_found():
                if timezone.now() >= self._until:
                    self._renew()
        if self._stop is not None:
            raise self._error(self._stop)
        if told():
            raise HandedBack(f"Job {self.job_id} is handed back: this worker stops.")

    def _error(self, kind: type[JobError]) -> JobError:
        if kind is JobCancelled:
            return JobCancelled(f"Job {self.job_id} was cancelled.")
        return LeaseLost(f"Attempt {self.attempt} at job {self.job_id} is over: the job was given to another worker.")

    def _tick(self) -> None:
        """The keeper's beat: writes progress and renewal when due, and looks whether to stop."""
        if self._ended or self._stop is LeaseLost:
            return
        try:
            if self._changed or time.monotonic() - self._renewed_at >= self._timing.renew_s:
                self._renew()
            if self._stop is None and self._mine().filter(cancel_asked=True).exists():
                self._stop = JobCancelled
        except DatabaseFailure as error:
            # The lease outlives a short failure; where it does not, `_check` finds out.
            logger.warning("Job %s could not renew its lease (%s); trying again.", self.job_id, type(error).__name__)
            connection.close()

    def _renew(self) -> None:
        with self._lock:
            shown, self._changed = self._shown(), False
        until = self._timing.end_of_lease()
        if self._mine().update(lease_until=until, **shown):
            self._until, self._renewed_at = until, time.monotonic()
        else:
            self._stop = LeaseLost


@contextmanager
def _connection_as_found() -> Iterator[None]:
    """Closes this thread's database connection afterwards if the block has opened it: threads come and go."""
    found = connection.connection is not None
    try:
        yield
    finally:
        if not found:
            connection.close()
