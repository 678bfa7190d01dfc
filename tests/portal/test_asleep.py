"""Every route of the portal while the headers database sleeps, walked by each role: none is a fault, much works.

The routes are taken from the URL configuration, those of the administration too.
"""

from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.test import Client

from chunks.headers_db.place import State
from chunks.headers_db.state import read_state, set_state
from people.roles import Role
from tests.downloads.conftest import bundles_folder, store
from tests.people.makers import grant, make_user, with_role
from tests.portal.test_routes import API, ROUTES, World, body_of, browser_of, world

__all__ = ["bundles_folder", "store", "world"]

pytestmark = pytest.mark.database(transaction=True)
CALM = {200, 204, 302, 400, 401, 403, 404, 405, 422, 503}
LOST = {"logout", "job-cancel"}


@pytest.fixture(params=[State.ASLEEP, State.WAKING])
def asleep(world: World, request: pytest.FixtureRequest) -> Iterator[World]:
    set_state(read_state(), state=request.param, by="ann")
    yield world
    set_state(read_state(), state=State.AWAKE, by="ann")


def admin_pages() -> Iterator[str]:
    yield "/admin/"
    for model in admin.site._registry:
        base = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        yield from (base, f"{base}?q=x", f"{base}add/", f"{base}1/change/", f"{base}1/history/", f"{base}1/delete/")


def walked(browser: Client, addresses: list[str]) -> dict[str, int]:
    browser.raise_request_exception = False
    answers = {}
    for address in addresses:
        answer = browser.get(address)
        answers[address] = answer.status_code
        body_of(answer)
        answer.close()
    return answers


@pytest.mark.parametrize("role", [Role.RESEARCHER, Role.DATA_MANAGER, Role.ADMINISTRATOR])
def test_no_page_is_a_fault(asleep: World, role: Role) -> None:
    person = with_role(make_user("someone"), role)
    grant(person, patient="7002")
    pages = [asleep.address(route, patient="7002") for route, name in ROUTES if name not in LOST]
    answers = walked(browser_of(person), [*pages, *admin_pages()])
    assert {page: code for page, code in answers.items() if code not in CALM} == {}


def test_its_asker_still_has_what_was_made(asleep: World) -> None:
    person = browser_of(asleep.of["7002"])
    pages = ["/", f"/jobs/{asleep.job['7002']}/", "/jobs/", f"/bundles/{asleep.job['7002']}/file"]
    assert set(walked(person, pages).values()) == {200}


def test_tasks_and_sessions_are_shown_and_say_what_is_not_known(asleep: World) -> None:
    person = browser_of(asleep.of["7002"])
    tasks, session = person.get("/tasks/"), person.get("/sessions/Plain_Task_7002.json")
    assert (tasks.status_code, session.status_code) == (200, 200)
    assert "Plain_Task" in body_of(tasks)
    assert "Secret_Task" not in body_of(tasks)
    for page in (tasks, session):
        assert "Ask an administrator to wake it" in body_of(page) or "waking up" in body_of(page)
    assert "No recording holds any of it" not in body_of(session)
    assert person.get("/sessions/Plain_Task_7002.json/files/session.json").status_code in {200, 404}


def test_no_answer_to_a_program_is_a_fault(asleep: World) -> None:
    me = Client(headers={"Authorization": f"Bearer {asleep.token['7002'].text}"})
    answers = walked(me, [asleep.address(route, patient="7002") for route, _ in ROUTES if route.startswith(API)])
    assert answers["/api/v1/me"] == 200
    assert {page: code for page, code in answers.items() if code not in CALM} == {}
