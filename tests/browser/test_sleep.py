"""The headers database asleep, waking and awake, as an administrator and a researcher see it in a browser."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PHONE, WIDE, log_in, sideways, violations
from tests.browser.people import peopled_portal
from tests.portal.served import Served

pytestmark = pytest.mark.prove
LIMIT_MS = 180_000
QUESTION = "/search/?patient=demo"


@pytest.fixture(scope="module")
def sleeper() -> Iterator[Served]:
    """A portal of its own: nobody else's search is to fall asleep."""
    with tempfile.TemporaryDirectory(prefix="ecog-sleep-") as folder, peopled_portal(Path(folder)) as running:
        yield running


def opened(browser: Browser, portal: Served, name: str, **viewport: int) -> Page:
    page = browser.new_context(viewport=viewport or WIDE, base_url=portal.url).new_page()
    log_in(page, name)
    return page


def looks_right(page: Page) -> None:
    assert violations(page) == []
    assert sideways(page) <= 0


def test_asleep_waking_and_awake(browser: Browser, sleeper: Served) -> None:
    ada, rita = opened(browser, sleeper, "ada"), opened(browser, sleeper, "rita", **PHONE)
    ada.goto("/sleep/")
    looks_right(ada)
    ada.get_by_label("Search is away until somebody wakes it").check()
    ada.get_by_role("button", name="Put to sleep").click()
    expect(ada.get_by_role("heading", name="Going to sleep")).to_be_visible()
    looks_right(ada)

    closed = rita.get_by_role("heading", name="The search is asleep")
    for _ in range(100):  # until a worker has begun
        rita.goto(QUESTION)
        if closed.is_visible():
            break
        rita.wait_for_timeout(200)
    expect(closed).to_be_visible()
    expect(rita.get_by_role("button", name="Wake it")).to_have_count(0)
    looks_right(rita)
    assert rita.goto("/sleep/").status == 403
    rita.goto("/jobs/")
    expect(rita.get_by_role("heading", level=1)).to_be_visible()
    rita.goto(QUESTION)

    # The page follows by itself until it sleeps.
    expect(ada.get_by_role("heading", name="Wake it")).to_be_visible(timeout=LIMIT_MS)
    looks_right(ada)
    ada.goto(QUESTION)
    looks_right(ada)
    ada.get_by_role("button", name="Wake it").click()
    ada.wait_for_url("**/sleep/")
    expect(ada.get_by_role("heading", name="Put it to sleep")).to_be_visible(timeout=LIMIT_MS)
    looks_right(ada)

    # So does the page of who waits, at the very question.
    expect(rita.get_by_role("heading", level=1, name="Search")).to_be_visible(timeout=LIMIT_MS)
    assert rita.url.endswith(QUESTION)
    for page in (ada, rita):
        page.context.close()
