"""The page one sees first: the patients, what there is of each, and one's own jobs.

Owns: how these come together; the parts are the apps' own; and that it is a look at the patients it shows, in the
audit. While the headers database is asleep the page says so and shows the rest.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from chunks.headers_db.errors import HeadersAsleep, HeadersUnavailable
from chunks.headers_db.middleware import UNREACHABLE
from jobs.models import Job
from jobs.terminal import size_text
from people import audit
from people.asking import page_scope
from people.origin import client_address
from people.scope import Scope
from selections.answer import day_link
from selections.at_a_glance import OVERVIEW, Glance, Sums, glances, summed
from selections.coverage import coverage_of
from selections.picture import Strip, strip
from selections.selection import Selection

JOBS_SHOWN = 5
PATIENTS_AT_ONCE = 12


@dataclass(frozen=True, kw_only=True)
class Card:
    """A patient: what there is, in numbers and as a picture (None: nothing is recorded)."""

    glance: Glance
    size: str
    picture: Strip | None


@dataclass(frozen=True, kw_only=True)
class Archive:
    """What the person may see of the archive; `after` is the patient after whom the next page begins."""

    sums: Sums
    size: str
    may_see: int
    cards: tuple[Card, ...]
    left: int
    after: str


@dataclass(frozen=True, kw_only=True)
class OwnJob:
    """A job of the person who looks, its bytes in words."""

    job: Job
    done: str
    total: str


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """For everybody who is logged in; patients for those who may search."""
    context: dict[str, object] = {"nav": "home", "jobs": own_jobs(request.user.pk)}
    if request.user.has_perm("people.search"):
        try:
            context["archive"] = _archive(request, after=request.GET.get("after", ""))
        except HeadersAsleep as error:
            context["asleep"] = str(error)
        except HeadersUnavailable:
            context["asleep"] = UNREACHABLE
    return render(request, "portal/home.html", context)


def own_jobs(user_id: int | None) -> list[OwnJob]:
    """The person's newest jobs."""
    newest = Job.objects.filter(asker_id=user_id).order_by("-created_at", "-pk")[:JOBS_SHOWN]
    return [OwnJob(job=job, done=size_text(job.bytes_done), total=size_text(job.bytes_total)) for job in newest]


def _archive(request: HttpRequest, *, after: str) -> Archive:
    scope = page_scope(request)
    patients = scope.visible(scope.patients)
    found = glances(patients, scope=scope)
    sums = summed(found)
    rest = [each for each in found if each.patient > after]
    shown = rest[:PATIENTS_AT_ONCE]
    return Archive(
        sums=sums,
        size=size_text(sums.size_bytes),
        may_see=len(patients),
        cards=_cards(shown, scope=scope, origin=client_address(request)),
        left=len(rest) - len(shown),
        after=shown[-1].patient if len(rest) > len(shown) else "",
    )


def _cards(shown: Sequence[Glance], *, scope: Scope, origin: str) -> tuple[Card, ...]:
    if not shown:
        return ()
    with audit.act("look", scope=scope, question=OVERVIEW, patients=[each.patient for each in shown], origin=origin):
        return tuple(map(_card, shown))


def _card(glance: Glance) -> Card:
    patient = glance.patient
    picture = strip(coverage_of(patient), day_href=day_link(Selection(), patient)) if glance.recordings else None
    return Card(glance=glance, size=size_text(glance.size_bytes), picture=picture)
