"""A private MariaDB for a test run or a test: its own folder and port on loopback, ended with whoever started it."""

import getpass
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import MySQLdb

START_LIMIT_S = 30
PROGRAMS = ("mariadbd", "mariadb-install-db")


class MariaDB:
    """A server over the data in `folder`; it can be stopped and started again, on another port too."""

    def __init__(self, folder: Path, *, options: Sequence[str] = ()) -> None:
        missing = [program for program in PROGRAMS if not shutil.which(program)]
        if missing:
            raise RuntimeError(f"{', '.join(missing)} not found: apt-get install mariadb-server")
        self.folder = folder
        self.port = 0
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        if not (folder / "data").exists():
            self._install()

    def start(self, *, port: int = 0) -> None:
        """Answers when it returns; on a free port unless one is given."""
        self.port = port or free_port()
        options = [
            f"--datadir={self.folder}/data",
            # Of its own: servers that share one take away each other's temporary files as they start.
            f"--tmpdir={self.folder}/tmp",
            f"--socket={self.folder}/s.sock",
            f"--pid-file={self.folder}/pid",
            f"--port={self.port}",
            f"--user={getpass.getuser()}",
            "--bind-address=127.0.0.1",
            "--skip-log-bin",
            "--innodb-flush-log-at-trx-commit=2",
            "--innodb-buffer-pool-size=64M",
            "--performance-schema=OFF",
            "--character-set-server=utf8mb4",
            *self._options,
        ]
        with (self.folder / "log").open("ab") as log:
            # Should this process be killed, the kernel ends the server.
            server = ["setpriv", "--pdeathsig", "TERM", "mariadbd", "--no-defaults", *options]
            self._process = subprocess.Popen(server, stdout=log, stderr=log)
        self._wait()

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=START_LIMIT_S)
            self._process = None

    def url(self, database: str) -> str:
        return f"mysql://root@127.0.0.1:{self.port}/{database}"

    def create(self, database: str, *, collation: str = "utf8mb4_bin") -> None:
        connection = self._connect()
        connection.cursor().execute(f"CREATE DATABASE `{database}` CHARACTER SET utf8mb4 COLLATE {collation}")
        connection.close()

    def _install(self) -> None:
        (self.folder / "tmp").mkdir(parents=True, exist_ok=True)
        places = [f"--datadir={self.folder}/data", f"--tmpdir={self.folder}/tmp"]
        options = ["--auth-root-authentication-method=normal", "--skip-test-db", *places]
        install = ["mariadb-install-db", "--no-defaults", f"--user={getpass.getuser()}", *options]
        subprocess.run(install, check=True, stdout=subprocess.DEVNULL)

    def _wait(self) -> None:
        end = time.monotonic() + START_LIMIT_S
        while True:
            try:
                self._connect().close()
            except MySQLdb.OperationalError:
                assert self._process is not None
                if self._process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(f"MariaDB did not start:\n{(self.folder / 'log').read_text()[-2000:]}") from None
                time.sleep(0.05)
            else:
                return

    def _connect(self) -> MySQLdb.Connection:
        return MySQLdb.connect(host="127.0.0.1", port=self.port, user="root", connect_timeout=3)


@contextmanager
def mariadb_server(folder: Path, *, options: Sequence[str] = ()) -> Iterator[MariaDB]:
    """A started server with its data in `folder`, stopped at the end; `options` are further ones of its command."""
    server = MariaDB(folder, options=options)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
