"""`ecog` against the real portal: the same questions, tree, checks, resume, scope and audit as the commands."""

import ast
import json
import os
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from chunks.headers_db.place import State as Asleep
from chunks.headers_db.state import read_state, set_state
from chunks.models import ChunkHeader
from downloads.client.files import ClientFile
from downloads.client.progress import count_bytes
from downloads.client.sending import send_file
from jobs.asking import cancel
from jobs.models import Job, State
from people.models import AuditEntry, Grant, Token
from people.scope import server_scope
from storage.folder import FolderObjects
from storage.objects import Objects
from tests.downloads.asked import researcher, token_of
from tests.downloads.ecog import CLIENT, Computer
from tests.downloads.held import hold
from tests.downloads.made import tree_of
from tests.people.makers import grant

pytestmark = pytest.mark.database(transaction=True)
WEEK = {"labels": [f"LTG{n}" for n in range(1, 5)], "hours": 4, "sfreq": 1000}  # 115 MB
FIRST = "data/s3_download/2002/day3_140500/LTG1_chunk-0.chn"


@pytest.fixture
def store(tmp_path: Path, settings: Settings) -> Objects:
    settings.OBJECTS_URL = (tmp_path / "objects").as_uri()
    return FolderObjects(tmp_path / "objects")


@pytest.fixture
def alice(transactional_db: None) -> User:
    return researcher("alice")


@pytest.fixture
def laptop(alice: User, live_server: LiveServer, tmp_path: Path) -> Computer:
    return Computer(tmp_path / "laptop", url=live_server.url, token=token_of(alice))


def command(tmp_path: Path, *words: str) -> dict[str, bytes | None]:
    """The tree that the command on the server makes."""
    call_command("download", "--to", str(tmp_path / "server"), *words, verbosity=0)
    return tree_of(tmp_path / "server")


def wait_for(process: "subprocess.Popen[str]", happened: Callable[[], bool]) -> None:
    while not happened():
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)


# The file


def test_it_needs_the_standard_library_of_python_3_9_alone() -> None:
    tree = ast.parse(CLIENT.read_text(encoding="utf-8"), feature_version=(3, 9))
    names = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    names |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert {str(name).partition(".")[0] for name in names} <= {"__future__"} | STANDARD
    assert CLIENT.stat().st_mode & stat.S_IXUSR
    assert CLIENT.read_text(encoding="utf-8").startswith("#!/usr/bin/env python3\n")


STANDARD = {
    *("argparse", "base64", "collections", "contextlib", "csv", "dataclasses", "datetime", "errno", "fcntl", "getpass"),
    *("http", "json", "os", "pathlib", "queue", "random", "re", "shutil", "ssl", "sys", "tempfile", "threading"),
    *("time", "typing", "unicodedata", "urllib", "zlib"),
}


def pythons() -> list[str]:
    found = [shutil.which(f"python3.{minor}") for minor in (9, 10, 12, 13, 14)]
    found += [str(path) for path in Path.home().glob(".pyenv/versions/3.*/bin/python3")]
    works = [
        path
        for path in found
        if path
        and subprocess.run([path, "-c", "import sys; sys.exit(sys.version_info < (3, 9))"], check=False).returncode == 0
    ]
    return sorted(set(works))


@pytest.mark.parametrize("python", pythons() or [pytest.param("", marks=pytest.mark.skip("no other Python here"))])
def test_it_runs_on_every_python_that_is_here(
    store: Objects, alice: User, laptop: Computer, tmp_path: Path, python: str
) -> None:
    hold(store)
    grant(alice, patient="2002")
    laptop.python = python
    assert laptop.run("search", "--patient", "2002", "--day", "-1..3").status == 0
    assert laptop.run("download", "--patient", "2002", "--to", "data").status == 0
    assert tree_of(laptop.home / "data") == command(tmp_path, "--patient", "2002")


