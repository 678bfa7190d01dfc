"""The pages of analyses: asking for one, and fetching its result.

Owns: who is let in, which sentence and which status a refusal has, and that both acts are in the audit.
"""

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_safe

from analysis.asking import ask, wanted
from analysis.errors import AnalysisError, NotInstalled, ScopeShrunk
from analysis.fetching import check_scope, result_of
from analysis.known import KNOWN
from analysis.masters import INSTALL, why_not
from analysis.models import Result
from analysis.picture import image
from analysis.place import Place
from analysis.shown import seen, summary_of
from jobs import broker
from jobs.terminal import size_text
from people import audit
from people.asking import page_scope
from people.origin import client_address
from people.roles import requires
from people.scope import Scope
from selections.command_line import options_of
from selections.errors import SelectionError
from selections.resolve import resolve
from selections.selection import Selection
from selections.sessions_away import told_when_away
from selections.words import parse_url
from storage.errors import StorageError

UNREADABLE, GONE = 422, 410
FILES = {"parquet": "application/zip", "csv": "text/csv; charset=utf-8", "faults": "text/csv; charset=utf-8"}


@told_when_away
@requires("download")
@require_http_methods(["GET", "HEAD", "POST"])
def analysis_new(request: HttpRequest) -> HttpResponse:
    """Which analyses there are for a question; and asking for one of them."""
    posted = request.method == "POST"
    try:
        selection = parse_url(request.POST.get("question", "") if posted else request.META.get("QUERY_STRING", ""))
    except SelectionError as error:
        return _page(request, error=error, status=UNREADABLE)
    if not posted:
        return _page(request, selection=selection)
    resolved = resolve(selection, scope=(scope := page_scope(request)))
    question, origin = selection.url(), client_address(request)
    try:
        asked = wanted(request.POST.get("analysis", ""), window=request.POST.get("window", "").strip())
        with audit.act("analyse", scope=scope, question=question, origin=origin) as act:
            job, _ = ask(resolved, asked=asked, send=broker.send)
            act.add_patients(stay.patient for stay in resolved.stays if stay.recordings)
    except AnalysisError as error:
        return _page(request, selection=selection, error=error, status=UNREADABLE)
    return redirect("job", job.pk)


@requires("search")
@require_safe
@cache_control(private=True, no_store=True)
def analysis_picture(request: HttpRequest, job_id: int) -> HttpResponse:
    """The cells of a picture as a PNG, to whom the job's page shows it."""
    scope = page_scope(request)
    shown = seen(job_id, scope=scope, asked=request.GET) if result_of(job_id, scope=scope) else None
    summary = summary_of(shown) if shown else None
    if shown is None or summary is None:
        raise Http404
    return HttpResponse(image(summary, value=shown.value), content_type="image/png")


@requires("download")
@require_safe
@cache_control(private=True, no_store=True)
def analysis_file(request: HttpRequest, job_id: int, kind: str) -> HttpResponseBase:
    """Parquet, CSV, or the faults as CSV: to the result's owner, while all of its patients may be seen by her."""
    scope = page_scope(request)
    result = result_of(job_id, scope=scope)
    if result is None or result.job.under_way or kind not in FILES:
        raise Http404
    if not result.ready:
        return render(request, "analysis/refused.html", {"nav": "jobs", "job": result.job}, status=GONE)
    if request.method == "HEAD":
        return _named(HttpResponse(content_type=FILES[kind]), result, kind)
    origin = client_address(request)
    act = audit.begin("fetch", scope=scope, question=result.job.question, patients=result.patients, origin=origin)
    try:
        check_scope(result, scope=scope)
        pieces = _pieces(result, kind)
        first = next(pieces, b"") + next(pieces, b"")  # of CSV the first is no more than the names of columns
    except (AnalysisError, StorageError) as error:
        refused = isinstance(error, ScopeShrunk)
        act.close(audit.Outcome.REFUSED if refused else audit.Outcome.FAILED, reason=type(error).__name__)
        about = {"nav": "jobs", "job": result.job, "error": error}
        return render(request, "analysis/refused.html", about, status=403 if refused else 503)
    return _named(StreamingHttpResponse(_counted(first, pieces, act=act), content_type=FILES[kind]), result, kind)


def _named(answer: HttpResponseBase, result: Result, kind: str) -> HttpResponseBase:
    name = result.file_name + {"parquet": ".zip", "csv": ".csv", "faults": "-faults.csv"}[kind]
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    if kind == "parquet":
        answer["Content-Length"] = str(result.size_bytes)
    return answer


def _pieces(result: Result, kind: str) -> Iterator[bytes]:
    place = Place(settings.RESULTS_URL)
    if kind == "parquet":
        return place.stream(result.zip_name)
    if find_spec("pyarrow") is None:
        raise NotInstalled(INSTALL)
    pieces: Iterator[bytes] = import_module("analysis.as_csv").csv_of(
        result, kind="data" if kind == "csv" else kind, place=place
    )
    return pieces


def _counted(first: bytes, pieces: Iterator[bytes], *, act: audit.OpenAct) -> Iterator[bytes]:
    """The bytes, and at their end, whatever it is, the audit's outcome with how many went out."""
    outcome = audit.Outcome.FAILED
    try:
        act.add_bytes(len(first))
        yield first
        for piece in pieces:
            act.add_bytes(len(piece))
            yield piece
        outcome = audit.Outcome.DONE
    except GeneratorExit:  # its reader went away
        outcome = audit.Outcome.CANCELLED
        raise
    finally:
        act.close(outcome)


def _page(
    request: HttpRequest, *, selection: Selection | None = None, error: Exception | None = None, status: int = 200
) -> HttpResponse:
    about: dict[str, object] = {"nav": "search", "error": error, "selection": selection, "known": list(KNOWN.values())}
    about |= {"chosen": request.POST.get("analysis", ""), "window": request.POST.get("window", "")}
    if selection is not None:
        about |= _found(selection, scope=page_scope(request))
    return render(request, "analysis/new.html", about, status=status)


def _found(selection: Selection, *, scope: Scope) -> dict[str, object]:
    totals = resolve(selection, scope=scope).totals()
    return {
        "question": selection.url(),
        "totals": totals,
        "size": size_text(totals.size_bytes),
        "missing": why_not(settings.SPARK_MASTER),
        "command": f"python manage.py spark_submit band_power {options_of(selection)}",
    }
