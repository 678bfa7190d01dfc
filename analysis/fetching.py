"""Who may fetch a result now, and its end: expired, or out of somebody's sight.

Owns: the rule that all of its patients must be in the present scope of who fetches it, else it is removed; and what is
done every few minutes: results expire, and no file stays that no job names.
"""

from itertools import groupby

from django.conf import settings
from django.utils import timezone

from analysis.errors import AnalysisError, ScopeShrunk
from analysis.models import Result
from analysis.place import Place
from analysis.work import remove
from jobs.models import State
from people.scope import Scope, server_scope
from storage.errors import StorageError

OUT_OF_SIGHT = "Not all of its patients may be seen any more by who asked for it."


def result_of(job_id: int, *, scope: Scope) -> Result | None:
    """The result of that job where it is the asker's own, or she sees all; None as where there is none."""
    mine = Result.objects.select_related("job").filter(job_id=job_id)
    if not scope.sees_all:
        mine = mine.filter(job__asker_id=scope.user_id)
    return mine.first()


def check_scope(result: Result, *, scope: Scope) -> None:
    """Raises `ScopeShrunk` where a patient in it is outside the scope; the result is then gone for everybody."""
    if result.outside(scope.patients):
        remove_result(result, why=OUT_OF_SIGHT)
        raise ScopeShrunk(
            "This result holds a patient that may no longer be seen by you, so it was removed. Ask the question again "
            "for the patients that you may see."
        )


def remove_result(result: Result, *, why: str) -> bool:
    """Ends the result; whether its files are gone by now too."""
    Result.objects.filter(pk=result.pk).removed(why=why)
    return remove(f"{result.job_id}/", place=Place(settings.RESULTS_URL))


def tidy() -> str:
    """Removes expired results, those of a patient who has withdrawn, and leftovers; a sentence where there were any."""
    over = list(Result.objects.finished().filter(expires_at__lte=timezone.now()).order_by("pk"))
    for result in over:
        remove_result(result, why=f"It was kept for {settings.RESULT_DAYS} days.")
    present = server_scope(means="upkeep").patients
    withdrawn = [result for result in Result.objects.finished().order_by("pk") if result.outside(present)]
    for result in withdrawn:
        remove_result(result, why="One of its patients has withdrawn.")
    over += withdrawn
    try:
        left = _leftovers()
    except (StorageError, AnalysisError) as error:
        return f"{len(over)} results ended; the place of results cannot be tidied: {error}"
    return f"{len(over)} results ended, {left} files of no result removed" if over or left else ""


def _leftovers() -> int:
    """Files are listed before their jobs are looked at, so that what is made meanwhile is never taken for one."""
    place = Place(settings.RESULTS_URL)
    removed = 0
    for job, names in groupby(list(place.names()), key=lambda name: int(name.partition("/")[0])):
        wanted = _wanted(job)
        for name in names:
            if not name.startswith(wanted):
                place.discard(name)
                removed += 1
    return removed


def _wanted(job_id: int) -> tuple[str, ...]:
    """How names begin that must stay of this job's files, as it is now."""
    result = Result.objects.select_related("job").filter(pk=job_id).first()
    if result is None or result.removed_at is not None:
        return ()
    kept = (f"{job_id}/manifest-", f"{job_id}/events-")
    if result.job.state == State.DONE:
        return (*kept, f"{result.folder}/")
    if result.job.state == State.RUNNING:
        return (*kept, f"{job_id}/{result.job.attempt}/")
    return kept if result.job.state == State.QUEUED else ()
