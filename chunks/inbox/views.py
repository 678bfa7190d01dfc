"""The page from which data managers take in what lies in the inbox, and the one that removes what is half taken in.

Owns: that names of files are on the page alone: forms carry references, addresses too.
"""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from chunks.errors import ChunksError, IngestRefused
from chunks.inbox.asking import FILES_MAX, Wanted, ask
from chunks.inbox.forms import BatchForm
from chunks.inbox.listing import InboxFile, inbox_files
from chunks.inbox.naming import reference
from chunks.inbox.page import in_folder, page
from chunks.interrupted import ask_to_remove, interrupted
from jobs import broker
from jobs.models import Job
from people.asking import page_scope
from people.errors import PeopleError
from people.models import Patient
from people.origin import client_address
from people.roles import requires
from storage.errors import StorageError

UNREADABLE = 422
_NUMBER_DIGITS = 6


@requires("ingest")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def inbox(request: HttpRequest) -> HttpResponse:
    """The list and the form, turned to another page with what is filled in; asked for, it leads to the page of the
    job."""
    if request.method != "POST":
        return _show(request, BatchForm())
    if "go" in request.POST or "forget" in request.POST:
        return _show(request, BatchForm(initial=request.POST.dict()))
    form = BatchForm(request.POST)
    if not form.is_valid():
        return _show(request, form, refusal="Nothing was begun: see the fields below.")
    try:
        return redirect("job", _ask(request, form).pk)
    except (PeopleError, ChunksError, StorageError) as error:
        return _show(request, form, refusal=str(error))


@requires("ingest")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def interrupted_one(request: HttpRequest, patient: str, name: str) -> HttpResponse:
    """Asks whether to remove what an interrupted ingest left, and does it."""
    scope = page_scope(request)
    found = next((each for each in interrupted(scope=scope) if (each.patient, each.name) == (patient, name)), None)
    if found is None:
        raise Http404
    refusal = ""
    if request.method == "POST":
        try:
            job = ask_to_remove(patient, name, scope=scope, send=broker.send, origin=client_address(request))
            return redirect("job", job.pk)
        except IngestRefused as error:
            refusal = str(error)
    about = {"nav": "ingest", "half": found, "refusal": refusal}
    return render(request, "chunks/interrupted.html", about, status=UNREADABLE if refusal else 200)


def _ask(request: HttpRequest, form: BatchForm) -> Job:
    wanted = Wanted(
        patient=form.cleaned_data["patient"].strip(),
        surgery_date=form.cleaned_data["surgery_date"],
        files=tuple(_chosen(request)),
        accept_truncated=form.cleaned_data["accept_truncated"],
        identity_checked=form.cleaned_data["identity_checked"],
    )
    return ask(wanted, scope=page_scope(request), send=broker.send, origin=client_address(request))


def _chosen(request: HttpRequest) -> list[InboxFile]:
    """The files that the form means, as they are now. Raises `IngestRefused` where one is not as it was shown."""
    files = inbox_files()
    wanted = _marks(request)
    found = {mark: file for file in files if (mark := reference(file)) in wanted} if wanted else {}
    if missing := len(wanted) - len(found):
        raise IngestRefused(
            f"Of the {len(wanted)} files chosen {missing} changed since the list was shown, or went from the inbox. "
            "Choose again."
        )
    if request.POST.get("all"):
        ready = in_folder([file for file in files if not file.growing], request.POST.get("folder", ""))
        together = {*ready, *found.values()}
        return [file for file in files if file in together]
    return list(found.values())


def _marks(request: HttpRequest) -> frozenset[str]:
    """The references of the files that are ticked, and of those that were on other pages."""
    if "forget" in request.POST:
        return frozenset(request.POST.getlist("file"))
    return frozenset([*request.POST.getlist("file"), *request.POST.get("elsewhere", "").split()])


def _place(request: HttpRequest) -> tuple[str, int]:
    """The folder, and the page of it, that is asked for."""
    asked = request.POST if request.method == "POST" else request.GET
    folder, number = asked.get("folder", ""), asked.get("page", "")
    if "go" in request.POST:
        folder, _, number = request.POST["go"].partition(".")
    return folder, int(number) if number.isascii() and number.isdigit() and len(number) <= _NUMBER_DIGITS else 1


def _show(request: HttpRequest, form: BatchForm, *, refusal: str = "") -> HttpResponse:
    scope = page_scope(request)
    folder, number = _place(request)
    patients = scope.visible(scope.patients)
    remembered = Patient.objects.filter(pk__in=patients).exclude(surgery_date_hash="").values_list("pk", flat=True)
    about = {
        "nav": "ingest",
        "form": form,
        "refusal": refusal,
        "page": page(folder=folder, number=number, scope=scope, chosen=_marks(request)),
        # In another folder it would mean others.
        "all": bool(request.POST.get("all")) and request.POST.get("folder", "") == folder,
        "patients": patients,
        "remembered": set(remembered),
        "folder_path": str(settings.INBOX),
        "files_max": FILES_MAX,
    }
    return render(request, "chunks/inbox.html", about, status=UNREADABLE if refusal else 200)
