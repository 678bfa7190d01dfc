"""Pages of the Django admin whose saving is an act of the audit.

Owns: that Django's transaction is left away around saving, since an act is never written inside another transaction:
`save_model` calls the function that does the work, which has a transaction and an act of its own.
"""

from typing import Any

from django.db import models
from django.http import HttpRequest, HttpResponse


class ActingAdmin:
    """Stands before a `ModelAdmin` among the bases. Nothing is deleted on such a page, by superusers neither."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        view = self._changeform_view  # type: ignore[attr-defined]  # of the ModelAdmin
        response: HttpResponse = view(request, object_id, form_url, extra_context)
        return response

    def has_delete_permission(self, _request: HttpRequest, _obj: models.Model | None = None) -> bool:
        return False
