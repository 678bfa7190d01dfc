"""A patient of forty files ends in the right state, on a second run too, and after a kill at each file."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.chunks.clinic_week import week, write_all
from tests.chunks.inbox.conftest import aged
from tests.chunks.inbox.test_killed import ASK as ASK_STRICT
from tests.chunks.inbox.test_killed import WORK, said, shell
from tests.chunks.test_ingest_killed import ROOT, manage, prepared, rows

pytestmark = pytest.mark.prove
BUCKET = "edf-chunks-2002"
ASK = ASK_STRICT.replace("files=", "accept_truncated=True, files=")


def words(folder: Path) -> list[str]:
    return ["ingest_edf", str(folder), "--subject=2002", "--surgery-date=2017-03-11", "--accept-truncated"]


def ingest(world: Path, folder: Path) -> list[dict[str, object]]:
    """Every file's result. One is refused, so the status is that of a batch partly done."""
    done = subprocess.run(
        [sys.executable, "manage.py", *words(folder), "--json"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "ECOG_DATA_DIR": str(world)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    files: list[dict[str, object]] = json.loads(done.stdout)["files"]
    return files


def end_state(world: Path) -> tuple[dict[str, object], str, list[str]]:
    """Every `recording.json`, every row, and every object there is."""
    bucket = world / "objects" / BUCKET
    documents = {path.parent.name: json.loads(path.read_text()) for path in sorted(bucket.glob("*/recording.json"))}
    return documents, rows(world), sorted(str(path.relative_to(bucket)) for path in bucket.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("week")
    assert len(list(write_all(made))) == 40
    return made


@pytest.fixture(scope="module")
def done(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, object]]]:
    world = prepared(tmp_path_factory.mktemp("done"))
    return world, ingest(world, folder)


def test_every_file_ends_in_the_right_state(done: tuple[Path, list[dict[str, object]]]) -> None:
    world, results = done
    documents, _, _ = end_state(world)
    states = {
        expected.name: documents[str(result["recording"])]["state"] if result["recording"] else None
        for expected, result in zip(week(), results, strict=True)
    }
    assert states == {expected.name: expected.state for expected in week()}
    assert len(documents) == 39


def test_overlaps_are_told(done: tuple[Path, list[dict[str, object]]]) -> None:
    documents, _, _ = end_state(done[0])
    found = {
        name: [(each["earlier"], each["verdict"], each["shift_us"], each["contained"]) for each in document["overlaps"]]
        for name, document in documents.items()
        if document["overlaps"]
    }
    assert found == {
        "day3_183310": [("day3_183000", "equal", 0, "")],
        "day3_180000_b": [("day3_180000", "equal", 0, "both")],
        "day3_180401": [("day3_180400", "equal", -1_000_000, "both")],
        "day3_180420": [("day3_180400", "equal", 0, "this")],
        "day3_185320_b": [("day3_185320", "equal", 0, "earlier")],
        "day3_190740": [("day3_190640", "different", 0, "")],
        "day3_193320_b": [("day3_193320", "equal", 0, "this")],
    }


def test_a_second_run_changes_nothing(folder: Path, done: tuple[Path, list[dict[str, object]]]) -> None:
    world, first = done
    before = end_state(world)
    second = ingest(world, folder)
    assert end_state(world) == before
    assert [each["recording"] for each in second] == [each["recording"] for each in first]
    assert {each["outcome"] for each in second} == {"already there", "refused"}


def test_after_a_kill_at_each_file_the_next_run_ends_alike(
    folder: Path, done: tuple[Path, list[dict[str, object]]], tmp_path: Path
) -> None:
    """One process after the other is killed, each a little later after its file's name was claimed."""
    expected = end_state(done[0])
    world = prepared(tmp_path / "killed")
    claims = world / "objects" / BUCKET
    killed = 0
    for number in range(1, len(expected[0]) + 1):
        killed += _killed_at(number, world=world, folder=folder, claims=claims, wait_s=0.0013 * (number % 9))
    assert killed >= 30
    ingest(world, folder)
    assert end_state(world) == expected


def test_from_the_portal_with_its_worker_killed_three_times_it_ends_alike(
    folder: Path, done: tuple[Path, list[dict[str, object]]], tmp_path: Path
) -> None:
    """After the third the job fails, with its report and without the date; asked for again, the rest is taken in."""
    expected = end_state(done[0])
    world = prepared(tmp_path / "killed")
    for path in folder.iterdir():
        (world / "inbox").mkdir(exist_ok=True)
        aged(Path(shutil.copy(path, world / "inbox")))
    assert said(world, ASK) == "1"
    assert _jobs(world) == [("queued", 0, True)]
    claims = world / "objects" / BUCKET
    for attempt, number in enumerate((8, 19, 31), 1):
        worker = shell(world, WORK)
        while len(list(claims.glob("*/recording.json"))) < number:
            assert worker.poll() is None, "it ended before it could be killed"
            time.sleep(0.0005)
        worker.send_signal(signal.SIGKILL)
        assert worker.wait() == -signal.SIGKILL
        assert worker.stdout.read().strip() == str(attempt)
        worker.stdout.close()
        time.sleep(2.2)  # its lease runs out
    assert said(world, "from jobs.lease import claim; print(claim(1))") == "None"
    assert _jobs(world) == [("failed", 3, False)]
    told = said(world, "from jobs.models import Job; print(len(Job.objects.get().result['files']))")
    assert 28 <= int(told) <= 31
    assert said(world, ASK) == "2"
    assert said(world, WORK.replace("claim(1", "claim(2")) == "1"
    assert _jobs(world) == [("failed", 3, False), ("failed", 1, False)]  # one file is refused
    assert end_state(world) == expected
    for path in world.rglob("*.sqlite3*"):
        assert not any(each in path.read_bytes() for each in (b"2017-03-11", b"restart", b"Jane_Doe")), path


def _jobs(world: Path) -> list[tuple[str, int, bool]]:
    """State, attempts and whether the date of the implantation is still held, of each job."""
    with closing(sqlite3.connect(world / "portal.sqlite3")) as portal:
        return list(portal.execute("SELECT state, attempt, secret <> '' FROM jobs_job ORDER BY id"))


def _killed_at(number: int, *, world: Path, folder: Path, claims: Path, wait_s: float) -> bool:
    """Kills an ingest as soon as so many names are claimed; False where it had gone too far by then."""
    process = manage(world, *words(folder))
    while process.poll() is None and len(list(claims.glob("*/recording.json"))) < number:
        time.sleep(0.0005)
    time.sleep(wait_s)
    process.send_signal(signal.SIGKILL)
    process.wait()
    return len(list(claims.glob("*/recording.json"))) <= number + 1
