"""The pages on which data managers review withheld texts: those of a patient, the lab's patterns, its names.

Owns: that a text is on the page alone: addresses and audit have states, counts and patients, forms a text's hash. What
is typed into the fields of a pattern or a name is posted, and answered where it was posted.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from chunks.errors import ChunksError
from chunks.review import publishing
from chunks.review.decide import acceptable, add_pattern, change_names, decide, revoke_pattern
from chunks.review.gather import Gathered, gather
from chunks.review.lab_names import MAX_NAMES, read_lab_names
from chunks.review.page import KEPT, OUT, TO_REVIEW, Look, read_look, review_page
from chunks.review.publish import behind, publish_patient
from chunks.review.tables import ReleasePattern, Verdict
from jobs.broker import send
from people import audit
from people.asking import page_scope
from people.origin import client_address
from people.roles import requires
from storage.errors import StorageError
from storage.objects import Objects
from storage.urls import open_objects

REFUSED = 422
REASON_MAX = 200
EXAMPLES = 20
SEEN: dict[str, frozenset[Verdict | None]] = {
    TO_REVIEW: frozenset({None}),
    OUT: frozenset({None, Verdict.RELEASED}),
    KEPT: frozenset({Verdict.KEPT}),
}
ACTS = {Verdict.RELEASED: "release annotation texts", Verdict.KEPT: "withhold annotation texts"}
View = Callable[..., HttpResponse]


def of_patient(view: View) -> View:
    """The view of a patient who may be reviewed; any other is answered as one that does not exist."""

    @wraps(view)
    def checked(request: HttpRequest, patient: str) -> HttpResponse:
        if not page_scope(request).allows(patient):
            raise Http404
        return view(request, patient)

    return checked


@requires("ingest")
@of_patient
@require_http_methods(["GET", "HEAD", "POST"])
def review(request: HttpRequest, patient: str) -> HttpResponse:
    """The texts of a patient; posted, what is decided of those that are ticked."""
    if request.method != "POST":
        return _review(request, patient, look=read_look(request.GET.dict()))
    look = read_look(request.POST.dict())
    wanted = {"release": Verdict.RELEASED, "keep": Verdict.KEPT}.get(request.POST.get("do", ""))
    hashes = request.POST.getlist("text")
    try:
        if wanted is not None and hashes:
            _decide(request, patient, hashes, verdict=wanted, seen=SEEN[look.show])
        elif request.POST.get("do") == "publish":
            _publish(patient)
        else:
            messages.warning(request, "No text was ticked, so nothing was decided.")
    except (ChunksError, StorageError) as error:
        return _review(request, patient, look=look, refusal=str(error))
    return HttpResponseRedirect(f"{reverse('annotation-review', args=[patient])}?{look.query()}")


@requires("ingest")
@of_patient
@require_POST
def pattern(request: HttpRequest, patient: str) -> HttpResponse:
    """What a pattern would release of this patient; confirmed, it holds for the lab."""
    typed, reason = request.POST.get("pattern", ""), request.POST.get("reason", "").strip()[:REASON_MAX]
    scope = page_scope(request)
    gathered = _gather(request, patient)
    try:
        wanted = acceptable(typed, gathered=gathered)
        if request.POST.get("do") == "confirm":
            act = "add release pattern"
            with audit.act(act, scope=scope, patients=[patient], origin=client_address(request)):
                is_new = add_pattern(wanted, reason=reason, by=scope)
                _publish(patient)
            messages.success(request, "The pattern holds from now on." if is_new else "That pattern held already.")
            return redirect("job", publishing.ask(scope=scope, send=send).pk) if is_new else _back(patient)
    except (ChunksError, StorageError) as error:
        return _review(request, patient, look=Look(), gathered=gathered, refusal=str(error), typed=typed)
    found = [group for group in gathered.groups if wanted.matches(group.text)]
    about = {
        "nav": "annotations",
        "patient": patient,
        "pattern": wanted.text,
        "reason": reason,
        "out": [group for group in found if not group.marked][:EXAMPLES],
        "out_count": sum(not group.marked for group in found),
        "stay": [group for group in found if group.marked][:EXAMPLES],
        "stay_count": sum(group.marked for group in found),
    }
    return render(request, "chunks/review_pattern.html", about)


@requires("ingest")
@require_http_methods(["GET", "HEAD", "POST"])
def patterns(request: HttpRequest) -> HttpResponse:
    """The lab's patterns; posted, one of them is revoked."""
    scope, refusal = page_scope(request), ""
    number = request.POST.get("number", "")
    if request.method == "POST" and number.isascii() and number.isdigit():
        try:
            with audit.act("revoke release pattern", scope=scope, origin=client_address(request)):
                ended = revoke_pattern(int(number), by=scope)
            if ended:
                return redirect("job", publishing.ask(scope=scope, send=send).pk)
        except (ChunksError, OverflowError) as error:
            refusal = str(error)
    rows = ReleasePattern.objects.order_by("revoked_at", "pattern", "pk")
    about = {
        "nav": "annotations",
        "in_force": [row for row in rows if row.revoked_at is None],
        "ended": [row for row in rows if row.revoked_at is not None],
        "behind": len(behind(scope=scope)),
        "refusal": refusal,
    }
    return render(request, "chunks/review_patterns.html", about, status=REFUSED if refusal else 200)


