"""The way to a real broker: what is sent waits there, and one that is not there is `NotSent`."""

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import Celery

from jobs import broker
from jobs.errors import NotSent
from portal.embedded_broker import answers, broker_command
from tests.jobs.makers import wait_until


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> Iterator["subprocess.Popen[bytes]"]:
    """A broker of its own, which the messages of this test go to."""
    with tempfile.TemporaryDirectory(prefix="ecog-b-") as folder:
        socket = Path(folder) / "socket"
        with subprocess.Popen(broker_command(socket), stdout=subprocess.DEVNULL) as server:
            try:
                wait_until(lambda: answers(socket), timeout_s=30)
                with Celery("test", broker=f"redis+socket://{socket}", set_as_current=False) as app:
                    app.conf.task_publish_retry_policy = {"max_retries": 1, "interval_start": 0, "interval_max": 0.2}
                    monkeypatch.setattr(broker, "current_app", app)
                    yield server
            finally:
                server.kill()


def test_messages_wait_until_a_worker_takes_them(running):
    assert broker.waiting() == 0
    for job_id in (7, 8, 7):
        broker.send(job_id)
    assert broker.waiting() == 3


def test_a_broker_that_is_gone_takes_nothing_and_has_nothing(running):
    broker.send(7)
    running.kill()
    running.wait()
    with pytest.raises(NotSent, match="job 8"):
        broker.send(8)
    assert broker.waiting() == 0
