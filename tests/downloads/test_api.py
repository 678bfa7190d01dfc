"""The API: tokens, permission, questions."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings

from chunks.headers_db.place import State
from chunks.headers_db.state import read_state, set_state
from people.models import AuditEntry, Token
from people.scope import server_scope
from people.tokens import revoke_token
from storage.folder import FolderObjects
from storage.objects import Objects
from tests.downloads.asked import Api, researcher, token_of
from tests.downloads.held import hold
from tests.people.makers import grant, make_user

pytestmark = pytest.mark.database(transaction=True)


@pytest.fixture
def store(tmp_path: Path, settings: Settings) -> Objects:
    settings.OBJECTS_URL = (tmp_path / "objects").as_uri()
    return FolderObjects(tmp_path / "objects")


@pytest.fixture
def alice(transactional_db: None) -> User:
    return researcher("alice")


@pytest.fixture
def api(alice: User) -> Api:
    return Api(token_of(alice))


# Tokens


def test_it_says_who_one_is_and_when_the_token_ends(store: Objects, alice: User, api: Api) -> None:
    hold(store, "2002")
    hold(store, "2003")
    grant(alice, patient="2003")
    said = api.get("me").json()
    token = Token.objects.get()
    assert (said["user"], said["patients"], said["sees_all"]) == ("alice", ["2003"], False)
    assert said["permissions"] == ["search", "download"]
    assert said["token"] == {
        "name": "laptop",
        "begins_with": token.beginning,
        "ends_at": token.expires_at.isoformat(),
    }


OPERATIONS = [
    ("get", "me"),
    ("get", "search"),
    ("post", "downloads"),
    ("get", "downloads/1"),
    ("get", "downloads/1/manifest"),
    ("get", "downloads/1/file?path=s3_download/2002/a/annotations.json"),
    ("post", "downloads/1/alive"),
    ("post", "downloads/1/end"),
]


@pytest.mark.parametrize(("method", "address"), OPERATIONS)
def test_nothing_opens_without_a_token_also_for_who_is_logged_in(alice: User, method: str, address: str) -> None:
    api = Api()
    api.client.force_login(alice)
    answer = getattr(api, method)(address)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert answer.json()["error"] == "token_missing"
    assert "Bearer ecog_" in answer.json()["message"]


@pytest.mark.parametrize("token", ["x", "ecog_" + "a" * 43, "", "ecog_" + "ä" * 43])
def test_a_token_that_is_none_opens_nothing(alice: User, token: str) -> None:
    api = Api()
    api.headers = {"Authorization": f"Bearer {token}"}
    answer = api.get("me")
    assert (answer.status_code, answer.json()["error"]) == (401, "token_refused")
    assert token not in answer.json()["message"] or not token


def test_a_token_that_has_ended_or_was_revoked_opens_nothing(alice: User, api: Api) -> None:
    token = Token.objects.get()
    assert api.get("me").status_code == 200
    Token.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert "ended" in api.get("me").json()["message"]
    Token.objects.update(expires_at=timezone.now() + timedelta(days=1))
    revoke_token(token, by=server_scope(means="command"))
    answer = api.get("me")
    assert (answer.status_code, answer.json()["error"]) == (401, "token_refused")
    assert "revoked" in answer.json()["message"]


def test_who_has_no_role_may_neither_search_nor_download(store: Objects) -> None:
    hold(store)
    user = make_user("guest")
    grant(user, patient="2002")
    api = Api(token_of(user))
    assert api.get("me").json()["permissions"] == []
    assert not AuditEntry.objects.filter(act__in=["search", "download"]).exists()
    for answer in (api.get("search", {"patient": "2002"}), api.post("downloads", {"patient": ["2002"]})):
        assert (answer.status_code, answer.json()["error"]) == (403, "not_allowed")
    assert not AuditEntry.objects.filter(act__in=["search", "download"]).exists()


# Searching


def test_a_search_answers_as_the_command_does(
    store: Objects, alice: User, api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    hold(store, warnings=["It began late."])
    hold(store, "2003", "day3_140500")
    grant(alice, patient="2002")
    words = {"patient": ["20*"], "channel": ["LTG1", "LTG2", "X9"], "start": ["day 3 15:05"], "limit": 1}
    answer = api.get("search", words).json()
    call_command(
        "search",
        *("--patient", "20*", "--channel", "LTG1", "LTG2", "X9", "--start", "day 3 15:05"),
        *("--limit", "1", "--json", "--as", "alice"),
    )
    assert answer == json.loads(capsys.readouterr().out)
    assert answer["totals"]["chunks"] == 2
    rest = api.get("search", words | {"after": answer["next"]}).json()
    assert [header["label"] for header in answer["headers"] + rest["headers"]] == ["LTG1", "LTG2"]
    assert rest["next"] is None
    entry = AuditEntry.objects.filter(act="search").first()
    assert entry is not None
    assert (entry.by_name, entry.means, entry.origin) == ("alice", "client", "127.0.0.1")
    assert [each.patient for each in entry.patients.all()] == ["2002"]


def test_a_patient_out_of_sight_is_as_one_who_does_not_exist(store: Objects, alice: User, api: Api) -> None:
    hold(store, "2002")
    hold(store, "2003")
    grant(alice, patient="2003")
    hidden, missing = (api.get("search", {"patient": patient}) for patient in ("2002", "2004"))
    assert hidden.status_code == missing.status_code == 200
    assert hidden.json()["totals"]["chunks"] == 0
    assert hidden.content == missing.content.replace(b"2004", b"2002")


def test_every_fault_of_a_question_is_named_with_its_field(api: Api) -> None:
    words = {"day": "x", "channel": '"EMG', "dya": "4", "patient": "a/b"}
    answer = api.get("search", words)
    assert answer.status_code == 422
    said = answer.json()
    assert said["error"] == "question_unreadable"
    assert {problem["field"] for problem in said["problems"]} == {"day", "channel", "question", "patient"}
    assert all(problem["message"] in said["message"] for problem in said["problems"])
    again = api.post("downloads", {name: [text] for name, text in words.items()})
    assert again.status_code == 422
    assert {problem["field"] for problem in again.json()["problems"]} == {"day", "channel", "question", "patient"}


@pytest.mark.parametrize(
    ("query", "field"), [({"limit": "many"}, "limit"), ({"limit": 10_001}, "limit"), ({"after": "?"}, "after")]
)
def test_a_page_that_cannot_be_read_is_a_fault_of_its_field(api: Api, query: dict[str, Any], field: str) -> None:
    answer = api.get("search", query)
    assert answer.status_code == 422
    assert [problem["field"] for problem in answer.json()["problems"]] == [field]


def test_a_sleeping_database_is_a_json_answer_that_says_when(store: Objects, alice: User, api: Api) -> None:
    hold(store)
    grant(alice, patient="2002")
    set_state(read_state(), state=State.ASLEEP, by="ann")
    for answer in (api.get("search"), api.post("downloads", {})):
        assert answer.status_code == 503
        assert answer["Retry-After"] == "600"
        assert answer.json()["error"] == "headers_asleep"
        assert answer.json()["message"].startswith("The headers database is asleep")
    assert api.get("me").status_code == 200


def test_a_body_that_is_no_json_is_refused_in_words(api: Api) -> None:
    answer = api.client.post("/api/v1/downloads", "{", content_type="application/json", headers=api.headers)
    assert (answer.status_code, answer.json()["error"]) == (400, "request_unreadable")
    answer = api.post("downloads", {"patient": 5})
    assert (answer.status_code, answer.json()["problems"][0]["field"]) == (422, "patient")
    answer = api.post("downloads", {"patient": ["2" * 3_000_000]})
    assert (answer.status_code, answer.json()["error"]) == (413, "too_large")
