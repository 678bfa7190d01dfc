"""One worker at a time, its progress, and how it ends."""

import contextlib
import logging
import signal
import threading
import time
from datetime import timedelta

import pytest
from django.db import OperationalError, connections
from django.utils import timezone

from jobs import lease as lease_module
from jobs.asking import cancel
from jobs.errors import HandedBack, JobCancelled, LeaseLost
from jobs.lease import Timing, claim
from jobs.models import Job
from people.errors import AccountClosed, PatientWithdrawn
from people.patients import add_patient
from people.scope import server_scope
from tests.jobs.makers import GONE, QUICK, ago, make_job, running_command, wait_until
from tests.people.makers import grant, make_user
from tests.shared_database import at_once

pytestmark = pytest.mark.database


def columns(job, *names):
    return tuple(Job.objects.values_list(*names).get(pk=job.pk))


def test_a_waiting_job_is_claimed_once():
    job = make_job()
    before = timezone.now()
    lease = claim(job.pk)
    assert lease.attempt == 1
    assert claim(job.pk) is None
    state, attempt, until, started = columns(job, "state", "attempt", "lease_until", "started_at")
    assert (state, attempt) == ("running", 1)
    assert before + timedelta(seconds=29) < until < timezone.now() + timedelta(seconds=31)
    assert before - timedelta(seconds=1) < started < timezone.now() + timedelta(seconds=1)


@pytest.mark.parametrize("state", ["done", "failed", "cancelled"])
def test_a_job_that_has_ended_is_not_claimed(state):
    assert claim(make_job(state=state).pk) is None


def test_a_command_is_its_own_worker():
    assert claim(running_command(lease_until=ago(60)).pk) is None
    assert claim(10**9) is None


def test_a_dead_workers_job_is_claimed_from_the_start():
    job = make_job(state="running", attempt=1, lease_until=ago(1), bytes_done=70, bytes_total=90, note="at work")
    assert claim(job.pk).attempt == 2
    assert columns(job, "attempt", "bytes_done", "bytes_total", "note") == (2, 0, 90, "")


def test_a_living_workers_job_is_not():
    job = make_job(state="running", attempt=1, lease_until=ago(-1))
    assert claim(job.pk) is None
    assert columns(job, "state", "attempt") == ("running", 1)


def test_after_three_attempts_it_fails_with_the_reason():
    job = make_job()
    assert [claim(job.pk, timing=GONE).attempt for _ in range(3)] == [1, 2, 3]
    assert claim(job.pk) is None
    state, reason, attempt = columns(job, "state", "reason", "attempt")
    assert (state, attempt) == ("failed", 3)
    assert "disappeared 3 times" in reason


def test_who_is_overtaken_between_looking_and_claiming_has_not_won():
    job = make_job()
    overtaker = []

    class Interrupted(Timing):
        def end_of_lease(self):
            # Here a claimer is stopped, while another one claims the job and dies.
            overtaker.append(claim(job.pk, timing=GONE))
            return super().end_of_lease()

    assert claim(job.pk, timing=Interrupted()) is None
    assert overtaker[0].attempt == 1
    assert columns(job, "state", "attempt") == ("running", 1)
    assert claim(job.pk).attempt == 2


def test_of_many_threads_that_claim_at_once_one_wins_each_job(shared_database):
    jobs = [make_job().pk for _ in range(10)] + [
        make_job(state="running", attempt=1, lease_until=ago(1)).pk for _ in range(10)
    ]
    won = at_once(lambda _: [job_id for job_id in jobs if claim(job_id)], threads=6)
    assert sorted(job_id for each in won for job_id in each) == jobs
    assert set(Job.objects.filter(pk__in=jobs[:10]).values_list("attempt", flat=True)) == {1}
    assert set(Job.objects.filter(pk__in=jobs[10:]).values_list("attempt", flat=True)) == {2}


def test_of_two_processes_that_claim_at_once_one_wins_each_job(spawn):
    jobs = [make_job().pk for _ in range(40)]
    workers = [spawn("claim", *jobs) for _ in range(2)]
    for worker in workers:
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        worker.stdin.write("go\n")
        worker.stdin.flush()
    won = [line.split() for worker in workers for line in worker.communicate(timeout=60)[0].splitlines()]
    assert sorted(int(job_id) for _, job_id, _ in won) == jobs
    assert {attempt for _, _, attempt in won} == {"1"}


