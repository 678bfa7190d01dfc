"""A worker that is killed in the middle of a batch of the inbox: the next one goes on from the job's row alone."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from tests.chunks.inbox.conftest import aged
from tests.chunks.made import START, Channel, whole_tree, write_recording
from tests.environment import portal_environment

pytestmark = pytest.mark.prove
ROOT = Path(__file__).parents[3]
CHANNELS = [Channel(f"LTG{number}", 2000) for number in range(1, 65)]
FILES = 3
ASK = """
from datetime import date
from chunks.inbox.asking import Wanted, ask
from chunks.inbox.listing import inbox_files
from people.scope import server_scope
wanted = Wanted(patient="2002", surgery_date=date(2017, 3, 11), files=tuple(inbox_files()))
print(ask(wanted, scope=server_scope(means="test"), send=lambda _: None, origin="").pk)
"""
WORK = """
from jobs.lease import Timing, claim
from chunks.inbox.work import run
lease = claim(1, timing=Timing(lease_s=2.0, renew_s=0.5, write_s=0.1))
print(lease.attempt, flush=True)
with lease.kept():
    run(lease)
"""
TELL = """
from chunks.models import ChunkHeader, Recording
from jobs.models import Job
job = Job.objects.get()
print(job.state, job.attempt, repr(job.secret), [each["outcome"] for each in job.result["files"]])
"""


def shell(world: Path, code: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "manage.py", "shell", "-v0", "--no-imports", "-c", code],
        cwd=ROOT,
        env=portal_environment(world),
        stdout=subprocess.PIPE,
        text=True,
    )


def said(world: Path, code: str) -> str:
    process = shell(world, code)
    told, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    return told.strip()


def prepared(world: Path) -> Path:
    for words in (("migrate", "-v0"), ("add_patient", "2002")):
        subprocess.run(
            [sys.executable, "manage.py", *words], cwd=ROOT, env=portal_environment(world), check=True, text=True
        )
    for number in range(FILES):
        path = world / "inbox" / f"Jane_Doe_{number}.edf"
        write_recording(path, channels=CHANNELS, seconds=240, seed=number, start=START + timedelta(hours=number))
        aged(path)
    assert said(world, ASK) == "1"
    return world


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    world = prepared(tmp_path_factory.mktemp("undisturbed"))
    said(world, WORK)
    return whole_tree(world / "objects")


# With this many chunks of 192 in the store: before the first file's end, and at the second.
@pytest.mark.parametrize("chunks", [1, 90])
def test_the_next_attempt_ends_as_if_it_had_not_been_killed(
    chunks: int, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    world = prepared(tmp_path / "killed")
    worker = shell(world, WORK)
    while len(list((world / "objects").rglob("*.chn"))) < chunks:
        assert worker.poll() is None, "it ended before it could be killed"
        time.sleep(0.002)
    os.kill(worker.pid, signal.SIGKILL)
    assert worker.wait() == -signal.SIGKILL
    assert worker.stdout.read().strip() == "1"
    worker.stdout.close()
    time.sleep(2.5)  # its lease runs out
    assert said(world, WORK) == "2"
    done = chunks // 64
    outcomes = ["ingested"] * done + ["completed"] + ["ingested"] * (FILES - done - 1)
    assert said(world, TELL) == f"done 2 '' {outcomes}"
    assert whole_tree(world / "objects") == undisturbed
    rows = [path for path in world.rglob("*.sqlite3*") if b"Jane_Doe" in path.read_bytes()]
    assert not rows
