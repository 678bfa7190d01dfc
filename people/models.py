"""The tables of `people`: patients, grants, personal tokens and the audit, all in the portal database.

Owns: columns, constraints, and the rule that audit rows cannot be changed or deleted through the ORM. Users are never
deleted but deactivated (every reference protects them), so that grants and audit stay true.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, NoReturn, TypeVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from people.errors import AuditIsFinal

PATIENT_ID_LENGTH = 40
_Row = TypeVar("_Row", bound=models.Model)


class Patient(models.Model):
    """A de-identified person. Made by `people.patients.add_patient` alone; the row outlives a withdrawal."""

    id = models.CharField(max_length=PATIENT_ID_LENGTH, primary_key=True, help_text="as first written")
    folded = models.CharField(max_length=PATIENT_ID_LENGTH, unique=True, editable=False, help_text="in lower case")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    surgery_date_hash = models.CharField(max_length=64, blank=True, default="", editable=False)
    withdrawn_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(folded=Lower("id")), name="patient_folded_is_lower_case")
        ]
        # What a person may do at all; on which patients is said by the Scope. `people.roles` gives them to groups.
        permissions = [
            ("search", "Can search and look"),
            ("download", "Can download"),
            ("ingest", "Can ingest recordings"),
            ("administer", "Can give access and read the audit"),
        ]

    def __str__(self) -> str:
        return self.id

    def save(self, **options: Any) -> None:  # noqa: ANN401 - Django's own options
        self.folded = self.id.lower()
        super().save(**options)


class PatientIdentity(models.Model):
    """What the header of a patient's file said of who was recorded, as keyed hashes; empty: unknown.

    A patient has several where a person has checked that they are one. Kept and compared by `people.patient_identity`.
    """

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="identities")
    name_hash = models.CharField(max_length=64, blank=True, default="", editable=False)
    birth_date_hash = models.CharField(max_length=64, blank=True, default="", editable=False)
    code_hash = models.CharField(max_length=64, blank=True, default="", editable=False)
    since = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name_plural = "patient identities"
        constraints = [
            models.UniqueConstraint(
                fields=["patient", "name_hash", "birth_date_hash", "code_hash"], name="patient_identity_once"
            )
        ]

    def __str__(self) -> str:
        return f"identity {self.pk} of {self.patient_id}"


class Grant(models.Model):
    """Leave for a user to see one patient, or all, on the days from `valid_from` to `valid_until`, both included."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="grants")
    patient = models.ForeignKey(
        Patient, on_delete=models.PROTECT, null=True, blank=True, related_name="grants", help_text="empty: all patients"
    )
    valid_from = models.DateField()
    valid_until = models.DateField(null=True, blank=True, help_text="the last day; empty: no end")
    reason = models.CharField(max_length=200, help_text="why, or the protocol's number")
    given_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="empty: the administrator at the command line",
    )
    given_at = models.DateTimeField(default=timezone.now, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True, help_text="ends the grant at once")
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(valid_until__isnull=True) | models.Q(valid_until__gte=models.F("valid_from")),
                name="grant_ends_after_it_begins",
                violation_error_message="The last day lies before the first.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.patient_id or 'all patients'} for user {self.user_id}"

    @property
    def has_begun(self) -> bool:
        return self.valid_from <= timezone.now().date()

    @property
    def is_over(self) -> bool:
        """It is revoked, or its last day (UTC) is past."""
        return self.revoked_at is not None or (
            self.valid_until is not None and self.valid_until < timezone.now().date()
        )

    @property
    def state(self) -> str:
        if self.revoked_at is not None:
            return "revoked"
        if self.is_over:
            return "over"
        return "in force" if self.has_begun else "begins later"


