"""The Django admin of `behavior`: aliases of tasks, kept by data managers; its own history says who changed one."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from behavior.models import TaskAlias
from behavior.names import fold

if TYPE_CHECKING:
    _Form = forms.ModelForm[TaskAlias]
    _Admin = admin.ModelAdmin[TaskAlias]
else:
    _Form, _Admin = forms.ModelForm, admin.ModelAdmin


class TaskAliasForm(_Form):
    class Meta:
        model = TaskAlias
        fields = ("alias", "task")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        alias, task = fold(cleaned.get("alias", "")), fold(cleaned.get("task", ""))
        if alias and alias == task:
            raise ValidationError("Case and separators do not matter: these are one name already, no alias is needed.")
        others = TaskAlias.objects.exclude(pk=self.instance.pk)
        if alias and (held := others.filter(folded=alias).first()):
            raise ValidationError(f"{held.alias} is an alias of {held.task} already. Change that one.")
        pairs = {each.folded: fold(each.task) for each in others} | {alias: task}
        seen = {alias}
        while (task := pairs.get(task, "")) and task not in seen:
            seen.add(task)
        if task == alias and alias:
            raise ValidationError("These aliases would lead in a circle. Let all of them lead to the task's own name.")
        self.instance.folded = alias
        return cleaned


@admin.register(TaskAlias)
class TaskAliasAdmin(_Admin):
    """Whoever may ingest decides which names mean one task."""

    form = TaskAliasForm
    list_display = ("alias", "task", "given_by", "given_at")
    search_fields = ("alias", "task")
    ordering = ("task", "alias")
    list_select_related = ("given_by",)

    def save_model(self, request: HttpRequest, obj: TaskAlias, form: Any, change: bool) -> None:  # noqa: ANN401, FBT001
        obj.given_by = request.user if request.user.is_authenticated else None
        super().save_model(request, obj, form, change)
