"""A command in a terminal as a job."""

import signal

import pytest
from django.utils import timezone

from jobs.asking import cancel
from jobs.here import run_here
from jobs.models import Job
from jobs.sweeper import sweep
from people.scope import scope_for, server_scope
from tests.jobs.makers import wait_until
from tests.people.makers import make_user

pytestmark = pytest.mark.database


def test_a_command_is_a_job_that_runs_at_once_and_is_done_at_its_end(shared_database):
    user = make_user()
    with run_here(
        kind="download", question="patient=2001", scope=scope_for(user, means="command"), bytes_total=9
    ) as lease:
        row = Job.objects.get()
        assert (row.pk, row.runner, row.state, row.attempt) == (lease.job_id, "command", "running", 1)
        assert (row.kind, row.question, row.asker, row.asker_name) == ("download", "patient=2001", user, "alice")
        assert row.lease_until > timezone.now()
        assert row.bytes_total == 9
        lease.finish({"files": 2})
    row = Job.objects.get()
    assert (row.state, row.result, row.bytes_total) == ("done", {"files": 2}, 9)


def test_the_same_command_in_two_terminals_is_two_jobs(shared_database):
    scope = server_scope(means="command")
    with run_here(kind="a", question="q", scope=scope), run_here(kind="a", question="q", scope=scope):
        assert Job.objects.filter(state="running").count() == 2


def test_an_error_is_the_reason(shared_database):
    def work():
        with run_here(kind="ingest", question="", scope=server_scope(means="command")):
            raise ValueError("Jane_Doe.edf")

    with pytest.raises(ValueError, match="Jane"):
        work()
    row = Job.objects.get()
    assert (row.state, row.reason) == ("failed", "It stopped at an unexpected error (ValueError).")


def test_ctrl_c_cancels_it(spawn):
    command = spawn("command")
    assert command.stdout.readline().startswith("claimed")
    command.send_signal(signal.SIGINT)
    assert command.communicate(timeout=60)[0] == "KeyboardInterrupt\n"
    row = Job.objects.get()
    assert (row.state, row.reason) == ("cancelled", "Cancelled with Ctrl-C.")


def test_it_can_be_cancelled_from_elsewhere(spawn):
    command = spawn("command")
    _, job_id = command.stdout.readline().split()
    cancel(int(job_id), by=server_scope(means="page"))
    assert command.communicate(timeout=60)[0] == "JobCancelled\n"
    assert Job.objects.get().state == "cancelled"


def test_a_killed_command_is_marked_interrupted_and_never_sent(spawn, sent):
    command = spawn("command")
    assert command.stdout.readline().startswith("claimed")
    assert sweep(send=sent.append).failed == 0
    command.kill()
    wait_until(lambda: Job.objects.dead(now=timezone.now()).exists())
    report = sweep(send=sent.append)
    row = Job.objects.get()
    assert (report.failed, sent) == (1, [])
    assert (row.state, row.reason) == ("failed", "The command was interrupted: run it again.")
