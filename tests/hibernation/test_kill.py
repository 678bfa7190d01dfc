"""Real processes, killed at any moment: `manage.py rds_hibernate` and `rds_restore` against an AWS behind a gate."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.environment import portal_environment
from tests.hibernation.gate import READING, Gate, gate_before
from tests.hibernation.lab import FUNCTION, REGION, Lab

ROOT = Path(__file__).parents[2]
SLEEP = ("rds_hibernate", "--yes", "--wait", "--skip-checks")
WAKE = ("rds_restore", "--latest", "--skip-checks")
# A job as the page makes it, done by a worker.
WORKER = """
from hibernation.jobs import SLEEP, sleep_question
from hibernation.states import Goal
from jobs.asking import enqueue
from jobs.tasks import run
from people.scope import server_scope
job = enqueue(SLEEP, question=sleep_question(Goal.SNAPSHOT), scope=server_scope(means="page"), send=lambda _: None)
run(job.pk)
"""


class Portal:
    """A portal of its own, whose commands are processes."""

    def __init__(self, lab: Lab, gate: Gate, *, folder: Path) -> None:
        self.lab, self.gate = lab, gate
        self._database = folder / "portal.sqlite3"
        self._environment = portal_environment(
            folder,
            AWS_ENDPOINT_URL=gate.url,
            ECOG_RDS_INSTANCE=lab.name,
            ECOG_RDS_HOST_INSTANCE=lab.host,
            ECOG_INDEX_FUNCTION=FUNCTION,
            ECOG_AWS_REGION=REGION,
        )
        self._told = folder.parent / "told"
        assert self.begun("migrate", "--verbosity", "0", "--skip-checks").wait(timeout=120) == 0, self.told()

    def begun(self, *words: str) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "tests.hibernation.quick_manage", *words]
        with self._told.open("ab") as told:
            return subprocess.Popen(command, cwd=ROOT, env=self._environment, stdout=told, stderr=told)

    def told(self) -> str:
        return self._told.read_text(encoding="utf-8")

    def asked(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self._database, timeout=20)) as database:
            return database.execute(sql).fetchall()

    def never_neither(self) -> None:
        """A verified snapshot, or an instance that nobody deletes."""
        there = self.lab.instance()
        verified = {name for (name,) in self.asked("SELECT snapshot FROM hibernation_sleep WHERE verified_at NOT NULL")}
        held = {each["DBSnapshotIdentifier"] for each in self.lab.snapshots() if each["Status"] == "available"}
        assert there is not None or verified & held, "neither an instance nor a verified snapshot"

    def until_done(self, words: tuple[str, ...], *, tries: int = 60) -> int:
        """Again and again, as a person would after each kill; how many were killed."""
        for killed in range(tries):
            code = self.begun(*words).wait(timeout=120)
            self.never_neither()
            if code != -signal.SIGKILL and not (code == 1 and "is at it" in self.told()[-700:]):
                # The emulator answers for the function without running it: 3, since its address is not proved.
                assert code in {0, 3}, self.told()[-3000:]
                return killed
            time.sleep(0.1 if code == -signal.SIGKILL else 0.5)
        raise AssertionError(self.told()[-3000:])


@pytest.fixture
def portal(lab: Lab, tmp_path: Path) -> Iterator[Portal]:
    lab.make()
    with gate_before(lab.url) as gate:
        yield Portal(lab, gate, folder=tmp_path / "var")


def end_of(portal: Portal) -> dict[str, Any]:
    """What a cycle leaves, but for names and times."""
    there = portal.lab.instance() or {}
    kept = ("DBInstanceClass", "Engine", "VpcSecurityGroups", "DeletionProtection", "TagList", "BackupRetentionPeriod")
    return {name: there.get(name) for name in kept} | {
        "events": portal.lab.mapping_state(),
        "function": sorted(portal.lab.variables()),
        "host": portal.lab.host_state(),
        "search": portal.asked("SELECT state FROM headers_state"),
        "open sleeps": portal.asked("SELECT COUNT(*) FROM hibernation_sleep WHERE awake_at IS NULL"),
    }


def kill_now_and_then(portal: Portal, chance: random.Random) -> list[str]:
    """After the first of each call that changes something, and now and then after another; what it was each time."""
    gate, killed = portal.gate, []
    running: list[subprocess.Popen[bytes]] = []
    begun = portal.begun

    def noted(*words: str) -> "subprocess.Popen[bytes]":
        running[:] = [begun(*words)]
        return running[0]

    def after(asked: str) -> None:
        portal.never_neither()
        is_new = not asked.split(maxsplit=1)[0].startswith(READING) and asked not in killed
        if running and (is_new or chance.random() < 0.01):
            killed.append(asked)
            os.kill(running[0].pid, signal.SIGKILL)

    portal.begun = noted  # type: ignore[method-assign] # the test's own
    gate.after = after
    return killed


@pytest.mark.prove
def test_killed_after_calls_and_begun_again_it_ends_as_if_undisturbed(portal: Portal) -> None:
    for words in (SLEEP, WAKE):
        assert portal.until_done(words) == 0
    undisturbed = end_of(portal)
    killed = kill_now_and_then(portal, random.Random(7))
    for words in (SLEEP, WAKE):
        portal.until_done(words)
    assert {"CreateDBSnapshot", "DeleteDBInstance", "RestoreDBInstanceFromDBSnapshot"} <= set(killed)
    assert end_of(portal) == undisturbed


@pytest.mark.prove
@pytest.mark.parametrize(
    ("call", "looks"),
    [pytest.param("ModifyDBInstance", 2, id="before the deletion"), pytest.param("DeleteDBInstance", 1, id="host")],
)
def test_who_was_stopped_past_his_lease_alters_nothing_when_he_goes_on(portal: Portal, call: str, looks: int) -> None:
    """A worker is stopped after a look, so many after that call; meanwhile another puts it to sleep and wakes it."""
    gate, stopped = portal.gate, threading.Event()

    def after(asked: str) -> None:
        since = gate.calls[gate.calls.index(call) :] if call in gate.calls else []
        if asked == "DescribeInstances" and since.count("DescribeInstances") == looks and not stopped.is_set():
            os.kill(worker.pid, signal.SIGSTOP)
            stopped.set()

    gate.after = after
    worker = portal.begun("shell", "-c", WORKER)
    try:
        assert stopped.wait(60), portal.told()
        for words in (SLEEP, WAKE):
            portal.until_done(words)
        before, gate.calls = end_of(portal), []
        os.kill(worker.pid, signal.SIGCONT)
        worker.wait(timeout=60)
    finally:
        worker.kill()
        worker.wait()
    assert [asked for asked in gate.calls if not asked.startswith(READING)] == []
    assert end_of(portal) == before
    assert portal.asked("SELECT state FROM jobs_job ORDER BY id LIMIT 1") == [("failed",)]


@pytest.mark.prove
def test_ctrl_c_while_the_snapshot_is_made_leaves_all_there_and_search_opens_again(portal: Portal) -> None:
    gate, lab = portal.gate, portal.lab

    def after(asked: str) -> None:
        if asked == "CreateDBSnapshot":
            os.kill(sleeper.pid, signal.SIGINT)

    gate.after = after
    sleeper = portal.begun(*SLEEP)
    assert sleeper.wait(timeout=60) == 130, portal.told()
    assert "rds_restore opens search again" in portal.told()
    assert "Traceback" not in portal.told()
    assert "DeleteDBInstance" not in gate.calls
    assert lab.instance() is not None
    assert portal.asked("SELECT state FROM jobs_job") == [("cancelled",)]
    assert portal.asked("SELECT state FROM headers_state") == [("asleep",)]
    portal.until_done(("rds_restore", "--skip-checks"))
    assert portal.asked("SELECT state FROM headers_state") == [("awake",)]
    assert lab.mapping_state() == "Enabled"
