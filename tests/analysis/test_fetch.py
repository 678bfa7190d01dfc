"""Fetching a result, and what is told of it: every way out is in the audit, and nothing is told out of sight."""

import uuid

import pytest
from django.contrib.auth.models import User
from django.core.checks import run_checks
from django.test import Client
from django.utils import timezone

from analysis import work
from analysis.driven import Outcome
from analysis.errors import AnalysisRefused, ScopeShrunk
from analysis.fetching import tidy
from analysis.models import Result
from jobs.models import Job, State
from people.models import AuditEntry, Grant, Patient
from people.roles import Role
from tests.analysis.test_submission import alice, asked, attempt, browser, held, place, samples
from tests.people.makers import grant, make_user, with_role

__all__ = ["alice", "browser", "place", "samples"]

pytestmark = pytest.mark.database(transaction=True)
ROW = {"patient": "2002", "kind": "data", "rows": 1, "bytes": 9}


def test_a_look_at_the_headers_sends_nothing_and_leaves_no_act_open(alice, browser, place):
    result = held(alice, place)
    answer = browser.head(f"/analyses/{result.pk}/parquet")
    assert (answer.status_code, answer["Content-Length"], answer.content) == (200, "5", b"")
    assert not AuditEntry.objects.filter(act="fetch").exists()


def test_a_result_whose_files_are_lost_is_a_sentence_and_a_failure_in_the_audit(alice, browser, place):
    result = held(alice, place)
    Result.objects.update(files=[ROW | {"name": f"{result.pk}/1/data/patient=2002/{uuid.uuid4().hex}.parquet"}])
    assert browser.get(f"/analyses/{result.pk}/csv").status_code == 503
    place.discard(f"{result.pk}/1/result.zip")
    assert browser.get(f"/analyses/{result.pk}/parquet").status_code == 503
    outcomes = AuditEntry.objects.filter(act="fetch").values_list("outcome", flat=True)
    assert list(outcomes) == ["failed", "failed"]


def test_a_file_that_was_changed_is_a_sentence_and_never_half_a_table(alice, browser, place):
    result = held(alice, place)
    name = f"{result.pk}/1/data/patient=2002/{uuid.uuid4().hex}.parquet"
    place.put(name, b"no Parquet")
    Result.objects.update(files=[ROW | {"name": name}])
    answer = browser.get(f"/analyses/{result.pk}/csv")
    assert answer.status_code == 503
    assert "not what was written" in answer.content.decode()
    assert AuditEntry.objects.get(act="fetch").outcome == "failed"


def test_a_reader_who_leaves_is_in_the_audit(alice, browser, place):
    answer = browser.get(f"/analyses/{held(alice, place).pk}/parquet")
    next(iter(answer.streaming_content))
    answer.close()
    assert AuditEntry.objects.get(act="fetch").outcome == "cancelled"


@pytest.mark.parametrize("kind", ["parquet", "csv", "faults"])
def test_another_user_learns_nothing_of_a_job_number(alice, place, kind):
    result = held(alice, place)
    bob = Client()
    bob.force_login(_researcher("bob"))
    known, unknown = (bob.get(f"/analyses/{number}/{kind}") for number in (result.pk, result.pk + 1))
    assert (known.status_code, unknown.status_code) == (404, 404)
    assert bob.get(f"/jobs/{result.pk}/").status_code == 404
    assert not AuditEntry.objects.filter(act="fetch").exists()


def test_the_log_is_out_of_sight_with_its_patients(alice, browser, place):
    result = held(alice, place)
    Result.objects.update(log_tail="Left out: edf-chunks-2002")
    assert "Left out: edf-chunks-2002" in browser.get(f"/jobs/{result.pk}/").content.decode()
    Grant.objects.all().delete()
    assert "edf-chunks-2002" not in browser.get(f"/jobs/{result.pk}/").content.decode()


def test_the_log_is_text_and_never_markup(alice, browser, place):
    result = held(alice, place)
    Result.objects.update(log_tail="<script>alert(1)</script>")
    page = browser.get(f"/jobs/{result.pk}/").content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert(1)" not in page


def test_another_window_of_a_question_under_way_is_refused_with_the_jobs_number(alice, place):
    job = asked(alice, window="2")
    with pytest.raises(AnalysisRefused, match=f"Job {job.pk} does this analysis"):
        asked(alice, window="5")
    Job.objects.filter(pk=job.pk).update(state=State.DONE, under_way_key=None)
    assert asked(alice, window="5").given["window"] == "5"


def test_what_is_not_a_portals_file_is_never_tidied_away(place):
    strangers = ["2002/day3_120000/LTG1_chunk-0.chn", "17/thesis.tex", "readme", "5/1/data/x.parquet"]
    for name in strangers:
        place.objects.make_bucket(place.bucket)
        place.objects.put(place.bucket, name, b"another's")
    place.put(f"999/1/data/patient=2002/{uuid.uuid4().hex}.parquet", b"of no job")
    assert tidy() == "0 results ended, 1 files of no result removed"
    assert sorted(each.key for each in place.objects.list(place.bucket)) == sorted(strangers)


def test_a_result_of_a_patient_who_has_withdrawn_goes_at_the_next_tidying(alice, place):
    result = held(alice, place)
    assert tidy() == ""
    Patient.objects.filter(pk="2002").update(withdrawn_at=timezone.now())
    assert tidy() == "1 results ended, 0 files of no result removed"
    assert list(place.names()) == []
    result.refresh_from_db()
    assert result.removed_why == "One of its patients has withdrawn."


@pytest.mark.parametrize("how", ["withdrawn", "no longer granted"])
def test_a_patient_who_is_lost_while_spark_works_leaves_nothing(alice, place, monkeypatch, how):
    def worked(lease, result, *, folder, place):
        place.put(f"{folder}/result.zip", b"a zip")
        if how == "withdrawn":
            Patient.objects.filter(pk="2002").update(withdrawn_at=timezone.now())
        else:
            Grant.objects.all().delete()
        return Outcome(done=True)

    monkeypatch.setattr(work, "_worked", worked)
    job = asked(alice)
    with pytest.raises(ScopeShrunk):
        attempt(job)
    assert list(place.names()) == []
    job.refresh_from_db()
    assert (job.state, "no longer be seen" in job.reason) == (State.FAILED, True)


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("SPARK_MASTER", "yarn", "analysis.E001"),
        ("SPARK_MASTER", "spark://10.0.0.1", "analysis.E001"),
        ("RESULTS_URL", "/srv/results", "analysis.E002"),
        ("RESULTS_URL", "s3://results?zone=1", "analysis.E002"),
    ],
)
def test_settings_that_cannot_be_meant_are_told_at_the_start(settings, name, value, code):
    assert not [each for each in run_checks() if str(each.id).startswith("analysis.")]
    setattr(settings, name, value)
    (found,) = [each for each in run_checks() if str(each.id).startswith("analysis.")]
    assert (found.id, f"ECOG_{name}" in found.msg) == (code, True)


def _researcher(name: str) -> User:
    user = with_role(make_user(name), Role.RESEARCHER)
    grant(user, patient="2002")
    return user
