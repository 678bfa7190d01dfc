"""The way to a real broker: what is sent waits there, and one that is not there is `NotSent`."""

import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import Celery
from django.conf import settings

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
                    app.conf.task_publish_retry_policy = settings.CELERY_TASK_PUBLISH_RETRY_POLICY
                    app.conf.broker_transport_options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
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


@pytest.mark.prove
def test_a_broker_that_hangs_is_given_up_within_seconds(running):
    broker.send(7)
    running.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    with pytest.raises(NotSent):
        broker.send(8)
    assert time.monotonic() - began < 15
