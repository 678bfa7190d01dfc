"""The page of the headers database for administrators, and what everybody may ask while it sleeps.

Owns: these pages and the way from a button to a job. What is done and in which order is the engine's business; what is
known at a moment comes from `hibernation.status`, which asks AWS, so only the page itself does.
"""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from chunks.headers_db.place import State
from chunks.headers_db.state import read_state
from hibernation import held, notices, status
from hibernation.errors import HibernationError
from hibernation.forms import HibernateForm, WakeForm
from hibernation.jobs import SLEEP, WAKE, sleep_question
from hibernation.models import Sleep
from hibernation.states import Instance
from hibernation.status import Status
from jobs.asking import enqueue
from jobs.broker import send
from jobs.models import Job
from jobs.models import State as JobState
from people.asking import page_scope, page_user
from people.roles import requires
from storage.urls import open_objects

SLEEPS_SHOWN = 50


@requires("administer")
@never_cache
@require_safe
def sleep(request: HttpRequest) -> HttpResponse:
    """State, costs, snapshots, history, and the two buttons; one look at AWS."""
    return _page(request)


@requires("administer")
@never_cache
@require_safe
def now(request: HttpRequest) -> HttpResponse:
    """The part of the page that changes while somebody is at it. Asks the portal database alone."""
    seen = request.GET.get("seen", "")
    at_it = _under_way()
    if at_it is None and seen:
        return HttpResponseClientRefresh()
    return render(request, "hibernation/now.html", {"at_it": at_it, "place": read_state()})


@requires("administer")
@require_POST
def hibernate(request: HttpRequest) -> HttpResponse:
    told = _status(request)
    form = HibernateForm(request.POST, site=told.site)
    if told.place.state != State.AWAKE:
        messages.info(request, f"The headers database is {told.place} already.")
        return redirect("sleep")
    if not form.is_valid():
        return _page(request, told=told, hibernate_form=form, code=422)
    return _begun(request, kind=SLEEP, question=sleep_question(form.goal))


@requires("administer")
@require_POST
def wake(request: HttpRequest) -> HttpResponse:
    if read_state().state == State.AWAKE and not _is_half_asleep():
        messages.info(request, "The headers database is awake already.")
        return redirect("sleep")
    if not request.POST.get("source"):  # also the button of the page that says that search is asleep: AWS is not asked
        return _begun(request, kind=WAKE, question="")
    told = _status(request)
    form = WakeForm(request.POST, snapshots=told.snapshots, on_rds=told.site.on_rds)
    if not form.is_valid():
        return _page(request, told=told, wake_form=form, code=422)
    return _begun(request, kind=WAKE, question=form.choice.question())


@requires("search")
@never_cache
@require_safe
def is_awake(_request: HttpRequest) -> HttpResponse:
    """Asked by the page that says that search is asleep: it comes back by itself as soon as this says so."""
    return HttpResponseClientRefresh() if read_state().state == State.AWAKE else HttpResponse(status=204)


@requires("search")
@require_POST
def tell_me(request: HttpRequest) -> HttpResponse:
    user = page_user(request)
    if notices.can_tell(user):
        notices.ask(user)
        messages.success(request, f"A mail goes to {user.email} when search is awake.")
    else:
        messages.error(request, "No mail can be sent: your account has no address, or this portal sends no mails.")
    return redirect("home")


def _begun(request: HttpRequest, *, kind: str, question: str) -> HttpResponse:
    if (at_it := _under_way()) is not None:
        said = (
            held.said_of(at_it) if at_it.state == JobState.RUNNING else f"Job {at_it.pk} of {at_it.asker_name} waits."
        )
        messages.error(request, said)
        return redirect("sleep")
    enqueue(kind, question=question, scope=page_scope(request), send=send)
    return redirect("sleep")


def _page(
    request: HttpRequest,
    *,
    told: Status | None = None,
    hibernate_form: HibernateForm | None = None,
    wake_form: WakeForm | None = None,
    code: int = 200,
) -> HttpResponse:
    try:
        told = told or _status(request)
    except HibernationError as fault:
        return render(request, "hibernation/page.html", {"fault": str(fault), "place": read_state()}, status=503)
    context = {
        "told": told,
        "place": told.place,
        "at_it": _under_way(),
        "last": _last_job(),
        "half_asleep": _is_half_asleep(),
        "hibernate_form": hibernate_form or HibernateForm(site=told.site),
        "wake_form": wake_form or WakeForm(snapshots=told.snapshots, on_rds=told.site.on_rds),
        "sleeps": Sleep.objects.all()[:SLEEPS_SHOWN],
        "instance_is_there": told.look is not None and told.look.seen.instance not in {Instance.ABSENT, Instance.OWN},
    }
    return render(request, "hibernation/page.html", context, status=code)


def _status(request: HttpRequest) -> Status:
    return status.status_here(page_scope(request), objects=open_objects(settings.OBJECTS_URL))


def _under_way() -> Job | None:
    """Who is at it, from a page or a terminal; else a job that waits for a worker, or for its next attempt."""
    waiting = Job.objects.filter(kind__in=[SLEEP, WAKE], state__in=[JobState.QUEUED, JobState.RUNNING])
    return held.holder() or waiting.order_by("pk").first()


def _last_job() -> Job | None:
    return Job.objects.filter(kind__in=[SLEEP, WAKE]).order_by("-pk").first()


def _is_half_asleep() -> bool:
    """Search is open, but a sleep is not over: a waking that ended before its last step."""
    newest = Sleep.objects.first()
    return newest is not None and not newest.over and read_state().state == State.AWAKE
