"""An analysis as its asker meets it: asked, refused, worked on by a real Spark, fetched, and taken away again."""

import csv
import io
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from analysis import masters, work
from analysis.asking import ask, kind_of, wanted
from analysis.errors import AnalysisRefused, ScopeShrunk
from analysis.fetching import tidy
from analysis.jobs.band_power import BANDS, band_power
from analysis.known import KNOWN
from analysis.management.commands import spark_submit
from analysis.masters import check_master
from analysis.models import Result
from analysis.place import Place, manifest_name
from analysis.work import run
from jobs.asking import cancel
from jobs.errors import JobCancelled
from jobs.lease import claim
from jobs.models import Job, State
from people.models import AuditEntry, Grant
from people.roles import Role
from people.scope import scope_for
from selections.resolve import resolve
from selections.words import parse_url
from tests.analysis.driving import values_of
from tests.analysis.made import PLAIN, take, windows_of, write
from tests.jobs.makers import QUICK
from tests.people.makers import grant, make_user, with_role

pytestmark = pytest.mark.database(transaction=True)
QUESTION = "patient=2002"


@pytest.fixture
def place(tmp_path, settings, objects) -> Place:
    settings.RESULTS_URL = (tmp_path / "results").as_uri()
    settings.SPARK_MASTER = "local[2]"
    return Place(settings.RESULTS_URL)


@pytest.fixture
def samples(tmp_path, objects, transactional_db):
    made = write(tmp_path / "a.edf", records=30)
    take(tmp_path / "a.edf", objects)
    return made


@pytest.fixture
def alice(samples) -> User:
    user = with_role(make_user("alice"), Role.RESEARCHER)
    grant(user, patient="2002")
    return user


@pytest.fixture
def browser(alice) -> Client:
    client = Client()
    client.force_login(alice)
    return client


def asked(user: User, name: str = "band_power", *, window: str = "2") -> Job:
    """A job that waits; no message is sent."""
    resolved = resolve(parse_url(QUESTION), scope=scope_for(user, means="page"))
    return ask(resolved, asked=wanted(name, window=window), send=lambda _job: None)[0]


def attempt(job: Job) -> None:
    """As a worker makes it. Raises what ends it."""
    lease = claim(job.pk, timing=QUICK)
    assert lease is not None
    with lease.kept():
        run(lease)


def held(user: User, place: Place) -> Result:
    """A finished result, as small as one can be."""
    job = asked(user)
    place.put(f"{job.pk}/1/result.zip", b"a zip")
    place.put(manifest_name(job.pk, attempt=1), b"{}\n")
    Job.objects.filter(pk=job.pk).update(state=State.DONE, attempt=1, under_way_key=None)
    return Result.objects.create(
        job_id=job.pk,
        name="band_power",
        patients=["2002"],
        folder=f"{job.pk}/1",
        manifest_name=manifest_name(job.pk, attempt=1),
        size_bytes=5,
        finished_at=timezone.now(),
        expires_at=timezone.now() + timedelta(days=1),
    )


@pytest.mark.prove
def test_a_worker_brings_the_numbers_home(alice, browser, samples, place, settings):
    job = asked(alice)
    attempt(job)
    job.refresh_from_db()
    assert (job.state, job.reason) == (State.DONE, "")
    result = Result.objects.get(pk=job.pk)
    assert (result.patients, result.faults, result.rows) == (["2002"], 0, 30)
    assert "ECOG" not in result.log_tail
    page = browser.get(f"/jobs/{job.pk}/").content.decode()
    assert "Patient 2002: delta" in page
    answer = browser.get(f"/analyses/{job.pk}/csv")
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
    for signal in PLAIN:
        own = [
            {name: float(row[head]) if row[head] else None for name in BANDS for head in [f"{name} (unit^2)"]}
            for row in rows
            if row["label"] == signal.label
        ]
        windows = windows_of(signal.physical(samples[signal.label]), length=2 * signal.rate)
        assert values_of(own, list(BANDS)) == pytest.approx(band_power(windows, signal.rate), rel=1e-6, nan_ok=True)
    with zipfile.ZipFile(io.BytesIO(b"".join(browser.get(f"/analyses/{job.pk}/parquet").streaming_content))) as file:
        assert file.testzip() is None
        assert "about.json" in file.namelist()
    fetched = AuditEntry.objects.filter(act="fetch")
    assert [entry.outcome for entry in fetched] == ["done", "done"]


