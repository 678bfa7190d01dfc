"""`add_patient` on a real S3 server: buckets set up, looked at and repaired; on a folder there is nothing to check."""

import os
from collections.abc import Iterator
from io import StringIO
from typing import Any

import boto3
import pytest
from botocore.config import Config
from django.core.management import CommandError, call_command
from pytest_django import Settings

from people.models import AuditEntry, Patient
from storage.objects import Objects
from tests.aws import ministack_url, own_credentials  # noqa: F401
from tests.storage.answering import answering, error

pytestmark = pytest.mark.database(transaction=True)
REGION = "eu-west-1"


def run(*words: str) -> str:
    out = StringIO()
    call_command("add_patient", *words, stdout=out)
    return out.getvalue()


def run_badly(*words: str) -> tuple[CommandError, str]:
    out = StringIO()
    with pytest.raises(CommandError) as raised:
        call_command("add_patient", *words, stdout=out)
    return raised.value, out.getvalue()


@pytest.fixture
def prefix(settings: Settings, request: pytest.FixtureRequest) -> str:
    settings.BUCKET_PREFIX = f"lab-{os.getpid()}-{abs(hash(request.node.name)) % 10**6}-"
    return settings.BUCKET_PREFIX


@pytest.fixture
def s3(ministack_url: str, settings: Settings, prefix: str) -> Any:  # noqa: F811
    settings.OBJECTS_URL = f"s3://?region={REGION}&endpoint={ministack_url}"
    settings.SESSIONS_BUCKET = f"{prefix}sessions"
    client = boto3.client(
        "s3", region_name=REGION, endpoint_url=ministack_url, config=Config(s3={"addressing_style": "path"})
    )
    client.create_bucket(Bucket=settings.SESSIONS_BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    return client


@pytest.fixture
def queue(ministack_url: str, settings: Settings, prefix: str) -> str:  # noqa: F811
    sqs = boto3.client("sqs", region_name=REGION, endpoint_url=ministack_url)
    url = sqs.create_queue(QueueName=f"{prefix}events")["QueueUrl"]
    arn: str = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    settings.EVENTS_QUEUE_ARN = arn
    return arn


def told(s3: Any, bucket: str) -> list[str]:
    held = s3.get_bucket_notification_configuration(Bucket=bucket).get("QueueConfigurations", [])
    return [rule["Value"] for each in held for rule in each["Filter"]["Key"]["FilterRules"]]


def test_a_patient_gets_her_bucket_and_the_withheld_one_tells_nobody(s3: Any, queue: str, prefix: str) -> None:
    said = run("2002")
    assert f"recordings go into the bucket {prefix}2002" in said
    assert f"Set up at {prefix}2002: public access, lifecycle, events." in said
    assert f"Set up at {prefix}withheld: public access, lifecycle." in said
    assert told(s3, f"{prefix}2002") == [".chn", "/recording.json"]
    assert told(s3, f"{prefix}withheld") == []
    for bucket in (f"{prefix}2002", f"{prefix}withheld"):
        held = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
        assert set(held.values()) == {True}
    assert run("2002") == f"Patient 2002 exists already; recordings go into the bucket {prefix}2002.\n"


def test_without_a_queue_nobody_is_told(s3: Any, prefix: str) -> None:
    run("2002")
    assert told(s3, f"{prefix}2002") == []


def test_versions_are_kept_where_a_setting_says_so(s3: Any, prefix: str, settings: Settings) -> None:
    settings.BUCKET_VERSIONING = True
    run("2002")
    assert s3.get_bucket_versioning(Bucket=f"{prefix}2002")["Status"] == "Enabled"
    settings.BUCKET_VERSIONING = False
    assert f"{prefix}2002: versioning was on. It is repaired." in run("2002", "--check")
    assert s3.get_bucket_versioning(Bucket=f"{prefix}2002")["Status"] == "Suspended"


def test_drift_is_told_by_a_dry_run_and_repaired_without(s3: Any, prefix: str) -> None:
    run("2002")
    run("2003")
    assert run("--check") == "3 buckets looked at.\n"
    s3.delete_public_access_block(Bucket=f"{prefix}2003")
    s3.delete_bucket_lifecycle(Bucket=f"{prefix}2003")
    error, said = run_badly("--check", "--dry-run")
    assert (error.returncode, str(error)) == (3, "2 things are not as set up.")
    assert f"{prefix}2003: public access was not blocked" in said
    assert "repaired" not in said
    assert run("2002", "--check") == "2 buckets looked at.\n"  # hers and the withheld one
    assert run("--check").count("It is repaired.") == 2
    assert run("--check") == "3 buckets looked at.\n"
    acts = AuditEntry.objects.filter(act__startswith="check buckets").order_by("pk").values_list("act", "outcome")
    assert ("check buckets, dry run", "done") in acts


def test_a_bucket_that_is_gone_is_one_line_and_the_others_are_looked_at(s3: Any, prefix: str) -> None:
    run("2002")
    run("2003")
    s3.delete_bucket(Bucket=f"{prefix}2002")
    s3.delete_public_access_block(Bucket=f"{prefix}2003")
    error, said = run_badly("--check")
    assert error.returncode == 3
    assert f"There is no bucket '{prefix}2002'" in said
    assert f"{prefix}2003: public access was not blocked" in said
    assert "3 buckets looked at." in said


def test_who_has_withdrawn_is_not_looked_for(s3: Any, prefix: str) -> None:
    run("2002")
    run("2003")
    Patient.objects.filter(pk="2002").update(withdrawn_at="2026-01-01T00:00Z")
    assert run("--check") == "2 buckets looked at.\n"


def test_a_queue_that_is_not_there_leaves_the_patient_made(s3: Any, settings: Settings, prefix: str) -> None:
    settings.EVENTS_QUEUE_ARN = f"arn:aws:sqs:{REGION}:000000000000:{prefix}nowhere"
    error, said = run_badly("2002")
    assert error.returncode == 3
    assert "ECOG_EVENTS_QUEUE_ARN" in said
    assert Patient.objects.filter(pk="2002").exists()
    assert f"Set up at {prefix}2002: public access, lifecycle." in said


@pytest.fixture
def somebody_elses(settings: Settings) -> Iterator[None]:
    with answering() as server:
        server.answers = [
            *2 * [error("NoSuchKey", status=404)],  # no tombstone, and how a HEAD learns it
            error("AccessDenied", status=403),
            error("BucketAlreadyExists", status=409),
        ]
        settings.OBJECTS_URL = f"s3://?region={REGION}&endpoint={server.url}"
        yield


def test_a_name_that_is_somebody_elses_is_explained(somebody_elses: None) -> None:
    failed, _ = run_badly("2002")
    assert "'edf-chunks-2002' belongs to somebody else" in str(failed)
    assert "ECOG_BUCKET_PREFIX" in str(failed)


def test_on_a_folder_there_is_nothing_to_check(objects: Objects) -> None:
    run("2002")
    assert "nothing to check" in run("--check")
    assert "nothing to check" in run("2002", "--check")


@pytest.mark.parametrize("words", [[], ["2002", "--dry-run"], ["--dry-run"]])
def test_a_wrong_call_is_said(objects: Objects, words: list[str]) -> None:
    failed, _ = run_badly(*words)
    assert failed.returncode == 2
    assert not Patient.objects.exists()


def test_a_patient_nobody_knows_is_not_checked(s3: Any) -> None:
    failed, _ = run_badly("2009", "--check")
    assert "There is no patient '2009'" in str(failed)
