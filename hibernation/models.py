"""What the portal database keeps of each sleep, so that the headers database can come back as it was.

Owns: columns. A sleep is one row from the closing of search to its opening: what was paused, recorded, snapshotted and
proved stands in it, and whoever goes on after an interruption reads it there. Nothing here is of a patient.
"""

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.utils import timezone

from hibernation.states import Goal, Step

HOURS_A_MONTH = Decimal(730)


class Sleep(models.Model):
    """One sleep of the headers database; the present one is the newest that is not over."""

    instance = models.CharField(max_length=63, blank=True, help_text="the RDS instance; empty: a server of one's own")
    mode = models.CharField(max_length=10, choices=[(goal.value, goal.value) for goal in Goal], default=Goal.SNAPSHOT)
    by = models.CharField(max_length=150)
    closed_at = models.DateTimeField(default=timezone.now, help_text="when search was closed")
    # Of the instance as it was: its own number (names are used again), and all that a restore needs.
    resource_id = models.CharField(max_length=255, blank=True, default="")
    configuration = models.JSONField(default=dict, blank=True)
    recorded_at = models.DateTimeField(null=True, blank=True)
    paused = models.JSONField(default=list, blank=True, help_text="event source mappings that were paused")
    paused_at = models.DateTimeField(null=True, blank=True)
    drained_at = models.DateTimeField(null=True, blank=True, help_text="when the last writer was done")
    snapshot = models.CharField(max_length=255, blank=True, default="")
    snapshot_bytes = models.BigIntegerField(default=0)
    snapshot_failures = models.PositiveSmallIntegerField(default=0)
    verified_at = models.DateTimeField(null=True, blank=True)
    delete_asked_at = models.DateTimeField(null=True, blank=True)
    host_stopped = models.BooleanField(default=False)
    slept_at = models.DateTimeField(null=True, blank=True, help_text="when all was off")
    awake_per_month = models.DecimalField(max_digits=10, decimal_places=2, null=True, blank=True)
    asleep_per_month = models.DecimalField(max_digits=10, decimal_places=2, null=True, blank=True)
    # Of the waking.
    woken_by = models.CharField(max_length=150, blank=True, default="")
    waking_at = models.DateTimeField(null=True, blank=True)
    source = models.CharField(max_length=255, blank=True, default="", help_text="the snapshot, or buckets")
    wanted = models.JSONField(default=dict, blank=True, help_text="how the instance is to be, while it is restored")
    repaired_at = models.DateTimeField(null=True, blank=True)
    steps = models.JSONField(default=list, blank=True, help_text="what the waking has behind it")
    recovered = models.PositiveBigIntegerField(null=True, blank=True, help_text="rows that were missing")
    notes = models.JSONField(default=list, blank=True, help_text="sentences a person should read")
    awake_at = models.DateTimeField(null=True, blank=True, help_text="when search was opened")

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        until = f" to {self.awake_at:%Y-%m-%d %H:%M} UTC" if self.awake_at else ""
        return f"sleep of {self.instance or 'the headers database'} since {self.closed_at:%Y-%m-%d %H:%M} UTC{until}"

    @property
    def over(self) -> bool:
        return self.awake_at is not None

    @property
    def done(self) -> frozenset[Step]:
        return frozenset(Step(name) for name in self.steps)

    @property
    def saved(self) -> Decimal | None:
        """Dollars so far, from when all was off; None where a price is not known."""
        if self.awake_per_month is None or self.asleep_per_month is None or self.slept_at is None:
            return None
        hours = Decimal(((self.waking_at or self.awake_at or timezone.now()) - self.slept_at).total_seconds()) / 3600
        return (self.awake_per_month - self.asleep_per_month) * hours / HOURS_A_MONTH


class Hold(models.Model):
    """One row: the job that is at it. It holds as long as that job has its lease."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    job_id = models.BigIntegerField(null=True, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="hibernation_hold_is_one_row")]

    def __str__(self) -> str:
        return f"held by job {self.job_id}" if self.job_id else "free"


class PortalMachine(models.Model):
    """A machine of EC2 on which a part of the portal runs: it is never the host that is stopped."""

    instance_id = models.CharField(max_length=40, primary_key=True)
    seen_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.instance_id


class WakeNotice(models.Model):
    """Somebody who wants a mail when search is awake."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    asked_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"notice for {self.user_id}"


def present_sleep() -> Sleep | None:
    """The sleep that is not over; None while the headers database is awake."""
    newest = Sleep.objects.first()
    return None if newest is None or newest.over else newest
