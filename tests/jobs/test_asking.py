"""Asking for a job, and cancelling it."""

import pytest
from django.db.models import ProtectedError

from jobs.asking import cancel, enqueue, question_key
from jobs.errors import JobUnknown, NotSent
from jobs.lease import claim
from jobs.models import Job
from people.patients import add_patient
from people.scope import scope_for, server_scope
from tests.jobs.makers import GONE, make_job
from tests.people.makers import grant, make_user
from tests.shared_database import at_once

pytestmark = pytest.mark.database


@pytest.fixture
def alice(db):
    add_patient("2001")
    user = make_user("alice")
    grant(user, patient="2001")
    return scope_for(user, means="page")


def test_a_job_is_queued_and_its_number_and_nothing_else_is_sent(alice, sent):
    job = enqueue("bundle", question="patient=2001", scope=alice, send=sent.append, bytes_total=7)
    row = Job.objects.get()
    assert sent == [job.pk] == [row.pk]
    assert (row.state, row.runner, row.attempt, row.bytes_total) == ("queued", "worker", 0, 7)
    assert (row.kind, row.asker_id, row.asker_name, row.question) == ("bundle", alice.user_id, "alice", "patient=2001")
    assert row.sent_at is not None


def test_the_same_question_is_one_job_while_it_is_under_way(alice, sent):
    first = enqueue("bundle", question="q", scope=alice, send=sent.append)
    assert enqueue("bundle", question="q", scope=alice, send=sent.append) == first
    lease = claim(first.pk)
    assert enqueue("bundle", question="q", scope=alice, send=sent.append) == first
    lease.finish()
    second = enqueue("bundle", question="q", scope=alice, send=sent.append)
    assert second != first
    assert sent == [first.pk, second.pk]


def test_another_kind_question_user_or_scope_is_another_job(alice):
    bob = make_user("bob")
    grant(bob, patient="2001")
    keys = [
        question_key("bundle", question="q", scope=alice),
        question_key("export", question="q", scope=alice),
        question_key("bundle", question="p", scope=alice),
        question_key("bundle", question="q", scope=scope_for(bob, means="page")),
    ]
    add_patient("2002")
    assert question_key("bundle", question="q", scope=alice) == keys[0]
    grant(bob, patient="2002")
    keys.append(question_key("bundle", question="q", scope=scope_for(bob, means="page")))
    assert len(set(keys)) == 5


def test_who_asks_twice_at_once_gets_one_job(shared_database):
    scope, sent = server_scope(means="page"), []
    jobs = at_once(lambda _: enqueue("bundle", question="q", scope=scope, send=sent.append).pk, threads=8)
    assert len(set(jobs)) == 1
    assert sent == [jobs[0]]


def test_a_job_whose_message_is_not_sent_waits_for_the_sweeper(alice, caplog):
    def broken(_job_id):
        raise NotSent("no broker")

    job = enqueue("bundle", question="q", scope=alice, send=broken)
    assert (job.state, Job.objects.get().sent_at) == ("queued", None)
    assert "the sweeper" in caplog.text


def test_a_waiting_job_is_cancelled_at_once(alice, sent):
    job = enqueue("bundle", question="q", scope=alice, send=sent.append)
    row = cancel(job.pk, by=alice)
    assert (row.state, row.reason) == ("cancelled", "Cancelled by alice.")
    assert row.finished_at is not None
    assert claim(job.pk) is None
    assert Job.objects.get().state == "cancelled"


def test_a_running_job_is_asked_to_stop_and_its_question_can_be_asked_anew(alice, sent):
    job = enqueue("bundle", question="q", scope=alice, send=sent.append)
    claim(job.pk)
    row = cancel(job.pk, by=alice)
    assert (row.state, row.cancel_asked) == ("running", True)
    assert enqueue("bundle", question="q", scope=alice, send=sent.append) != job


def test_a_job_that_has_ended_stays_as_it_is(alice, sent):
    job = enqueue("bundle", question="q", scope=alice, send=sent.append)
    claim(job.pk).finish({"a": 1})
    row = cancel(job.pk, by=alice)
    assert (row.state, row.cancel_asked, row.reason, row.result) == ("done", False, "", {"a": 1})


def test_a_cancelled_job_whose_worker_is_gone_is_not_taken_up_again(alice, sent):
    job = enqueue("bundle", question="q", scope=alice, send=sent.append)
    claim(job.pk, timing=GONE)
    cancel(job.pk, by=alice)
    assert claim(job.pk) is None
    row = Job.objects.get(pk=job.pk)
    assert (row.state, row.reason, row.attempt) == ("cancelled", "Cancelled by alice.", 1)


def test_others_jobs_are_unknown_except_to_who_sees_all(alice, sent):
    job = enqueue("bundle", question="q", scope=alice, send=sent.append)
    of_the_server = make_job()
    bob = scope_for(make_user("bob"), means="page")
    for other in (job.pk, of_the_server.pk, 10**9):
        with pytest.raises(JobUnknown, match=str(other)):
            cancel(other, by=bob)
    assert not Job.objects.filter(cancel_asked=True).exists()
    with pytest.raises(JobUnknown):
        cancel(10**9, by=server_scope(means="command"))
    assert cancel(job.pk, by=scope_for(make_user("eve", is_staff=True), means="page")).state == "cancelled"


def test_the_asker_is_not_deleted_because_nobody_means_the_server(alice, sent):
    job = enqueue("bundle", question="q", scope=alice, send=sent.append)
    with pytest.raises(ProtectedError):
        job.asker.delete()
