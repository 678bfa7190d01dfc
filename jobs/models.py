"""The job row, in the portal database: what was asked, how far it is, and who works on it until when.

Owns: columns, and how rows end (`Jobs.end`, `Jobs.end_hopeless`). A row is changed by conditional UPDATEs alone, never
by `save()` of an instance read earlier. Neither `question`, `given`, `note` nor `reason` holds a file name or a real
date; what must hold one is sealed in `secret`, which no row keeps once it has ended: every end wipes it, and the
database refuses a row that has both.
"""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F
from django.utils import timezone

from jobs.sealed import SealedField

MAX_ATTEMPTS = 3
MAX_REASON = 500
MAX_NOTE = 200


class State(models.TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


UNDER_WAY = (State.QUEUED, State.RUNNING)


class Runner(models.TextChoices):
    """Who does the work: a worker that is sent the job's number, or a command in a terminal, its own worker."""

    WORKER = "worker"
    COMMAND = "command"


class Jobs(models.QuerySet["Job"]):
    """Jobs by what can be done with them. `now` is a real instant (UTC)."""

    def dead(self, *, now: datetime) -> "Jobs":
        """Running by their state, but their lease has run out: nobody works on them."""
        return self.filter(state=State.RUNNING, lease_until__lt=now)

    def end(self, state: State, *, now: datetime, **values: Any) -> int:  # noqa: ANN401 - columns of any type
        """Ends these jobs in one UPDATE, and wipes what they held sealed; how many they were."""
        return self.update(state=state, finished_at=now, lease_until=None, under_way_key=None, secret="", **values)

    def hand_back(self) -> int:
        """Lets these running jobs wait again, to be sent at the next sweep; the attempt is not counted. How many."""
        return self.update(
            state=State.QUEUED,
            handed_back=F("handed_back") + 1,
            lease_until=None,
            sent_at=None,
            started_at=None,
            bytes_done=0,
            note="",
        )

    def end_hopeless(self, *, now: datetime) -> tuple[int, int]:
        """Ends those that nobody may take up again; how many were cancelled and how many failed."""
        dead = self.dead(now=now)
        cancelled = self.filter(state=State.QUEUED, cancel_asked=True).end(State.CANCELLED, now=now)
        cancelled += dead.filter(cancel_asked=True).end(State.CANCELLED, now=now)
        interrupted = dead.filter(runner=Runner.COMMAND).end(
            State.FAILED, now=now, reason="The command was interrupted: run it again."
        )
        tired = dead.filter(runner=Runner.WORKER, attempt__gte=F("handed_back") + MAX_ATTEMPTS).end(
            State.FAILED,
            now=now,
            reason=f"Its worker disappeared {MAX_ATTEMPTS} times without saying why (killed, or out of memory). "
            "Ask for less at once, or tell the administrator.",
        )
        return cancelled, interrupted + tired


class Job(models.Model):
    """One piece of long work. Only its number travels to a worker."""

    kind = models.CharField(max_length=40)
    asker = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,  # an empty asker means the server, which sees all: it must never come from a deletion
        null=True,
        blank=True,
        related_name="jobs",
        help_text="empty: the administrator at the command line",
    )
    asker_name = models.CharField(max_length=150)
    question = models.TextField(blank=True, default="")
    question_key = models.CharField(max_length=64, db_index=True)
    given = models.JSONField(null=True, blank=True, help_text="what its worker needs to know beside the question")
    secret = SealedField(blank=True, default="", editable=False)
    # The question's key while the job is under way, empty after it: so that the same question is under way once.
    under_way_key = models.CharField(max_length=64, null=True, unique=True)  # noqa: DJ001 - many ended ones, all null
    runner = models.CharField(max_length=7, choices=Runner.choices, default=Runner.WORKER)
    state = models.CharField(max_length=9, choices=State.choices, default=State.QUEUED)
    # It only grows, so that no two workers ever hold the same attempt; those that were handed back do not count.
    attempt = models.PositiveSmallIntegerField(default=0)
    handed_back = models.PositiveSmallIntegerField(default=0, help_text="attempts that ended as their worker stopped")
    lease_until = models.DateTimeField(null=True, blank=True)
    bytes_done = models.BigIntegerField(default=0)
    bytes_total = models.BigIntegerField(default=0, help_text="0: not known")
    note = models.CharField(max_length=MAX_NOTE, blank=True, default="", help_text="what is being done now")
    reason = models.CharField(max_length=MAX_REASON, blank=True, default="", help_text="why it ended as it did")
    cancel_asked = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True, help_text="when the present attempt began")
    finished_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    result = models.JSONField(null=True, blank=True)

    objects = Jobs.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["state", "lease_until"], name="job_state_lease"),
            models.Index(fields=["asker", "created_at"], name="job_asker_created"),
            models.Index(fields=["kind", "state"], name="job_kind_state"),  # counted at every scrape of the metrics
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(secret="") | models.Q(state__in=UNDER_WAY), name="job_that_ended_holds_no_secret"
            )
        ]

    def __str__(self) -> str:
        return f"job {self.pk} ({self.kind}, {self.state})"

    @property
    def under_way(self) -> bool:
        return self.state in UNDER_WAY

    @property
    def attempts_used(self) -> int:
        """Of `MAX_ATTEMPTS`."""
        return self.attempt - self.handed_back

    def time_left(self, *, now: datetime) -> timedelta | None:
        """At the rate of this attempt so far; None while that cannot be said."""
        if self.state != State.RUNNING or self.started_at is None or not 0 < self.bytes_done <= self.bytes_total:
            return None
        return (now - self.started_at) * ((self.bytes_total - self.bytes_done) / self.bytes_done)
