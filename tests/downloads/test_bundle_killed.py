"""A worker process that is killed or stopped in the middle of a bundle: the same bytes at the end, nothing beside."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from django.utils import timezone

from downloads.bundles.tidying import tidy
from downloads.models import Bundle
from jobs.asking import cancel
from jobs.lease import claim
from jobs.models import Job
from people.scope import server_scope
from tests.downloads.bundled import asked, attempt, left_in, made, zip_of
from tests.downloads.held import hold
from tests.jobs.makers import wait_until

pytestmark = pytest.mark.database(transaction=True)


@pytest.fixture
def scope(db, store, bundles_folder):
    hold(store, labels=("LTG1", "LTG2", "LTG3", "LTG4"), hours=8)  # about 4.6 MB
    return server_scope(means="page")


@pytest.fixture
def start(databases_of_this_test, bundles_folder, tmp_path) -> Iterator[object]:
    """Starts a worker process for a job; returns when it is in the middle of it."""
    places = {
        "ECOG_BUNDLES_URL": bundles_folder.as_uri(),
        "ECOG_OBJECTS_URL": (tmp_path / "objects").as_uri(),
        "ECOG_DATA_DIR": str(tmp_path / "var"),
    }
    with ExitStack() as stack:

        def started(job) -> "subprocess.Popen[str]":
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.downloads.bundler", str(job.pk)],
                env=os.environ | databases_of_this_test | places,
                stdout=subprocess.PIPE,
                text=True,
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            assert process.stdout.readline() == "begun\n"
            return process

        yield started


def can_be_claimed(job) -> bool:
    return Job.objects.dead(now=timezone.now()).filter(pk=job.pk).exists()


def test_killed_in_the_middle_it_is_made_again_to_the_same_bytes(scope, start, bundles_folder):
    undisturbed = made(scope)
    job = asked(scope)
    worker = start(job)
    half = bundles_folder / f"{job.pk}/1.zip"
    assert 0 < half.stat().st_size < undisturbed.size_bytes
    assert Bundle.objects.finished().filter(pk=job.pk).count() == 0
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    wait_until(lambda: can_be_claimed(job))
    attempt(job)
    again = Bundle.objects.get(pk=job.pk)
    assert Job.objects.get(pk=job.pk).attempt == 2
    assert again.sha256 == undisturbed.sha256
    assert zip_of(again) == zip_of(undisturbed)
    tidy()
    assert not half.exists()
    assert zip_of(again)


def test_stopped_beyond_its_lease_and_continued_it_writes_nothing(scope, start, bundles_folder):
    job = asked(scope)
    worker = start(job)
    worker.send_signal(signal.SIGSTOP)
    wait_until(lambda: can_be_claimed(job))
    attempt(job)
    made_by_two = Bundle.objects.get(pk=job.pk)
    worker.send_signal(signal.SIGCONT)
    assert worker.stdout.readline() == "LeaseLost\n"
    worker.wait()
    row = Bundle.objects.get(pk=job.pk)
    assert (row.zip_name, row.sha256) == (made_by_two.zip_name, made_by_two.sha256) == (f"{job.pk}/2.zip", row.sha256)
    assert left_in(bundles_folder) == [str(job.pk), row.zip_name, row.manifest_name]
    assert Job.objects.get(pk=job.pk).state == "done"


def test_tidying_while_the_first_is_stopped_takes_its_half_alone(scope, start, bundles_folder):
    job = asked(scope)
    worker = start(job)
    tidy()
    assert (bundles_folder / f"{job.pk}/1.zip").exists()
    worker.send_signal(signal.SIGSTOP)
    wait_until(lambda: can_be_claimed(job))
    attempt(job)
    tidy()
    assert not (bundles_folder / f"{job.pk}/1.zip").exists()
    worker.send_signal(signal.SIGCONT)
    assert worker.stdout.readline() == "LeaseLost\n"
    assert zip_of(Bundle.objects.get(pk=job.pk))


def test_cancelled_it_stops_within_two_seconds_and_leaves_nothing(scope, start, bundles_folder):
    job = asked(scope)
    worker = start(job)
    began = time.monotonic()
    cancel(job.pk, by=scope)
    assert worker.stdout.readline() == "JobCancelled\n"
    assert time.monotonic() - began < 5  # two seconds are promised, and this machine may be busy
    assert left_in(bundles_folder) == []
    assert Job.objects.get(pk=job.pk).state == "cancelled"


@pytest.mark.prove
def test_killed_three_times_it_fails_with_the_reason_and_is_tidied(scope, start, bundles_folder):
    job = asked(scope)
    for _ in range(3):
        worker = start(job)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        wait_until(lambda: can_be_claimed(job))
    assert claim(job.pk) is None
    row = Job.objects.get(pk=job.pk)
    assert (row.state, "disappeared 3 times" in row.reason) == ("failed", True)
    tidy()
    assert left_in(bundles_folder) == []


@pytest.mark.parametrize(("told_by", "ends_as"), [(signal.SIGTERM, "HandedBack"), (signal.SIGUSR1, "SystemExit")])
def test_handed_back_it_leaves_the_manifest_alone_and_is_made_to_the_same_bytes(
    scope, start, bundles_folder, told_by, ends_as
):
    undisturbed = made(scope)
    job = asked(scope)
    worker = start(job)
    worker.send_signal(told_by)
    assert worker.stdout.readline() == f"{ends_as}\n"
    row = Job.objects.get(pk=job.pk)
    assert (row.state, row.attempt, row.attempts_used) == ("queued", 1, 0)
    assert left_in(bundles_folder / str(job.pk)) == ["manifest-1.csv"]
    tidy()
    attempt(job)
    assert Bundle.objects.get(pk=job.pk).sha256 == undisturbed.sha256
