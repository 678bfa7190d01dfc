"""The pages about tasks: the list of all, and the names for a field that completes as one types.

Owns: that a look at the list is in the audit. Suggestions are not: they name tasks and numbers and no patient, and
a row for every letter would bury the rest.
"""

from dataclasses import asdict

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from behavior.catalogue import Catalogue
from behavior.errors import SessionsUnavailable
from people import audit
from people.asking import page_scope
from people.origin import client_address
from people.roles import requires
from selections.sessions_away import told_when_away
from selections.task_list import suggested, task_list

TYPED_MAX = 200


@requires("search")
@require_safe
@told_when_away
def tasks(request: HttpRequest) -> HttpResponse:
    """Every task of the patients that the person may see."""
    scope = page_scope(request)
    filter_by = request.GET.get("q", "")[:TYPED_MAX]
    with audit.act("look", scope=scope, question="tasks", origin=client_address(request)) as act:
        found = task_list(Catalogue(scope=scope), filter_by=filter_by, after=request.GET.get("after", ""))
        act.add_patients(found.patients)
    more = urlencode({"q": filter_by, "after": found.after}) if found.after else ""
    context = {"nav": "tasks", "found": found, "filter": filter_by, "more": more, "may_see": len(scope.patients)}
    return render(request, "selections/tasks.html", context)


@requires("search")
@require_safe
@never_cache
def suggest(request: HttpRequest) -> HttpResponse:
    """Tasks for what is being typed, as JSON: `{"tasks": [{"name", "typed", "sessions", "patients"}]}`."""
    scope = page_scope(request)
    try:
        found = suggested(Catalogue(scope=scope), request.GET.get("q", "")[:TYPED_MAX])
    except SessionsUnavailable:
        return JsonResponse({"tasks": []}, status=503)
    return JsonResponse({"tasks": list(map(asdict, found))})
