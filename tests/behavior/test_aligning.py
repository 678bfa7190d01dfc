"""The job that proposes an alignment, and what is kept of it."""

import numpy as np
import pytest

from behavior.align import Asked
from behavior.aligning import KIND, ask, keep_proposal, proposal_of, run
from behavior.noted import notes_of
from behavior.record import SessionRecord
from jobs.errors import JobUnknown
from jobs.lease import claim
from jobs.models import Job
from people.roles import Role
from people.scope import Scope, scope_for
from storage.objects import Objects
from tests.behavior.aligned import BUCKET, hold_recording, hold_session
from tests.behavior.photodiode import Channel, Shown, as_recorded, trials
from tests.people.makers import make_user, with_role

pytestmark = pytest.mark.database(transaction=True)


def manager(name: str = "dan") -> Scope:
    return scope_for(with_role(make_user(name, is_staff=True), Role.DATA_MANAGER), means="page")


def held(objects: Objects) -> tuple[SessionRecord, list[Shown]]:
    rng = np.random.default_rng(1)
    made = trials(rng, count=20)
    record = hold_session(objects, made)
    shown = as_recorded(made, rng, offset_s=302.5, drift_ppm=30)
    hold_recording(objects, {"LTG1": Channel(seconds=900), "DC01": Channel(seconds=900, shown=shown)})
    return record, made


def done(job: Job) -> Job:
    lease = claim(job.pk)
    assert lease is not None
    with lease.kept():
        run(lease)
    return Job.objects.get(pk=job.pk)


@pytest.fixture(autouse=True)
def sent_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("behavior.aligning.send", lambda _: None)


def test_a_proposal_is_made_and_kept_only_when_somebody_says_so(objects: Objects, patient: str) -> None:
    scope = manager()
    record, _ = held(objects)
    job = ask(record, asked=Asked(), scope=scope)
    assert ask(record, asked=Asked(), scope=scope).pk == job.pk
    ended = done(job)
    assert (ended.kind, ended.state) == (KIND, "done"), ended.reason
    assert not notes_of([record.file_name])
    proposed = proposal_of(job.pk, file_name=record.file_name, scope=scope)
    assert proposed.alignment.offset_s == pytest.approx(2.5, abs=0.02)
    assert proposed.alignment.author == "dan"
    keep_proposal(record, proposed, reason="", by=scope)
    assert notes_of([record.file_name])[record.file_name].alignment["channel"] == "DC01"
    rows = objects.get(BUCKET, f"{record.file_name}.triggers.csv").decode().splitlines()
    assert len(rows) == 1 + len(proposed.triggers) > 50


def test_what_cannot_be_aligned_ends_in_its_sentence(objects: Objects, patient: str) -> None:
    scope = manager()
    record = hold_session(objects, trials(np.random.default_rng(1), count=5))
    ended = done(ask(record, asked=Asked(channel="DC9"), scope=scope))
    assert ended.state == "failed"
    assert ended.reason.startswith("No recording lies around this session.")


def test_a_proposal_is_for_its_session_and_for_who_asked(objects: Objects, patient: str) -> None:
    scope = manager()
    record, _ = held(objects)
    job = ask(record, asked=Asked(), scope=scope)
    with pytest.raises(JobUnknown):  # it is not done yet
        proposal_of(job.pk, file_name=record.file_name, scope=scope)
    done(job)
    with pytest.raises(JobUnknown):
        proposal_of(job.pk, file_name="other.json", scope=scope)
    stranger = scope_for(with_role(make_user("rita"), Role.RESEARCHER), means="page")
    with pytest.raises(JobUnknown):
        proposal_of(job.pk, file_name=record.file_name, scope=stranger)
