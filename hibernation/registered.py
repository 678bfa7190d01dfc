"""What `hibernation` enters into the registers: its two kinds of jobs, and that machines of the portal are known.

Owns: their names for people, and how often a machine notes itself.
"""

import time
from typing import Any

from celery.signals import task_prerun, worker_ready
from django.conf import settings
from django.db import connection

from hibernation import host, notices
from hibernation.jobs import SLEEP, WAKE, run_sleep, run_wake
from jobs.chores import Chore
from jobs.chores import register as register_chore
from jobs.kinds import Kind, register

NOTE_EVERY_S = 3600.0
TELL_EVERY_S = 30.0
RESULT = "hibernation/result.html"
_noted_at = -NOTE_EVERY_S

register(
    Kind(
        name=SLEEP,
        title="Put the headers database to sleep",
        run=run_sleep,
        result_template=RESULT,
        asks_selection=False,
    )
)
register(Kind(name=WAKE, title="Wake the headers database", run=run_wake, result_template=RESULT, asks_selection=False))


def _note_machine() -> str:
    return host.note_this_machine() if settings.RDS_HOST_INSTANCE else ""


register_chore(Chore(name="machine", every_s=NOTE_EVERY_S, run=_note_machine))
register_chore(Chore(name="search awake", every_s=TELL_EVERY_S, run=notices.tell_everybody))


@worker_ready.connect(dispatch_uid="hibernation-machine")
@task_prerun.connect(dispatch_uid="hibernation-machine-of-a-task")
def note_worker(**_kwargs: Any) -> None:  # noqa: ANN401 - the signature is Celery's
    """A worker's machine must stay on; it notes itself at its start and, now and then, before a task."""
    global _noted_at  # noqa: PLW0603 - one moment a process
    if not settings.RDS_HOST_INSTANCE or time.monotonic() - _noted_at < NOTE_EVERY_S:
        return
    _noted_at = time.monotonic()
    host.note_this_machine()
    connection.close()
