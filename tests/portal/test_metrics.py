"""What Prometheus is told, who may ask, and that nothing it is told is a patient's or a person's."""

import re
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import pytest
from django.db import OperationalError, connection
from django.db.models import QuerySet
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from chunks.headers_db.place import State
from chunks.headers_db.state import read_state, set_state
from chunks.models import IndexFault
from jobs.models import Job
from people.patients import add_patient
from people.roles import Role
from portal import metrics
from portal.backup import backups_folder, make_backup
from tests.people.makers import make_user, with_role

pytestmark = pytest.mark.database(transaction=True)
TOKEN = "0123456789abcdef"


def scrape(**environment: str) -> dict[str, dict[tuple[str, ...], float]]:
    """Every sample by its name and the values of its labels, in the order of their names."""
    answer = Client().get("/metrics", **environment)
    assert answer.status_code == 200
    samples: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(answer.content.decode()):
        for sample in family.samples:
            samples.setdefault(sample.name, {})[tuple(sample.labels.values())] = sample.value
    return samples


def job(state: str, *, waited_s: float = 0.0, kind: str = "bundle") -> None:
    Job.objects.create(
        kind=kind,
        state=state,
        asker_name="secret-person",
        question="patient=7002",
        question_key="k",
        created_at=timezone.now() - timedelta(seconds=waited_s),
    )


def test_jobs_faults_headers_and_disk_are_numbers() -> None:
    for state in ("queued", "queued", "done"):
        job(state, waited_s=90)
    job("failed", kind="ingest")
    now = timezone.now()
    IndexFault.objects.create(bucket="edf-chunks-7002", object_key="k", reason="r", first_seen=now, last_seen=now)
    told = scrape()
    assert told["ecog_jobs"] == {("bundle", "queued"): 2, ("bundle", "done"): 1, ("ingest", "failed"): 1}
    assert 90 <= told["ecog_oldest_waiting_job_seconds"][()] < 120
    assert told["ecog_index_faults"] == {(): 1}
    assert told["ecog_headers_state"] == {("awake",): 1, ("asleep",): 0, ("waking",): 0}
    assert 0 < told["ecog_data_free_bytes"][()] <= told["ecog_data_size_bytes"][()]
    assert set(told["ecog_metrics_failed"].values()) == {0}


def test_nothing_waiting_and_no_backup(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    told = scrape()
    assert told["ecog_oldest_waiting_job_seconds"] == {(): 0}
    assert "ecog_backup_age_seconds" not in told
    make_backup(backups_folder(), keep=None)
    assert 0 <= scrape()["ecog_backup_age_seconds"][()] < 60


def test_requests_are_counted_by_route_and_never_by_address() -> None:
    add_patient("zq-case")
    client = Client()
    client.force_login(with_role(make_user("rita"), Role.RESEARCHER))
    client.get("/patients/zq-case/?label=Smith")
    client.get("/patients/Smith-Jones/")
    client.get("/Smith-Jones/")
    client.generic("BREW", "/login/")
    told = scrape()["ecog_request_seconds_count"]
    assert told[("GET", "patients/<str:patient>/", "404")] >= 2
    assert told[("GET", "no such address", "404")] >= 1
    assert any(method == "other" for method, _, _ in told)
    text = Client().get("/metrics").content.decode()
    assert not re.search("zq-case|Smith|rita|BREW|secret-person", text)


def test_headers_that_sleep_are_left_asleep() -> None:
    set_state(read_state(), state=State.ASLEEP, by="ann")
    told = scrape()
    assert told["ecog_headers_state"][("asleep",)] == 1
    assert "ecog_index_faults" not in told
    assert set(told["ecog_metrics_failed"].values()) == {0}


def test_a_part_that_does_not_answer_takes_no_other_with_it() -> None:
    with patch.object(QuerySet, "aggregate", side_effect=OperationalError("gone")):
        told = scrape()
    assert told["ecog_metrics_failed"][("jobs",)] == 1
    assert "ecog_jobs" not in told
    assert "ecog_data_free_bytes" in told


def test_jobs_are_counted_in_an_index_not_in_their_rows() -> None:
    job("done")
    with CaptureQueriesContext(connection) as captured:
        list(metrics.PARTS["jobs"]())
    with connection.cursor() as cursor:
        explain = "EXPLAIN " if connection.vendor == "mysql" else "EXPLAIN QUERY PLAN "
        cursor.execute(explain + captured[0]["sql"])
        plan = str(cursor.fetchall())
    assert "job_kind_state" in plan
    assert "COVERING INDEX" in plan or "Using index" in plan


@pytest.mark.parametrize(
    ("environment", "allowed"),
    [
        ({"REMOTE_ADDR": "127.0.0.1"}, True),
        ({"REMOTE_ADDR": "::1"}, True),
        ({"REMOTE_ADDR": "::ffff:127.0.0.1"}, True),
        ({"REMOTE_ADDR": "10.0.0.7"}, False),
        ({"REMOTE_ADDR": ""}, False),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "203.0.113.9"}, False),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "127.0.0.1"}, False),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_FORWARDED": "for=203.0.113.9"}, False),
        ({"REMOTE_ADDR": "10.0.0.7", "HTTP_X_FORWARDED_FOR": "127.0.0.1"}, False),
        ({"REMOTE_ADDR": "10.0.0.7", "HTTP_AUTHORIZATION": f"Bearer {TOKEN}"}, True),
        ({"REMOTE_ADDR": "10.0.0.7", "HTTP_AUTHORIZATION": f"Bearer {TOKEN}x"}, False),
        ({"REMOTE_ADDR": "10.0.0.7", "HTTP_AUTHORIZATION": f"Basic {TOKEN}"}, False),
        ({"REMOTE_ADDR": "10.0.0.7", "HTTP_AUTHORIZATION": "Bearer é"}, False),
        ({"REMOTE_ADDR": "10.0.0.7", "HTTP_AUTHORIZATION": "Bearer "}, False),
    ],
)
def test_this_machine_may_ask_and_who_has_the_token(
    environment: dict[str, str], allowed: bool, settings: Settings
) -> None:
    settings.METRICS_TOKEN = TOKEN
    answer = Client().get("/metrics", **environment)
    assert answer.status_code == (200 if allowed else 403)
    assert (b"ecog_jobs" in answer.content) is allowed


def test_without_a_token_an_empty_one_opens_nothing(settings: Settings) -> None:
    settings.METRICS_TOKEN = ""
    answer = Client().get("/metrics", REMOTE_ADDR="10.0.0.7", HTTP_AUTHORIZATION="Bearer ")
    assert answer.status_code == 403
