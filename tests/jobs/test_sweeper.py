"""No job is forgotten."""

from datetime import timedelta

import pytest
from django.utils import timezone

from jobs.errors import NotSent
from jobs.lease import claim
from jobs.models import Job
from jobs.sweeper import SweepReport, sweep
from tests.jobs.makers import ago, make_job, running_command, wait_until

pytestmark = pytest.mark.database
NOTHING = SweepReport(sent=(), not_sent=0, cancelled=0, failed=0)


def test_a_job_whose_message_is_lost_is_sent_again_and_not_too_often(sent):
    lost = make_job(created_at=ago(60), sent_at=ago(16))
    never_sent = make_job(created_at=ago(16))
    make_job(created_at=ago(60), sent_at=ago(14))
    make_job(created_at=ago(14))
    assert sweep(send=sent.append).sent == (lost.pk, never_sent.pk)
    assert sweep(send=sent.append) == NOTHING
    assert sent == [lost.pk, never_sent.pk]
    in_a_while = timezone.now() + timedelta(seconds=16)
    assert set(sweep(send=sent.append, now=in_a_while).sent) >= {lost.pk, never_sent.pk}


def test_a_job_that_was_handed_back_is_sent_at_once_and_then_not_too_often(sent):
    job = make_job(attempt=1, handed_back=1)
    assert sweep(send=sent.append).sent == (job.pk,)
    assert sweep(send=sent.append) == NOTHING


def test_while_messages_wait_nothing_is_sent_again_for_long(sent):
    """Else a broker fills: two hundred jobs that wait for a day would have a million messages."""
    lost = make_job(created_at=ago(3600), sent_at=ago(601))
    behind_others = make_job(created_at=ago(3600), sent_at=ago(590))
    never_sent = make_job(created_at=ago(16))
    assert sweep(send=sent.append, waiting=lambda: 1).sent == (lost.pk, never_sent.pk)
    assert sweep(send=sent.append, waiting=lambda: 1) == NOTHING
    assert sweep(send=sent.append, waiting=lambda: 0).sent == (behind_others.pk,)


def test_though_messages_wait_a_dead_workers_job_is_sent_at_once_and_once(sent):
    dead = make_job(state="running", attempt=1, lease_until=ago(1), created_at=ago(60), sent_at=ago(50))
    assert sweep(send=sent.append, waiting=lambda: 1).sent == (dead.pk,)
    assert sweep(send=sent.append, waiting=lambda: 1) == NOTHING


def test_a_job_without_a_living_lease_is_sent_again(sent):
    dead = make_job(state="running", attempt=1, lease_until=ago(1), sent_at=ago(60))
    make_job(state="running", attempt=1, lease_until=ago(-20), sent_at=ago(60))
    for state in ("done", "failed", "cancelled"):
        make_job(state=state, created_at=ago(60), sent_at=ago(60))
    assert sweep(send=sent.append) == SweepReport(sent=(dead.pk,), not_sent=0, cancelled=0, failed=0)
    dead.refresh_from_db()
    assert (dead.state, dead.attempt) == ("running", 1)


def test_what_has_used_up_its_attempts_fails_with_the_reason(sent):
    tired = make_job(state="running", attempt=3, lease_until=ago(1), sent_at=ago(60), under_way_key="k")
    assert sweep(send=sent.append) == SweepReport(sent=(), not_sent=0, cancelled=0, failed=1)
    tired.refresh_from_db()
    assert (tired.state, tired.lease_until, tired.under_way_key) == ("failed", None, None)
    assert "disappeared 3 times" in tired.reason
    assert tired.finished_at is not None


def test_the_third_attempt_is_left_alone_while_it_lives(sent):
    make_job(state="running", attempt=3, lease_until=ago(-1), sent_at=ago(60))
    running_command(lease_until=ago(-1))
    assert sweep(send=sent.append) == NOTHING


def test_cancelled_jobs_that_nobody_works_on_end(sent):
    waiting = make_job(cancel_asked=True, created_at=ago(60))
    dead = make_job(state="running", attempt=1, lease_until=ago(1), cancel_asked=True, reason="Cancelled by alice.")
    command = running_command(lease_until=ago(1), cancel_asked=True)
    alive = make_job(state="running", attempt=1, lease_until=ago(-1), cancel_asked=True)
    assert sweep(send=sent.append) == SweepReport(sent=(), not_sent=0, cancelled=3, failed=0)
    states = dict(Job.objects.values_list("pk", "state"))
    assert [states[job.pk] for job in (waiting, dead, command)] == ["cancelled"] * 3
    assert states[alive.pk] == "running"


def test_a_broker_that_takes_nothing_is_tried_once_a_sweep_and_loses_nothing(sent, caplog):
    jobs = [make_job(created_at=ago(60)).pk for _ in range(5)]
    tried = []

    def takes_two(job_id):
        tried.append(job_id)
        if len(tried) > 2:
            raise NotSent("no broker")

    assert sweep(send=takes_two) == SweepReport(sent=tuple(jobs[:2]), not_sent=3, cancelled=0, failed=0)
    assert tried == jobs[:3]
    assert "3 jobs wait" in caplog.text
    assert sweep(send=sent.append).sent == tuple(jobs[2:])


def test_a_killed_workers_job_is_taken_up_with_the_second_attempt(spawn, sent):
    job = make_job(sent_at=ago(60))
    worker = spawn("work", job.pk)
    assert worker.stdout.readline() == "claimed 1\n"
    assert sweep(send=sent.append) == NOTHING
    worker.kill()
    wait_until(lambda: Job.objects.dead(now=timezone.now()).exists())
    assert sweep(send=sent.append).sent == (job.pk,)
    lease = claim(sent.pop())
    assert lease.attempt == 2
    lease.finish()
    assert Job.objects.get().state == "done"


@pytest.mark.prove
def test_a_job_whose_workers_are_killed_three_times_fails(spawn, sent):
    job = make_job(sent_at=ago(60))
    for attempt in (1, 2, 3):
        worker = spawn("work", job.pk)
        assert worker.stdout.readline() == f"claimed {attempt}\n"
        worker.kill()
        wait_until(lambda: Job.objects.dead(now=timezone.now()).exists())
    assert sweep(send=sent.append).failed == 1
    assert sent == []
    assert Job.objects.get().state == "failed"
