"""A portal of its own that a test serves: `manage.py serve` in a session of its own, whose processes can be counted."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from tests.environment import portal_environment
from tests.mariadb import free_port

ROOT = Path(__file__).parents[2]
SETTINGS = "tests.portal.settings_with_slow_kind"
START_LIMIT_S = 120
STOP_LIMIT_S = 60
PROGRAMS = {"broker": "valkey-server", "web": "gunicorn", "worker": "celery", "sweeper": "sweeper"}


class Served:
    """A data folder with its databases made, an address, and the running portal once it was started."""

    def __init__(self, data_dir: Path, *, port: int = 0, **settings: str) -> None:
        self.data_dir = data_dir
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        own = {"ECOG_URL": self.url, "DJANGO_SETTINGS_MODULE": SETTINGS} | settings
        self.environment = portal_environment(data_dir, **own)
        self.process: subprocess.Popen[str] | None = None
        self.said = data_dir.parent / "said.txt"

    def manage(self, *words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "manage.py", *words]
        env = self.environment | environment
        return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=120)

    def migrate(self) -> None:
        done = self.manage("migrate", "--verbosity", "0")
        assert done.returncode == 0, done.stderr

    def start(self) -> None:
        """Answers when it returns."""
        with self.said.open("w") as said:
            command = [sys.executable, "manage.py", "serve", "--bind", f"127.0.0.1:{self.port}"]
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdout=said, stderr=said, text=True, start_new_session=True
            )
        wait_for(lambda: "Ctrl-C stops it." in self.said.read_text() or self.process.poll() is not None, START_LIMIT_S)
        assert self.process.poll() is None, self.said.read_text()

    def get(self, path: str) -> tuple[int, bytes]:
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            try:
                connection.request("GET", path)
                answer = connection.getresponse()
                return answer.status, answer.read()
            except (OSError, HTTPException) as error:
                return 0, str(error).encode()

    def leader(self, program: str) -> int:
        """The process ID of one of the supervisor's own children, by its name in `PROGRAMS`."""
        [found] = [
            pid
            for pid in self.processes()
            if parent_of(pid) == self.process.pid and PROGRAMS[program] in command_of(pid)
        ]
        return found

    def processes(self) -> list[int]:
        """All that are alive in the portal's session: the supervisor and whatever descends from it."""
        assert self.process is not None
        return [pid for pid in all_processes() if session_of(pid) == self.process.pid]

    def end(self, number: int) -> int:
        """Sends the signal; the return code, at most `STOP_LIMIT_S` later."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(STOP_LIMIT_S)

    def enqueue(self, question: str) -> int:
        code = (
            "from jobs.asking import enqueue; from jobs.broker import send; from people.scope import server_scope\n"
            f"job = enqueue('slow', question={question!r}, scope=server_scope(means='test'), send=send); print(job.pk)"
        )
        done = self.manage("shell", "--no-imports", "-c", code)
        assert done.returncode == 0, done.stderr
        return int(done.stdout)

    def job(self, job_id: int) -> dict[str, object]:
        with closing(sqlite3.connect(self.data_dir / "portal.sqlite3", timeout=20)) as database:
            database.row_factory = sqlite3.Row
            return dict(database.execute("SELECT * FROM jobs_job WHERE id = ?", [job_id]).fetchone())


@contextmanager
def served(data_dir: Path, **settings: str) -> Iterator[Served]:
    """A started portal; whatever of it still runs at the end is killed."""
    portal = Served(data_dir, **settings)
    portal.migrate()
    try:
        portal.start()
        yield portal
    finally:
        if portal.process is not None:
            for pid in portal.processes():
                os.kill(pid, signal.SIGKILL)
            portal.process.wait()


def wait_for(true: Callable[[], object], timeout_s: float) -> None:
    end = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < end, f"it did not happen within {timeout_s} s"
        time.sleep(0.05)


def all_processes() -> list[int]:
    """Those that have not ended: a zombie has, and waits for its parent only."""
    return [
        int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit() and _stat(int(path.name))[0] != "Z"
    ]


def session_of(pid: int) -> int:
    return int(_stat(pid)[3])


def parent_of(pid: int) -> int:
    return int(_stat(pid)[1])


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def _stat(pid: int) -> list[str]:
    """State, parent, group, session and so on (proc_pid_stat(5)); a process that is gone is a zombie of nobody."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ["Z", "0", "0", "0"]
    return re.sub(r"^.*\) ", "", text, flags=re.DOTALL).split()
