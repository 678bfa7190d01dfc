"""The page of objects and messages that could not be indexed: what a data manager should look at, and what to do.

Owns: which of them a person sees: those of patients in the scope; who sees all patients sees the rest too, which is
nobody's. Looking is written into the audit with the patients shown. Keys may be of another hand's making.
"""

from collections.abc import Collection

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from chunks.format.keys import patient_bucket
from chunks.models import IndexFault
from people import audit
from people.asking import page_scope
from people.newest_first import newest, row_number
from people.origin import client_address
from people.roles import requires
from people.scope import Scope

PAGE_ROWS = 100


@requires("ingest")
@never_cache
@require_safe
def index_faults(request: HttpRequest) -> HttpResponse:
    """The newest first, a page at a time (`?before=`)."""
    scope = page_scope(request)
    patients = {patient_bucket(each, prefix=settings.BUCKET_PREFIX): each for each in scope.patients}
    rows = _visible(scope, buckets=patients)
    page, older = newest(rows, before=row_number(request.GET.get("before", "")), size=PAGE_ROWS)
    shown = [(row, patients.get(row.bucket, "")) for row in page]
    named = sorted({patient for _, patient in shown if patient})
    if named:
        with audit.act("look", scope=scope, question="index faults", patients=named, origin=client_address(request)):
            pass
    return render(request, "chunks/index_faults.html", {"nav": "admin", "shown": shown, "older": older})


def _visible(scope: Scope, *, buckets: Collection[str]) -> QuerySet[IndexFault]:
    rows = IndexFault.objects.all()
    return rows if scope.sees_all else rows.filter(bucket__in=sorted(buckets))
