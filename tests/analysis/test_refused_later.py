"""What changes between the question and the work: a manifest that is another's, a database that falls asleep."""

import pytest
from django.core.management import CommandError, call_command

from analysis import work
from analysis.errors import AnalysisError, ManifestRefused, ScopeShrunk
from analysis.place import Place, manifest_name
from analysis.work import _resolved
from chunks.headers_db.errors import HeadersAsleep
from chunks.headers_db.place import State as Headers
from chunks.headers_db.state import read_state, set_state
from jobs.lease import claim
from jobs.models import Job, State
from people.models import AuditEntry
from tests.analysis.test_submission import QUESTION, alice, asked, attempt, browser, place, samples
from tests.jobs.makers import QUICK
from tests.people.makers import make_user

__all__ = ["alice", "browser", "place", "samples"]

pytestmark = pytest.mark.database(transaction=True)


def kept(job: Job, place: Place) -> str:
    """The first attempt has resolved the question, and its worker has died; the manifest's name."""
    lease = claim(job.pk, timing=QUICK)
    assert lease is not None
    name = _resolved(lease, scope=lease.scope(means="page"), place=place).manifest_name
    Job.objects.filter(pk=job.pk).update(state=State.QUEUED, lease_until=None)
    return name


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        (lambda text: text.replace('"LTG1"', '"LTG9"', 1), AnalysisError, "not those that were written"),
        (lambda text: text.replace(QUESTION, "patient=2002&channel=ltg1"), ScopeShrunk, "something else than"),
        (lambda text: "\n".join(text.split("\n")[1:]), AnalysisError, "not those that were written"),
    ],
)
def test_a_manifest_that_was_changed_is_not_submitted(alice, place, monkeypatch, change, error, said):
    monkeypatch.setattr(work, "begin", lambda *_words, **_more: pytest.fail("it was submitted"))
    job = asked(alice)
    name = kept(job, place)
    text = place.get(name).decode()
    assert change(text) != text
    place.put(name, change(text).encode())
    with pytest.raises(error, match=said):
        attempt(job)
    assert list(place.names()) == []


@pytest.mark.parametrize("owner", ["alice", "carla"])
def test_a_manifest_of_another_question_or_person_is_not_submitted(alice, place, monkeypatch, owner):
    monkeypatch.setattr(work, "begin", lambda *_words, **_more: pytest.fail("it was submitted"))
    job = asked(alice)
    name = kept(job, place)
    carla = make_user("carla", is_staff=True)
    other = asked(alice if owner == "alice" else carla, "line_length")
    if owner == "alice":
        Job.objects.filter(pk=other.pk).update(question="patient=2002&channel=ltg1")
    place.put(name, place.get(kept(other, place)))
    with pytest.raises(ManifestRefused if owner == "alice" else ScopeShrunk, match=r"another question|somebody else"):
        attempt(job)
    assert not list(place.names(f"{job.pk}/"))
    assert Job.objects.get(pk=job.pk).state == State.FAILED


@pytest.mark.parametrize("state", [Headers.ASLEEP, Headers.WAKING])
def test_while_the_headers_sleep_page_command_and_job_say_so(alice, browser, place, state):
    job = asked(alice)
    set_state(read_state(), state=state, by="ann")
    for answer in (
        browser.get(f"/analyses/new?{QUESTION}"),
        browser.post("/analyses/new", {"question": QUESTION, "analysis": "line_length"}),
    ):
        assert answer.status_code == 503
        assert "asleep" in answer.content.decode() or "waking" in answer.content.decode().lower()
    with pytest.raises(CommandError, match=r"asleep|waking"):
        call_command("spark_submit", "line_length", "--patient", "2002", "--as", "alice")
    with pytest.raises(HeadersAsleep):
        attempt(job)
    job.refresh_from_db()
    assert job.state == State.FAILED
    assert "asleep" in job.reason or "waking" in job.reason
    assert not AuditEntry.objects.filter(outcome="").exists()
    assert Job.objects.count() == 1


def test_an_attempt_after_the_first_needs_no_headers(alice, place, monkeypatch):
    def begun(*_words, **_more):
        raise ManifestRefused("It was begun.")

    job = asked(alice)
    assert kept(job, place) == manifest_name(job.pk, attempt=1)
    set_state(read_state(), state=Headers.ASLEEP, by="ann")
    monkeypatch.setattr(work, "begin", begun)
    with pytest.raises(ManifestRefused, match="It was begun"):
        attempt(job)
