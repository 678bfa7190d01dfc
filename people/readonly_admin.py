"""Pages of the Django admin that show and never change anything, of tables that may have millions of rows.

Owns: what such a page leaves out (buttons, actions, full counts, sorting by columns), that pages of a list are counted
up to a limit, and that looking is written into the audit. Apps above take their admin classes from here.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NoReturn

from django.contrib.admin import ModelAdmin, ShowFacets, SimpleListFilter
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.functional import cached_property

from people import audit
from people.asking import page_scope
from people.origin import client_address

COUNTED = 10_000
MAX_QUESTION = 500

if TYPE_CHECKING:
    _Admin = ModelAdmin[models.Model]
    _Pages = Paginator[models.Model]
else:
    _Admin, _Pages = ModelAdmin, Paginator


class BoundedPaginator(_Pages):
    """Counts no further than `COUNTED` rows, and shows no page beyond: filters lead to the others."""

    @cached_property
    def _counted(self) -> int:
        rows = self.object_list
        # Without an order, so that the database may stop wherever it has seen enough.
        return rows.order_by()[: COUNTED + 1].count() if isinstance(rows, models.QuerySet) else len(rows)

    @cached_property
    def count(self) -> int:
        return min(self._counted, COUNTED)

    @property
    def has_more(self) -> bool:
        return self._counted > COUNTED


class OfferedFilter(SimpleListFilter):
    """A filter whose values are offered from small tables. The list itself applies it, since only the whole question
    says which index leads to the answer."""

    # What a choice of this filter makes meaningless.
    clears: tuple[str, ...] = ()

    def queryset(self, _request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        return queryset

    def choices(self, changelist: ChangeList) -> Any:  # noqa: ANN401 - Django's own iterator of dicts
        name = self.parameter_name or ""
        clears = [name, *self.clears]
        yield {
            "selected": self.value() is None,
            "query_string": changelist.get_query_string(remove=clears),
            "display": "All",
        }
        for value, title in self.lookup_choices:
            yield {
                "selected": self.value() == str(value),
                "query_string": changelist.get_query_string({name: value}, remove=clears),
                "display": title,
            }


class ReadOnlyAdmin(_Admin):
    """Nobody adds, changes or deletes here, superusers neither; who has the permission to view, views."""

    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    actions = None
    sortable_by = ()
    list_per_page = 100
    list_max_show_all = 0
    change_form_template = "admin/read_only.html"
    # How looking is written into the audit; empty: it is not.
    act = ""

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: models.Model | None = None) -> bool:
        return False

    def history_view(self, *_args: object, **_options: object) -> NoReturn:
        """What is never changed here has no history here."""
        raise Http404

    def question(self, request: HttpRequest) -> str:
        """What the list is asked for, as the audit keeps it."""
        return request.GET.urlencode()[:MAX_QUESTION]

    def patients_shown(self, _rows: Iterable[Any], _request: HttpRequest) -> Iterable[str]:
        """The patients that a list of these rows, or the page of one of them, tells about."""
        return ()

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.act or not self.has_view_permission(request):
            return super().changelist_view(request, extra_context)
        question, origin = self.question(request), client_address(request)
        with audit.act(self.act, scope=page_scope(request), question=question, origin=origin) as opened:
            response = super().changelist_view(request, extra_context)
            if isinstance(response, TemplateResponse) and "cl" in (response.context_data or {}):
                changes = response.context_data["cl"]  # type: ignore[index]
                changes.result_list = list(changes.result_list)
                opened.add_patients(self.patients_shown(changes.result_list, request))
        return response

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id) if self.act and self.has_view_permission(request) else None
        if row is None:
            return super().change_view(request, object_id, form_url, extra_context)
        question = f"{self.opts.model_name} {row.pk}"
        patients, origin = self.patients_shown([row], request), client_address(request)
        with audit.act(self.act, scope=page_scope(request), question=question, patients=patients, origin=origin):
            return super().change_view(request, object_id, form_url, extra_context)
