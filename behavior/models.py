"""The tables of `behavior`, all in the portal database: records of sessions (where that is their home), the copy of
their notes, and aliases of tasks.

`SessionRow` and `SessionNote` can be rebuilt from the sessions bucket (`manage.py reindex --sessions`); aliases cannot.
"""

from django.conf import settings
from django.db import models
from django.utils import timezone

from behavior.record import EXPERIMENT_LIMIT, FILE_NAME_LIMIT
from chunks.headers_db.fields import PatientTimeField
from people.models import PATIENT_ID_LENGTH


class SessionRow(models.Model):
    """A record as `behavior.record` makes it. Written by `behavior.table` alone."""

    experiment = models.CharField(max_length=EXPERIMENT_LIMIT)
    file_name = models.CharField(max_length=FILE_NAME_LIMIT, unique=True)
    start = PatientTimeField()
    stop = PatientTimeField()
    subject = models.CharField(max_length=PATIENT_ID_LENGTH)
    day = models.SmallIntegerField()

    class Meta:
        verbose_name = "session"
        indexes = [
            models.Index(fields=["experiment", "subject"], name="session_experiment"),
            models.Index(fields=["subject", "start"], name="session_subject_start"),
        ]

    def __str__(self) -> str:
        return self.file_name


class SessionNote(models.Model):
    """A copy of what the notes of an object add to one session, so that joins need not read the bucket."""

    file_name = models.CharField(max_length=FILE_NAME_LIMIT, unique=True)
    subject = models.CharField(max_length=PATIENT_ID_LENGTH, db_index=True)
    clock_offset_us = models.BigIntegerField("clock offset (µs)", default=0)
    clock_offset_source = models.CharField(max_length=40, blank=True, default="")
    corrected = models.CharField(max_length=100, blank=True, default="", help_text="what was corrected")
    alignment = models.JSONField(null=True)

    class Meta:
        verbose_name = "notes of a session"
        verbose_name_plural = "notes of sessions"

    def __str__(self) -> str:
        return self.file_name


class TaskAlias(models.Model):
    """Another name of a task: who asks for either finds both, and both are counted as the task."""

    alias = models.CharField(max_length=EXPERIMENT_LIMIT, help_text="the other name, such as faces")
    task = models.CharField(max_length=EXPERIMENT_LIMIT, help_text="the task's own name, such as faces_task")
    folded = models.CharField(max_length=EXPERIMENT_LIMIT, unique=True, editable=False)
    given_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )
    given_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = "alias of a task"
        verbose_name_plural = "aliases of tasks"

    def __str__(self) -> str:
        return f"{self.alias} = {self.task}"
