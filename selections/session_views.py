"""The page of one session, and its files.

Owns: that a session of a patient outside the scope is answered as one that does not exist, and that each look and each
file is in the audit.
"""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from behavior.errors import SessionMissing, SessionsUnavailable
from behavior.receive import REFUSALS
from behavior.session_files import file_of
from people.asking import page_scope
from people.roles import requires
from selections.session_sending import send
from selections.session_shown import UNREADABLE, session_or_404, show
from selections.sessions_away import told_when_away


@requires("search")
@require_safe
@told_when_away
def session_page(request: HttpRequest, file_name: str) -> HttpResponse:
    """One session."""
    return show(request, session_or_404(request, file_name))


@requires("download")
@require_safe
@told_when_away
def session_file(request: HttpRequest, file_name: str, file: str) -> HttpResponseBase:
    """One file of it: its JSON, its triggers, or one that is attached."""
    record = session_or_404(request, file_name)
    scope = page_scope(request)
    try:
        return send(request, file_of(record, file, scope=scope), record, scope=scope)
    except SessionsUnavailable:
        raise
    except SessionMissing as error:
        raise Http404 from error
    except REFUSALS as error:
        return render(request, "selections/session_refused.html", {"nav": "tasks", "error": error}, status=UNREADABLE)
