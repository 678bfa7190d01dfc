"""Whose end is waited for before a snapshot is taken: jobs of every kind that writes rows of headers."""

from datetime import timedelta

import pytest
from django.utils import timezone

from hibernation.sleeping import writers
from jobs import kinds
from jobs.models import Job, State

pytestmark = pytest.mark.database
WRITING = {"ingest", "remove interrupted", "publish annotations"}


def running(kind: str, **columns: object) -> Job:
    until = timezone.now() + timedelta(seconds=20)
    wanted = {"kind": kind, "asker_name": "ann", "question_key": kind, "state": State.RUNNING, "attempt": 1}
    return Job.objects.create(**wanted | {"started_at": timezone.now(), "lease_until": until} | columns)


def test_jobs_of_every_kind_that_writes_headers_are_waited_for_and_no_others(db: None) -> None:
    for kind in kinds.names():
        running(kind)
    assert {job.kind for job in writers()} == WRITING


def test_who_was_killed_or_began_after_search_closed_is_not_waited_for(db: None) -> None:
    now = timezone.now()
    running("ingest", lease_until=now - timedelta(seconds=1))
    late = running("remove interrupted", started_at=now + timedelta(minutes=1))
    assert writers(before=now) == []
    assert writers() == [late]
