"""Private servers for tests: on free ports of 127.0.0.1, ended with the test process even where that is killed.

`python -m tests.servers ministack` (or `dynalite`, `mariadb`) makes or checks what a server needs and says what is
missing; `make test` calls it, so that nothing is downloaded while tests run.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path

from moto.server import ThreadedMotoServer

from tests import mariadb

ROOT = Path(__file__).parents[1]
MINISTACK_FOLDER = ROOT / ".venv-ministack"
MINISTACK_REQUIREMENTS = ROOT / "requirements-ministack.txt"
DYNALITE_FOLDER = ROOT / ".dynalite"
DYNALITE_SOURCE = ROOT / "tests" / "dynalite"
DYNALITE_FILES = ("package.json", "package-lock.json")
START_LIMIT_S = 30
STOP_LIMIT_S = 10
LOG_TAIL_CHARACTERS = 2000
HOST = "127.0.0.1"


class ServerMissing(RuntimeError):
    """A server cannot be had here; the message says what is missing."""


@contextmanager
def moto_server() -> Iterator[str]:
    """moto's S3 and other services in this process; their URL."""
    server = ThreadedMotoServer(ip_address=HOST, port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@contextmanager
def ministack_server(**settings: str) -> Iterator[str]:
    """An empty ministack of its own, with these variables in its environment; its URL. Raises `ServerMissing`."""
    make_ministack()
    port = mariadb.free_port()
    with tempfile.TemporaryDirectory(prefix="ecog-ministack-") as folder:
        # What is set for AWS here is meant for its clients, not for it.
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ECOG_"))}
        own = {"GATEWAY_PORT": str(port), "BIND_HOST": HOST, "TMPDIR": folder}
        log = Path(folder) / "log"
        # Should this process be killed, the kernel ends the server.
        command = ["setpriv", "--pdeathsig", "KILL", str(MINISTACK_FOLDER / "bin" / "ministack")]
        with log.open("wb") as out:
            process = subprocess.Popen(command, env=kept | own | settings, cwd=folder, stdout=out, stderr=out)
        try:
            _wait_until_answers(port, process=process, log=log)
            yield f"http://{HOST}:{port}"
        finally:
            _stop(process)


@contextmanager
def dynalite_server() -> Iterator[str]:
    """An empty DynamoDB of its own, which counts consumed capacity as the real one does; its URL.

    Raises `ServerMissing`.
    """
    make_dynalite()
    port = mariadb.free_port()
    program = str(DYNALITE_FOLDER / "node_modules" / ".bin" / "dynalite")
    with tempfile.TemporaryDirectory(prefix="ecog-dynalite-") as folder:
        log = Path(folder) / "log"
        # Should this process be killed, the kernel ends the server.
        command = ["setpriv", "--pdeathsig", "KILL", "node", program, "--host", HOST, "--port", str(port)]
        with log.open("wb") as out:
            process = subprocess.Popen([*command, "--createTableMs", "0"], cwd=folder, stdout=out, stderr=out)
        try:
            _wait_until_answers(port, process=process, log=log)
            yield f"http://{HOST}:{port}"
        finally:
            _stop(process)


@contextmanager
def mariadb_server(database: str = "ecog_headers") -> Iterator[str]:
    """A MariaDB of its own with one empty database of binary collation; the URL of that database."""
    _require_mariadb()
    with tempfile.TemporaryDirectory(prefix="ecog-mariadb-") as folder, mariadb.mariadb_server(Path(folder)) as server:
        server.create(database)
        yield server.url(database)


def make_ministack() -> None:
    """Makes ministack's own virtual environment where it is not there as the requirements want it."""
    wanted = MINISTACK_REQUIREMENTS.read_text(encoding="utf-8")
    made = MINISTACK_FOLDER / "made"
    with (Path(tempfile.gettempdir()) / f"ecog-ministack-{os.getuid()}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several test workers may want it at once
        if made.exists() and made.read_text(encoding="utf-8") == wanted:
            return
        shutil.rmtree(MINISTACK_FOLDER, ignore_errors=True)
        pip = [
            str(MINISTACK_FOLDER / "bin" / "python"),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]
        _run([sys.executable, "-m", "venv", str(MINISTACK_FOLDER)], what="python3-venv")
        _run([*pip, "-r", str(MINISTACK_REQUIREMENTS)], what="ministack from PyPI")
        made.write_text(wanted, encoding="utf-8")


def make_dynalite() -> None:
    """Installs dynalite in a folder of its own where it is not there as the lock file wants it."""
    missing = [program for program in ("node", "npm") if not shutil.which(program)]
    if missing:
        raise ServerMissing(f"{', '.join(missing)} not found: apt install nodejs npm")
    wanted = "".join((DYNALITE_SOURCE / name).read_text(encoding="utf-8") for name in DYNALITE_FILES)
    made = DYNALITE_FOLDER / "made"
    with (Path(tempfile.gettempdir()) / f"ecog-dynalite-{os.getuid()}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several test workers may want it at once
        if made.exists() and made.read_text(encoding="utf-8") == wanted:
            return
        shutil.rmtree(DYNALITE_FOLDER, ignore_errors=True)
        DYNALITE_FOLDER.mkdir()
        for name in DYNALITE_FILES:
            shutil.copy(DYNALITE_SOURCE / name, DYNALITE_FOLDER)
        npm = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(DYNALITE_FOLDER)]
        _run(npm, what="dynalite from npm")
        made.write_text(wanted, encoding="utf-8")


def _run(command: list[str], *, what: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ServerMissing(f"{what} could not be installed:\n{done.stderr[-LOG_TAIL_CHARACTERS:]}")


def _require_mariadb() -> None:
    missing = [program for program in mariadb.PROGRAMS if not shutil.which(program)]
    if missing:
        raise ServerMissing(f"{', '.join(missing)} not found: apt install mariadb-server")


def _wait_until_answers(port: int, *, process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + START_LIMIT_S
    while True:
        try:
            with closing(HTTPConnection(HOST, port, timeout=START_LIMIT_S)) as connection:
                connection.request("GET", "/_ministack/health")
                connection.getresponse()
                return
        except OSError:
            if process.poll() is not None or time.monotonic() > end:
                said = log.read_text(encoding="utf-8", errors="replace")[-LOG_TAIL_CHARACTERS:]
                raise RuntimeError(f"The server does not answer:\n{said}") from None
            time.sleep(0.05)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(timeout=STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def main(arguments: list[str]) -> int:
    checks = {"ministack": make_ministack, "dynalite": make_dynalite, "mariadb": _require_mariadb}
    if not arguments or set(arguments) - set(checks):
        sys.stderr.write(f"python -m tests.servers {' | '.join(checks)}\n")
        return 2
    for name in arguments:
        try:
            checks[name]()
        except ServerMissing as missing:
            sys.stderr.write(f"{name} is missing: {missing}\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
