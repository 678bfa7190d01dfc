import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from chunks.models import ChunkHeader, Recording
from jobs.errors import JobCancelled
from jobs.lease import Lease
from jobs.models import Job, State
from people.models import AuditedPatient, AuditEntry
from storage.folder import FolderObjects
from storage.objects import Objects
from tests.downloads.held import hold
from tests.downloads.made import tree_of
from tests.people.makers import grant, make_user

pytestmark = pytest.mark.database(transaction=True)
RECORDING = "s3_download/2002/day3_140500"
CHUNK_BYTES = 2 * 3600 * 20


@pytest.fixture
def store(tmp_path: Path, settings: Settings) -> Objects:
    settings.OBJECTS_URL = (tmp_path / "objects").as_uri()
    return FolderObjects(tmp_path / "objects")


def download(home: Path, *words: str, **options: Any) -> None:
    call_command("download", "--to", str(home), *words, **options)


def refused(home: Path, *words: str) -> CommandError:
    with pytest.raises(CommandError) as caught:
        download(home, *words)
    return caught.value


def report(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    return json.loads(capsys.readouterr().out)


def test_what_is_found_lies_in_the_tree_to_the_byte(store: Objects, home: Path) -> None:
    hold(store)
    download(home, "--patient", "2002")
    tree = tree_of(home)
    keys = {row.object_key for row in ChunkHeader.objects.all()} | {"day3_140500/annotations.json"}
    assert set(tree) == {f"s3_download/2002/{key}" for key in keys} | {"s3_download/manifest.csv"}
    assert all(tree[f"s3_download/2002/{key}"] == store.get("edf-chunks-2002", key) for key in keys)


def test_only_the_hours_and_channels_asked_for_come(store: Objects, home: Path) -> None:
    hold(store)
    download(home, "--patient", "2002", "--channel", "LTG2", "--start", "day", "3", "15:05")
    assert set(tree_of(home)) == {
        f"{RECORDING}/LTG2_chunk-1.chn",
        f"{RECORDING}/annotations.json",
        "s3_download/manifest.csv",
    }


def test_it_says_what_it_does(store: Objects, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hold(store)
    download(home, "--patient", "2002")
    out, err = capsys.readouterr()
    assert "4 chunks of 2 channels in 1 recording of 1 patient" in out
    assert "at 50.0 MB/s" in out
    assert "With annotations 5 files" in out
    assert f"Fetched 5 files (578.6 kB); 0 were there and whole. {home}/s3_download/manifest.csv lists all." in out
    assert "Download: 578.6 kB of 578.6 kB" in err
    download(home, "--patient", "2002")
    assert "Fetched 1 file (20 bytes); 4 were there and whole" in capsys.readouterr().out


def test_the_report_can_be_had_as_json(store: Objects, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hold(store)
    download(home, "--patient", "2002", "--json")
    said = report(capsys)
    assert said["question"] == "patient=2002"
    assert said["totals"]["chunks"] == 4
    assert (said["plan"]["files"], said["plan"]["fits"]) == (5, True)
    assert said["outcome"] == {"fetched": 5, "kept": 0, "failed": [], "bytes": said["plan"]["bytes"]}


def test_a_dry_run_says_everything_and_writes_nothing(
    store: Objects, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hold(store)
    download(home, "--patient", "2002", "--dry-run")
    out, err = capsys.readouterr()
    assert "5 to fetch" in out
    assert " free, " in out
    assert err == ""
    assert not home.exists()
    assert not Job.objects.exists()
    assert AuditEntry.objects.get().act == "download, dry run"


def test_a_dry_run_says_where_it_would_not_fit(store: Objects, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hold(store)
    monkeypatch.setattr("downloads.folder.TreeFolder.free_bytes", lambda _folder: 500_000)
    for words in (["--dry-run"], []):
        error = refused(home, "--patient", "2002", *words)
        assert error.returncode == 1
        assert "500.0 kB free" in str(error)
        assert not home.exists()


def test_nothing_matches_is_status_1_and_says_what_would(
    store: Objects, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hold(store)
    error = refused(home, "--patient", "2002", "--channel", "LTH1")
    assert (error.returncode, str(error)) == (1, "Nothing matches.")
    assert "LTG1" in capsys.readouterr().out
    assert not home.exists()


@pytest.mark.parametrize("words", [["--day", "x"], [], ["--patient", "2002", "--jobs", "0"], ["--patient", "a/b"]])
def test_a_question_that_cannot_be_read_is_status_2(store: Objects, home: Path, words: list[str]) -> None:
    assert refused(home, *words).returncode == 2


def test_files_that_fail_are_status_3_and_named(store: Objects, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hold(store)
    store.delete("edf-chunks-2002", "day3_140500/LTG1_chunk-0.chn")
    store.put("edf-chunks-2002", "day3_140500/LTG2_chunk-1.chn", bytes(CHUNK_BYTES))
    error = refused(home, "--patient", "2002", "--json")
    assert error.returncode == 3
    assert "2 of 5 files could not be fetched" in str(error)
    out, err = capsys.readouterr()
    failed = json.loads(out)["outcome"]["failed"]
    assert {each["path"] for each in failed} == {f"{RECORDING}/LTG1_chunk-0.chn", f"{RECORDING}/LTG2_chunk-1.chn"}
    assert all(f"{each['path']}: {each['reason']}" in err for each in failed)
    assert set(tree_of(home / RECORDING)) == {"LTG1_chunk-1.chn", "LTG2_chunk-0.chn", "annotations.json"}
    entry, job = AuditEntry.objects.get(), Job.objects.get()
    assert (entry.outcome, job.state) == ("failed", State.FAILED)
    assert "2 of 5 files" in entry.reason
    assert "2 of 5 files" in job.reason


def test_a_disk_that_runs_full_under_way_is_status_3(
    store: Objects, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: object, **_options: object) -> None:
        raise OSError(28, "No space left on device")

    hold(store)
    monkeypatch.setattr(FolderObjects, "stream", full)
    error = refused(home, "--patient", "2002")
    assert error.returncode == 3
    assert "ran full" in str(error)
    assert str(home) not in AuditEntry.objects.get().reason + Job.objects.get().reason


def test_rows_that_lie_outside_their_recording_are_not_left_out_in_silence(store: Objects, home: Path) -> None:
    hold(store, labels=["LTG1"])
    ChunkHeader.objects.filter(chunk=1).update(object_key="other/LTG1_chunk-1.chn")
    error = refused(home, "--patient", "2002")
    assert "The search counts 2 chunks, and 1 are listed" in str(error)
    assert not home.exists()


def test_hostile_names_stop_it_before_anything_is_written(store: Objects, home: Path) -> None:
    hold(store, labels=["LTG1"])
    ChunkHeader.objects.filter(chunk=1).update(object_key="day3_140500/../../../x.chn")
    assert "does not lie in the folder" in str(refused(home, "--patient", "2002"))
    assert not home.exists()


# Who may, and what is written down


def test_without_a_grant_there_is_nothing_and_no_word_of_the_patient(
    store: Objects, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hold(store)
    make_user("alice")
    error = refused(home, "--patient", "2002", "--as", "alice")
    said = capsys.readouterr().out
    assert (error.returncode, str(error)) == (1, "Nothing matches.")
    refused(home, "--patient", "2999", "--as", "alice")
    assert capsys.readouterr().out == said.replace("2002", "2999")
    assert not home.exists()
    assert not AuditedPatient.objects.exists()


def test_a_grant_gives_exactly_its_patient(store: Objects, home: Path) -> None:
    hold(store, "2002")
    hold(store, "2003")
    grant(make_user("alice"), patient="2003")
    download(home, "--all-patients", "--as", "alice")
    assert [path.name for path in (home / "s3_download").iterdir() if path.is_dir()] == ["2003"]
    entry = AuditEntry.objects.get()
    assert (entry.by_name, [each.patient for each in entry.patients.all()]) == ("alice", ["2003"])
    assert Job.objects.get().asker_name == "alice"


def test_the_audit_says_who_took_what_and_how_much_was_really_fetched(store: Objects, home: Path) -> None:
    hold(store)
    download(home, "--patient", "2002")
    download(home, "--patient", "2002")
    second, first = AuditEntry.objects.order_by("-pk")
    assert (first.act, first.by_name, first.means, first.question) == ("download", "server", "command", "patient=2002")
    assert (first.outcome, [each.patient for each in first.patients.all()]) == ("done", ["2002"])
    assert first.bytes == sum(row.size_bytes for row in ChunkHeader.objects.all()) + 20
    assert second.bytes == 20


def test_the_job_shows_the_bytes(store: Objects, home: Path) -> None:
    hold(store)
    download(home, "--patient", "2002")
    job = Job.objects.get()
    assert (job.kind, job.state, job.question) == ("download", State.DONE, "patient=2002")
    assert job.bytes_done == job.bytes_total == Recording.objects.get().bytes_expected + 20


def test_a_cancel_from_the_page_is_status_130(store: Objects, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def cancelled(_lease: Lease, *, bytes_done: int | None = None, **_shown: int) -> None:
        if bytes_done is not None:
            raise JobCancelled("Job 1 was cancelled.")

    hold(store)
    monkeypatch.setattr(Lease, "progress", cancelled)
    assert refused(home, "--patient", "2002").returncode == 130
    assert (AuditEntry.objects.get().outcome, Job.objects.get().state) == ("cancelled", State.CANCELLED)
    assert not list(home.rglob("*.part"))


# Interrupted


def run(*words: str, tmp_path: Path, databases: dict[str, str]) -> subprocess.Popen[str]:
    environment = os.environ | databases | {"ECOG_OBJECTS_URL": (tmp_path / "objects").as_uri()}
    return subprocess.Popen(
        [sys.executable, "manage.py", "download", "--to", str(tmp_path / "home"), *words],
        cwd=Path(__file__).parents[2],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


WEEK = {"labels": [f"LTG{n}" for n in range(1, 9)], "hours": 4, "sfreq": 2000}  # 460 MB
SLOWLY = ["--patient", "2002", "--jobs", "1"]


def wait_for_first_file(process: subprocess.Popen[str], home: Path) -> None:
    while not (home / RECORDING / "LTG1_chunk-0.chn").exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)


def test_ctrl_c_is_status_130_and_the_same_command_goes_on(
    store: Objects, home: Path, tmp_path: Path, databases_of_this_test: dict[str, str]
) -> None:
    hold(store, **WEEK)
    process = run(*SLOWLY, tmp_path=tmp_path, databases=databases_of_this_test)
    wait_for_first_file(process, home)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert "the same command goes on" in err
    assert not list(home.rglob("*.part"))
    entry = AuditEntry.objects.get()
    assert (entry.outcome, Job.objects.get().state) == ("cancelled", State.CANCELLED)
    assert entry.bytes == sum(path.stat().st_size for path in home.rglob("*.chn"))
    download(home, *SLOWLY)
    assert len(list(home.rglob("*.chn"))) == 32


@pytest.mark.prove
def test_killed_the_same_command_ends_as_if_it_had_not_been(
    store: Objects, home: Path, tmp_path: Path, databases_of_this_test: dict[str, str]
) -> None:
    hold(store, **WEEK)
    process = run(*SLOWLY, tmp_path=tmp_path, databases=databases_of_this_test)
    wait_for_first_file(process, home)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert AuditEntry.objects.get().is_open
    assert len(list(home.rglob("*.chn"))) < 32, "it was killed in the middle"
    download(home, *SLOWLY)
    download(tmp_path / "undisturbed", *SLOWLY)
    assert tree_of(home) == tree_of(tmp_path / "undisturbed")
