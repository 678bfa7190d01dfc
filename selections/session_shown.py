"""How the page of one session is answered, by whichever view.

Owns: that a session outside the scope is one that does not exist, and that each look is in the audit.
"""

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render

from behavior.catalogue import Catalogue, session
from behavior.errors import SessionMissing
from behavior.noted import notes_of
from behavior.record import SessionRecord
from people import audit
from people.asking import page_scope
from people.origin import client_address
from selections.session_forms import AlignForm, CorrectForm, as_it_is
from selections.session_page import about_session

UNREADABLE = 422


def session_or_404(request: HttpRequest, file_name: str) -> SessionRecord:
    """The session, where the person may see its patient."""
    try:
        return session(file_name, scope=page_scope(request))
    except SessionMissing as error:
        raise Http404 from error


def correct_form(record: SessionRecord, data: QueryDict | None = None) -> CorrectForm:
    """The form that corrects the session, filled in as it is."""
    note = notes_of([record.file_name]).get(record.file_name)
    initial = as_it_is(record, clock_offset_us=note.clock_offset_us if note else 0)
    return CorrectForm(data, initial=initial, auto_id="c-%s")


def show(
    request: HttpRequest,
    record: SessionRecord,
    *,
    correct: CorrectForm | None = None,
    align: AlignForm | None = None,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    """The page, with a form that was refused where one was."""
    scope = page_scope(request)
    with audit.act("look", scope=scope, patients=[record.subject], origin=client_address(request)):
        about = about_session(record, catalogue=Catalogue(scope=scope))
    context = {
        "nav": "tasks",
        "about": about,
        "correct": correct or correct_form(record),
        "align": align or AlignForm(auto_id="a-%s"),
        "refusal": refusal,
    }
    return render(request, "selections/session.html", context, status=status)
