"""Two jobs that take in the same files at the same time: one of them writes each, and the other says so."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from chunks import interrupted
from chunks.batch import Batch, Result, Wish
from chunks.models import Recording
from jobs.lease import TIMING
from jobs.models import Job
from people.scope import server_scope
from storage.objects import Objects
from tests.chunks.made import START, SURGERY, Channel, write_recording
from tests.chunks.test_ingest_killed import ROOT, manage, prepared
from tests.jobs.makers import running_command

pytestmark = pytest.mark.database(transaction=True)


def take(path: Path, objects: Objects, *, job_id: int | None = None) -> Result:
    batch = Batch(
        patient="2002",
        surgery=SURGERY,
        surgery_source="date given",
        wish=Wish(),
        objects=objects,
        scope=server_scope(means="test"),
    )
    return batch.ingest(path, place=1, progress=lambda _bytes: None, job_id=job_id)


@pytest.fixture
def half(tmp_path: Path, patient: str, objects: Objects) -> Path:
    """A file that is half taken in."""
    path = tmp_path / "a.edf"
    write_recording(path)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("chunks.ingest.put_annotations", stop)
        with pytest.raises(KeyboardInterrupt):
            take(path, objects)
    assert Recording.objects.get().state == "ingesting"
    return path


def stop(*_words: object, **_options: object) -> None:
    raise KeyboardInterrupt


def test_what_another_living_job_may_be_at_is_left_alone(
    half: Path, objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = running_command(kind="ingest", question="patient=2002", lease_until=TIMING.end_of_lease())

    def sleep(_seconds: float) -> None:
        Job.objects.filter(pk=other.pk).update(lease_until=timezone.now() + timedelta(seconds=TIMING.lease_s))

    monkeypatch.setattr(interrupted.time, "sleep", sleep)
    refused = take(half, objects)
    assert (refused.outcome, refused.refusal) == ("refused", "IngestRefused")
    assert "another job takes in files of the patient now" in refused.reason
    assert Recording.objects.get().state == "ingesting"
    assert take(half, objects, job_id=other.pk).outcome == "completed"  # it is that job's own


def test_of_a_job_that_is_silent_it_is_taken_over(half: Path, objects: Objects) -> None:
    almost = TIMING.end_of_lease() - interrupted.SILENT + timedelta(seconds=0.6)
    running_command(kind="ingest", question="patient=2002", lease_until=almost)
    assert take(half, objects).outcome == "completed"


@pytest.mark.prove
def test_two_commands_at_once_leave_what_one_leaves(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    channels = [Channel(f"LTG{number}", 2000) for number in range(1, 33)]
    write_recording(source / "a.edf", channels=channels, seconds=300)
    write_recording(source / "b.edf", channels=channels, seconds=300, seed=1, start=START + timedelta(minutes=5))
    world = prepared(tmp_path / "world")
    words = [sys.executable, "manage.py", "ingest_edf", str(source), "--subject=2002", "--surgery-date=2017-03-11"]
    environment = {"PATH": os.environ["PATH"], "ECOG_DATA_DIR": str(world)}
    both = [
        subprocess.Popen(
            [*words, "--chunk-seconds=60", "--json"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for _ in range(2)
    ]
    told = [json.JSONDecoder().raw_decode(each.communicate()[0])[0]["files"] for each in both]
    reasons = {file["reason"] for files in told for file in files}
    assert not any("object store" in reason for reason in reasons), reasons
    assert manage(world, "reindex", "--check").wait() == 0
    documents = [json.loads(path.read_text()) for path in (world / "objects").glob("*/*/recording.json")]
    assert [each["state"] for each in documents] == ["ok", "ok"]
