"""Lines of the log as JSON: one object each, with the numbers of the request and the job they are of."""

import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.test import Client

from jobs import log_ids, tasks
from jobs.here import run_here
from jobs.kinds import Kind
from jobs.lease import Lease
from people.scope import server_scope
from portal import health
from portal.log_json import JsonLines
from tests.environment import portal_environment
from tests.jobs.makers import make_job

pytestmark = pytest.mark.database(transaction=True)
ROOT = Path(__file__).parents[2]
log = logging.getLogger("ecog.test")


class Told(io.StringIO):
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]


@pytest.fixture
def told() -> Iterator[Told]:
    stream = Told()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    logging.getLogger().addHandler(handler)
    yield stream
    logging.getLogger().removeHandler(handler)


def test_a_line_is_one_object_whatever_it_says(told: Told) -> None:
    log.warning('two\nlines, "quotes" and %s', "é\x00")
    [line] = told.lines()
    assert (line["level"], line["logger"]) == ("WARNING", "ecog.test")
    assert line["message"] == 'two\nlines, "quotes" and é\x00'
    assert line["time"].endswith("+00:00")
    assert "request" not in line
    assert "job" not in line


def test_nothing_in_a_line_ends_it_or_speaks_to_a_terminal(told: Told) -> None:
    hostile = "a\u2028{\u2029}\x85\x9b31m\x7f\x1b[2J\r\n\u202e"
    log.warning("%s", hostile)
    [line] = told.lines()
    assert line["message"] == hostile
    assert told.getvalue().isascii()
    assert told.getvalue().strip().isprintable()


def test_an_error_has_its_trace_without_its_own_text(told: Told) -> None:
    typed = "Smith-" + "Jones"
    try:
        raise ValueError(typed)
    except ValueError:
        log.exception("it failed")
    [line] = told.lines()
    assert "ValueError" in line["trace"]
    assert "Smith-Jones" not in told.getvalue()


def test_every_line_of_a_request_has_its_number_and_no_line_after_it(told: Told) -> None:
    with patch.object(health, "CHECKS", {"x": lambda: log.warning("within")}):
        answer = Client().get("/health/ready")
    Client().get("/no/such/address/")
    log.warning("after")
    within, refused, after = told.lines()
    assert within["request"] == answer["X-Request-Id"]
    assert len(refused["request"]) == 16
    assert "request" not in after
    assert log_ids.ids() == {}


def test_every_line_of_a_job_has_its_number(told: Told) -> None:
    with run_here(kind="test", question="", scope=server_scope(means="test")) as lease:
        log.warning("within")
    log.warning("after")
    within, after = told.lines()
    assert within["job"] == lease.job_id
    assert "job" not in after


def test_every_line_of_a_workers_job_has_its_number_the_one_of_its_failure_too(told: Told) -> None:
    def work(_lease: Lease) -> None:
        log.warning("within")
        raise ValueError

    job = make_job()
    with patch.object(tasks, "kind_of", lambda name: Kind(name=name, title="Test", run=work)):
        tasks.run(job.pk)
    log.warning("after")
    within, failed, after = told.lines()
    assert within["job"] == failed["job"] == job.pk
    assert "job" not in after


def test_the_setting_chooses_the_format(tmp_path: Path) -> None:
    code = "import django; django.setup(); import logging; logging.getLogger('x').warning('hello')"
    for setting, is_json in (("json", True), ("text", False), ("xml", None)):
        env = portal_environment(tmp_path, ECOG_LOG_FORMAT=setting) | {"PATH": os.environ["PATH"]}
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, check=False
        )
        if is_json is None:
            assert "ECOG_LOG_FORMAT is 'xml': write json or text." in done.stderr
        elif is_json:
            assert json.loads(done.stderr)["message"] == "hello"
        else:
            assert "WARNING x: hello" in done.stderr
