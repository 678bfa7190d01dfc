"""The tables of the review: what was decided, in the portal database, and the released texts, in the headers database.

Owns: their columns. What was decided cannot be rebuilt from the buckets and holds no text: a verdict knows its text by
a keyed hash alone. A pattern is in words that release nothing of anybody. Rows of released texts are those of the
public `annotations.json` and can be made again from it.
"""

from django.db import models
from django.utils import timezone

from chunks.headers_db.fields import PatientTimeField
from chunks.review.patterns import MAX_CHARACTERS


class Verdict(models.TextChoices):
    RELEASED = "released", "released"
    KEPT = "kept", "kept withheld"


class TextVerdict(models.Model):
    """What was decided of one text of one patient, in whichever of her recordings it stands."""

    patient = models.CharField(max_length=40)
    text_hash = models.CharField(max_length=64, help_text="keyed, see `people.identity`")
    verdict = models.CharField(max_length=8, choices=Verdict)
    by_name = models.CharField(max_length=150)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "chunks"
        db_table = "annotation_verdict"
        constraints = [  # noqa: RUF012 - as Django has it
            models.UniqueConstraint(fields=["patient", "text_hash"], name="annotation_verdict_once")
        ]

    def __str__(self) -> str:
        return f"{self.verdict}: a text of patient {self.patient}"


class ReleasePattern(models.Model):
    """A pattern that releases texts of all patients, from now on too, until it is revoked."""

    pattern = models.CharField(max_length=MAX_CHARACTERS)
    reason = models.CharField(max_length=200, blank=True)
    by_name = models.CharField(max_length=150)
    at = models.DateTimeField(default=timezone.now)
    revoked_by = models.CharField(max_length=150, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        app_label = "chunks"
        db_table = "annotation_pattern"

    def __str__(self) -> str:
        return self.pattern


class ReviewState(models.Model):
    """How far a patient's public objects follow what was decided: behind where `published` is less than `wanted`."""

    patient = models.CharField(max_length=40, primary_key=True)
    wanted = models.PositiveBigIntegerField(default=0, help_text="counts the decisions that touch the patient")
    published = models.PositiveBigIntegerField(default=0, help_text="`wanted` as it was when all objects were written")

    class Meta:
        app_label = "chunks"
        db_table = "annotation_review"

    def __str__(self) -> str:
        return f"patient {self.patient}: {self.published} of {self.wanted}"


class ReleasedText(models.Model):
    """A released annotation, to be searched; `place` counts from 0 in its recording's `annotations.json`."""

    db_alias = "headers"

    bucket = models.CharField(max_length=63)
    recording = models.CharField(max_length=120)
    place = models.IntegerField()
    patient = models.CharField(max_length=40)
    start = PatientTimeField()
    duration_us = models.BigIntegerField("duration (µs)", null=True)
    label = models.CharField(max_length=64, blank=True, help_text="the channel it is about, where it says one")
    text = models.TextField()
    folded = models.TextField(help_text="the text in lower case and without accents, as it is searched")
    etag = models.CharField(max_length=80, blank=True, help_text="of the object; empty until all rows of it are there")

    class Meta:
        app_label = "chunks"
        db_table = "annotation_text"
        constraints = [  # noqa: RUF012 - as Django has it
            models.UniqueConstraint(fields=["bucket", "recording", "place"], name="annotation_text_place")
        ]
        indexes = [models.Index(fields=["patient", "start"], name="annotation_patient_start")]  # noqa: RUF012

    def __str__(self) -> str:
        return f"annotation {self.place} of {self.patient}/{self.recording}"