@pytest.mark.prove
def test_cancelled_in_the_middle_nothing_is_left(alice, place, monkeypatch):
    job = asked(alice)
    begun: list[masters.Child] = []

    def begin_and_cancel(words, **more):
        begun.append(masters.begin(words, **more))
        cancel(job.pk, by=scope_for(alice, means="page"))
        return begun[0]

    monkeypatch.setattr(work, "begin", begin_and_cancel)
    with pytest.raises(JobCancelled):
        attempt(job)
    assert begun[0].ended() is not None
    assert not Path(f"/proc/{begun[0].pid}").exists()
    assert list(place.names()) == []
    job.refresh_from_db()
    assert job.state == State.CANCELLED


def test_what_spark_says_of_its_failure_is_the_jobs_reason(alice, place, settings):
    job = asked(alice, window="0.001")
    Job.objects.filter(pk=job.pk).update(
        given={"analysis": "band_power", "window": "nonsense", "master": "spark://x:1"}
    )
    with pytest.raises(AnalysisRefused, match="folders of this one"):
        attempt(job)
    job.refresh_from_db()
    assert job.state == State.FAILED
    assert "put objects and results into S3" in job.reason
    assert list(place.names()) == []


def test_the_button_leads_to_a_job_that_names_its_question(browser, place, alice):
    assert b"/analyses/new?patient=2002" in browser.get(f"/search/?{QUESTION}").content
    assert b"Line length" in browser.get(f"/analyses/new?{QUESTION}").content
    answer = browser.post("/analyses/new", {"question": QUESTION, "analysis": "line_length", "window": ""})
    job = Job.objects.get()
    assert answer["Location"] == f"/jobs/{job.pk}/"
    assert (job.kind, job.question, job.asker_id) == ("spark-line-length", QUESTION, alice.pk)
    assert AuditEntry.objects.get(act="analyse").outcome == "done"


def test_two_analyses_of_one_question_are_two_jobs_and_the_same_is_one(alice, place):
    assert asked(alice).pk == asked(alice).pk != asked(alice, "line_length").pk


