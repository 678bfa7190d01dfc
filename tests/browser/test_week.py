"""What a data manager meets in a week: the inbox, a job's report, a conflict; by keyboard, wide and on a phone."""

import os
import time

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, WIDE, Open, sideways, violations
from tests.chunks.made import START
from tests.chunks.overlapping import Signals
from tests.portal.served import Served

SIZES = [(WIDE, "light"), (WIDE, "dark"), (PHONE, "light"), (PHONE, "dark")]
SIGNALS = Signals(began=START)
CONFLICT = "/patients/week/recordings/day3_140530/conflict/day3_140500/"
AN_HOUR_S = 3600


@pytest.fixture(scope="module")
def week(portal: Served, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A patient with a conflict, and an inbox with names of every kind."""
    source = tmp_path_factory.mktemp("week")
    SIGNALS.write(source / "a.edf")
    SIGNALS.write(source / "b.edf", after_s=30, wrong_second=40)
    for words in (["add_patient", "week"], ["ingest_edf", str(source), "--subject=week", "--surgery-date=2017-03-11"]):
        done = portal.manage(*words)
        assert done.returncode == 0, done.stdout + done.stderr
    inbox = portal.data_dir / "inbox"
    (inbox / "ward 3").mkdir(parents=True, exist_ok=True)
    for name in ("<b>Doe<b>.edf", "ward 3/" + "long_name_" * 20 + ".edf", "ward 3/\u202eten.edf"):
        SIGNALS.write(inbox / name, after_s=200 + len(name), seconds=5)
    (inbox / "broken.edf").write_bytes(b"0" + b" " * 900)
    for path in inbox.rglob("*.edf"):
        os.utime(path, (time.time() - AN_HOUR_S,) * 2)
    SIGNALS.write(inbox / "growing.edf", after_s=900)
    return "week"


def faults(page: Page) -> list[str]:
    wider = sideways(page)
    return violations(page) + ([f"{page.url}: {wider} pixels too wide"] if wider else [])


@pytest.mark.parametrize(("viewport", "scheme"), SIZES)
def test_its_pages_are_for_everybody(open_page: Open, week: str, viewport: dict[str, int], scheme: str) -> None:
    page = open_page("dan", viewport=viewport, color_scheme=scheme)
    for address in ("/ingest/", f"/patients/{week}/", f"/patients/{week}/recordings/day3_140500/", CONFLICT):
        page.goto(address)
        page.wait_for_load_state("networkidle")
        assert faults(page) == []


def test_a_batch_is_asked_for_by_keyboard_and_its_report_is_read(open_page: Open, week: str) -> None:
    page = open_page("dan")
    page.goto("/ingest/")
    expect(page.get_by_text("still changing")).to_be_visible()
    page.get_by_label("All 4 that are ready").focus()
    page.keyboard.press("Space")
    page.get_by_label("Patient", exact=True).fill(week)
    page.get_by_label("Date of the implantation").fill("2017-03-11")
    page.keyboard.press("Enter")
    page.wait_for_url("**/jobs/*/")
    expect(page.get_by_role("heading", name="What became of the files")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("<b>Doe<b>.edf")).to_be_visible()
    expect(page.get_by_text("refused", exact=True)).to_have_count(1)
    for viewport in (WIDE, PHONE):
        for scheme in ("light", "dark"):
            page.set_viewport_size(viewport)
            page.emulate_media(color_scheme=scheme)
            assert faults(page) == []


def test_a_conflict_is_settled_by_keyboard_and_found_again(open_page: Open, week: str) -> None:
    page = open_page("dan")
    page.goto(CONFLICT)
    page.get_by_role("button", name="Hide day3_140500").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Settled: day3_140500 is hidden.")).to_be_visible()
    page.goto(CONFLICT)
    expect(page.get_by_role("button", name="Hide day3_140500")).to_have_count(0)
    assert faults(page) == []
    page.get_by_role("button", name="Find both again").click()
    expect(page.get_by_text("are both kept")).to_be_visible()
