"""Jobs for tests, and waiting for them."""

import time
from collections.abc import Callable
from datetime import timedelta

from django.utils import timezone

from jobs.lease import Timing
from jobs.models import Job, Runner

# The lease is over at once: as if its worker had been killed long ago.
GONE = Timing(lease_s=-1.0)
QUICK = Timing(lease_s=30.0, renew_s=0.1, write_s=0.02)


def make_job(**columns: object) -> Job:
    """A worker's job that waits; `key` as in `question_key`."""
    return Job.objects.create(**({"kind": "bundle", "asker_name": "server", "question_key": "k"} | columns))


def ago(seconds: float):
    return timezone.now() - timedelta(seconds=seconds)


def running_command(**columns: object) -> Job:
    return make_job(**({"runner": Runner.COMMAND, "state": "running", "attempt": 1} | columns))


def wait_until(true: Callable[[], bool], *, timeout_s: float = 30.0) -> None:
    end = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)
