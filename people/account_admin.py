"""Accounts in the Django admin: made, given roles, closed and opened again; never deleted or renamed.

Owns: that an administrator who is no superuser can neither make one nor touch one, and that nobody closes the door
behind herself. What is saved, and its audit, is `people.accounts`' business.
"""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.admin import display
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import UserChangeForm, UserCreationForm
from django.contrib.auth.models import Group, User
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters

from people import audit
from people.accounts import find_account, save_account
from people.acting_admin import ActingAdmin
from people.asking import page_scope, page_user
from people.errors import AccountRefused
from people.origin import client_address
from people.roles import Role

PERSON = ("first_name", "last_name", "email")
LEAVES = ("is_active", "groups")
HELP = {
    "is_active": "Take the mark away to close the account: its sessions and tokens stop working at once.",
    "groups": "Data managers and administrators see all patients; a researcher sees those she has a grant for.",
}


if TYPE_CHECKING:
    _Admin = UserAdmin[User]
    _AddForm = UserCreationForm[User]
    _ChangeForm = UserChangeForm[User]
else:
    _Admin = UserAdmin
    _AddForm = UserCreationForm
    _ChangeForm = UserChangeForm


class AddForm(_AddForm):
    """Names that differ by case only are too easy to mistake."""

    def clean_username(self) -> str:
        username: str = self.cleaned_data["username"]
        try:
            known = find_account(username)
        except AccountRefused as refused:
            raise ValidationError(str(refused)) from refused
        if known is not None:
            raise ValidationError("There is an account of this name.")
        return username


class AccountForm(_ChangeForm):
    """Refuses what would lock the person herself out."""

    acting: User

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or {}
        if self.instance.pk == self.acting.pk:
            if not cleaned.get("is_active", True):
                raise ValidationError("You cannot close your own account. Another administrator can.")
            if not self.acting.is_superuser and Role.ADMINISTRATOR not in _roles(cleaned.get("groups", ())):
                raise ValidationError("You cannot take this role from yourself. Another administrator can.")
        return cleaned


class AccountAdmin(ActingAdmin, _Admin):
    form = AccountForm
    add_form = AddForm
    add_form_template = "admin/change_form.html"
    add_fieldsets = ((None, {"fields": ("username", *PERSON, "groups", "password1", "password2")}),)
    list_display = ("username", "first_name", "last_name", "role_names", "is_active", "last_login")
    list_filter = ("groups", "is_active")
    filter_horizontal = ()
    readonly_fields = ("last_login", "date_joined")

    @display(description="roles")
    def role_names(self, user: User) -> str:
        return ", ".join(sorted(group.name for group in user.groups.all())) or "none"

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:  # noqa: ANN401 (Django's own shape)
        if obj is None:
            return super().get_fieldsets(request, obj)
        leaves = (*LEAVES, "is_superuser") if page_user(request).is_superuser else LEAVES
        return (
            (None, {"fields": ("username", "password", *PERSON)}),
            ("What this account may do", {"fields": leaves}),
            ("Dates (UTC)", {"fields": self.readonly_fields}),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        # The audit knows people by their names, so a name stays what it is.
        return (*self.readonly_fields, *(("username",) if obj else ()))

    def get_form(self, request: HttpRequest, obj: Any = None, **options: Any) -> Any:  # type: ignore[override]  # noqa: ANN401
        form = super().get_form(request, obj, **options)
        return type(form.__name__, (form,), {"acting": page_user(request)})

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:  # noqa: ANN401
        if db_field.name == "groups":
            options["queryset"] = Group.objects.filter(name__in=[role.value for role in Role]).order_by("pk")
            options["widget"] = forms.CheckboxSelectMultiple
            options["label"], options["help_text"] = "Roles", HELP["groups"]
            return db_field.formfield(**options)
        return super().formfield_for_manytomany(db_field, request, **options)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:  # noqa: ANN401
        if db_field.name == "is_active":
            options["help_text"] = HELP["is_active"]
        return super().formfield_for_dbfield(db_field, request, **options)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ANN401
        if isinstance(obj, User) and obj.is_superuser and not page_user(request).is_superuser:
            return False
        return super().has_change_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, _change: bool) -> None:  # noqa: ANN401, FBT001
        roles = _roles(form.cleaned_data["groups"])
        save_account(obj, roles=roles, by=page_scope(request), origin=client_address(request))

    @method_decorator(sensitive_post_parameters())
    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        # Without Django's transaction, as `ActingAdmin` has it.
        response: HttpResponse = self._add_view(request, form_url, extra_context)  # type: ignore[attr-defined]
        return response

    @method_decorator(sensitive_post_parameters())
    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002 (Django's)
        user = self.get_object(request, id)
        if request.method != "POST" or user is None:
            return super().user_change_password(request, id, form_url)
        question, origin = f"user={user.get_username()}", client_address(request)
        with audit.act("set password", scope=page_scope(request), question=question, origin=origin) as opened:
            response = super().user_change_password(request, id, form_url)
            if response.status_code != 302:
                opened.ends_as(audit.Outcome.REFUSED, reason="no password that can be taken")
        return response


def _roles(groups: Any) -> list[Role]:  # noqa: ANN401 (what a form has cleaned)
    return [Role(group.name) for group in groups]
