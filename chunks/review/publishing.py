"""Public objects that do not say yet what is decided: a job, a chore and a command make them.

Owns: that none is forgotten. The page publishes its own patient at once; a pattern touches every patient, and a page
whose process was killed leaves one behind.
"""

from django.conf import settings

from chunks.errors import ChunksError
from chunks.review.publish import Told, behind, publish_patient
from jobs.asking import Send, enqueue
from jobs.lease import Lease
from jobs.models import Job
from people.scope import Scope, server_scope
from storage.errors import StorageError
from storage.urls import open_objects

KIND = "publish annotations"
QUESTION = "annotations of all patients"


def ask(*, scope: Scope, send: Send) -> Job:
    """The job that publishes what is behind; the same one while it is under way."""
    return enqueue(KIND, question=QUESTION, scope=scope, send=send)


def run(lease: Lease) -> None:
    """The work of the job, until nothing of what its asker sees is behind."""
    scope = lease.scope(means="page")
    try:
        count = publish_behind(scope=scope, told=lambda note: lease.progress(note=note))
    except (ChunksError, StorageError) as error:
        lease.fail(str(error))
        return
    lease.finish({"patients": count})


def publish_behind(*, scope: Scope, told: Told = lambda _note: None) -> int:
    """How many patients were behind, and no longer are. What is decided meanwhile is published too.

    Where that fails for one, the others are done first; then its error is raised.
    """
    objects, done = open_objects(settings.OBJECTS_URL), 0
    failed: dict[str, ChunksError] = {}
    while late := [patient for patient in behind(scope=scope) if patient not in failed]:
        for patient in late:
            try:
                publish_patient(objects, patient=patient, told=told)
                done += 1
            except ChunksError as error:
                failed[patient] = error
    if failed:
        raise next(iter(failed.values()))
    return done


def chore() -> str:
    """What the sweeper does; a sentence without any name, empty where there was nothing to do."""
    count = publish_behind(scope=server_scope(means="upkeep"))
    return f"annotations of {count} patients published" if count else ""
