"""The sweeper's round: each thing when it is due, and no failure of one touches the others."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from jobs import chores, upkeep
from jobs.chores import Chore
from jobs.models import Job
from people.errors import PatientWithdrawn
from tests.jobs.makers import ago, make_job, wait_until

NEVER = 3600.0


def broken(error: Exception):
    def run() -> str:
        raise error

    return run


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch):
    """Enters these chores in place of the portal's own."""

    def enter(*entered: Chore) -> None:
        monkeypatch.setattr(chores, "_chores", {chore.name: chore for chore in entered})

    return enter


@pytest.fixture
def no_broker(settings: object, monkeypatch: pytest.MonkeyPatch, sent: list[int]) -> None:
    monkeypatch.setattr("jobs.management.commands.sweeper.send", sent.append)


def in_background(*entered: Chore, sweep_every_s: float = NEVER) -> threading.Event:
    stop = threading.Event()
    options = {"send": lambda _: None, "chores": entered, "sweep_every_s": sweep_every_s}
    thread = threading.Thread(target=upkeep.run_until, args=(stop,), kwargs=options)
    thread.start()
    stop.thread = thread  # type: ignore[attr-defined]
    return stop


def end(stop: threading.Event) -> float:
    """How many seconds it took to stop."""
    began = time.monotonic()
    stop.set()
    stop.thread.join()  # type: ignore[attr-defined]
    return time.monotonic() - began


@pytest.mark.database(transaction=True)
def test_a_chore_is_done_at_once_and_again_when_it_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "CHORES_LOOK_EVERY_S", 0.01)
    often, seldom = [], []
    stop = in_background(
        Chore(name="often", every_s=0.05, run=lambda: often.append(1) or ""),
        Chore(name="seldom", every_s=NEVER, run=lambda: seldom.append(1) or ""),
    )
    wait_until(lambda: len(often) >= 3)
    assert end(stop) < 5
    assert len(seldom) == 1


@pytest.mark.database(transaction=True)
def test_what_fails_is_logged_in_a_line_and_the_rest_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(upkeep, "CHORES_LOOK_EVERY_S", 0.01)
    done = []
    away = OperationalError("Unknown host 'private.example.org' for user 'secret'")
    stop = in_background(
        Chore(name="broken", every_s=0.01, run=broken(away)),
        Chore(name="sound", every_s=0.01, run=lambda: done.append(1) or ""),
    )
    wait_until(lambda: len(done) >= 2)
    end(stop)
    failures = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert set(failures) == {"broken failed: OperationalError"}
    assert all(record.exc_info is None for record in caplog.records)


@pytest.mark.database
def test_the_reason_is_said_where_it_holds_nothing_private() -> None:
    done = upkeep.do(Chore(name="tidy", every_s=1, run=broken(PatientWithdrawn("Patient 7 has withdrawn."))))
    assert (done.failed, done.said) == (True, "Patient 7 has withdrawn.")


@pytest.mark.database
def test_what_was_done_is_logged_and_nothing_is_not(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="jobs.upkeep")
    upkeep.do(Chore(name="tidy", every_s=1, run=lambda: "1 file removed"))
    upkeep.do(Chore(name="idle", every_s=1, run=lambda: ""))
    assert caplog.messages == ["tidy: 1 file removed"]


@pytest.mark.database(transaction=True)
def test_between_two_sweeps_it_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    sweeps: list[object] = []
    monkeypatch.setattr(upkeep, "sweep_once", lambda **options: sweeps.append(options))
    stop = in_background()
    wait_until(lambda: bool(sweeps))
    time.sleep(0.2)
    end(stop)
    assert len(sweeps) == 1


@pytest.mark.database(transaction=True)
def test_jobs_do_not_wait_for_a_long_chore() -> None:
    job, release = make_job(created_at=ago(60)), threading.Event()
    stop = in_background(Chore(name="long", every_s=1, run=lambda: str(release.wait(20))), sweep_every_s=0.05)
    wait_until(lambda: Job.objects.get(pk=job.pk).sent_at is not None)
    release.set()
    end(stop)


@pytest.mark.database(transaction=True)
@pytest.mark.usefixtures("no_broker")
def test_once_does_everything_and_says_what(only, sent: list[int]) -> None:
    only(Chore(name="backup", every_s=NEVER, run=lambda: "1 file kept"), Chore(name="tidy", every_s=1, run=lambda: ""))
    job, out = make_job(created_at=ago(60)), StringIO()
    call_command("sweeper", "--once", stdout=out)
    assert out.getvalue() == "sweep: 1 sent again\nbackup: 1 file kept\ntidy: nothing to do\n"
    assert sent == [job.pk]


@pytest.mark.database(transaction=True)
@pytest.mark.usefixtures("no_broker")
def test_once_fails_where_something_did_but_does_the_rest(only) -> None:
    only(Chore(name="a", every_s=1, run=broken(OSError("x"))), Chore(name="b", every_s=1, run=lambda: "done"))
    out = StringIO()
    with pytest.raises(CommandError, match=r"1 of 3 failed: a\."):
        call_command("sweeper", "--once", stdout=out)
    assert out.getvalue() == "sweep: nothing to do\na: failed: OSError\nb: done\n"


@pytest.mark.database(transaction=True)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_it_ends_promptly(number: int, shared_database: dict[str, str]) -> None:
    process = subprocess.Popen([sys.executable, "manage.py", "sweeper"], env=os.environ | shared_database)
    try:
        # The first sweep sends nothing and waits: by then it listens.
        job = make_job(state="running", runner="command", lease_until=ago(60), attempt=1)
        wait_until(lambda: Job.objects.get(pk=job.pk).state == "failed", timeout_s=30)
        process.send_signal(number)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