def test_the_portal_serves_it_with_its_own_address_to_those_who_are_logged_in(
    store: Objects, alice: User, laptop: Computer, settings: Settings, live_server: LiveServer
) -> None:
    settings.PORTAL_URL = live_server.url
    client = Client()
    assert client.get("/ecog").status_code == 302
    client.force_login(alice)
    answer = client.get("/ecog")
    assert answer["Content-Disposition"] == 'attachment; filename="ecog"'
    laptop.client = laptop.home / "ecog"
    laptop.client.write_bytes(answer.content)
    laptop.url = ""
    said = laptop.run("whoami")
    assert (said.status, live_server.url in said.out) == (0, True)
    alice.groups.clear()
    assert client.get("/ecog").status_code == 403


# Logging in


def test_a_login_is_checked_and_kept_for_its_owner_alone(store: Objects, alice: User, laptop: Computer) -> None:
    hold(store)
    grant(alice, patient="2002")
    token, laptop.token = laptop.token, ""
    url, laptop.url = laptop.url, ""
    assert laptop.run("whoami").err == "ecog: You are not logged in. Run: ecog login\n"
    said = laptop.run("login", typed=f"{url}/\n{token}\n")
    assert (said.status, said.err) == (0, "")
    assert f"You are alice at {url}. You may see 2002." in said.out
    assert token not in said.out
    kept = laptop.home / ".config" / "ecog" / "config.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    assert json.loads(kept.read_text()) == {"address": url, "token": token}
    assert laptop.run("search", "--patient", "2002").status == 0
    kept.chmod(0o644)
    assert "chmod 600" in laptop.run("whoami").err
    kept.chmod(0o600)
    other = laptop.run("whoami", ECOG_URL="http://127.0.0.1:9")
    assert (other.status, "another portal" in other.err) == (1, True)


def test_a_login_that_the_portal_refuses_is_not_kept(laptop: Computer) -> None:
    wrong = "ecog_" + "a" * 43
    said = laptop.run("login", typed=f"{wrong}\n", ECOG_TOKEN="x")
    assert (said.status, "does not know this token" in said.err) == (1, True)
    assert wrong not in said.err
    assert not (laptop.home / ".config").exists()


@pytest.mark.parametrize(
    "address",
    [
        "http://ecog.example.org",
        "ftp://x",
        "ecog.example.org",
        "https://u:p@x.org",
        "https://x.org/?a",
        "https://[",
        "",
    ],
)
def test_a_token_is_sent_by_https_or_to_this_machine_alone(tmp_path: Path, address: str) -> None:
    said = Computer(tmp_path / "laptop").run("login", typed=f"{address}\nsecret-token\n")
    assert said.status == 1
    assert "secret-token" not in said.err


# Searching


def test_a_search_says_the_same_as_the_command(
    store: Objects, alice: User, laptop: Computer, capsys: pytest.CaptureFixture[str]
) -> None:
    hold(store)
    hold(store, "2003")
    grant(alice, patient="2002")
    words = ["--all-patients", "--channel", "LTG2", "X7", "--start", "day", "3", "15:05", "--limit", "5"]
    call_command("search", *words, "--json", "--as", "alice")
    assert json.loads(laptop.run("search", *words, "--json").out) == json.loads(capsys.readouterr().out)
    call_command("search", *words, "--as", "alice")
    theirs, mine = capsys.readouterr().out.splitlines(), laptop.run("search", *words).out.splitlines()
    assert mine[1:] == theirs[1:], "all but the spelling of the question"
    assert len(mine) == 7


def test_pages_follow_each_other(store: Objects, alice: User, laptop: Computer) -> None:
    hold(store)
    grant(alice, patient="2002")
    first = json.loads(laptop.run("search", "--patient", "2002", "--limit", "3", "--json").out)
    said = laptop.run("search", "--patient", "2002", "--limit", "3", "--after", first["next"], "--json")
    assert len(first["headers"]) == 3
    assert len(json.loads(said.out)["headers"]) == 1


