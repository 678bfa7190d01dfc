"""Bundles under real workers: killed, stopped for two minutes, the broker emptied; and the memory of a large one."""

import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.downloads.proving import World, proving_world, signal_group

pytestmark = pytest.mark.prove
LIMIT_MB = 300


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with tempfile.TemporaryDirectory(prefix="ecog-p-") as folder, proving_world(Path(folder), hours=40) as running:
        yield running


def done(row) -> bool:
    return row["state"] == "done"


def at_work(row) -> bool:
    return row["state"] == "running" and row["bytes_done"] > 0


@pytest.fixture(scope="module")
def undisturbed(world) -> str:
    """The SHA-256 of the bundle that nothing happens to."""
    worker = world.start_worker()
    row = world.wait(world.ask(), done, limit_s=120)
    signal_group(worker, signal.SIGKILL)
    return row["sha256"]


def test_an_emptied_broker_changes_nothing(world, undisturbed):
    worker = world.start_worker()
    job = world.ask()
    world.wait(job, at_work, limit_s=60)
    world.forget_messages()
    row = world.wait(job, done, limit_s=120)
    assert (row["attempt"], row["sha256"]) == (1, undisturbed)
    signal_group(worker, signal.SIGKILL)


def test_a_message_lost_before_it_was_taken_is_sent_again(world, undisturbed):
    job = world.ask()
    world.forget_messages()
    worker = world.start_worker()
    row = world.wait(job, done, limit_s=120)
    assert (row["attempt"], row["sha256"]) == (1, undisturbed)
    signal_group(worker, signal.SIGKILL)


def test_killed_with_all_its_processes_it_is_taken_up_within_a_minute(world, undisturbed):
    worker = world.start_worker()
    job = world.ask()
    world.wait(job, at_work, limit_s=60)
    signal_group(worker, signal.SIGKILL)
    killed_at = time.monotonic()
    again = world.start_worker()
    world.wait(job, lambda row: row["attempt"] == 2, limit_s=60)
    assert time.monotonic() - killed_at < 60
    row = world.wait(job, done, limit_s=120)
    assert row["sha256"] == undisturbed
    signal_group(again, signal.SIGKILL)


def test_stopped_for_two_minutes_and_continued_it_writes_nothing(world, undisturbed):
    worker = world.start_worker()
    job = world.ask()
    world.wait(job, at_work, limit_s=60)
    signal_group(worker, signal.SIGSTOP)
    stopped_at = time.monotonic()
    another = world.start_worker()
    world.wait(job, done, limit_s=150)
    time.sleep(max(0.0, 120 - (time.monotonic() - stopped_at)))
    signal_group(worker, signal.SIGCONT)
    lost = f"Attempt 1 at job {job} is over"
    end = time.monotonic() + 30
    while lost not in world.log.read_text(errors="replace") and time.monotonic() < end:
        time.sleep(0.1)
    assert lost in world.log.read_text(errors="replace")
    row = world.job(job)
    assert (row["attempt"], row["zip_name"], row["sha256"]) == (2, f"{job}/2.zip", undisturbed)
    assert sorted(path.name for path in (world.bundles / str(job)).iterdir()) == ["2.zip", "manifest-1.csv"]
    for each in (worker, another):
        signal_group(each, signal.SIGKILL)


# A process begins with the peak of the one that started it, so a small one stands between this one and the work.
MEASURE = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
MAKE = """
from jobs.asking import enqueue
from jobs.tasks import run
from people.scope import server_scope
run(enqueue("bundle", question="patient=2002", scope=server_scope(means="page"), send=lambda _: None).pk)
"""


def test_memory_does_not_grow_with_the_bundle(world, undisturbed):
    command = [sys.executable, "manage.py", "shell", "--no-imports", "-c", MAKE]
    answer = subprocess.run(
        [sys.executable, "-c", MEASURE, *command], env=world.environment, capture_output=True, text=True, check=True
    )
    assert sum(path.stat().st_size for path in world.bundles.rglob("*.zip")) > 10**9
    assert int(answer.stdout.split()[-1]) / 1024 < LIMIT_MB
