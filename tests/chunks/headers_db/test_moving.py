"""A server is stopped, and its data comes back on another port: a process that was at work all the time finds it."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from chunks.headers_db.state import CACHE_S
from tests.environment import portal_environment
from tests.mariadb import MariaDB, free_port, mariadb_server

PROJECT = Path(__file__).parents[3]
SLACK_S = 3
# Looks five times a second and keeps its connection, as a worker does.
WORKER = """
import json, time
import django; django.setup()
from django.db import connections
from chunks.headers_db.errors import HeadersUnavailable
while True:
    try:
        with connections["headers"].cursor() as cursor:
            cursor.execute("SELECT @@port, CONNECTION_ID(), (SELECT COUNT(*) FROM recording)")
            seen = cursor.fetchone()
    except HeadersUnavailable as error:
        seen = [type(error).__name__, 0, 0]
    print(json.dumps(seen), flush=True)
    time.sleep(0.2)
"""
OPERATOR = """
import json, sys
import django; django.setup()
from chunks.headers_db.state import State, read_state, set_state
for line in sys.stdin:
    set_state(read_state(), by="test", **json.loads(line))
    print("done", flush=True)
"""


@contextmanager
def process(code: str, *, env: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", code], cwd=PROJECT, env=env, **pipes) as child:
        try:
            yield child
        finally:
            child.kill()


def tell(operator: subprocess.Popen[str], **change: object) -> None:
    operator.stdin.write(json.dumps(change) + "\n")
    operator.stdin.flush()
    assert operator.stdout.readline() == "done\n"


def wait_until(worker: subprocess.Popen[str], seen: object) -> tuple[float, list[Any]]:
    """Seconds until the worker sees that (a port, or an error's name), and its line."""
    began = time.monotonic()
    while time.monotonic() - began < CACHE_S + SLACK_S:
        line = json.loads(worker.stdout.readline())
        if line[0] == seen:
            return time.monotonic() - began, line
    raise AssertionError(f"{seen} was not seen within {CACHE_S + SLACK_S} s; the last line was {line}")


def test_a_running_process_finds_the_database_again(tmp_path: Path) -> None:
    with mariadb_server(tmp_path / "mariadb") as server, ExitStack() as both:
        server.create("headers")
        env = portal_environment(tmp_path / "var", ECOG_HEADERS_DATABASE_URL=server.url("headers"))
        subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity=0"], cwd=PROJECT, env=env, check=True)
        worker, operator = (both.enter_context(process(code, env=env)) for code in (WORKER, OPERATOR))
        assert_moves(server, worker=worker, operator=operator)


def assert_moves(server: MariaDB, *, worker: subprocess.Popen[str], operator: subprocess.Popen[str]) -> None:
    _, first = wait_until(worker, server.port)
    assert json.loads(worker.stdout.readline()) == first, "the connection is kept"

    tell(operator, state="asleep")
    fell_asleep_s, _ = wait_until(worker, "HeadersAsleep")
    server.stop()
    server.start(port=free_port())
    tell(operator, state="waking")
    tell(operator, state="awake", host="127.0.0.1", port=server.port)
    woke_s, _ = wait_until(worker, server.port)
    assert max(fell_asleep_s, woke_s) < CACHE_S + SLACK_S