def test_nothing_matches_is_status_1_and_says_what_would(store: Objects, alice: User, laptop: Computer) -> None:
    hold(store)
    grant(alice, patient="2002")
    for words in (["search"], ["download", "--to", "data"]):
        said = laptop.run(*words, "--patient", "2002", "--channel", "LTH1")
        assert (said.status, said.err) == (1, "ecog: Nothing matches.\n")
        assert "LTG1" in said.out
    assert not (laptop.home / "data").exists()
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--patient", "2002", "--day", "x", "--channel", '"EMG'], "day: "),
        (["--patient", "a/b"], "patient: "),
        ([], "Say whose recordings"),
        (["--patient", "2002", "--colour", "red"], "unrecognized arguments"),
    ],
)
def test_a_question_that_cannot_be_read_is_status_2(laptop: Computer, words: list[str], says: str) -> None:
    for start in (["search"], ["download", "--to", "data"]):
        said = laptop.run(*start, *words)
        assert said.status == 2
        assert says in said.err
    assert laptop.run("search", "--patient", "2002", "--limit", "-1").status == 2
    assert laptop.run("download", "--patient", "2002", "--to", "data", "--jobs", "0").status == 2


def test_a_sleeping_database_is_said_and_not_waited_for(store: Objects, alice: User, laptop: Computer) -> None:
    hold(store)
    grant(alice, patient="2002")
    set_state(read_state(), state=Asleep.ASLEEP, by="ann")
    said = laptop.run("search", "--patient", "2002")
    assert (said.status, "ecog: The headers database is asleep" in said.err) == (1, True)


# Downloading


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[ClientFile]:
    """Every file that the portal sends, as often as it sends it."""
    files: list[ClientFile] = []

    def send(request: HttpRequest, file: ClientFile, **also: Any) -> HttpResponseBase:
        answer = send_file(request, file, **also)
        files.append(file)
        return answer

    monkeypatch.setattr("downloads.api.operations.send_file", send)
    return files


def test_a_download_is_that_of_the_command_byte_for_byte(
    store: Objects, alice: User, laptop: Computer, tmp_path: Path, sent: list[ClientFile]
) -> None:
    hold(store, warnings=["It began late.", "=1+1"])
    hold(store, "2002", "day4_000000", seed=2, labels=["LTG1", "Ü, 1"])
    hold(store, "2003")
    grant(alice, patient="2002")
    grant(alice, patient="2003")
    said = laptop.run("download", "--all-patients", "--to", "data")
    assert said.status == 0, said.err
    theirs = command(tmp_path, "--all-patients")
    assert tree_of(laptop.home / "data") == theirs
    assert len(theirs) == 16
    job, entry = Job.objects.get(kind="client"), AuditEntry.objects.get(act="download", means="client")
    whole_bytes = sum(len(content or b"") for path, content in theirs.items() if not path.endswith("manifest.csv"))
    # On a machine that is very busy a file may be asked for again, and then it is sent, and counted, again.
    size_bytes = sum(file.size_bytes for file in sent)
    assert sum(file.size_bytes for file in set(sent)) == whole_bytes
    assert (job.state, job.bytes_done, job.result["fetched"]) == (State.DONE, size_bytes, 15)
    assert (entry.outcome, entry.bytes, entry.by_name) == ("done", size_bytes, "alice")
    assert sorted(each.patient for each in entry.patients.all()) == ["2002", "2003"]


