"""What data managers do with sessions: add files, correct, align.

Owns: who is let in, which sentence a refusal has, and that each act is in the audit.
"""

from collections.abc import Sequence
from typing import Any, BinaryIO, cast

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from behavior.add import Attachment
from behavior.aligning import ask, keep_proposal, proposal_of
from behavior.correct import set_session
from behavior.errors import SessionsUnavailable
from behavior.place import sessions_here
from behavior.receive import REFUSALS, Received, make, receive
from behavior.session_files import objects_here
from behavior.take import Taken
from jobs.errors import JobUnknown
from people import audit
from people.asking import page_scope
from people.newest_first import row_number
from people.origin import client_address
from people.roles import requires
from selections.session_forms import AlignForm, NewSessionForm, as_told
from selections.session_names import session_link
from selections.session_shown import UNREADABLE, correct_form, session_or_404, show
from selections.sessions_away import told_when_away

FILES_MAX = 100
YES = "yes"
REASON_MAX = 300


@requires("ingest")
@require_http_methods(["GET", "HEAD", "POST"])
@told_when_away
def session_add(request: HttpRequest) -> HttpResponse:
    """Takes the files that are sent, each by itself, and says what became of each."""
    if request.method != "POST":
        return _adding(request)
    files = request.FILES.getlist("files")
    if not files:
        return _adding(request, refusal="No file was chosen. Choose one or several, then add them.", status=UNREADABLE)
    scope = page_scope(request)
    question = f"{len(files)} files"
    with audit.act("ingest sessions", scope=scope, question=question, origin=client_address(request)) as act:
        results = []
        for file in files:
            result = receive(_attachment(file), size_bytes=file.size or 0, by=scope)
            results.append(result)
            if result.taken:
                act.add_patients({record.subject for record in result.taken.records})
                act.add_bytes(result.size_bytes)
        if bad := [str(place) for place, result in enumerate(results, 1) if not result.taken]:
            act.ends_as(audit.Outcome.FAILED, reason=f"Refused: number {', '.join(bad)} of {len(files)}.")
    return _adding(request, results=results)


@requires("ingest")
@require_POST
@told_when_away
def session_new(request: HttpRequest) -> HttpResponse:
    """Makes a session of words, with the files that are sent."""
    form = NewSessionForm(request.POST, auto_id="n-%s")
    if not form.is_valid():
        return _adding(request, form=form, status=UNREADABLE)
    scope = page_scope(request)
    files = [_attachment(each) for each in request.FILES.getlist("files")]
    try:
        with audit.act("add session", scope=scope, origin=client_address(request)) as act:
            taken = make(form.new, attachments=files, by=scope)
            act.add_patients({record.subject for record in taken.records})
    except SessionsUnavailable:
        raise
    except REFUSALS as error:
        form.add_error(None, str(error))
        return _adding(request, form=form, status=UNREADABLE)
    _tell(request, taken)
    return redirect(session_link(taken.records[0].file_name) if taken.records else "session-add")


@requires("ingest")
@require_POST
@told_when_away
def session_correct(request: HttpRequest, file_name: str) -> HttpResponse:
    """Corrects what the session says, by its notes."""
    record = session_or_404(request, file_name)
    form = correct_form(record, request.POST)
    if not form.is_valid():
        return show(request, record, correct=form, status=UNREADABLE)
    scope = page_scope(request)
    try:
        with audit.act(
            "set session", scope=scope, question=file_name, patients=[record.subject], origin=client_address(request)
        ) as act:
            corrected = set_session(
                file_name,
                correction=form.correction,
                reason=form.cleaned_data["reason"],
                by=scope,
                objects=objects_here(),
                sessions=sessions_here(),
            )
            act.add_patients({corrected.after.subject})
    except SessionsUnavailable:
        raise
    except REFUSALS as error:
        form.add_error(None, str(error))
        return show(request, record, correct=form, status=UNREADABLE)
    messages.success(request, "The session is corrected; the file stays as it came.")
    return redirect(session_link(file_name))


@requires("ingest")
@require_POST
@told_when_away
def session_align(request: HttpRequest, file_name: str) -> HttpResponse:
    """Asks for a proposal, and goes to the page of its job."""
    record = session_or_404(request, file_name)
    form = AlignForm(request.POST, auto_id="a-%s")
    if not form.is_valid():
        return show(request, record, align=form, status=UNREADABLE)
    return redirect("job", ask(record, asked=form.asked, scope=page_scope(request)).pk)


@requires("ingest")
@require_POST
@told_when_away
def session_keep(request: HttpRequest, file_name: str) -> HttpResponse:
    """Keeps what a job proposed; what is doubtful only with a yes."""
    record = session_or_404(request, file_name)
    scope = page_scope(request)
    patients, origin = [record.subject], client_address(request)
    try:
        with audit.act("align session", scope=scope, question=file_name, patients=patients, origin=origin) as act:
            proposed = proposal_of(row_number(request.POST.get("job", "")) or 0, file_name=file_name, scope=scope)
            kept = request.POST.get("yes") == YES or not proposed.alignment.needs_yes
            if kept:
                keep_proposal(record, proposed, reason=request.POST.get("reason", "")[:REASON_MAX], by=scope)
            else:
                act.ends_as(audit.Outcome.REFUSED, reason="doubtful")
    except SessionsUnavailable:
        raise
    except (*REFUSALS, JobUnknown) as error:
        return show(request, record, refusal=str(error), status=UNREADABLE)
    if not kept:
        refusal = f"{' '.join(proposed.alignment.doubts)} It was not kept: look at it, then say that it is right."
        return show(request, record, refusal=refusal, status=UNREADABLE)
    messages.success(request, "The alignment is kept.")
    return redirect(session_link(file_name))


def _attachment(file: "UploadedFile[Any]") -> Attachment:
    return Attachment(name=file.name or "", file=cast("BinaryIO", file))


def _tell(request: HttpRequest, taken: Taken) -> None:
    messages.success(request, f"{taken.outcome.capitalize()} as {taken.key}.")
    for finding in taken.findings:
        messages.warning(request, finding)


def _adding(
    request: HttpRequest,
    *,
    results: Sequence[Received] = (),
    form: NewSessionForm | None = None,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    shown = [
        (result, None if result.taken else NewSessionForm(initial=as_told(result.told), auto_id=f"n{place}-%s"))
        for place, result in enumerate(results, 1)
    ]
    context = {
        "nav": "tasks",
        "results": shown,
        "taken": sum(1 for result in results if result.taken),
        "form": form or NewSessionForm(auto_id="n-%s"),
        "refusal": refusal,
        "files_max": FILES_MAX,
    }
    return render(request, "selections/session_add.html", context, status=status)