@requires("ingest")
@require_http_methods(["GET", "HEAD", "POST"])
def names(request: HttpRequest) -> HttpResponse:
    """The names that are marked in all patients' texts; posted, the list as it is from now on."""
    objects, refusal, typed = open_objects(settings.OBJECTS_URL), "", request.POST.get("names", "")
    if request.method == "POST":
        try:
            with audit.act("change names to mark", scope=page_scope(request), origin=client_address(request)):
                etag = request.POST.get("etag", "")
                count = change_names(objects, typed.splitlines(), if_etag=etag, by=page_scope(request))
            messages.success(request, f"{count:,} names are marked from now on.")
            if ReleasePattern.objects.filter(revoked_at__isnull=True).exists():
                publishing.ask(scope=page_scope(request), send=send)
            return redirect("annotation-names")
        except (ChunksError, StorageError) as error:
            refusal = str(error)
    try:
        held, etag = read_lab_names(objects)
    except (ChunksError, StorageError) as error:
        held, etag, refusal = [], "", refusal or str(error)
    shown = typed if refusal and typed else "\n".join(held)
    about = {"nav": "annotations", "names": shown, "etag": etag, "count": len(held), "max": MAX_NAMES}
    status = REFUSED if refusal else 200
    return render(request, "chunks/review_names.html", about | {"refusal": refusal}, status=status)


def _review(
    request: HttpRequest,
    patient: str,
    *,
    look: Look,
    gathered: Gathered | None = None,
    refusal: str = "",
    **more: Any,  # noqa: ANN401 - the context of a template
) -> HttpResponse:
    gathered = gathered or _gather(request, patient)
    about = {
        "nav": "annotations",
        "patient": patient,
        "gathered": gathered,
        "page": review_page(gathered, look=look, patient=patient),
        "behind": patient in behind(scope=page_scope(request)),
        "refusal": refusal,
        **more,
    }
    return render(request, "chunks/review.html", about, status=REFUSED if refusal else 200)


def _gather(request: HttpRequest, patient: str) -> Gathered:
    with audit.act(
        "look at withheld texts", scope=page_scope(request), patients=[patient], origin=client_address(request)
    ):
        return gather(_objects(), patient=patient)


def _decide(
    request: HttpRequest, patient: str, hashes: list[str], *, verdict: Verdict, seen: frozenset[Verdict | None]
) -> None:
    scope, origin = page_scope(request), client_address(request)
    question = f"{len(set(hashes))} texts"
    with audit.act(ACTS[verdict], scope=scope, question=question, patients=[patient], origin=origin):
        decided = decide(hashes, verdict, patient=patient, by=scope, seen=seen)
        _publish(patient)
    count, left = decided.texts, decided.left
    done = "released: researchers can read them" if verdict == Verdict.RELEASED else "kept withheld"
    if count:
        messages.success(request, f"{count:,} {'text is' if count == 1 else 'texts are'} {done}.")
    if left:
        messages.warning(
            request,
            f"{left:,} of those ticked {'stays' if left == 1 else 'stay'} {decided.so}, as {decided.by} has decided "
            "meanwhile.",
        )


def _publish(patient: str) -> None:
    publish_patient(_objects(), patient=patient)


def _objects() -> Objects:
    return open_objects(settings.OBJECTS_URL)


def _back(patient: str) -> HttpResponse:
    return redirect("annotation-review", patient)