@pytest.mark.parametrize("mode", ["work", "sleep"])
def test_a_worker_stopped_and_continued_sees_its_lease_lost_and_writes_nothing(spawn, mode):
    job = make_job()
    worker = spawn(mode, job.pk)
    assert worker.stdout.readline() == "claimed 1\n"
    worker.send_signal(signal.SIGSTOP)
    wait_until(lambda: Job.objects.dead(now=timezone.now()).exists())
    mine = claim(job.pk)
    assert mine.attempt == 2
    taken = Job.objects.values().get()
    worker.send_signal(signal.SIGCONT)
    if mode == "sleep":
        worker.stdin.write("finish\n")
        worker.stdin.flush()
    assert worker.stdout.readline() == "lost\n"
    assert worker.wait(timeout=60) == 0
    assert Job.objects.values().get() == taken
    mine.finish({"by": "the second"})
    assert columns(job, "state", "attempt", "result") == ("done", 2, {"by": "the second"})


def test_a_worker_stopped_and_continued_before_anybody_came_goes_on(spawn):
    job = make_job()
    worker = spawn("work", job.pk)
    assert worker.stdout.readline() == "claimed 1\n"
    worker.send_signal(signal.SIGSTOP)
    wait_until(lambda: Job.objects.dead(now=timezone.now()).exists())
    worker.send_signal(signal.SIGCONT)
    wait_until(lambda: not Job.objects.dead(now=timezone.now()).exists())
    assert worker.communicate("finish\n", timeout=60)[0] == "finished\n"
    assert columns(job, "state", "attempt", "result") == ("done", 1, {"attempt": 1})


def test_who_was_stopped_asks_before_the_next_step_without_waiting_for_the_keeper(shared_database):
    job = make_job()
    first = claim(job.pk, timing=Timing(lease_s=0.1, renew_s=60, write_s=60))
    with contextlib.suppress(LeaseLost), first.kept():
        time.sleep(0.2)
        second = claim(job.pk)
        first.progress(bytes_done=1)
        pytest.fail("the lease was lost")
    assert columns(job, "state", "attempt", "bytes_done") == ("running", 2, 0)
    second.finish()


def test_who_has_lost_the_lease_can_neither_finish_nor_fail():
    job = make_job()
    first = claim(job.pk, timing=GONE)
    second = claim(job.pk)
    for end in (first.finish, lambda: first.fail("broken")):
        with pytest.raises(LeaseLost, match=f"Attempt 1 at job {job.pk}"):
            end()
    assert columns(job, "state", "attempt", "reason", "result") == ("running", 2, "", None)
    second.finish({"n": 1})
    for end in (first.finish, lambda: first.fail("broken"), second.finish):
        with pytest.raises(LeaseLost):
            end()
    assert columns(job, "state", "reason", "result") == ("done", "", {"n": 1})


def test_the_keeper_renews_the_lease_and_writes_progress_meanwhile(shared_database):
    job = make_job(bytes_total=10)
    lease = claim(job.pk, timing=Timing(lease_s=1.5, renew_s=0.1, write_s=0.02))
    with lease.kept():
        lease.progress(bytes_done=4, note="copying" * 100)
        wait_until(lambda: columns(job, "bytes_done") == (4,))
        assert len(columns(job, "note")[0]) == 200
        for _ in range(20):  # longer than the lease
            time.sleep(0.1)
            assert claim(job.pk) is None
        lease.progress(bytes_total=12)
        wait_until(lambda: columns(job, "bytes_done", "bytes_total") == (4, 12))
        lease.progress(bytes_done=11)
        lease.finish({"files": 3})
    state, done, total, note, result = columns(job, "state", "bytes_done", "bytes_total", "note", "result")
    assert (state, done, total, note, result) == ("done", 11, 12, "", {"files": 3})
    assert columns(job, "lease_until", "under_way_key", "attempt") == (None, None, 1)


def test_progress_is_written_at_most_once_a_beat(shared_database, monkeypatch):
    written = []
    renew = lease_module.Lease._renew
    monkeypatch.setattr(lease_module.Lease, "_renew", lambda self: (written.append(1), renew(self)))
    lease = claim(make_job().pk, timing=Timing(lease_s=30, renew_s=30, write_s=0.2))
    with lease.kept():
        end = time.monotonic() + 1.1
        calls = 0
        while time.monotonic() < end:
            lease.progress(bytes_done=calls)
            calls += 1
    assert calls > 100
    assert 1 <= len(written) <= 6


