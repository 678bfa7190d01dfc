"""`manage.py serve`: everything together, and nothing left of it."""

import os
import re
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.urls import reverse
from redis import Redis

from portal.broker import PATH_BYTES_MAX, socket_path
from tests.portal.served import STOP_LIMIT_S, Served, served, wait_for

TAKEN_UP_S = 60
PROCESSES = 8  # itself, the broker, two of the web server, three of the worker, the sweeper


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One portal for the tests that leave it as it was."""
    with served(tmp_path_factory.mktemp("portal") / "var") as running:
        yield running


def modes(folder: Path) -> set[tuple[str, int]]:
    return {(path.name, path.lstat().st_mode & 0o777) for path in [folder, *folder.iterdir()]}


def test_it_says_where_it_is_and_answers_there(portal: Served) -> None:
    assert portal.said.read_text() == f"The portal is at {portal.url}\nCtrl-C stops it.\n"
    assert portal.get("/health/live") == (200, b"ok\n")
    status, body = portal.get("/health/ready")
    assert (status, b'"broker": "ok"' in body) == (200, True), body


def test_pages_have_their_static_files(portal: Served) -> None:
    _, page = portal.get(reverse("login"))
    [sheet] = re.findall(rb'href="(/static/css/portal[^"]*\.css)"', page)
    assert portal.get(sheet.decode())[0] == 200


def test_a_request_that_cannot_be_read_is_in_no_log_of_the_web_server(portal: Served) -> None:
    secret = "Smith-Jones"
    for line in (f"GET /search/?patient=J {secret} HTTP/1.1", f"GET / HTTP/1.1\r\n{secret}", f"{secret}@ / HTTP/1.1"):
        with socket.create_connection(("127.0.0.1", portal.port), timeout=60) as connection:
            connection.sendall(f"{line}\r\nHost: 127.0.0.1\r\n\r\n".encode())
            assert connection.recv(100).startswith(b"HTTP/1.1 400")
    portal.get(f"/patients/{secret}/")
    portal.get(f"/{secret}/")
    logs = {path.name: path.read_text() for path in (portal.data_dir / "logs").iterdir()}
    assert "no such address" in logs["web.log"]
    assert secret not in "".join(logs.values())


def test_a_job_is_done_by_the_worker_that_the_broker_tells(portal: Served) -> None:
    job_id = portal.enqueue("0.2")
    wait_for(lambda: portal.job(job_id)["state"] == "done", 60)
    assert portal.job(job_id)["attempt"] == 1


def test_nobody_else_reaches_the_broker_and_the_logs(portal: Served) -> None:
    assert modes(portal.data_dir / "broker") == {("broker", 0o700), ("socket", 0o600)}
    logs = ("broker.log", "web.log", "worker.log", "sweeper.log")
    assert modes(portal.data_dir / "logs") == {("logs", 0o700), *((log, 0o600) for log in logs)}


def test_the_broker_listens_on_no_port(portal: Served) -> None:
    broker = Redis(unix_socket_path=str(socket_path(portal.data_dir)))
    assert broker.config_get("port") == {"port": "0"}
    broker.close()


def test_a_second_one_on_the_same_data_names_the_first(portal: Served) -> None:
    done = portal.manage("serve", "--bind", "127.0.0.1:0")
    assert done.returncode == 1
    assert f"is already served, by process {portal.process.pid}." in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_what_ends_is_started_again(portal: Served) -> None:
    before = portal.leader("web")
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: "The web server ended (signal 9); it is started again in 1 s." in portal.said.read_text(), 60)
    wait_for(lambda: portal.get("/health/live")[0] == 200, 60)
    assert portal.leader("web") != before


def test_a_port_that_is_taken_is_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        here = Served(tmp_path / "var", port=other.getsockname()[1])
        done = here.manage("serve")
    assert done.returncode == 1
    assert done.stderr.strip() == (
        f"CommandError: The portal cannot listen on 127.0.0.1:{here.port} (Address already in use). "
        "Choose another port: ECOG_URL, or --bind."
    )


def test_databases_without_their_tables_are_a_sentence(tmp_path: Path) -> None:
    done = Served(tmp_path / "var").manage("serve")
    assert done.returncode == 1
    assert "Run: python manage.py migrate" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def slow_client(portal: Served) -> socket.socket:
    """Holds a thread of the web server: half a request, of which the rest never comes."""
    client = socket.create_connection(("127.0.0.1", portal.port))
    client.sendall(b"GET /health/live HTTP/1.1\r\n")
    return client


def test_ctrl_c_leaves_no_process_and_hands_the_job_back_to_the_next_start(tmp_path: Path) -> None:
    with served(tmp_path / "var") as portal:
        job_id = portal.enqueue("600")
        wait_for(lambda: str(portal.job(job_id)["note"]).startswith("process"), 60)
        with slow_client(portal):
            wait_for(lambda: len(portal.processes()) == PROCESSES, 60)
            assert portal.end(signal.SIGINT) == 0
        assert not portal.processes()
        assert portal.said.read_text().endswith("Stopping …\nStopped.\n")
        assert not socket_path(portal.data_dir).exists()
        row = portal.job(job_id)
        assert (row["state"], row["attempt"], row["handed_back"]) == ("queued", 1, 1)
        portal.start()
        # Before a lease of thirty seconds would be given up.
        wait_for(lambda: portal.job(job_id)["attempt"] == 2, 25)


def test_a_kill_leaves_no_process_and_it_starts_again_and_ends_when_told(tmp_path: Path) -> None:
    long_path = tmp_path / "a folder with ö & a long name" / ("x" * PATH_BYTES_MAX)
    with served(long_path) as portal:
        job_id = portal.enqueue("600")
        wait_for(lambda: str(portal.job(job_id)["note"]).startswith("process"), 60)
        with slow_client(portal):
            portal.end(signal.SIGKILL)
            wait_for(lambda: not portal.processes(), STOP_LIMIT_S)
        portal.start()
        assert portal.get("/health/ready")[0] == 200
        assert portal.end(signal.SIGTERM) == 0
        assert not portal.processes()


@pytest.mark.prove
def test_a_job_outlives_its_worker_and_its_broker(tmp_path: Path) -> None:
    with served(tmp_path / "var") as portal:
        job_id = portal.enqueue("5")
        wait_for(lambda: str(portal.job(job_id)["note"]).startswith("process"), 60)
        broker = Redis(unix_socket_path=str(socket_path(portal.data_dir)))
        broker.flushall()
        broker.close()
        os.killpg(portal.leader("worker"), signal.SIGKILL)
        wait_for(lambda: portal.job(job_id)["attempt"] == 2, TAKEN_UP_S)
        wait_for(lambda: portal.job(job_id)["state"] == "done", TAKEN_UP_S)


@pytest.mark.prove
def test_the_worker_hears_of_jobs_after_its_broker_was_killed(tmp_path: Path) -> None:
    with served(tmp_path / "var") as portal:
        os.kill(portal.leader("broker"), signal.SIGKILL)
        wait_for(lambda: "The broker ended" in portal.said.read_text(), 60)
        job_id = portal.enqueue("0.2")
        wait_for(lambda: portal.job(job_id)["state"] == "done", TAKEN_UP_S)
