"""A worker that is killed: its driver ends with it, another takes the job up, and the result is the same."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.utils import timezone

from analysis.models import Result
from analysis.place import Place
from jobs.models import Job, State
from tests.analysis.test_submission import alice, asked, attempt, place, samples
from tests.downloads.conftest import databases_of_this_test

__all__ = ["alice", "databases_of_this_test", "place", "samples"]

pytestmark = [pytest.mark.database(transaction=True), pytest.mark.prove]
ROOT = Path(__file__).parents[2]
ENDED_S = 90


def test_the_job_of_a_killed_worker_is_taken_up_again_and_ends_the_same(
    alice, place: Place, databases_of_this_test: dict[str, str], settings
) -> None:
    job = asked(alice)
    own = {
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "ECOG_OBJECTS_URL": settings.OBJECTS_URL,
        "ECOG_RESULTS_URL": settings.RESULTS_URL,
        "ECOG_SPARK_MASTER": "local[2]",
    }
    words = [sys.executable, "-m", "tests.analysis.submitter", str(job.pk)]
    environment = os.environ | own | databases_of_this_test
    with subprocess.Popen(words, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        said = worker.stdout.readline().split()
        assert said[0] == "begun"
        time.sleep(3)  # Spark is starting
        worker.kill()
    _wait_until_gone(int(said[1]))
    kept = Result.objects.get(pk=job.pk).manifest_name
    assert kept == f"{job.pk}/manifest-1.jsonl"
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now())
    attempt(job)
    job.refresh_from_db()
    result = Result.objects.get(pk=job.pk)
    assert (job.state, job.attempt, result.rows, result.manifest_name) == (State.DONE, 2, 30, kept)
    assert result.folder == f"{job.pk}/2"


def _wait_until_gone(pid: int) -> None:
    """The driver, and the Java that it started."""
    end = time.monotonic() + ENDED_S
    while time.monotonic() < end:
        try:
            os.killpg(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.2)
    raise AssertionError("the driver outlives its worker")
