"""Grants and patients in the Django admin: giving leave to see, ending it, and who has it.

Owns: that a grant is never changed but to end sooner, so that what was true on a day stays said. What is saved, and its
audit, is `people.grants`' business.
"""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.contrib.admin import ModelAdmin, SimpleListFilter, action, display
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.forms import ModelForm
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from people.acting_admin import ActingAdmin
from people.asking import page_scope
from people.errors import GrantRefused
from people.grants import check_grant, end_grant, give_grant, revoke_grant, today
from people.models import Grant, Patient
from people.origin import client_address

if TYPE_CHECKING:
    _GrantForm = ModelForm[Grant]
    _GrantAdmin = ModelAdmin[Grant]
    _PatientAdmin = ModelAdmin[Patient]
else:
    _GrantForm = ModelForm
    _GrantAdmin = _PatientAdmin = ModelAdmin

GIVEN = ("user", "patient", "all_patients", "valid_from", "valid_until", "reason")
SHOWN = ("user", "patient_name", "valid_from", "reason", "given_by", "given_at", "revoked_by", "revoked_at")


class GiveForm(_GrantForm):
    """A new grant. All patients must be said aloud: a field left empty would be too easy to overlook."""

    all_patients = forms.BooleanField(required=False, help_text="every patient, also those who come later")

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or {}
        patient = cleaned.get("patient")
        if "patient" in cleaned and bool(patient) == cleaned["all_patients"]:
            raise ValidationError("Choose one patient, or all patients.")
        if not self.errors:
            try:
                check_grant(
                    patient=patient,
                    reason=cleaned["reason"],
                    valid_from=cleaned["valid_from"],
                    valid_until=cleaned["valid_until"],
                )
            except GrantRefused as refused:
                raise ValidationError(str(refused)) from refused
        return cleaned


class EndForm(_GrantForm):
    """A grant that is in force: it can end sooner, and nothing else."""

    revoke = forms.BooleanField(required=False, label="Revoke now", help_text="It ends at once.")

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or {}
        before, until = self.initial.get("valid_until"), cleaned.get("valid_until")
        sooner = until is not None and until >= today() and (before is None or until <= before)
        if "valid_until" in self.changed_data and not self.errors and not sooner:
            raise ValidationError({"valid_until": "A grant can only end sooner. For longer, give a new one."})
        return cleaned


class StateFilter(SimpleListFilter):
    title, parameter_name = "state", "state"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, str]]:  # noqa: ANN401
        return [("now", "in force"), ("later", "begins later"), ("over", "over"), ("revoked", "revoked")]

    def queryset(self, _request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        day = today()
        kept = Q(revoked_at__isnull=True)
        states = {
            "now": kept & Q(valid_from__lte=day) & (Q(valid_until__isnull=True) | Q(valid_until__gte=day)),
            "later": kept & Q(valid_from__gt=day),
            "over": kept & Q(valid_until__lt=day),
            "revoked": ~kept,
        }
        return queryset.filter(states.get(self.value() or "", Q()))


class GrantAdmin(ActingAdmin, _GrantAdmin):
    list_display = ("user", "patient_name", "state", "valid_from", "valid_until", "reason", "given_by", "given_at")
    list_filter = (StateFilter,)
    list_select_related = ("user", "given_by")
    search_fields = ("user__username", "patient__id", "reason")
    ordering = ("-given_at", "-pk")
    actions = ("revoke",)
    list_per_page = 100

    @display(description="patient")
    def patient_name(self, grant: Grant) -> str:
        return grant.patient_id or "all patients"

    @display(description="state")
    def state(self, grant: Grant) -> str:
        return grant.state

    @action(description="Revoke the chosen grants now", permissions=["change"])
    def revoke(self, request: HttpRequest, chosen: models.QuerySet[Grant]) -> None:
        by, origin = page_scope(request), client_address(request)
        revoked = [grant for grant in chosen.select_related("user") if revoke_grant(grant, by=by, origin=origin)]
        for grant in revoked:
            self.log_change(request, grant, "Revoked.")
        messages.success(request, f"{len(revoked)} of the chosen grants are revoked; the others were before.")

    def get_fields(self, _request: HttpRequest, obj: Grant | None = None) -> Any:  # noqa: ANN401
        if obj is None:
            return GIVEN
        may_end = not obj.is_over
        return (*SHOWN[:3], "valid_until", *SHOWN[3:], *(("revoke",) if may_end else ()))

    def get_readonly_fields(self, _request: HttpRequest, obj: models.Model | None = None) -> tuple[str, ...]:
        return SHOWN if obj else ()

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any) -> Any:  # noqa: ANN401, FBT001, FBT002
        return super().get_form(request, obj, change, **options | {"form": EndForm if obj else GiveForm})

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:  # noqa: ANN401
        if db_field.name == "user":
            options["queryset"] = User.objects.filter(is_active=True, is_staff=False, is_superuser=False)
            options["queryset"] = options["queryset"].order_by("username")
            options["help_text"] = "Data managers and administrators need no grant: they see all patients."
        if db_field.name == "patient":
            options["queryset"] = Patient.objects.filter(withdrawn_at__isnull=True).order_by("pk")
            options["empty_label"], options["help_text"] = "none chosen", ""
        return super().formfield_for_foreignkey(db_field, request, **options)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"valid_from": today()} | dict(super().get_changeform_initial_data(request))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ANN401
        if isinstance(obj, Grant) and obj.is_over:
            return False
        return super().has_change_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: ANN401, FBT001
        by, origin, given = page_scope(request), client_address(request), form.cleaned_data
        if not change:
            given = {name: given[name] for name in ("patient", "reason", "valid_from", "valid_until")}
            obj.pk = give_grant(obj.user, by=by, origin=origin, **given).pk
        elif given["revoke"]:
            revoke_grant(obj, by=by, origin=origin)
        elif "valid_until" in form.changed_data:
            end_grant(obj, valid_until=given["valid_until"], by=by, origin=origin)


class PatientAdmin(_PatientAdmin):
    """Who there is. Patients are made by `manage.py add_patient`, which makes their bucket too."""

    list_display = ("id", "created_at", "withdrawn_at", "on_the_portal")
    fields = ("id", "created_at", "withdrawn_at", "on_the_portal")
    search_fields = ("id",)
    ordering = ("id",)
    actions = None
    list_per_page = 100

    @display(description="page")
    def on_the_portal(self, patient: Patient) -> SafeString | str:
        if patient.withdrawn_at is not None:
            return "withdrawn"
        try:
            return format_html(
                '<a href="{}">what there is of {}</a>', reverse("patient", args=[patient.pk]), patient.pk
            )
        except NoReverseMatch:
            return ""

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: models.Model | None = None) -> bool:
        return False
