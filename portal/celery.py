"""The Celery application: the way a job's number travels to a worker.

Owns: the application, and what a worker does when it starts and stops: it sweeps, so that nothing waits for the
sweeper, and it hands back what it works on, so that no attempt is lost and nobody waits for it.
"""

import os
from typing import Any

from celery import Celery
from celery.signals import worker_ready, worker_shutting_down

from jobs import stopping

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("ecog")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.set_default()


@worker_ready.connect
def _sweep_at_start(**_signal: Any) -> None:  # noqa: ANN401 (the signature is Celery's)
    app.send_task("jobs.sweep")


@worker_shutting_down.connect
def _hand_back(**_signal: Any) -> None:  # noqa: ANN401 (the signature is Celery's)
    stopping.tell()