class Token(models.Model):
    """A personal token: what opens the portal to its user's own programs. Made and read by `people.tokens` alone."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="tokens")
    name = models.CharField(max_length=60, help_text="where it is used")
    digest = models.CharField(max_length=64, unique=True, editable=False, help_text="SHA-256 of the token")
    beginning = models.CharField(max_length=16, editable=False, help_text="its first characters, to know it by")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True, help_text="written at most once a minute")
    last_used_from = models.CharField(max_length=200, blank=True, default="")
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.beginning}… of user {self.user_id}"


class FinalRows(models.QuerySet[_Row]):
    """Rows that can be added and read, and nothing else."""

    def _refuse(self) -> NoReturn:
        raise AuditIsFinal(
            f"Rows of {self.model._meta.verbose_name_plural} are neither changed nor deleted: the audit would no "
            "longer say what happened. Write a new entry instead."
        )

    def update(self, **_values: Any) -> NoReturn:  # noqa: ANN401 - Django's own signature
        self._refuse()

    def delete(self) -> NoReturn:
        self._refuse()

    def _raw_delete(self, using: str | None) -> NoReturn:
        self._refuse()

    def bulk_update(self, objs: Iterable[_Row], fields: Iterable[str], batch_size: int | None = None) -> NoReturn:
        self._refuse()

    def bulk_create(
        self,
        objs: Iterable[_Row],
        batch_size: int | None = None,
        ignore_conflicts: bool = False,  # noqa: FBT001, FBT002 - as above
        update_conflicts: bool = False,  # noqa: FBT001, FBT002 - as above
        update_fields: Collection[str] | None = None,
        unique_fields: Collection[str] | None = None,
    ) -> list[_Row]:
        if update_conflicts:
            self._refuse()
        return super().bulk_create(objs, batch_size=batch_size, ignore_conflicts=ignore_conflicts)


class AuditEntries(FinalRows["AuditEntry"]):
    """Audit entries; the one change they know is being closed, once."""

    def close(self, *, outcome: str, reason: str, size_bytes: int, now: datetime) -> int:
        """Writes the outcome into those of these entries that are still open; how many they were."""
        still_open = self.filter(outcome="")
        return models.QuerySet.update(still_open, outcome=outcome, reason=reason, bytes=size_bytes, closed_at=now)


class FinalModel(models.Model):
    """A row that is written once."""

    class Meta:
        abstract = True

    def save(self, **options: Any) -> None:  # noqa: ANN401 - Django's own options
        if not self._state.adding:
            raise AuditIsFinal(f"Audit row {self.pk} cannot be changed. Write a new entry instead.")
        # Without this a new object with a used primary key would overwrite that row.
        super().save(**(options | {"force_insert": True}))

    def delete(self, *_args: Any, **_options: Any) -> NoReturn:  # noqa: ANN401 - Django's own options
        raise AuditIsFinal(f"Audit row {self.pk} cannot be deleted.")


class AuditEntry(FinalModel):
    """One act of one person: written before the act (open), closed with its outcome after it."""

    at = models.DateTimeField(default=timezone.now, db_index=True)
    act = models.CharField(max_length=40)
    by_name = models.CharField(max_length=150)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="audit_entries"
    )
    means = models.CharField(max_length=20)
    origin = models.CharField(max_length=200, blank=True, default="")
    question = models.TextField(blank=True, default="")
    bytes = models.BigIntegerField(default=0)
    outcome = models.CharField(max_length=10, blank=True, default="")
    reason = models.CharField(max_length=500, blank=True, default="")
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = AuditEntries.as_manager()

    class Meta:
        base_manager_name = "objects"
        verbose_name_plural = "audit entries"
        indexes = [
            models.Index(fields=["user", "at"], name="audit_user_at"),
            models.Index(fields=["act"], name="audit_act"),
        ]

    def __str__(self) -> str:
        return f"{self.act} by {self.by_name}: {self.outcome_text}"

    @property
    def is_open(self) -> bool:
        """No outcome is written: the act is under way, or its process was killed."""
        return self.outcome == ""

    @property
    def outcome_text(self) -> str:
        return self.outcome or "outcome unknown"


class AuditedPatient(FinalModel):
    """A patient that an act touched; text and no reference, so that it outlives a withdrawal."""

    entry = models.ForeignKey(AuditEntry, on_delete=models.PROTECT, related_name="patients")
    patient = models.CharField(max_length=PATIENT_ID_LENGTH)

    objects = FinalRows["AuditedPatient"].as_manager()

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(fields=["patient", "entry"], name="audited_patient_once"),
        ]

    def __str__(self) -> str:
        return f"{self.patient} in audit entry {self.entry_id}"
