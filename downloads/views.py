"""The pages of bundles: asking for one, and fetching it.

Owns: who is let in, which sentence and which status a refusal has, and that both acts are in the audit.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST, require_safe

from downloads.bundles.answers import answer, fetch_act
from downloads.bundles.asking import ask, wanted
from downloads.bundles.errors import BundleError, Busy, NoRoom, NothingToBundle, NotKept, ScopeShrunk, TooLarge
from downloads.bundles.fetching import bundle_of, check_scope
from downloads.bundles.gate import RETRY_AFTER_S
from downloads.models import Bundle
from jobs import broker
from people import audit
from people.asking import page_scope
from people.errors import TokenRefused
from people.origin import client_address
from people.roles import requires
from people.scope import Scope, scope_for
from people.tokens import user_of_token
from selections.errors import SelectionError
from selections.resolve import resolve
from selections.words import parse_url

UNREADABLE = 422
STATUSES: dict[type[Exception], int] = {
    NothingToBundle: UNREADABLE,
    TooLarge: 413,
    NoRoom: 507,
    NotKept: 503,
    ScopeShrunk: 403,
}
API = "api"
_BEARER = "Bearer "


def by_person_or_token(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """The view is for who is logged in, and for programs that show a token of hers."""

    @login_not_required
    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:  # noqa: ANN401
        if token := _token_of(request):
            try:
                request.user = user_of_token(token, origin=client_address(request))
            except TokenRefused as error:
                headers = {"WWW-Authenticate": "Bearer"}
                return HttpResponse(f"{error}\n", status=401, content_type="text/plain; charset=utf-8", headers=headers)
        elif not request.user.is_authenticated:
            return redirect(f"{reverse('login')}?{urlencode({'next': request.get_full_path()})}")
        return view(request, *args, **kwargs)

    return wrapped


@requires("download")
@require_POST
def bundle_new(request: HttpRequest) -> HttpResponse:
    """Asks for the bundle of a question, and goes to the page of its job."""
    scope = page_scope(request)
    try:
        selection = parse_url(request.POST.get("question", ""))
    except SelectionError as error:
        return _refusal(request, error, question="", status=UNREADABLE)
    resolved = resolve(selection, scope=scope)
    found = wanted(resolved)
    question, origin = selection.url(), client_address(request)
    try:
        with audit.act("make bundle", scope=scope, question=question, patients=found.patients, origin=origin) as act:
            job = ask(resolved, found=found, send=broker.send)
            act.add_bytes(found.totals.size_bytes)
    except BundleError as error:
        return _refusal(request, error, question=question, status=STATUSES[type(error)])
    return redirect("job", job.pk)


@by_person_or_token
@requires("download")
@require_safe
@cache_control(private=True, no_store=True)
def bundle_file(request: HttpRequest, job_id: int) -> HttpResponseBase:
    """The zip, or a range of it: to its owner, while all of its patients may be seen by her."""
    scope = scope_for(request.user, means=API) if _token_of(request) else page_scope(request)
    bundle = bundle_of(job_id, scope=scope)
    if bundle is None or bundle.job.under_way:
        raise Http404
    if not bundle.ready or bundle.is_expired:
        return render(request, "downloads/bundle_gone.html", {"nav": "jobs", "job": bundle.job}, status=410)
    try:
        _check_scope(request, bundle, scope=scope)
        return answer(request, bundle, scope=scope)
    except Busy:
        return _wait(request, bundle)
    except (ScopeShrunk, NotKept) as error:
        return _refusal(request, error, question=bundle.job.question, status=STATUSES[type(error)])


def _token_of(request: HttpRequest) -> str:
    """The token that a program shows; empty for a browser."""
    shown = request.headers.get("Authorization", "")
    return shown.removeprefix(_BEARER).strip() if shown.startswith(_BEARER) else ""


def _check_scope(request: HttpRequest, bundle: Bundle, *, scope: Scope) -> None:
    """A fetch that is refused is in the audit as one."""
    if bundle.outside(scope.patients):
        with fetch_act(request, bundle, scope=scope):
            check_scope(bundle, scope=scope)


def _wait(request: HttpRequest, bundle: Bundle) -> HttpResponse:
    """A page that asks again by itself, until it is the file."""
    about = {"nav": "jobs", "job": bundle.job, "seconds": RETRY_AFTER_S}
    page = render(request, "downloads/wait.html", about, status=503)
    page["Retry-After"] = page["Refresh"] = str(RETRY_AFTER_S)
    return page


def _refusal(request: HttpRequest, error: Exception, *, question: str, status: int) -> HttpResponse:
    about = {"nav": "search", "error": error, "question": question, "commands": getattr(error, "commands", ())}
    return render(request, "downloads/refused.html", about, status=status)
