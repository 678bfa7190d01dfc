"""Every route of the portal, walked: who is turned away, and that two people with different grants see exactly theirs.

The routes are taken from the URL configuration, so one that is new is walked too, or the test says that it cannot.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as portal_settings
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from behavior.place import sessions_here
from behavior.take import take
from downloads.models import Bundle
from people.roles import Role
from people.scope import scope_for, server_scope
from people.tokens import make_token
from storage.folder import FolderObjects
from tests.behavior.made import content, document
from tests.downloads.bundled import made
from tests.downloads.conftest import bundles_folder, store
from tests.downloads.held import hold
from tests.people.makers import grant, make_user, with_role

__all__ = ["bundles_folder", "store"]

ADMIN = "admin/"
API = "api/v1/"
PUBLIC = {
    "login",
    "password-reset",
    "password-reset-done",
    "password-reset-confirm",
    "password-reset-complete",
    "health-live",
    "health-ready",
    "metrics",
    "openapi",
}
# Pages of oneself, for everybody who is logged in.
OWN = {"home", "logout", "account", "own-acts", "password-change", "jobs", "job", "job-progress", "job-cancel"}
RECORDING = {"7002": "day3_140500", "7003": "day4_secret"}
TASK = {"7002": "Plain_Task", "7003": "Secret_Task"}


def routes(patterns: Any = None, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for each in get_resolver().url_patterns if patterns is None else patterns:
        where = prefix + str(each.pattern)
        if isinstance(each, URLResolver):
            if not where.startswith(ADMIN):
                yield from routes(each.url_patterns, where)
        else:
            yield where, each


ROUTES = [(route, str(pattern.name)) for route, pattern in routes()]
PAGES = [(route, name) for route, name in ROUTES if not route.startswith(API)]


class World:
    """Two patients with a recording each, two researchers who may see one each, and what each of them has made."""

    def __init__(self, objects: FolderObjects) -> None:
        hold(objects, "7002", RECORDING["7002"])
        hold(objects, "7003", RECORDING["7003"], seed=2)
        for patient, task in TASK.items():
            said = document(experiment=task, subject=patient, start="14:10:0:0", stop="14:20:0:0")
            by = server_scope(means="test")
            taken = take(content(said), objects=objects, sessions=sessions_here(), by=by)
            assert taken.key == f"{task}_{patient}.json"
        self.of: dict[str, User] = {}
        self.job: dict[str, int] = {}
        self.token: dict[str, Any] = {}
        self.download: dict[str, int] = {}
        for name, patient in (("alice", "7002"), ("bob", "7003")):
            user = with_role(make_user(name), Role.RESEARCHER)
            grant(user, patient=patient)
            self.of[patient] = user
            self.job[patient] = made(scope_for(user, means="page"), f"patient={patient}").job_id
            self.token[patient] = make_token(user, name=f"laptop of {name}", days=5, by=server_scope(means="test"))
            begun = Client().post(
                f"/{API}downloads",
                {"patient": [patient]},
                content_type="application/json",
                headers={"Authorization": f"Bearer {self.token[patient].text}"},
            )
            self.download[patient] = begun.json()["id"]

    def address(self, route: str, *, patient: str) -> str:
        """The route to what belongs to this patient, or to who may see this patient."""
        parts = {
            "patient": patient,
            "name": RECORDING[patient],
            "earlier": RECORDING[patient],
            "file_name": f"{TASK[patient]}_{patient}.json",
            "file": "session.json",
            "kind": "csv",
            "job_id": self.job[patient],
            "token_id": self.token[patient].row.pk,
            "download": self.download[patient],
            "uidb64": "x",
            "token": "x",
        }
        return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda part: str(parts[part[1]]), route)


@pytest.fixture
def world(transactional_db: None, store: FolderObjects, bundles_folder: Path) -> World:
    return World(store)


pytestmark = pytest.mark.database(transaction=True)


def browser_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def body_of(answer: Any) -> str:
    return (b"".join(answer.streaming_content) if answer.streaming else answer.content).decode(errors="replace")


def test_every_page_names_its_permission_or_is_known_to_need_none() -> None:
    patterns = {str(pattern.name): pattern for route, pattern in routes() if not route.startswith(API)}
    named = {name for name, pattern in patterns.items() if getattr(pattern.callback, "permission", None)}
    assert set(patterns) == named | OWN | (PUBLIC & set(patterns))
    assert not named & (PUBLIC | OWN)


def test_who_is_not_logged_in_reaches_nothing(world: World) -> None:
    reached = {}
    for route, name in ROUTES:
        answer = Client().get(world.address(route, patient="7002"))
        turned_away = (
            (answer.status_code == 302 and answer["Location"].startswith("/login/"))
            or answer.status_code == 401
            or (answer.status_code == 405 and name not in PUBLIC)
        )
        if not turned_away:
            reached[name] = answer.status_code
    assert set(reached) <= PUBLIC, reached


def test_who_has_no_role_reaches_only_pages_of_oneself(world: World) -> None:
    nobody = browser_of(make_user("nobody"))
    allowed = set()
    for route, name in PAGES:
        if name in PUBLIC:
            continue
        answer = nobody.get(world.address(route, patient="7002"))
        assert answer.status_code in {200, 302, 403, 404, 405}, (route, answer.status_code)
        assert RECORDING["7002"] not in body_of(answer), route
        if answer.status_code == 200:
            allowed.add(name)
    assert allowed == {"home", "account", "own-acts", "password-change", "jobs"}


@pytest.mark.parametrize(("mine", "hidden"), [("7002", "7003"), ("7003", "7002")])
def test_two_people_see_exactly_theirs_on_every_page(world: World, mine: str, hidden: str) -> None:
    me = browser_of(world.of[mine])
    shown = 0
    for route, name in PAGES:
        if name in PUBLIC | {"logout"}:
            continue
        theirs = me.get(world.address(route, patient=hidden))
        if "<" in route:
            assert theirs.status_code in {403, 404, 405}, (route, theirs.status_code)
        asked = world.address(route, patient=hidden)
        said = body_of(theirs).replace(asked, "")
        assert RECORDING[hidden] not in said, route
        assert TASK[hidden] not in said, route
        assert f"patients/{hidden}" not in said, route
        own = me.get(world.address(route, patient=mine))
        if own.status_code == 200 and not own.streaming:
            text = body_of(own)
            assert hidden not in text, route
            shown += mine in text
        own.close()
    assert shown >= 6


@pytest.mark.parametrize(
    "question",
    [
        "patient=*",
        "everyone=yes",
        "patient=7003",
        "patient=70*",
        "patient=7003&channel=LTG1",
        "patient=*&task=task",
        "patient=7003&task=*",
    ],
)
def test_a_hidden_patient_is_in_no_answer(world: World, question: str) -> None:
    answer = browser_of(world.of["7002"]).get(f"/search/?{question}", follow=True)
    assert answer.status_code == 200
    assert RECORDING["7003"] not in body_of(answer)
    assert TASK["7003"] not in body_of(answer)
    assert "patients/7003" not in body_of(answer)


@pytest.mark.parametrize(("mine", "hidden"), [("7002", "7003"), ("7003", "7002")])
def test_two_programs_get_exactly_theirs_on_every_route(world: World, mine: str, hidden: str) -> None:
    me = {"Authorization": f"Bearer {world.token[mine].text}"}
    for route, name in ROUTES:
        if not route.startswith(API) or name in PUBLIC:
            continue
        theirs = Client().get(world.address(route, patient=hidden), {"patient": hidden, "path": "x"}, headers=me)
        if "<" in route:
            assert theirs.status_code in {404, 405}, (route, theirs.status_code)
        assert RECORDING[hidden] not in body_of(theirs), route
    found = Client().get(f"/{API}search", {"patient": "*"}, headers=me).json()
    assert {header["patient"] for header in found["headers"]} == {mine}
    assert found["totals"]["patients"] == 1


def test_each_fetches_the_own_bundle_and_no_other(world: World) -> None:
    for mine, hidden in (("7002", "7003"), ("7003", "7002")):
        me = browser_of(world.of[mine])
        own = me.get(f"/bundles/{world.job[mine]}/file")
        assert own.status_code == 200
        size = sum(map(len, own.streaming_content))
        assert size == Bundle.objects.get(pk=world.job[mine]).size_bytes
        assert me.get(f"/bundles/{world.job[hidden]}/file").status_code == 404


def test_the_pages_are_served_under_the_strict_policy(world: World) -> None:
    for route, name in PAGES:
        if "<" in route or name == "logout":
            continue
        policy = browser_of(world.of["7002"]).get(world.address(route, patient="7002"))
        if "text/html" in policy.get("Content-Type", ""):
            assert "unsafe" not in policy["Content-Security-Policy"], route
            assert "default-src 'none'" in policy["Content-Security-Policy"], route
    assert portal_settings.DEBUG is False
