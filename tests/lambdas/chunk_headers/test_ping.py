"""Whoever wakes the headers database asks the function whether it reaches it."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest

from lambdas.chunk_headers import handler
from lambdas.chunk_headers.database import DatabaseSilent
from tests.mariadb import free_port

CONTEXT = SimpleNamespace(get_remaining_time_in_millis=lambda: 60_000)


def test_it_answers_once_it_has_asked_its_database(environment: Callable[..., None]) -> None:
    environment()
    assert handler.handler({"ecog": "ping"}, CONTEXT) == {"ecog": "pong"}


def test_it_fails_where_nothing_answers(environment: Callable[..., None]) -> None:
    environment(ECOG_HEADERS_PORT=str(free_port()))
    with pytest.raises(DatabaseSilent):
        handler.handler({"ecog": "ping"}, CONTEXT)
