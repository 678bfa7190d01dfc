"""The page on which a data manager settles that two recordings hold different data at the same time.

Owns: who is let in, which sentence a refusal has, and that the act is in the audit.
"""

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from chunks.errors import SettledMeanwhile
from chunks.overlap_picture import first_different, picture
from chunks.settle import REFUSALS, How, settle_here
from chunks.who_indexes import DIRECT, why_rows_follow
from people import audit
from people.asking import page_scope
from people.origin import client_address
from people.roles import requires
from people.scope import Scope
from selections.shared_time import conflict_of
from selections.times import spell_instant

UNDONE = 422


@requires("ingest")
@require_http_methods(["GET", "HEAD", "POST"])
def conflict(request: HttpRequest, patient: str, name: str, earlier: str) -> HttpResponse:
    """Both recordings side by side; a post settles which of them searches find."""
    scope = page_scope(request)
    if not scope.allows(patient):
        raise Http404
    if request.method == "POST":
        return _settle(request, patient, name, earlier, scope=scope)
    return _page(request, patient, name, earlier, scope=scope)


def _settle(request: HttpRequest, patient: str, name: str, earlier: str, *, scope: Scope) -> HttpResponse:
    found = conflict_of(patient, name, earlier)
    if found is None:
        raise Http404
    asked = request.POST.get("how", "")
    if asked not in set(How) or not found.can_settle:
        return _page(request, patient, name, earlier, scope=scope, refusal="Choose one of the ways below.")
    how, seen = How(asked), request.POST.get("seen", "")
    try:
        with audit.act(
            "settle overlap",
            scope=scope,
            question=f"{name} and {earlier}: {how}",
            patients=[patient],
            origin=client_address(request),
        ):
            settle_here(patient, recording=name, earlier=earlier, how=how, by=scope.by, seen=seen)
    except SettledMeanwhile as error:
        return _page(request, patient, name, earlier, scope=scope, refusal=str(error))
    except REFUSALS as error:
        return _page(request, patient, name, earlier, scope=scope, refusal=f"{error} It is not settled: try again.")
    messages.success(request, f"Settled: {_said(how, name, earlier)}")
    if settings.INDEX != DIRECT:
        messages.info(request, why_rows_follow())
    return redirect("recording", patient, earlier if how is How.THIS_HIDDEN else name)


def _said(how: How, name: str, earlier: str) -> str:
    if how is How.BOTH_KEPT:
        return f"{name} and {earlier} are both kept."
    return f"{name if how is How.THIS_HIDDEN else earlier} is hidden."


def _page(
    request: HttpRequest, patient: str, name: str, earlier: str, *, scope: Scope, refusal: str = ""
) -> HttpResponse:
    with audit.act("look", scope=scope, patients=[patient], origin=client_address(request)):
        found = conflict_of(patient, name, earlier)
    if found is None:
        raise Http404
    differing = first_different(patient, recording=name, earlier=earlier)
    drawn = picture(differing) if differing else None
    context = {
        "nav": "search",
        "patient": patient,
        "found": found,
        "refusal": refusal,
        "picture": drawn,
        "picture_from": spell_instant(drawn.start_us) if drawn else "",
    }
    return render(request, "selections/conflict.html", context, status=UNDONE if refusal else 200)
