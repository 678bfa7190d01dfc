"""What a job holds sealed: only its worker reads it, and no way in which a job ends leaves it."""

import json
from datetime import timedelta

import pytest
from django.core import serializers
from django.db import IntegrityError, transaction
from django.utils import timezone

from jobs.asking import cancel, enqueue
from jobs.errors import HandedBack, JobCancelled, NothingSealed
from jobs.lease import claim
from jobs.models import Job, State
from jobs.sealed import seal, unseal
from jobs.sweeper import sweep
from people.scope import server_scope
from portal.backup_format import RowWriter
from tests.jobs.makers import GONE, QUICK

pytestmark = pytest.mark.database
SECRET = "2017-03-11"


@pytest.fixture
def job(scope, sent):
    made = enqueue(
        "ingest", question="patient=2002", scope=scope, send=sent.append, given={"files": [1]}, secret=SECRET
    )
    assert unseal(row(made).secret) == SECRET
    assert SECRET not in json.dumps(list(Job.objects.filter(pk=made.pk).values()), default=str)
    return made


def row(job):
    return Job.objects.get(pk=job.pk)


def test_only_the_portals_key_opens_it(settings):
    first, second = seal(SECRET), seal(SECRET)
    assert first != second
    assert unseal(first) == unseal(second) == SECRET
    settings.SECRET_KEY = "another"
    with pytest.raises(NothingSealed, match="Ask for it again"):
        unseal(first)
    with pytest.raises(NothingSealed):
        unseal("")


def test_its_worker_reads_it_in_every_attempt(job):
    first = claim(job.pk, timing=GONE)
    assert first.secret() == SECRET
    second = claim(job.pk)
    assert (second.attempt, second.secret(), second.given()) == (2, SECRET, {"files": [1]})


def finished(job):
    with claim(job.pk, timing=QUICK).kept() as lease:
        lease.finish({})


def failed(job):
    claim(job.pk).fail("It did not work.")


def broke(job):
    with pytest.raises(ValueError, match="x"), claim(job.pk, timing=QUICK).kept():
        raise ValueError("x")


def cancelled_while_it_waits(job):
    cancel(job.pk, by=server_scope(means="test"))


def cancelled_while_it_runs(job):
    lease = claim(job.pk, timing=QUICK)
    cancel(job.pk, by=server_scope(means="test"))
    assert row(job).secret  # its worker stops at its leisure
    with pytest.raises(JobCancelled), lease.kept():
        lease.finish()


def interrupted(job):
    with pytest.raises(KeyboardInterrupt), claim(job.pk, timing=QUICK).kept():
        raise KeyboardInterrupt


def worker_gone_three_times(job):
    for _ in range(3):
        assert claim(job.pk, timing=GONE)
    assert claim(job.pk) is None


def swept_after_three_deaths(job):
    for _ in range(3):
        assert claim(job.pk, timing=GONE)
    assert sweep(send=lambda _: None).failed == 1


def cancelled_and_its_worker_dies(job):
    claim(job.pk, timing=GONE)
    cancel(job.pk, by=server_scope(means="test"))
    assert sweep(send=lambda _: None, now=timezone.now() + timedelta(minutes=5)).cancelled == 1


@pytest.mark.parametrize(
    ("end", "state"),
    [
        (finished, State.DONE),
        (failed, State.FAILED),
        (broke, State.FAILED),
        (cancelled_while_it_waits, State.CANCELLED),
        (cancelled_while_it_runs, State.CANCELLED),
        (interrupted, State.CANCELLED),
        (worker_gone_three_times, State.FAILED),
        (swept_after_three_deaths, State.FAILED),
        (cancelled_and_its_worker_dies, State.CANCELLED),
    ],
    ids=lambda each: getattr(each, "__name__", str(each)),
)
def test_every_end_wipes_it(job, end, state):
    end(job)
    assert (row(job).state, row(job).secret) == (state, "")


def test_a_job_that_is_handed_back_keeps_it(job):
    with pytest.raises(HandedBack), claim(job.pk, timing=QUICK).kept():
        raise HandedBack("x")
    assert row(job).state == State.QUEUED
    assert unseal(row(job).secret) == SECRET


@pytest.mark.parametrize("state", [State.DONE, State.FAILED, State.CANCELLED])
def test_the_database_refuses_a_job_that_ended_and_holds_it(job, state):
    with pytest.raises(IntegrityError), transaction.atomic():
        Job.objects.filter(pk=job.pk).update(state=state)


def test_no_serialisation_of_the_row_holds_it(job):
    for written in (serializers.serialize("json", [row(job)]), RowWriter().serialize([row(job)])):
        assert '"secret": ""' in written
        assert row(job).secret not in written


def test_what_is_kept_stays_however_the_job_ends(job):
    lease = claim(job.pk, timing=QUICK)
    lease.keep({"files": 1})
    with pytest.raises(ValueError, match="x"), lease.kept():
        raise ValueError("x")
    assert row(job).result == {"files": 1}


def test_a_later_attempt_reads_what_was_kept(job):
    claim(job.pk, timing=GONE).keep({"files": 1})
    lease = claim(job.pk)
    assert lease.result() == {"files": 1}
    lease.keep({"files": 2})
    lease.finish()
    assert row(job).result == {"files": 2}
