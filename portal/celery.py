"""The Celery application: the way a job's number travels to a worker.

Owns: the application, and what a worker does when it starts: it sweeps, so that nothing waits for the sweeper.
"""

import os
from typing import Any

from celery import Celery
from celery.signals import worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("ecog")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.set_default()


@worker_ready.connect
def _sweep_at_start(**_signal: Any) -> None:  # noqa: ANN401 (the signature is Celery's)
    app.send_task("jobs.sweep")
