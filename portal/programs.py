"""What a running portal is made of: broker, web server, worker and sweeper, as commands.

Owns: their options. `docs/deploy.md` has the same commands for systemd.
"""

import sys
from pathlib import Path

from portal.child_logs import log_path
from portal.embedded_broker import broker_command
from portal.environment import PROJECT_DIR
from portal.processes import Program


def broker(socket: Path, *, data_dir: Path) -> Program:
    return Program(
        name="broker",
        command=broker_command(socket),
        log=log_path("broker", data_dir=data_dir),
        folder=socket.parent,
        base=True,
    )


def web(listening: int, *, data_dir: Path) -> Program:
    """listening: the file number of an open socket."""
    options = ["-m", "gunicorn", "-c", "python:portal.gunicorn", "--bind", f"fd://{listening}"]
    return _python("web server", options, log="web", data_dir=data_dir, files=[listening])


def worker(*, data_dir: Path) -> Program:
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    options = ["-m", "celery", "--quiet", "-A", "portal.celery", "worker", "--pool", "prefork", *quiet]
    return _python("worker", [*options, "--loglevel", "WARNING"], log="worker", data_dir=data_dir)


def sweeper(*, data_dir: Path) -> Program:
    return _python("sweeper", ["manage.py", "sweeper"], log="sweeper", data_dir=data_dir)


def _python(name: str, words: list[str], *, log: str, data_dir: Path, files: list[int] | None = None) -> Program:
    return Program(
        name=name,
        command=[sys.executable, *words],
        log=log_path(log, data_dir=data_dir),
        folder=PROJECT_DIR,
        files=files or [],
    )
