"""Tasks in a browser: names that complete by keyboard and pointer, files that are added, marks that tell."""

import json
import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PHONE, WIDE, Open, sideways, violations


def field(page: Page) -> Locator:
    page.goto("/search/")
    return page.get_by_role("combobox", name="Tasks")


def test_a_name_completes_by_keyboard(open_page: Open) -> None:
    page = open_page("rita")
    tasks = field(page)
    tasks.focus()
    page.keyboard.type("faces, tOm l")
    options = page.get_by_role("option")
    expect(options).to_have_text(["ToM_Loc 2 sessions, 1 patient"])
    expect(tasks).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    expect(tasks).to_have_attribute("aria-activedescendant", options.first.get_attribute("id") or "?")
    expect(options.first).to_have_attribute("aria-selected", "true")
    assert not violations(page)
    page.keyboard.press("Enter")
    expect(tasks).to_have_value("faces, ToM_Loc")
    expect(tasks).to_have_attribute("aria-expanded", "false")
    assert page.url.endswith("/search/")
    page.get_by_label("Patients").fill("demo")
    page.get_by_label("Minutes around").fill("5")
    page.keyboard.press("Enter")
    expect(page.get_by_text("3 sessions of 2 tasks and 1 patient")).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("^ToM_Loc, patient demo, day 3.*no recording"))).to_be_visible()


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_a_name_completes_by_pointer_and_goes_away_by_escape(open_page: Open, viewport: dict[str, int]) -> None:
    page = open_page("rita", viewport=viewport)
    tasks = field(page)
    tasks.press_sequentially("task")
    expect(page.get_by_role("option")).to_have_count(2)
    assert sideways(page) == 0
    page.keyboard.press("Escape")
    expect(page.get_by_role("option")).to_have_count(0)
    expect(tasks).to_have_value("task")
    page.keyboard.press("ArrowDown")
    page.get_by_role("option", name="Movie_Task").click()
    expect(tasks).to_have_value("Movie_Task")
    expect(tasks).to_be_focused()


def test_a_name_of_hidden_patients_alone_is_never_offered(open_page: Open) -> None:
    for name, offered in (("rita", 0), ("dan", 1)):
        page = open_page(name)
        with page.expect_response("**/tasks/suggest*"):
            field(page).press_sequentially("bio", delay=10)
        page.wait_for_timeout(300)
        expect(page.get_by_role("option")).to_have_count(offered)


def test_without_scripts_the_field_is_a_field(open_page: Open) -> None:
    page = open_page("rita", java_script_enabled=False)
    page.goto("/search/")
    page.get_by_label("Patients").fill("demo")
    page.get_by_label("Tasks", exact=True).fill("TOM loc")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_text("2 sessions of 1 task and 1 patient")).to_be_visible()


def test_a_mark_tells_its_session_when_it_is_focused(open_page: Open) -> None:
    page = open_page("rita")
    page.goto("/patients/demo/")
    mark = page.get_by_role("link", name=re.compile("^ToM_Loc, patient demo, day 1"))
    tip = mark.locator(".tip")
    expect(tip).to_be_hidden()
    page.keyboard.press("Tab")
    mark.focus()
    expect(tip).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="ToM_Loc")).to_be_visible()


def test_files_are_added_and_a_refused_one_becomes_a_session(open_page: Open) -> None:
    page = open_page("dan")
    page.goto("/tasks/")
    page.get_by_role("link", name="Add sessions").click()
    meta = {"experiment": "Stroop", "subject": "demo2", "start_time": "14:10:0:0", "stop_time": "14:12:0:0", "day": 1}
    good = json.dumps({"meta": meta, "data": []}).encode()
    raw = b'{"wall_time": "14:20:01"}\n{"wall_time": "14:21:02"}\n'
    page.get_by_label("Files", exact=True).set_input_files(
        [
            {"name": "one.json", "mimeType": "application/json", "buffer": good},
            {"name": "Raw_demo2.json", "mimeType": "application/json", "buffer": raw},
        ]
    )
    page.get_by_role("button", name="Add them").click()
    expect(page.get_by_text("1 of 2 taken")).to_be_visible()
    assert not violations(page)
    page.get_by_text("Say what it does not").click()
    form = page.locator("li", has_text="Raw_demo2.json")
    expect(form.get_by_label("Start")).to_have_value("14:20:01")
    expect(form.get_by_label("Task")).to_have_value("Raw")
    form.get_by_label("Day").fill("1")
    form.get_by_label("The file, once more").set_input_files(
        [{"name": "Raw_demo2.json", "mimeType": "application/json", "buffer": raw}]
    )
    with page.expect_popup() as opened:
        form.get_by_role("button", name="Make a session of it").click()
    expect(opened.value.get_by_role("heading", name="Raw")).to_be_visible()
    expect(opened.value.get_by_role("link", name="attached: 1.json")).to_be_visible()


def test_an_alignment_is_proposed_shown_and_kept(open_page: Open) -> None:
    page = open_page("dan")
    page.goto("/sessions/faces_task_demo.json")
    page.get_by_text("Align by triggers").click()
    page.get_by_role("button", name="Look for its codes").click()
    keep = page.get_by_role("button", name="Keep it")
    keep.wait_for(timeout=30_000)
    assert not violations(page)
    keep.click()
    expect(page.get_by_text("The alignment is kept.")).to_be_visible()
    expect(page.get_by_text("55 of 55")).to_be_visible()
