"""The API's description (OpenAPI) agrees with its routes and with what it answers, both ways."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from pytest_django import Settings

from downloads.api.refusals import MEANINGS, REFUSALS
from people.roles import PERMISSIONS, Role
from storage.folder import FolderObjects
from storage.objects import Objects
from tests.downloads.asked import Api, researcher, token_of
from tests.downloads.held import hold
from tests.people.makers import grant, make_user

pytestmark = pytest.mark.database(transaction=True)
CHUNK = "s3_download/2002/day3_140500/LTG1_chunk-0.chn"
DOC = Path(__file__).parents[2] / "docs" / "api.md"


@pytest.fixture
def alice(transactional_db: None) -> User:
    return researcher("alice")


@pytest.fixture
def api(alice: User) -> Api:
    return Api(token_of(alice))


@pytest.fixture
def described(alice: User) -> dict[str, Any]:
    client = Client()
    client.force_login(alice)
    answer = client.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    schema: dict[str, Any] = answer.json()
    return schema


def operations(described: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, each) for path, of in described["paths"].items() for method, each in of.items()]


def routes(resolver: URLResolver | None = None, before: str = "/") -> dict[str, Any]:
    """Every address of the API by its form, with its view."""
    found: dict[str, Any] = {}
    for pattern in (resolver or get_resolver()).url_patterns:
        form = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            found |= routes(pattern, form)
        elif isinstance(pattern, URLPattern) and form.startswith("/api/"):
            found[re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", form)] = pattern.callback
    return found


def test_it_is_valid_openapi(described: dict[str, Any]) -> None:
    validate(described)
    assert described["openapi"].startswith("3.1")


def test_every_route_is_described_and_every_description_is_a_route(described: dict[str, Any]) -> None:
    there = routes()
    assert set(described["paths"]) == set(there) - {"/api/v1/openapi.json", "/api/v1/docs"}
    assert len(described["paths"]) == 9


def test_each_route_takes_the_methods_that_are_described_and_no_other(described: dict[str, Any], api: Api) -> None:
    for path, of in described["paths"].items():
        for method in ("get", "post", "put", "patch", "delete"):
            answer = getattr(api.client, method)(path.replace("{download}", "1"))
            assert (answer.status_code == 405) == (method not in of), (path, method)


def test_every_operation_says_what_it_is_its_refusals_and_its_token(described: dict[str, Any]) -> None:
    for path, method, each in operations(described):
        assert each["summary"], (path, method)
        assert each["security"] == [{"PersonalToken": []}], (path, method)
        assert {"401", "403"} <= set(each["responses"]), (path, method)
        assert any(status.startswith("2") for status in each["responses"]), (path, method)
        for status, answer in each["responses"].items():
            assert answer["description"] == MEANINGS[int(status)], (path, method, status)
            if int(status) >= 400:
                assert answer["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Failure"}
        for parameter in each.get("parameters", []):
            assert parameter["in"] == "path" or parameter["schema"].get("description"), (path, parameter["name"])
    assert described["components"]["securitySchemes"]["PersonalToken"] == {"type": "http", "scheme": "bearer"}


@pytest.mark.parametrize("address", ["/api/v1/openapi.json", "/api/v1/docs"])
def test_the_description_needs_a_login(address: str) -> None:
    assert Client().get(address).status_code == 302


def test_its_page_names_every_operation_with_its_words(alice: User, described: dict[str, Any]) -> None:
    client = Client()
    client.force_login(alice)
    page = client.get("/api/v1/docs").content.decode()
    for path, _, each in operations(described):
        assert path in page
        assert each["summary"] in page
    assert all(name in page for name in ("LTG1..LTG8", "dry_run", "outcome"))


def test_the_docs_page_names_every_operation_and_every_error(described: dict[str, Any]) -> None:
    text = DOC.read_text(encoding="utf-8")
    for path, method, _ in operations(described):
        short = path.removeprefix("/api/v1/").replace("{download}", "{id}")
        assert f"`{method.upper()} {short}`" in text
    for refusal in REFUSALS.values():
        assert f"`{refusal.code}`" in text
        assert str(refusal.status) in text


# What is answered


def is_as_described(described: dict[str, Any], answer: Any, *, path: str, method: str = "get") -> None:
    responses = described["paths"][path][method]["responses"]
    assert str(answer.status_code) in responses, (path, answer.status_code)
    content = responses[str(answer.status_code)].get("content", {})
    kind = answer["Content-Type"].partition(";")[0]
    assert kind in content, (path, kind)
    if kind == "application/json":
        schema = content[kind]["schema"] | {"components": described["components"]}
        Draft202012Validator(schema).validate(answer.json())


def test_answers_are_as_described(tmp_path: Path, settings: Settings, alice: User, api: Api, described: Any) -> None:
    settings.OBJECTS_URL = (tmp_path / "objects").as_uri()
    store: Objects = FolderObjects(tmp_path / "objects")
    hold(store)
    grant(alice, patient="2002")
    root, one = "/api/v1/", "/api/v1/downloads/{download}"
    for query in ({"patient": "2002"}, {"patient": "2999"}, {"day": "x"}, {"limit": 0}, {"limit": -1}, {"after": "?"}):
        is_as_described(described, api.get("search", query), path=root + "search")
    is_as_described(described, api.get("me"), path=root + "me")
    begun = api.post("downloads", {"patient": ["2002"]})
    for answer in (begun, api.post("downloads", {"patient": ["2999"]}), api.post("downloads", {"patient": 1})):
        is_as_described(described, answer, path=root + "downloads", method="post")
    number = begun.json()["id"]
    at = f"downloads/{number}"
    is_as_described(described, api.get(at), path=one)
    is_as_described(described, api.get("downloads/99"), path=one)
    is_as_described(described, api.post(f"{at}/alive"), path=one + "/alive", method="post")
    manifest = api.get(f"{at}/manifest")
    is_as_described(described, manifest, path=one + "/manifest")
    manifest.close()
    etag = ""
    for headers in ({}, {"Range": "bytes=5-"}, {"Range": "bytes=999999-"}, {"If_Match": '"x"'}):
        answer = api.get(f"{at}/file", {"path": CHUNK}, **headers)
        is_as_described(described, answer, path=one + "/file")
        etag = etag or answer["ETag"]
        answer.close()
    assert api.get(f"{at}/file", {"path": CHUNK}, If_None_Match=etag).status_code == 304
    is_as_described(described, api.get(f"{at}/file", {"path": "x"}), path=one + "/file")
    is_as_described(described, api.get(f"{at}/file"), path=one + "/file")
    for outcome in ("done", "strange"):
        answer = api.post(f"{at}/end", {"outcome": outcome})
        is_as_described(described, answer, path=one + "/end", method="post")
    is_as_described(described, api.get(f"{at}/file", {"path": CHUNK}), path=one + "/file")


@pytest.mark.parametrize("role", [None, *Role])
def test_each_role_may_exactly_what_its_permissions_say(described: dict[str, Any], role: Role | None) -> None:
    user = make_user("carol")
    if role is not None:
        user.groups.add(*user.groups.model.objects.filter(name=role.value))
    theirs = Api(token_of(user))
    may = PERMISSIONS[role] if role else ()
    needs = {"search": "people.search", "me": ""}
    for path, method, _ in operations(described):
        short = path.removeprefix("/api/v1/").replace("{download}", "1")
        needed = needs.get(short, "" if short.endswith("/end") else "people.download")
        answer = (
            theirs.post(short) if method == "post" else theirs.get(short, {"path": "x"} if "file" in short else None)
        )
        refused = answer.status_code == 403 and answer.json()["error"] == "not_allowed"
        assert refused == bool(needed and needed not in may), (short, answer.status_code)