@pytest.mark.parametrize(
    ("name", "window", "said"),
    [
        ("sorcery", "", "There is no analysis"),
        ("band_power", "0", "is no length"),
        ("coherence", "", "events of a task"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(browser, place, name, window, said):
    answer = browser.post("/analyses/new", {"question": QUESTION, "analysis": name, "window": window})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not Job.objects.exists()


def test_without_spark_a_sentence_says_how_to_get_it(browser, place, monkeypatch):
    monkeypatch.setattr(masters, "find_spec", lambda _name: None)
    assert "pip install -r requirements-spark.txt" in browser.get(f"/analyses/new?{QUESTION}").content.decode()
    answer = browser.post("/analyses/new", {"question": QUESTION, "analysis": "band_power"})
    assert answer.status_code == 422
    with pytest.raises(CommandError, match=r"requirements-spark\.txt"):
        call_command("spark_submit", "band_power", "--patient", "2002")


def test_the_command_asks_as_the_user_it_names(alice, place, capsys):
    call_command("spark_submit", "band_power", "--patient", "2002", "--as", "alice", "--window", "2")
    job = Job.objects.get()
    assert (job.asker_id, job.question, job.given["window"]) == (alice.pk, QUESTION, "2")
    assert f"/jobs/{job.pk}/" in capsys.readouterr().out
    with_role(make_user("bob"), Role.RESEARCHER)
    with pytest.raises(CommandError, match="Nothing matches"):
        call_command("spark_submit", "band_power", "--patient", "2002", "--as", "bob")


def test_a_result_goes_to_its_owner_alone(alice, browser, place):
    result = held(alice, place)
    assert b"".join(browser.get(f"/analyses/{result.pk}/parquet").streaming_content) == b"a zip"
    bob = with_role(make_user("bob"), Role.RESEARCHER)
    grant(bob, patient="2002")
    other = Client()
    other.force_login(bob)
    assert other.get(f"/analyses/{result.pk}/parquet").status_code == 404
    nobody = Client()
    nobody.force_login(make_user("nobody"))
    assert nobody.get(f"/analyses/{result.pk}/parquet").status_code == 403
    assert nobody.post("/analyses/new", {"question": QUESTION, "analysis": "band_power"}).status_code == 403


def test_a_result_with_a_patient_no_longer_granted_is_refused_and_removed(alice, browser, place):
    result = held(alice, place)
    Grant.objects.all().delete()
    assert "2002" not in browser.get(f"/jobs/{result.pk}/").content.decode().replace(f"?{QUESTION}", "").replace(
        "patient 2002;", ""
    )
    answer = browser.get(f"/analyses/{result.pk}/parquet")
    assert answer.status_code == 403
    assert list(place.names()) == []
    assert AuditEntry.objects.get(act="fetch").outcome == "refused"
    assert browser.get(f"/analyses/{result.pk}/parquet").status_code == 410


def test_a_later_attempt_fails_where_a_patient_was_lost_meanwhile(alice, place, objects, monkeypatch):
    job = asked(alice)

    def killed(*_words, **_more):
        raise KeyboardInterrupt

    monkeypatch.setattr(work, "_worked", killed)
    lease = claim(job.pk, timing=QUICK)
    resolved = work._resolved(lease, scope=lease.scope(means="page"), place=place)
    assert resolved.manifest_name == manifest_name(job.pk, attempt=1)
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=60))
    Grant.objects.all().delete()
    with pytest.raises(ScopeShrunk, match="can no longer be seen by alice"):
        attempt(job)
    assert list(place.names()) == []


def test_expired_results_and_leftovers_are_tidied(alice, place):
    result = held(alice, place)
    name = f"data/patient=2002/{'0' * 32}.parquet"
    place.put(f"999/1/{name}", b"of no job")
    place.put(f"{result.pk}/7/{name}", b"of another attempt")
    assert tidy() == "0 results ended, 2 files of no result removed"
    assert sorted(place.names()) == [f"{result.pk}/1/result.zip", f"{result.pk}/manifest-1.jsonl"]
    Result.objects.update(expires_at=timezone.now())
    assert tidy() == "1 results ended, 0 files of no result removed"
    assert list(place.names()) == []
    assert tidy() == ""


def test_masters_that_cannot_be_meant_are_refused(place):
    with pytest.raises(AnalysisRefused, match="no master of Spark"):
        check_master("yarn", objects_url="file:///x/y", place=place)
    with pytest.raises(AnalysisRefused, match="folders of this one"):
        check_master("spark://host:7077", objects_url="s3://?region=eu-west-1", place=place)


def test_each_analysis_has_a_kind_of_its_own():
    assert [kind_of(known) for known in KNOWN.values()] == ["spark-band-power", "spark-line-length", "spark-coherence"]


def test_who_stops_waiting_is_told_that_the_job_goes_on(alice, place, monkeypatch, capsys):
    def stopped(_seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr(spark_submit.time, "sleep", stopped)
    with pytest.raises(CommandError, match="goes on without this command") as told:
        call_command("spark_submit", "band_power", "--patient", "2002", "--wait")
    assert told.value.returncode == 130
    assert Job.objects.get().state == State.QUEUED


def test_who_waits_is_told_that_no_worker_has_come_and_the_reason_of_the_end(alice, place, monkeypatch, capsys):
    naps = iter(range(3))

    def sleep(_seconds):
        if next(naps) == 2:
            Job.objects.all().end(State.FAILED, now=timezone.now(), reason="Too much.")

    monkeypatch.setattr(spark_submit.time, "sleep", sleep)
    monkeypatch.setattr("jobs.terminal.LINE_EVERY_S", 0.0)
    with pytest.raises(CommandError, match="Too much"):
        call_command("spark_submit", "band_power", "--patient", "2002", "--wait")
    assert "waiting for a worker" in capsys.readouterr().err