def test_many_threads_and_leases_write_without_a_locked_database(shared_database, caplog):
    caplog.set_level(logging.WARNING)
    leases = [claim(make_job().pk, timing=QUICK) for _ in range(4)]
    threads_each, steps = 4, 150

    def work(number):
        for _ in range(steps):
            leases[number % len(leases)].advance(size_bytes=1)
            make_job()
            time.sleep(0.002)

    with contextlib.ExitStack() as kept:
        for lease in leases:
            kept.enter_context(lease.kept())
        at_once(work, threads=threads_each * len(leases))
    assert "could not renew" not in caplog.text
    ended = Job.objects.filter(pk__in=[each.job_id for each in leases])
    assert set(ended.values_list("state", "bytes_done")) == {("done", threads_each * steps)}
    assert Job.objects.count() == len(leases) * (1 + threads_each * steps)


def test_the_keepers_connection_is_closed_with_it(shared_database, monkeypatch):
    seen = []
    tick = lease_module.Lease._tick

    def watched(self):
        tick(self)
        own = connections["default"]
        seen.append((threading.current_thread(), own.connection is not None, own))

    monkeypatch.setattr(lease_module.Lease, "_tick", watched)
    lease = claim(make_job().pk, timing=Timing(lease_s=30, renew_s=0.0, write_s=0.02))
    with lease.kept():
        wait_until(lambda: len(seen) > 1)
    thread, was_open, wrapper = seen[-1]
    assert thread is not threading.main_thread()
    assert was_open
    assert not thread.is_alive()
    assert wrapper.connection is None


def test_cancelling_reaches_every_thread_at_its_next_step(shared_database):
    job = make_job()
    lease = claim(job.pk, timing=QUICK)

    def work(_number):
        while True:
            try:
                lease.advance(size_bytes=1)
            except JobCancelled as error:
                return str(error)
            time.sleep(0.005)

    began = time.monotonic()
    with contextlib.suppress(JobCancelled), lease.kept():
        cancel(job.pk, by=server_scope(means="page"))
        assert at_once(work, threads=4) == [f"Job {job.pk} was cancelled."] * 4
        lease.progress()
        pytest.fail("the job was cancelled")
    assert time.monotonic() - began < 10
    assert columns(job, "state", "reason", "lease_until") == ("cancelled", "Cancelled by server.", None)


def test_work_that_is_done_after_it_was_cancelled_is_not_done():
    job = make_job()
    lease = claim(job.pk)
    cancel(job.pk, by=server_scope(means="page"))
    with pytest.raises(JobCancelled):
        lease.finish({"n": 1})
    assert columns(job, "state", "result") == ("running", None)


@pytest.mark.parametrize(
    ("error", "state", "reason"),
    [
        (KeyError("Jane Doe.edf"), "failed", "It stopped at an unexpected error (KeyError)."),
        (PatientWithdrawn("Patient 2002 has withdrawn."), "failed", "Patient 2002 has withdrawn."),
        (KeyboardInterrupt(), "cancelled", "Cancelled with Ctrl-C."),
    ],
)
def test_an_error_ends_the_job_with_what_may_be_kept_of_it_and_goes_on(shared_database, error, state, reason):
    job = make_job()

    def work():
        with claim(job.pk).kept() as lease:
            lease.progress(bytes_done=3)
            raise error

    with pytest.raises(type(error)) as raised:
        work()
    assert raised.value is error
    assert columns(job, "state", "reason", "bytes_done", "lease_until") == (state, reason, 3, None)


def test_an_error_after_the_end_changes_nothing(shared_database):
    job = make_job()

    def work():
        with claim(job.pk).kept() as lease:
            lease.fail("The disk is full: 3 GB more are needed.")
            raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        work()
    assert columns(job, "state", "reason") == ("failed", "The disk is full: 3 GB more are needed.")


def test_work_that_says_no_end_is_done(shared_database):
    job = make_job()
    with claim(job.pk).kept():
        pass
    assert columns(job, "state", "result") == ("done", {})


