"""What is done every few minutes: bundles expire, and no file stays that no job names.

Owns: which files are still wanted. Files are listed before their jobs are looked at, so that what is made meanwhile is
never taken for a leftover; a file that cannot be removed now is found again the next time.
"""

from itertools import groupby

from django.conf import settings
from django.utils import timezone

from downloads.bundles import place
from downloads.bundles.fetching import remove
from downloads.models import Bundle
from jobs.models import State


def tidy() -> str:
    """Removes expired bundles and leftovers; a sentence where there were any."""
    expired, left = expire(), remove_leftovers()
    return f"{expired} bundles expired, {left} files of no job removed" if expired or left else ""


def expire() -> int:
    """Removes the bundles whose days are over; how many."""
    over = Bundle.objects.finished().filter(expires_at__lte=timezone.now())
    bundles = list(over.order_by("pk"))
    for bundle in bundles:
        remove(bundle, why=f"It was kept for {settings.BUNDLE_DAYS} days.")
    return len(bundles)


def remove_leftovers() -> int:
    """Removes files of attempts that are over and of jobs that have failed or are unknown; how many."""
    removed = 0
    for job, names in groupby(list(place.names()), key=lambda name: int(name.partition("/")[0])):
        wanted = _wanted(job)
        removed += sum(place.discard(name) for name in names if name not in wanted)
    for name, upload in list(place.unfinished_uploads()):
        if name not in _wanted(int(name.partition("/")[0])):
            removed += place.abandon(upload)
    return removed


def _wanted(job_id: int) -> set[str]:
    """What must stay of this job's files, as it is now."""
    bundle = Bundle.objects.select_related("job").filter(pk=job_id).first()
    if bundle is None or bundle.removed_at is not None:
        return set()
    job = bundle.job
    if job.state == State.DONE:
        return {bundle.zip_name, bundle.manifest_name}
    if job.state == State.QUEUED:
        return {bundle.manifest_name}
    if job.state == State.RUNNING:
        mine = job.attempt
        own = {place.zip_name(job_id, attempt=mine), place.manifest_name(job_id, attempt=mine)}
        return own | {bundle.manifest_name}
    return set()
