"""The pages of the search: a question and its answer, a patient, a recording.

Owns: which address shows what to whom, and that each look is in the audit. A patient or a recording outside the scope
is answered as one that does not exist.
"""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from chunks.about import read_about
from people import audit
from people.asking import page_scope
from people.origin import client_address
from people.roles import requires
from selections.answer import PICTURES, commands, first_page, later_page, pictures
from selections.at_a_glance import OVERVIEW, glances
from selections.cursor import Cursor, parse_cursor
from selections.errors import CursorRefused
from selections.form import Asked, read_asked, same_address, understood
from selections.patient_page import about_patient, recording_row
from selections.recording_page import about_recording
from selections.resolve import resolve
from selections.selection import Selection
from selections.sessions_away import told_when_away
from selections.shared_time import shared_times, why_left_out

# A question whose own address would be longer than web servers take (8,190) is answered where it was asked.
ADDRESS_MAX = 6_000


@told_when_away
@requires("search")
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """The question and its answer; without a question, what there is."""
    query = request.META.get("QUERY_STRING", "")
    asked = read_asked(query)
    if asked.problems:
        return _page(request, asked)
    if not same_address(query, asked.query) and len(asked.query) <= ADDRESS_MAX:
        return HttpResponseRedirect(f"{reverse('search')}{'?' if asked.query else ''}{asked.query}")
    if asked.selection is None:
        return _begin(request, asked)
    return _answer(request, asked, asked.selection)


@requires("search")
@require_safe
def patient(request: HttpRequest, patient: str) -> HttpResponse:
    """One patient: what there is of her, day by day and recording by recording."""
    scope = page_scope(request)
    if not scope.allows(patient):
        raise Http404
    with audit.act("look", scope=scope, patients=[patient], origin=client_address(request)):
        about = about_patient(
            patient,
            scope=scope,
            all_states=request.user.has_perm("people.ingest"),
            days_after=request.GET.get("days", ""),
            recordings_after=request.GET.get("recordings", ""),
            sessions_after=request.GET.get("sessions", ""),
        )
    return render(request, "selections/patient.html", {"nav": "search", "patient": patient, "about": about})


@requires("search")
@require_safe
def recording(request: HttpRequest, patient: str, name: str) -> HttpResponse:
    """One recording: all that its `recording.json` knows."""
    scope = page_scope(request)
    all_states = request.user.has_perm("people.ingest")
    row = recording_row(patient, name, scope=scope, all_states=all_states)
    if row is None:
        raise Http404
    with audit.act("look", scope=scope, patients=[row.patient], origin=client_address(request)):
        known = read_about(row)
        times = shared_times(row, all_states=all_states)
        reasons = why_left_out(row)
    context = {
        "nav": "search",
        "row": row,
        "about": about_recording(row, known),
        "times": times,
        "reasons": reasons,
    }
    return render(request, "selections/recording.html", context)


def _begin(request: HttpRequest, asked: Asked) -> HttpResponse:
    scope = page_scope(request)
    seen = scope.visible(scope.patients)
    held = [each for each in glances(seen, scope=scope) if each.recordings]
    if not held:
        return _page(request, asked, may_see=len(seen))
    with audit.act("look", scope=scope, question=OVERVIEW, origin=client_address(request)) as act:
        shown = pictures([each.patient for each in held], question=None, scope=scope, beyond=asked.beyond)
        act.add_patients(each.patient for each in shown.strips)
    return _page(request, asked, pictures=shown, patients=held, may_see=len(seen))


def _answer(request: HttpRequest, asked: Asked, selection: Selection) -> HttpResponse:
    scope = page_scope(request)
    resolved = resolve(selection, scope=scope)
    after, lost = _cursor(asked.after)
    question = selection.url()
    origin = client_address(request)
    with audit.act("search", scope=scope, question=question, patients=resolved.patients, origin=origin):
        answer = later_page(resolved, after=after) if after else first_page(resolved, beyond=asked.beyond)
    return _page(
        request,
        asked,
        answer=answer,
        pictures=answer.pictures,
        understood=understood(selection),
        question=question,
        commands=commands(selection),
        lost=lost,
        first=reverse("search") + "?" + _first(asked),
    )


def _first(asked: Asked) -> str:
    return Asked(selection=asked.selection).query


def _cursor(text: str) -> tuple[Cursor | None, str]:
    """The position, and what is wrong with it; the first page is shown then."""
    try:
        return (parse_cursor(text) if text else None), ""
    except CursorRefused as error:
        return None, str(error)


def _page(request: HttpRequest, asked: Asked, **more: object) -> HttpResponse:
    context = {"nav": "search", "asked": asked, "pictures_at_once": PICTURES, **more}
    return render(request, "selections/search.html", context)
