"""The audit in the Django admin: read by administrators, changed by nobody, and reading it is written down too.

Owns: what these pages show and by what they are filtered; the values offered come from small tables.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from people.audit_answers import LOOKING, TAKING
from people.audit_list import ACT, DAYS, MEANS, PATIENT, SERVER, SINCE, USER, entries, touched
from people.models import AuditedPatient, AuditEntry, Patient
from people.readonly_admin import OfferedFilter, ReadOnlyAdmin

NO_BREAK_HYPHEN, NO_BREAK_SPACE = "\u2011", "\u00a0"
Choices = list[tuple[str, str]]
OTHER_ACTS = ("add patient", "ingest", "make account", "change account", "give grant", "revoke grant", "end grant",
              "make token", "revoke token", "log in", "log out", "read audit")  # fmt: skip


class TouchedPatientFilter(OfferedFilter):
    title = "patient"
    parameter_name = PATIENT

    def lookups(self, _request: HttpRequest, _admin: "admin.ModelAdmin[Any]") -> Choices:
        """Those who have withdrawn too: the audit outlives them."""
        return [(each, each) for each in Patient.objects.order_by("pk").values_list("pk", flat=True)]


class UserFilter(OfferedFilter):
    title = "user"
    parameter_name = USER

    def lookups(self, _request: HttpRequest, _admin: "admin.ModelAdmin[Any]") -> Choices:
        names = User.objects.order_by("username").values_list("username", flat=True)
        return [(SERVER, "the command line"), *((name, name) for name in names)]


class ActFilter(OfferedFilter):
    title = "act"
    parameter_name = ACT

    def lookups(self, _request: HttpRequest, _admin: "admin.ModelAdmin[Any]") -> Choices:
        return [(each, each) for each in sorted({*LOOKING, *TAKING, *OTHER_ACTS})]


class MeansFilter(OfferedFilter):
    title = "means"
    parameter_name = MEANS

    def lookups(self, _request: HttpRequest, _admin: "admin.ModelAdmin[Any]") -> Choices:
        return [(each, each) for each in ("page", "command", "token", "worker")]


class SinceFilter(OfferedFilter):
    title = "time"
    parameter_name = SINCE

    def lookups(self, _request: HttpRequest, _admin: "admin.ModelAdmin[Any]") -> Choices:
        return [(str(days), "the last day" if days == 1 else f"the last {days} days") for days in DAYS]


class EntryChanges(ChangeList):
    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:  # noqa: ANN401
        super().get_queryset(request, exclude_parameters)  # reads the filters
        return entries(request.GET)


class TouchedChanges(ChangeList):
    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:  # noqa: ANN401
        super().get_queryset(request, exclude_parameters)  # as above
        return touched(request.GET)


class AuditAdmin(ReadOnlyAdmin):
    act = "read audit"


class AuditEntryAdmin(AuditAdmin):
    list_display = ("when", "act", "by_name", "means", "origin", "bytes", "outcome_text", "question")
    list_filter = (SinceFilter, UserFilter, ActFilter, MeansFilter, TouchedPatientFilter)
    search_fields = ("by_name",)
    search_help_text = "a patient's ID, or a user's name"
    fields = ("when", "act", "by_name", "user", "means", "origin", "question", "patient_list", "bytes", "outcome_text",
              "reason", "closed")  # fmt: skip

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:  # noqa: ANN401
        return EntryChanges

    def patients_shown(self, _rows: Iterable[Any], request: HttpRequest) -> Iterable[str]:
        asked = request.GET.get(PATIENT, "")
        return [asked] if Patient.objects.filter(pk=asked).exists() else ()

    @admin.display(description="at (UTC)")
    def when(self, row: AuditEntry) -> str:
        return utc(row.at)

    @admin.display(description="closed at (UTC)")
    def closed(self, row: AuditEntry) -> str:
        return utc(row.closed_at) if row.closed_at else ""

    @admin.display(description="patients")
    def patient_list(self, row: AuditEntry) -> str:
        return ", ".join(row.patients.order_by("patient").values_list("patient", flat=True)) or "none"


class AuditedPatientAdmin(AuditAdmin):
    list_display = ("patient", "entry_link", "at")
    list_filter = (TouchedPatientFilter,)
    search_fields = ("patient",)
    search_help_text = "a patient's ID"
    fields = ("patient", "entry_link", "at")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:  # noqa: ANN401
        return TouchedChanges

    def patients_shown(self, rows: Iterable[Any], _request: HttpRequest) -> Iterable[str]:
        return {row.patient for row in rows}

    @admin.display(description="entry")
    def entry_link(self, row: AuditedPatient) -> str:
        address = reverse("admin:people_auditentry_change", args=[row.entry_id])
        return format_html('<a href="{}">{}</a>', address, row.entry)

    @admin.display(description="at (UTC)")
    def at(self, row: AuditedPatient) -> str:
        return utc(row.entry.at)


def utc(at: datetime) -> str:
    """In one line: a column of a list breaks at blanks and hyphens."""
    return f"{at:%Y-%m-%d %H:%M:%S}".replace("-", NO_BREAK_HYPHEN).replace(" ", NO_BREAK_SPACE)
