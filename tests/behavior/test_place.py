"""The place of the sessions is one text, and a mistake in it is a sentence that repeats nothing of it."""

import pytest
from django.conf import settings

from behavior.dynamodb import DynamoSessions
from behavior.errors import PlaceUnusable
from behavior.place import open_sessions, sessions_here
from behavior.table import TableSessions


def test_the_embedded_home_is_the_table() -> None:
    assert settings.SESSIONS_URL == ""
    assert isinstance(sessions_here(), TableSessions)


@pytest.mark.parametrize(
    "url",
    [
        "dynamodb://",
        "dynamodb://?region=eu-west-1",
        "dynamodb://?region=eu-west-1&endpoint=http%3A%2F%2F127.0.0.1%3A8000",
    ],
)
def test_dynamodb(url: str) -> None:
    home = open_sessions(url)
    assert isinstance(home, DynamoSessions)
    if "endpoint" in url:
        assert home.calls.client.meta.endpoint_url == "http://127.0.0.1:8000"
        assert home.calls.client.meta.region_name == "eu-west-1"


@pytest.mark.parametrize(
    "url",
    [
        "mysql://root:secret@host/x",
        "dynamodb://secret",
        "dynamodb://?region",
        "dynamodb://?secret=1",
        "dynamodb://?region=a&region=b",
        "dynamodb://?endpoint=http://user:secret@host",
        "dynamodb://?endpoint=secret",
        "//[secret",
    ],
)
def test_what_is_not_understood_is_not_repeated(url: str) -> None:
    with pytest.raises(PlaceUnusable, match="ECOG_SESSIONS_URL") as refused:
        open_sessions(url)
    assert "secret" not in str(refused.value)
