"""The bundle row, in the portal database: what a job of kind `bundle` makes, where it lies, and until when.

Owns: columns, and what an unfinished bundle still has reserved. Whether a bundle can be fetched is said by two rows
together: its job is done, and it has not been removed.
"""

from collections.abc import Iterable

from django.db import models
from django.utils import timezone

from jobs.models import Job, State
from jobs.terminal import size_text

MAX_WHY = 200
UNDER_WAY = (State.QUEUED, State.RUNNING)


class Bundles(models.QuerySet["Bundle"]):
    """Bundles by what can be done with them."""

    def of_attempt(self, job_id: int, *, attempt: int) -> "Bundles":
        """The bundle of this job while this attempt holds it: nobody else may write its row."""
        return self.filter(job_id=job_id, job__attempt=attempt, job__state=State.RUNNING)

    def finished(self) -> "Bundles":
        """Those that can be fetched."""
        return self.filter(job__state=State.DONE, removed_at__isnull=True).exclude(zip_name="")

    def outstanding_bytes(self, *, besides: int | None = None) -> int:
        """What unfinished bundles (but that of one job) have reserved and not written yet."""
        others = self.filter(job__state__in=UNDER_WAY)
        if besides is not None:
            others = others.exclude(job_id=besides)
        rows = others.values_list("reserved_bytes", "job__bytes_done")
        return sum(max(0, reserved - written) for reserved, written in rows)

    def removed(self, *, why: str) -> int:
        """Says that these are gone, once; how many they were. Their files are removed by `downloads.bundles.place`."""
        return self.filter(removed_at__isnull=True).update(removed_at=timezone.now(), removed_why=why[:MAX_WHY])


class Bundle(models.Model):
    """A zip made for a selection."""

    job = models.OneToOneField(Job, on_delete=models.CASCADE, related_name="bundle", primary_key=True)
    reserved_bytes = models.BigIntegerField(default=0, help_text="room kept free for it while it is made")
    manifest_name = models.CharField(max_length=200, blank=True, default="", help_text="empty: not resolved yet")
    manifest_bytes = models.BigIntegerField(default=0)
    manifest_crc32 = models.CharField(max_length=8, blank=True, default="")
    sessions_bytes = models.BigIntegerField(default=0, help_text="of sessions.csv, kept behind the manifest; 0: none")
    sessions_crc32 = models.CharField(max_length=8, blank=True, default="")
    files = models.IntegerField(default=0)
    patients = models.JSONField(default=list, help_text="IDs, in the order of the files")
    size_bytes = models.BigIntegerField("bytes", default=0, db_column="bytes", help_text="of the zip, exactly")
    zip_name = models.CharField(max_length=200, blank=True, default="", help_text="empty: not made yet")
    sha256 = models.CharField(max_length=64, blank=True, default="")
    finished_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True, db_index=True)
    removed_at = models.DateTimeField(null=True, blank=True)
    removed_why = models.CharField(max_length=MAX_WHY, blank=True, default="")

    objects = Bundles.as_manager()

    def __str__(self) -> str:
        return f"bundle of job {self.job_id}"

    @property
    def etag(self) -> str:
        """The zip's strong validator: equal for equal bytes alone."""
        return f'"{self.sha256}"'

    @property
    def file_name(self) -> str:
        """What the file is called on the disk of who fetches it."""
        return f"ecog-bundle-{self.job_id}.zip"

    @property
    def size(self) -> str:
        """For people: `4.2 GB`."""
        return size_text(self.size_bytes)

    @property
    def exact_size(self) -> str:
        """`4,200,000,123`, without its unit."""
        return f"{self.size_bytes:,}"

    @property
    def ready(self) -> bool:
        """It can be fetched."""
        return self.job.state == State.DONE and bool(self.zip_name) and self.removed_at is None

    @property
    def is_expired(self) -> bool:
        """Its time is over, though nobody may have tidied yet."""
        return self.expires_at is not None and self.expires_at <= timezone.now()

    def outside(self, patients: Iterable[str]) -> list[str]:
        """Those of its patients that are none of these."""
        return sorted(set(self.patients).difference(patients))