def test_the_first_error_is_told_even_if_the_lease_is_lost_besides(shared_database):
    job = make_job()
    lease = claim(job.pk, timing=GONE)
    other = claim(job.pk)

    def work():
        with lease.kept():
            raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        work()
    assert columns(job, "state", "attempt") == ("running", 2)
    other.finish()


def test_a_short_failure_of_the_database_costs_no_lease(shared_database, monkeypatch, caplog):
    failures = iter([True, True])
    renew = lease_module.Lease._renew

    def fails_twice(self):
        if next(failures, False):
            raise OperationalError("server has gone away")
        renew(self)

    monkeypatch.setattr(lease_module.Lease, "_renew", fails_twice)
    job = make_job()
    with claim(job.pk, timing=QUICK).kept() as lease:
        lease.progress(bytes_done=5)
        wait_until(lambda: columns(job, "bytes_done") == (5,))
    assert columns(job, "state") == ("done",)
    assert caplog.text.count("could not renew its lease (OperationalError)") == 2
    assert "gone away" not in caplog.text


@pytest.fixture
def told_to_stop(monkeypatch):
    """Call it: from then on this process is a worker that stops."""
    return lambda: monkeypatch.setattr(lease_module, "told", lambda: True)


def works_until_told(lease, told_to_stop):
    with lease.kept():
        lease.progress(bytes_done=7, note="zipping")
        told_to_stop()
        lease.progress()
        pytest.fail("it was told to stop")


def test_a_worker_that_stops_hands_its_job_back_and_the_attempt_is_not_counted(shared_database, told_to_stop):
    job = make_job(under_way_key="k", sent_at=ago(1), bytes_total=90)
    with pytest.raises(HandedBack, match=f"Job {job.pk} is handed back"):
        works_until_told(claim(job.pk, timing=QUICK), told_to_stop)
    names = ("state", "attempt", "handed_back", "lease_until", "sent_at", "started_at", "finished_at", "under_way_key")
    assert columns(job, *names) == ("queued", 1, 1, None, None, None, None, "k")
    assert columns(job, "bytes_done", "bytes_total", "note", "reason") == (0, 90, "", "")


def test_a_workers_process_that_is_ended_hands_its_job_back(shared_database):
    job = make_job()

    def work():
        with claim(job.pk).kept() as lease:
            lease.progress(bytes_done=3)
            raise SystemExit(-241)

    with pytest.raises(SystemExit):
        work()
    assert columns(job, "state", "attempt", "handed_back", "bytes_done") == ("queued", 1, 1, 0)


def test_attempts_that_were_handed_back_leave_three_that_are_killed(shared_database, told_to_stop):
    job = make_job()
    for _ in range(4):
        with pytest.raises(HandedBack):
            works_until_told(claim(job.pk), told_to_stop)
    assert [claim(job.pk, timing=GONE).attempt for _ in range(3)] == [5, 6, 7]
    assert claim(job.pk) is None
    assert columns(job, "state", "attempt", "handed_back") == ("failed", 7, 4)


def test_what_was_cancelled_is_not_handed_back(shared_database, told_to_stop):
    job = make_job()
    lease = claim(job.pk)
    cancel(job.pk, by=server_scope(means="page"))
    with pytest.raises(HandedBack):
        works_until_told(lease, told_to_stop)
    assert columns(job, "state", "reason") == ("cancelled", "Cancelled by server.")


def test_who_has_lost_the_lease_hands_nothing_back(shared_database, told_to_stop):
    job = make_job()
    lease = claim(job.pk, timing=Timing(lease_s=-1.0, renew_s=60, write_s=60))
    second = claim(job.pk)
    with pytest.raises(LeaseLost):
        works_until_told(lease, told_to_stop)
    assert columns(job, "state", "attempt", "handed_back") == ("running", 2, 0)
    second.finish()


def test_the_scope_of_a_job_is_made_anew_for_each_attempt():
    add_patient("2001")
    user = make_user()
    given = grant(user, patient="2001")
    lease = claim(make_job(asker=user).pk)
    assert lease.scope(means="zip").visible(["2001"]) == ["2001"]
    type(given).objects.update(revoked_at=timezone.now())
    assert lease.scope(means="zip").visible(["2001"]) == []
    type(user).objects.update(is_active=False)
    with pytest.raises(AccountClosed):
        lease.scope(means="zip")
    assert claim(make_job().pk).scope(means="zip").sees_all
