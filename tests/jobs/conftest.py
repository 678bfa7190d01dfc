"""Fixtures of these tests: worker processes on the test database, and what is sent."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from people.scope import Scope, server_scope
from tests.shared_database import shared_database  # noqa: F401

Spawn = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def spawn(shared_database: dict[str, str]) -> Iterator[Spawn]:  # noqa: F811 - the fixture imported above
    """Starts `tests.jobs.worker` with these words; who still runs at the end is killed."""
    with ExitStack() as stack:

        def start(*words: object) -> "subprocess.Popen[str]":
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.jobs.worker", *map(str, words)],
                env=os.environ | shared_database,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            return process

        yield start


@pytest.fixture
def scope(db: None) -> Scope:
    return server_scope(means="command")


@pytest.fixture
def sent() -> list[int]:
    """The numbers of jobs whose message was sent: `send=sent.append`."""
    return []
