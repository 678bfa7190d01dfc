"""The pages of jobs: the list of one's own, each one with its progress, and the button that ends it.

Owns: who sees which job. Somebody else's is answered as one that does not exist; who sees all patients sees all jobs.
"""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from jobs.asking import cancel
from jobs.errors import JobUnknown
from jobs.models import Job, Jobs
from jobs.shown import ShownJob
from people.asking import page_scope
from people.newest_first import newest, row_number

PAGE_ROWS = 50


@never_cache
@require_safe
def jobs(request: HttpRequest) -> HttpResponse:
    """One's own jobs, the newest first; everybody's with `?all=1`, for who sees all."""
    scope, now = page_scope(request), timezone.now()
    everybody = scope.sees_all and request.GET.get("all") == "1"
    rows = Job.objects.select_related("asker")
    if not everybody:
        rows = rows.filter(asker_id=scope.user_id)
    page, older = newest(rows, before=row_number(request.GET.get("before", "")), size=PAGE_ROWS)
    about = {
        "nav": "jobs",
        "shown": [ShownJob(job=job, now=now) for job in page],
        "older": older,
        "everybody": everybody,
        "sees_all": scope.sees_all,
    }
    return render(request, "jobs/jobs.html", about)


@never_cache
@require_safe
def job(request: HttpRequest, job_id: int) -> HttpResponse:
    """One job, as it is now."""
    return render(request, "jobs/job.html", {"nav": "jobs", "shown": _shown(request, job_id)})


@never_cache
@require_safe
def progress(request: HttpRequest, job_id: int) -> HttpResponse:
    """The part of the job's page that changes; it asks for itself again while the job is under way."""
    return render(request, "jobs/progress.html", {"shown": _shown(request, job_id)})


@require_POST
def cancel_job(request: HttpRequest, job_id: int) -> HttpResponse:
    """Ends the job, and goes back to its page."""
    try:
        cancel(job_id, by=page_scope(request))
    except JobUnknown as error:
        raise Http404 from error
    return redirect("job", job_id)


def _shown(request: HttpRequest, job_id: int) -> ShownJob:
    found = _visible(request).filter(pk=job_id).first()
    if found is None:
        raise Http404
    return ShownJob(job=found, now=timezone.now())


def _visible(request: HttpRequest) -> Jobs:
    scope = page_scope(request)
    rows = Job.objects.all()
    return rows if scope.sees_all else rows.filter(asker_id=scope.user_id)
