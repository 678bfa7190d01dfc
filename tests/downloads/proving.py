"""A portal's worker, broker and sweeper as real processes on a data folder of their own, for the longer proofs."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from redis import Redis

from portal.embedded_broker import broker_command, make_private
from tests.environment import portal_environment

ROOT = Path(__file__).parents[2]
HOLD = """
from django.conf import settings
from storage.urls import open_objects
from tests.downloads.held import hold
hold(open_objects(settings.OBJECTS_URL), labels=[f"LTG{{n}}" for n in range(1, 9)], hours={hours}, sfreq=500)
"""
ASK = """
from jobs.asking import enqueue
from jobs.broker import send
from people.scope import server_scope
print(enqueue("bundle", question="patient=2002", scope=server_scope(means="page"), send=send).pk)
"""


class World:
    """Processes are killed at its end, all of each one's group."""

    def __init__(self, folder: Path) -> None:
        self.data_dir = folder / "v"
        self.bundles = self.data_dir / "bundles"
        self.environment = portal_environment(self.data_dir, ECOG_LOG_LEVEL="INFO")
        self._groups: list[subprocess.Popen[bytes]] = []
        self._log = (folder / "log").open("wb")
        self.log = folder / "log"

    def manage(self, *words: str) -> str:
        command = [sys.executable, "manage.py", *words]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, *command: str) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(
            command, cwd=ROOT, env=self.environment, stdout=self._log, stderr=self._log, start_new_session=True
        )
        self._groups.append(process)
        return process

    def start_broker(self) -> None:
        self.socket = self.data_dir / "broker" / "socket"
        make_private(self.socket.parent)
        self.start(*broker_command(self.socket))

    def start_worker(self) -> "subprocess.Popen[bytes]":
        options = ["-A", "portal.celery", "worker", "--pool", "prefork", "-c", "1", "--loglevel", "INFO"]
        return self.start(sys.executable, "-m", "celery", *options)

    def forget_messages(self) -> None:
        with closing(Redis(unix_socket_path=str(self.socket))) as redis:
            redis.flushall()

    def ask(self) -> int:
        return int(self.manage("shell", "--no-imports", "-c", ASK))

    def job(self, job_id: int) -> dict[str, object]:
        query = "SELECT * FROM jobs_job LEFT JOIN downloads_bundle ON job_id = jobs_job.id WHERE jobs_job.id = ?"
        with closing(sqlite3.connect(self.data_dir / "portal.sqlite3", timeout=20)) as database:
            database.row_factory = sqlite3.Row
            return dict(database.execute(query, [job_id]).fetchone())

    def wait(self, job_id: int, true: Callable[[dict[str, object]], bool], *, limit_s: float) -> dict[str, object]:
        end = time.monotonic() + limit_s
        while not true(row := self.job(job_id)):
            assert row["state"] not in {"failed", "cancelled"}, row["reason"]
            assert time.monotonic() < end, (row, self.log.read_text(errors="replace")[-3000:])
            time.sleep(0.05)
        return row

    def close(self) -> None:
        for process in self._groups:
            signal_group(process, signal.SIGKILL)
            process.wait()
        self._log.close()


def signal_group(process: "subprocess.Popen[bytes]", number: int) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return


@contextmanager
def proving_world(folder: Path, *, hours: int) -> Iterator[World]:
    """With `hours` of eight channels at 500 Hz held (29 MB an hour), broker, sweeper and one worker."""
    world = World(folder)
    try:
        world.manage("migrate", "-v0")
        world.manage("shell", "--no-imports", "-c", HOLD.format(hours=hours))
        world.start_broker()
        world.start(sys.executable, "manage.py", "sweeper")
        yield world
    finally:
        world.close()
