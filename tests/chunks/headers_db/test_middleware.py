"""While the headers database sleeps, pages that need it answer calmly."""

import logging
from collections.abc import Callable

import pytest
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from chunks.headers_db.place import State
from chunks.headers_db.state import read_state, set_state
from chunks.models import ChunkHeader
from tests.mariadb import free_port

pytestmark = [pytest.mark.database(transaction=True), pytest.mark.urls(__name__)]


@login_not_required
def count(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(ChunkHeader.objects.count()))


@login_not_required
def fault(_request: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError


# The page's frame links to the start page.
urlpatterns = [path("", count, name="home"), path("count", count), path("fault", fault)]


def test_awake_it_stays_out_of_the_way(client: Client) -> None:
    assert client.get("/count").content == b"0"
    client.raise_request_exception = False
    assert client.get("/fault").status_code == 500


def test_asleep_the_page_says_since_when_and_what_to_do(client: Client) -> None:
    place = set_state(read_state(), state=State.ASLEEP, by="ann")
    response = client.get("/count", headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert response.status_code == 503
    assert response["Retry-After"] == "600"
    assert response["Content-Type"].startswith("text/html")
    page = response.content.decode()
    assert f"{place.since:%Y-%m-%d %H:%M} UTC" in page
    assert "Ask an administrator to wake it" in page
    assert '<html lang="en">' in page
    assert page.count("<h1>") == 1


def test_waking_the_page_says_so(client: Client) -> None:
    set_state(read_state(), state=State.WAKING, by="ann")
    response = client.get("/count")
    assert (response.status_code, response["Retry-After"]) == (503, "60")
    assert "waking up" in response.content.decode()


def test_a_program_gets_json(client: Client) -> None:
    place = set_state(read_state(), state=State.ASLEEP, by="ann")
    response = client.get("/count", headers={"accept": "application/json"})
    assert (response.status_code, response["Retry-After"]) == (503, "600")
    body = response.json()
    assert body["since"] == place.since.isoformat()
    assert (body["error"], body["state"], body["retry_after_s"]) == ("headers_asleep", "asleep", 600)
    assert body["message"].startswith("The headers database is asleep since")


def test_a_database_that_does_not_answer_is_a_page_too_and_a_line_in_the_log(
    client: Client,
    mysql_headers: Callable[..., object],
    in_place_of_headers: Callable[[object], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    port = free_port()
    in_place_of_headers(mysql_headers(port))
    with caplog.at_level(logging.ERROR, logger="chunks.headers_db.middleware"):
        response = client.get("/count")
        told = client.get("/count", headers={"accept": "application/json"}).json()
    assert (response.status_code, response["Retry-After"]) == (503, "30")
    assert "cannot be reached" in response.content.decode()
    assert told["error"] == "headers_unreachable"
    # Where it should be is for those who read the log, not for everyone.
    assert f"127.0.0.1:{port}" in caplog.text
    assert str(port) not in response.content.decode() + str(told)
