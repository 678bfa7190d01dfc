"""One running portal and one browser for all tests of this folder; a page of its own for each."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browser.people import PASSWORD, peopled_portal
from tests.portal.served import Served

WIDE = {"width": 1400, "height": 1000}
PHONE = {"width": 360, "height": 760}
# A page's weight with all it loads, as it travels.
PAGE_BYTES_MAX = 100_000

Open = Callable[..., Page]


def pytest_itemcollected(item: pytest.Item) -> None:
    if Path(__file__).parent in item.path.parents:
        item.add_marker("browser")


@pytest.fixture(scope="session")
def portal() -> Iterator[Served]:
    with tempfile.TemporaryDirectory(prefix="ecog-browser-") as folder, peopled_portal(Path(folder)) as running:
        yield running


@pytest.fixture
def open_page(browser: Browser, portal: Served) -> Iterator[Open]:
    """Opens a page for a person (none: not logged in); at its end no script failed and nothing was refused."""
    contexts, faults = [], []

    def opened(name: str = "", *, viewport: dict[str, int] = WIDE, **options: Any) -> Page:
        context = browser.new_context(viewport=viewport, base_url=portal.url, accept_downloads=True, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(f"{page.url}: {error}"))
        page.on("console", lambda said: faults.append(f"{page.url}: {said.text}") if is_fault(said) else None)
        page.on("request", lambda request: faults.append(f"asked {request.url}") if is_foreign(request.url) else None)
        if name:
            log_in(page, name)
        return page

    def is_foreign(url: str) -> bool:
        return not url.startswith((portal.url, "data:", "blob:", "about:"))

    yield opened
    for context in contexts:
        context.close()
    assert not faults


def is_fault(said: Any) -> bool:
    """A page that says 4xx or 5xx on purpose is named in the console too; that is none."""
    return said.type == "error" and "Failed to load resource: the server responded" not in said.text


def log_in(page: Page, name: str, *, password: str = PASSWORD) -> None:
    page.goto("/login/")
    page.fill("input[name=username]", name)
    page.fill("input[name=password]", password)
    page.click("main button[type=submit]")
    page.wait_for_load_state()


def violations(page: Page) -> list[str]:
    """What axe finds against WCAG 2.2 AA."""
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": tags}}).response["violations"]
    return [f"{page.url}: {each['id']}: {node['html'][:200]}" for each in found for node in each["nodes"]]


def sideways(page: Page) -> int:
    """By how many pixels the page is wider than its window; tables scroll in a box of their own."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