def test_an_answer_that_comes_too_late_is_asked_for_again_and_both_are_counted(
    store: Objects,
    alice: User,
    laptop: Computer,
    tmp_path: Path,
    sent: list[ClientFile],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the server gave out is written down, though nobody took it: the audit never says too little."""
    hold(store)
    grant(alice, patient="2002")
    laptop.client = laptop.home / "ecog"
    laptop.client.write_text(CLIENT.read_text(encoding="utf-8").replace("\nSILENCE_S = 30.0", "\nSILENCE_S = 1.0"))
    stalls = iter([2.0])

    def count(job_id: int, size_bytes: int) -> bool:
        counted = count_bytes(job_id, size_bytes)
        time.sleep(next(stalls, 0.0))
        return counted

    monkeypatch.setattr("downloads.client.sending.count_bytes", count)
    said = laptop.run("download", "--patient", "2002", "--to", "data")
    assert said.status == 0, said.err
    assert tree_of(laptop.home / "data") == command(tmp_path, "--patient", "2002")
    assert (len(set(sent)), len(sent) > 5) == (5, True)
    job, entry = Job.objects.get(kind="client"), AuditEntry.objects.get(act="download", means="client")
    assert job.bytes_done == entry.bytes == sum(file.size_bytes for file in sent)


def test_it_says_what_it_does_as_the_command_does(
    store: Objects, alice: User, laptop: Computer, capsys: pytest.CaptureFixture[str]
) -> None:
    hold(store)
    grant(alice, patient="2002")
    words = ["--patient", "2002", "--to", "data"]
    for _ in range(2):
        said = laptop.run("download", *words)
        call_command("download", "--patient", "2002", "--to", str(laptop.home / "there"), "--as", "alice")
        theirs = capsys.readouterr().out.replace(str(laptop.home / "there"), "data").splitlines()
        mine = said.out.splitlines()
        assert [line for line in mine if "free" not in line][1:] == [line for line in theirs if "free" not in line][1:]
        assert any(line.startswith("To data/s3_download: ") for line in mine)
    assert "Download: 578.6 kB of 578.6 kB in 0:00:0" in said.err
    report = json.loads(laptop.run("download", *words, "--json").out)
    assert report["question"] == "patient=2002"
    assert report["plan"]["files"] == 5
    assert report["outcome"] == {"fetched": 1, "kept": 4, "failed": [], "bytes": 20}


def test_a_dry_run_says_everything_and_writes_nothing(store: Objects, alice: User, laptop: Computer) -> None:
    hold(store)
    grant(alice, patient="2002")
    said = laptop.run("download", "--patient", "2002", "--to", "data", "--dry-run")
    assert (said.status, said.err) == (0, "")
    assert "5 to fetch" in said.out
    assert not (laptop.home / "data").exists()
    entry = AuditEntry.objects.get(act="download, dry run")
    assert (entry.outcome, entry.bytes) == ("done", 0)


def test_files_that_fail_are_status_3_and_named(store: Objects, alice: User, laptop: Computer) -> None:
    hold(store)
    grant(alice, patient="2002")
    store.delete("edf-chunks-2002", "day3_140500/LTG1_chunk-0.chn")
    store.put("edf-chunks-2002", "day3_140500/LTG2_chunk-1.chn", bytes(144_000))
    said = laptop.run("download", "--patient", "2002", "--to", "data", "--json")
    assert said.status == 3
    assert "2 of 5 files could not be fetched" in said.err
    failed = {each["path"]: each["reason"] for each in json.loads(said.out)["outcome"]["failed"]}
    folder = "s3_download/2002/day3_140500"
    assert set(failed) == {f"{folder}/LTG1_chunk-0.chn", f"{folder}/LTG2_chunk-1.chn"}
    assert all(f"{path}: {reason}" in said.err for path, reason in failed.items())
    assert set(tree_of(laptop.home / "data" / folder)) == {"LTG1_chunk-1.chn", "LTG2_chunk-0.chn", "annotations.json"}
    entry, job = AuditEntry.objects.get(act="download"), Job.objects.get()
    assert (entry.outcome, job.state, job.reason) == ("failed", State.FAILED, "2 files could not be fetched.")


def test_a_damaged_object_is_not_kept_and_named(store: Objects, alice: User, laptop: Computer) -> None:
    hold(store)
    grant(alice, patient="2002")
    row = ChunkHeader.objects.get(label="LTG1", chunk=0)
    ChunkHeader.objects.filter(pk=row.pk).update(file_crc32="0badcafe")
    said = laptop.run("download", "--patient", "2002", "--to", "data")
    assert said.status == 3
    assert f"its CRC-32 is {row.file_crc32} where the manifest says 0badcafe" in said.err
    assert not [path for path in tree_of(laptop.home / "data") if "LTG1_chunk-0" in path]


# Interrupted


def test_killed_it_goes_on_and_ends_as_if_it_had_not_been(
    store: Objects, alice: User, laptop: Computer, tmp_path: Path
) -> None:
    hold(store, **WEEK)
    grant(alice, patient="2002")
    words = ["download", "--patient", "2002", "--to", "data", "--jobs", "2"]
    process = laptop.start(*words)
    wait_for(process, (laptop.home / FIRST).exists)
    laptop.kill(process)
    whole = list((laptop.home / "data").rglob("*.chn"))
    assert 0 < len(whole) < 16
    assert AuditEntry.objects.get(act="download").is_open
    before = {path: path.stat().st_mtime_ns for path in whole}
    assert laptop.run(*words).status == 0
    assert {path: path.stat().st_mtime_ns for path in whole} == before, "what was whole is kept"
    assert tree_of(laptop.home / "data") == command(tmp_path, "--patient", "2002")


def test_half_a_file_is_gone_on_with_and_not_fetched_twice(store: Objects, alice: User, laptop: Computer) -> None:
    hold(store)
    grant(alice, patient="2002")
    laptop.run("download", "--patient", "2002", "--to", "data")
    whole = laptop.home / FIRST
    content = whole.read_bytes()
    part = whole.with_name(whole.name + ".part")
    for half, fetched in ((content[:100_000], len(content) - 100_000), (b"x" * 100_000, 2 * len(content) - 100_000)):
        whole.unlink()
        part.write_bytes(half)
        assert laptop.run("download", "--patient", "2002", "--to", "data").status == 0
        assert whole.read_bytes() == content
        assert not part.exists()
        assert Job.objects.order_by("-pk")[0].bytes_done == fetched + 20


def test_ctrl_c_is_status_130_and_said_to_the_portal(store: Objects, alice: User, laptop: Computer) -> None:
    hold(store, **WEEK)
    grant(alice, patient="2002")
    process = laptop.start("download", "--patient", "2002", "--to", "data", "--jobs", "1")
    wait_for(process, (laptop.home / FIRST).exists)
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    said = laptop.said(process, *process.communicate(timeout=60))
    assert time.monotonic() - began < 15
    assert said.status == 130
    assert "the same command resumes" in said.err
    entry, job = AuditEntry.objects.get(act="download"), Job.objects.get()
    assert (entry.outcome, job.state, entry.bytes) == ("cancelled", State.CANCELLED, job.bytes_done)
    assert 0 < entry.bytes < job.bytes_total


def test_a_cancel_on_the_page_ends_it_with_status_130(store: Objects, alice: User, laptop: Computer) -> None:
    hold(store, **WEEK)
    grant(alice, patient="2002")
    process = laptop.start("download", "--patient", "2002", "--to", "data", "--jobs", "1")
    wait_for(process, (laptop.home / FIRST).exists)
    cancel(Job.objects.get().pk, by=server_scope(means="page"))
    said = laptop.said(process, *process.communicate(timeout=60))
    assert (said.status, "was cancelled" in said.err) == (130, True)
    assert AuditEntry.objects.get(act="download").outcome == "cancelled"


def test_a_download_that_was_given_up_while_the_laptop_slept_is_begun_anew(
    store: Objects, alice: User, laptop: Computer, tmp_path: Path
) -> None:
    hold(store, **WEEK)
    grant(alice, patient="2002")
    process = laptop.start("download", "--patient", "2002", "--to", "data", "--jobs", "1")
    wait_for(process, (laptop.home / FIRST).exists)
    Job.objects.filter(state=State.RUNNING).end(State.FAILED, now=timezone.now())
    said = laptop.said(process, *process.communicate(timeout=60))
    assert (said.status, Job.objects.count()) == (0, 2), said.err
    assert tree_of(laptop.home / "data") == command(tmp_path, "--patient", "2002")


# Permission


def mid_way(laptop: Computer, happens: Callable[[], Any]) -> Any:
    process = laptop.start("download", "--all-patients", "--to", "data", "--jobs", "1", "--patience", "5")
    wait_for(process, (laptop.home / FIRST).exists)
    happens()
    return laptop.said(process, *process.communicate(timeout=60))


def test_a_scope_revoked_mid_way_stops_what_is_left_of_that_patient(
    store: Objects, alice: User, laptop: Computer
) -> None:
    hold(store, **WEEK)
    hold(store, "2003")
    grant(alice, patient="2002")
    grant(alice, patient="2003")
    said = mid_way(laptop, lambda: Grant.objects.filter(patient="2002").update(revoked_at=timezone.now()))
    assert said.status == 3
    assert "may no longer be seen by you" in said.err
    assert 0 < len(list((laptop.home / "data/s3_download/2002").rglob("*.chn"))) < 16
    assert len(list((laptop.home / "data/s3_download/2003").rglob("*.chn"))) == 4
    assert AuditEntry.objects.get(act="download").outcome == "failed"


@pytest.mark.parametrize(
    ("change", "says"),
    [({"revoked_at": timezone.now()}, "was revoked"), ({"expires_at": timezone.now() - timedelta(days=1)}, "ended on")],
)
def test_a_token_that_ends_mid_way_ends_the_download(
    store: Objects, alice: User, laptop: Computer, change: dict[str, Any], says: str
) -> None:
    hold(store, **WEEK)
    grant(alice, patient="2002")
    said = mid_way(laptop, lambda: Token.objects.update(**change))
    assert (said.status, says in said.err, "the same command goes on" in said.err) == (3, True, True)
    again = laptop.run("download", "--all-patients", "--to", "data")
    assert (again.status, says in again.err) == (1, True)


def test_two_users_take_home_exactly_theirs(
    store: Objects, alice: User, laptop: Computer, live_server: LiveServer, tmp_path: Path
) -> None:
    hold(store, "2002")
    hold(store, "2003")
    bob = researcher("bob")
    grant(alice, patient="2002")
    grant(bob, patient="2003")
    other = Computer(tmp_path / "other", url=live_server.url, token=token_of(bob))
    for computer, patient, foreign in ((laptop, "2002", "2003"), (other, "2003", "2002")):
        said = computer.run("download", "--all-patients", "--to", "data")
        assert said.status == 0
        assert {path.split("/")[1] for path in tree_of(computer.home / "data")} == {patient, "manifest.csv"}
        assert foreign not in said.out + (computer.home / "data/s3_download/manifest.csv").read_text()
        hidden, missing = (computer.run("search", "--patient", each) for each in (foreign, "2004"))
        assert hidden.out.replace(foreign, "2004") == missing.out
        assert (hidden.status, hidden.err) == (missing.status, missing.err)


# The person's own disk


def test_links_that_lead_elsewhere_are_refused(store: Objects, alice: User, laptop: Computer) -> None:
    hold(store)
    grant(alice, patient="2002")
    elsewhere = laptop.home / "elsewhere"
    elsewhere.mkdir()
    root = laptop.home / "data" / "s3_download"
    root.mkdir(parents=True)
    (root / "2002").symlink_to(elsewhere)
    said = laptop.run("download", "--patient", "2002", "--to", "data")
    assert (said.status, "is a symbolic link" in said.err) == (1, True)
    (root / "2002").unlink()
    (root / "2002" / "day3_140500").mkdir(parents=True)
    secret = laptop.home / "secret"
    secret.write_text("mine")
    (root / "2002" / "day3_140500" / "LTG1_chunk-0.chn").symlink_to(secret)
    (root / "2002" / "day3_140500" / "LTG1_chunk-1.chn.part").symlink_to(secret)
    assert laptop.run("download", "--patient", "2002", "--to", "data").status == 0
    assert secret.read_text() == "mine"
    assert not any(path.is_symlink() for path in root.rglob("*"))
    assert not list(elsewhere.iterdir())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_one_sentence(store: Objects, alice: User, laptop: Computer) -> None:
    hold(store)
    grant(alice, patient="2002")
    (laptop.home / "data").mkdir(mode=0o500)
    said = laptop.run("download", "--patient", "2002", "--to", "data")
    assert (said.status, said.err.count("\n")) == (1, 1)


def test_a_second_download_into_the_same_folder_waits_its_turn(store: Objects, alice: User, laptop: Computer) -> None:
    hold(store, **WEEK)
    grant(alice, patient="2002")
    process = laptop.start("download", "--patient", "2002", "--to", "data", "--jobs", "1")
    wait_for(process, (laptop.home / FIRST).exists)
    second = laptop.run("download", "--patient", "2002", "--to", "data")
    laptop.kill(process)
    assert (second.status, "Another download" in second.err) == (1, True)
