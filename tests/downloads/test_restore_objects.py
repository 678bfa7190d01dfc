"""`restore_objects` on a real S3 server: what lies in an archive is asked back once, under the scope, and audited."""

import os
from io import StringIO
from typing import Any

import boto3
import pytest
from botocore.config import Config
from django.core.management import CommandError, call_command
from pytest_django import Settings

from people.models import AuditedPatient, AuditEntry
from storage.objects import Objects
from storage.urls import open_objects
from tests.aws import ministack_url, moto_url, own_credentials  # noqa: F401
from tests.downloads.held import hold
from tests.people.makers import grant, make_user

pytestmark = pytest.mark.database(transaction=True)
REGION = "eu-west-1"
BUCKET = "edf-chunks-2002"
ARCHIVED = ["day3_140500/LTG1_chunk-0.chn", "day3_140500/LTG1_chunk-1.chn"]


def run(*words: str) -> str:
    out = StringIO()
    call_command("restore_objects", *words, stdout=out)
    return out.getvalue()


def archive(url: str, settings: Settings, *, storage_class: str = "GLACIER") -> Objects:
    """A recording of patient 2002 on the server, two of its four chunks in an archive, as by a lab's own rule."""
    settings.OBJECTS_URL = f"s3://?region={REGION}&endpoint={url}"
    settings.SESSIONS_BUCKET = f"sessions-{os.getpid()}"
    store = open_objects(settings.OBJECTS_URL)
    store.make_bucket(settings.SESSIONS_BUCKET)
    hold(store)
    client = boto3.client("s3", region_name=REGION, endpoint_url=url, config=Config(s3={"addressing_style": "path"}))
    for key in ARCHIVED:
        client.put_object(Bucket=BUCKET, Key=key, Body=store.get(BUCKET, key), StorageClass=storage_class)
    return store


def empty(store: Objects) -> None:
    for info in list(store.list(BUCKET)):
        store.delete(BUCKET, info.key)


@pytest.fixture
def slow(ministack_url: str, settings: Settings) -> Any:  # noqa: F811
    """Whose restores go on for ever."""
    store = archive(ministack_url, settings)
    yield store
    empty(store)


@pytest.fixture
def quick(moto_url: str, settings: Settings) -> Any:  # noqa: F811
    """Whose restores are done at once."""
    store = archive(moto_url, settings)
    yield store
    empty(store)


def test_a_download_says_what_is_archived_and_how_to_get_it(
    slow: Objects, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CommandError) as raised:
        call_command("download", "--to", str(tmp_path), "--patient", "2002")
    assert raised.value.returncode == 3
    said = capsys.readouterr().err
    assert said.count("must first be restored from the archive") == 2
    assert "manage.py restore_objects" in said


def test_what_is_archived_is_asked_for_once(slow: Objects) -> None:
    said = run("--patient", "2002", "--tier", "Standard", "--days", "3")
    assert "2 files (289.3 kB) lie in an archive (GLACIER); 3 can be read." in said
    assert "Asked for now: 2. S3 says it takes 3 to 5 hours; then they can be read for 3 days" in said
    again = run("--patient", "2002")
    assert "Asked for before and on their way: 2." in again
    assert "Asked for now" not in again


def test_a_dry_run_asks_for_nothing(slow: Objects) -> None:
    for _ in range(2):
        assert "Not asked for yet: 2." in run("--patient", "2002", "--dry-run")
    assert slow.archived(BUCKET, ARCHIVED[0]).state == "archived"


def test_only_what_the_question_finds_is_asked_for(slow: Objects) -> None:
    assert "Asked for now: 1." in run("--patient", "2002", "--stop", "day", "3", "15:00")
    assert [slow.archived(BUCKET, key).state for key in ARCHIVED] == ["under way", "archived"]


def test_what_was_restored_is_fetched(quick: Objects, tmp_path: Any) -> None:
    run("--patient", "2002")
    assert "5 files can be read; none lies in an archive." in run("--patient", "2002")
    call_command("download", "--to", str(tmp_path), "--patient", "2002")
    assert (tmp_path / "s3_download/2002" / ARCHIVED[0]).read_bytes() == quick.get(BUCKET, ARCHIVED[0])


def test_it_is_audited_with_the_patients(slow: Objects) -> None:
    run("--patient", "2002")
    entry = AuditEntry.objects.get(act="restore objects")
    assert (entry.outcome, entry.question) == ("done", "patient=2002")
    assert list(AuditedPatient.objects.filter(entry=entry).values_list("patient", flat=True)) == ["2002"]


def test_who_may_not_see_a_patient_asks_for_nothing_of_hers(slow: Objects) -> None:
    alice = make_user("alice")
    with pytest.raises(CommandError, match="Nothing matches"):
        run("--patient", "2002", "--as", "alice")
    assert slow.archived(BUCKET, ARCHIVED[0]).state == "archived"
    grant(alice, patient="2002")
    assert "Asked for now: 2." in run("--patient", "2002", "--as", "alice")


def test_what_cannot_be_had_is_a_line_and_the_rest_is_asked_for(slow: Objects) -> None:
    slow.delete(BUCKET, ARCHIVED[0])
    out = StringIO()
    with pytest.raises(CommandError) as raised:
        call_command("restore_objects", "--patient", "2002", stdout=out)
    assert raised.value.returncode == 3
    assert "LTG1_chunk-0.chn: There is no object" in out.getvalue()
    assert "Asked for now: 1." in out.getvalue()


@pytest.mark.parametrize(
    ("words", "status"),
    [(["--patient", "2002", "--days", "0"], 2), (["--patient", "2002", "--day", "9"], 1), ([], 2)],
)
def test_a_wrong_call_is_said(slow: Objects, words: list[str], status: int) -> None:
    with pytest.raises(CommandError) as raised:
        run(*words)
    assert raised.value.returncode == status
