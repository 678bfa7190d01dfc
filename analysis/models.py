"""The result row, in the portal database: what an analysis was made of, where it lies, and until when.

Owns: columns. That a result can be fetched is said by two rows together: its job is done, and it has not been removed.
"""

from collections.abc import Iterable
from typing import Any

from django.db import models
from django.utils import timezone

from jobs.models import Job, State
from jobs.terminal import size_text

MAX_WHY = 200
LOG_CHARACTERS = 20_000


class Results(models.QuerySet["Result"]):
    """Results by what can be done with them."""

    def of_attempt(self, job_id: int, *, attempt: int) -> "Results":
        """The result of this job while this attempt holds it: nobody else may write its row."""
        return self.filter(job_id=job_id, job__attempt=attempt, job__state=State.RUNNING)

    def finished(self) -> "Results":
        """Those that can be fetched."""
        return self.filter(job__state=State.DONE, removed_at__isnull=True).exclude(folder="")

    def removed(self, *, why: str) -> int:
        """Says that these are gone, once; how many they were. Their files are removed by `analysis.fetching`."""
        return self.filter(removed_at__isnull=True).update(removed_at=timezone.now(), removed_why=why[:MAX_WHY])


class Result(models.Model):
    """What an analysis gave for a selection."""

    job = models.OneToOneField(Job, on_delete=models.CASCADE, related_name="analysis", primary_key=True)
    name = models.CharField(max_length=40, help_text="of the analysis: band_power")
    manifest_name = models.CharField(max_length=200, blank=True, default="", help_text="empty: not resolved yet")
    events_name = models.CharField(max_length=200, blank=True, default="")
    patients = models.JSONField(default=list, help_text="IDs")
    chunks = models.IntegerField(default=0)
    read_bytes = models.BigIntegerField(default=0, help_text="of samples, to be read")
    left_out = models.JSONField(default=dict, help_text="how many recordings were left out, by their state")
    warnings = models.JSONField(default=list)
    folder = models.CharField(max_length=200, blank=True, default="", help_text="empty: not made yet")
    files = models.JSONField(default=list, help_text="name, patient, kind, rows and bytes of each")
    about = models.JSONField(default=dict, help_text="job, window, selection, software, Spark")
    summary = models.JSONField(default=dict, help_text="for the picture and the table")
    rows = models.BigIntegerField(default=0)
    faults = models.IntegerField(default=0, help_text="chunks that could not be used")
    size_bytes = models.BigIntegerField("bytes", default=0, db_column="bytes", help_text="of the zip")
    log_tail = models.TextField(blank=True, default="")
    finished_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True, db_index=True)
    removed_at = models.DateTimeField(null=True, blank=True)
    removed_why = models.CharField(max_length=MAX_WHY, blank=True, default="")

    objects = Results.as_manager()

    def __str__(self) -> str:
        return f"result of job {self.job_id}"

    @property
    def file_name(self) -> str:
        """What the zip is called on the disk of who fetches it, without its ending."""
        return f"ecog-{self.name.replace('_', '-')}-{self.job_id}"

    @property
    def zip_name(self) -> str:
        return f"{self.folder}/result.zip"

    @property
    def size(self) -> str:
        return size_text(self.size_bytes)

    @property
    def read_size(self) -> str:
        return size_text(self.read_bytes)

    @property
    def ready(self) -> bool:
        """It can be fetched."""
        expired = self.expires_at is not None and self.expires_at <= timezone.now()
        return self.job.state == State.DONE and bool(self.folder) and self.removed_at is None and not expired

    def files_of(self, kind: str) -> list[dict[str, Any]]:
        return [each for each in self.files if each["kind"] == kind]

    def outside(self, patients: Iterable[str]) -> list[str]:
        """Those of its patients that are none of these."""
        return sorted(set(self.patients).difference(patients))
