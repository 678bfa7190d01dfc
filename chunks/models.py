"""The rows of recordings and chunk headers, as the headers database keeps them.

Columns and values are those of `chunks.format.row`, which also writes them; nothing here is saved through the ORM.
Everything in these tables can be rebuilt from the buckets, so no foreign key leads out of them or between them.
"""

import json

from django.db import models

from chunks.headers_db.fields import PatientTimeField
from chunks.headers_db.state import HeadersState
from chunks.review.tables import ReleasedText, ReleasePattern, ReviewState, TextVerdict

__all__ = [
    "ChunkHeader",
    "HeadersState",
    "IndexFault",
    "OverlapContained",
    "OverlapVerdict",
    "Recording",
    "RecordingOverlap",
    "RecordingState",
    "ReleasePattern",
    "ReleasedText",
    "ReviewState",
    "TextVerdict",
]


class RecordingState(models.TextChoices):
    INGESTING = "ingesting", "being ingested"
    OK = "ok", "ok"
    HIDDEN = "hidden", "hidden"
    DUPLICATE = "duplicate", "duplicate"
    CONFLICT = "conflict", "in conflict"
    VERSION_1 = "version 1", "version 1, not adopted"


class Recording(models.Model):
    """One EDF, EDF+ or BDF file that was ingested; indexed from its `recording.json`."""

    db_alias = "headers"

    bucket = models.CharField(max_length=63)
    name = models.CharField(max_length=120)
    patient = models.CharField(max_length=40)
    start = PatientTimeField()
    stop = PatientTimeField()
    state = models.CharField(max_length=12, choices=RecordingState)
    clock_offset_us = models.BigIntegerField("clock offset (µs)")
    chunks_expected = models.IntegerField()
    bytes_expected = models.BigIntegerField()
    fingerprint = models.CharField(max_length=64)
    data_sha256 = models.CharField(max_length=64, null=True)  # noqa: DJ001 (unknown until all was read)
    channels = models.TextField(help_text="JSON: [channel number, label] of each channel with chunks, in header order")
    warnings = models.TextField(help_text="JSON: sentences")
    etag = models.CharField(max_length=80)
    indexed_at = models.DateTimeField()

    class Meta:
        db_table = "recording"
        constraints = [models.UniqueConstraint(fields=["bucket", "name"], name="recording_bucket_name")]
        indexes = [
            models.Index(fields=["patient", "start", "stop"], name="recording_patient_start"),
            models.Index(fields=["patient", "fingerprint"], name="recording_fingerprint"),
        ]

    def __str__(self) -> str:
        return f"{self.patient}/{self.name}"

    @property
    def labels(self) -> list[tuple[int, str]]:
        """(channel number, label) of every channel with chunks, in header order."""
        return [(number, label) for number, label in json.loads(self.channels)]

    @property
    def warning_texts(self) -> list[str]:
        return list(json.loads(self.warnings))


class ChunkHeader(models.Model):
    """One hour of one channel: what is known of a `.chn` object without its samples."""

    db_alias = "headers"

    bucket = models.CharField(max_length=63)
    object_key = models.CharField(max_length=700, db_column="objectKey")
    patient = models.CharField(max_length=40)
    recording = models.CharField(max_length=120)
    channel = models.SmallIntegerField(null=True)
    label = models.CharField(max_length=64)
    label_norm = models.CharField(max_length=64)
    chunk = models.IntegerField()
    start = PatientTimeField()
    stop = PatientTimeField()
    duration_us = models.BigIntegerField("duration (µs)")
    samples = models.BigIntegerField()
    samps_per_record = models.IntegerField("samples per data record")
    record_duration = models.CharField("record duration (s)", max_length=16)
    dtype = models.CharField(max_length=3)
    size_bytes = models.BigIntegerField("bytes", db_column="bytes")
    crc32 = models.CharField("CRC-32 of the samples", max_length=8, null=True)  # noqa: DJ001 (version 1 has none)
    file_crc32 = models.CharField("CRC-32 of the object", max_length=8, null=True)  # noqa: DJ001
    etag = models.CharField(max_length=80)
    version = models.SmallIntegerField()
    indexed_at = models.DateTimeField()

    class Meta:
        db_table = "chunk_header"
        constraints = [models.UniqueConstraint(fields=["bucket", "object_key"], name="chunk_bucket_key")]
        indexes = [
            models.Index(fields=["patient", "start", "stop"], name="chunk_patient_start"),
            models.Index(fields=["patient", "label_norm", "start"], name="chunk_patient_label"),
            models.Index(fields=["patient", "channel", "start"], name="chunk_patient_channel"),
            models.Index(fields=["patient", "duration_us"], name="chunk_patient_duration"),
            models.Index(fields=["bucket", "recording"], name="chunk_recording"),
        ]

    def __str__(self) -> str:
        return f"{self.bucket}/{self.object_key}"


class OverlapVerdict(models.TextChoices):
    EQUAL = "equal", "equal"
    DIFFERENT = "different", "different"
    NOT_COMPARABLE = "not comparable", "not comparable"


class OverlapContained(models.TextChoices):
    """Which of two recordings is in the other with every instant of every channel."""

    NEITHER = "", "neither"
    THIS = "this", "this one is in the earlier one"
    EARLIER = "earlier", "the earlier one is in this one"
    BOTH = "both", "each is in the other"


class RecordingOverlap(models.Model):
    """Time of some channels that two recordings of a patient hold; indexed from the `recording.json` of the one that
    was taken in later, in which `place` is its place in the list."""

    db_alias = "headers"

    bucket = models.CharField(max_length=63)
    recording = models.CharField(max_length=120)
    place = models.IntegerField()
    patient = models.CharField(max_length=40)
    earlier = models.CharField(max_length=120)
    start = PatientTimeField(help_text="on the clock of `recording`")
    stop = PatientTimeField()
    channels = models.TextField(help_text="JSON: labels as `label_norm` has them")
    verdict = models.CharField(max_length=16, choices=OverlapVerdict)
    shift_us = models.BigIntegerField("shift (µs)", help_text="to add to its times to get the earlier one's")
    contained = models.CharField(max_length=8, choices=OverlapContained, blank=True)
    settled = models.CharField(max_length=20, blank=True, help_text="how a data manager has settled it")

    class Meta:
        db_table = "recording_overlap"
        constraints = [models.UniqueConstraint(fields=["bucket", "recording", "place"], name="overlap_place")]
        indexes = [
            models.Index(fields=["patient", "start"], name="overlap_patient_start"),
            models.Index(fields=["bucket", "earlier"], name="overlap_earlier"),
        ]

    def __str__(self) -> str:
        return f"{self.patient}/{self.recording} and {self.earlier}"

    @property
    def labels(self) -> list[str]:
        """The channels, as `label_norm` has them."""
        return list(json.loads(self.channels))


class IndexFault(models.Model):
    """An object or a message that could not be indexed, and why; it goes once the object is readable or gone.

    A message that was no event has the bucket '' and its own id as the key.
    """

    db_alias = "headers"

    bucket = models.CharField(max_length=63, blank=True)
    object_key = models.CharField(max_length=700, db_column="objectKey")
    etag = models.CharField(max_length=80, blank=True)
    reason = models.CharField(max_length=500, help_text="a sentence without anything of the patient")
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    times = models.IntegerField(default=1, help_text="how often it was met")

    class Meta:
        db_table = "index_error"
        constraints = [models.UniqueConstraint(fields=["bucket", "object_key"], name="fault_bucket_key")]

    def __str__(self) -> str:
        return f"{self.bucket}/{self.object_key}"
