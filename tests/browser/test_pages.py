"""Every page, as each kind of person meets it, wide and on a phone, light and dark.

axe finds nothing, nothing is cut off, and a page with all it loads weighs less than 100 kB.
"""

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import PAGE_BYTES_MAX, PHONE, WIDE, Open, sideways, violations

SIZES = [(WIDE, "light"), (PHONE, "dark"), (PHONE, "light"), ({"width": 2000, "height": 1200}, "dark")]
PUBLIC = ["/login/", "/password/reset/", "/password/reset/done/", "/nowhere/"]
RESEARCHER = [
    "/",
    "/search/",
    "/search/?patient=demo&channel=LTG1..LTG4&when=day+1+14:30..day+1+16:00",
    "/search/?patient=demo",
    "/search/?patient=demo&day=9",
    "/search/?patient=demo&day=yesterday&channel=%22open",
    "/patients/demo/",
    "/patients/demo/recordings/day1_140500/",
    "/search/?patient=demo&task=tomloc&pad=5",
    "/search/?patient=demo&task=nosuchtask",
    "/patients/demo2/",
    "/tasks/",
    "/sessions/ToM_Loc_demo.json",
    "/sessions/ToM_Loc_demo_day3_100000.json",
    "/sessions/nothing.json",
    "/jobs/",
    "/jobs/999999/",
    "/account/",
    "/account/tokens/",
    "/account/acts/",
    "/password/",
    "/audit/",
    "/nowhere/",
]
DATA_MANAGER = ["/", "/patients/demo/", "/tasks/", "/sessions/add/", "/sessions/ToM_Loc_demo.json"]
ADMINISTRATOR = [
    "/",
    "/search/",
    "/patients/demo2/",
    "/tasks/",
    "/sessions/faces_task_demo.json",
    "/sessions/add/",
    "/jobs/?all=1",
    "/audit/",
    "/audit/?patient=demo",
    "/audit/?patient=nobody",
]
NOBODY_GRANTED = ["/", "/search/", "/tasks/", "/jobs/"]


def look_at(page: Page, addresses: list[str]) -> list[str]:
    faults: list[str] = []
    weights: list[int] = []
    page.on("response", lambda response: weights.append(weight(response)))
    for address in addresses:
        weights.clear()
        page.goto(address)
        page.wait_for_load_state("networkidle")
        faults += violations(page)
        if wider := sideways(page):
            faults.append(f"{address}: {wider} pixels too wide")
        if page.locator("h1").count() != 1:
            faults.append(f"{address}: {page.locator('h1').count()} headings of the first rank")
        if sum(weights) > PAGE_BYTES_MAX:
            faults.append(f"{address}: {sum(weights):,} bytes")
    return faults


def weight(response) -> int:
    """The bytes of an answer as it travels; none where the browser had it already."""
    length = response.headers.get("content-length")
    return int(length) if length else len(response.body()) if response.ok else 0


@pytest.mark.parametrize(("viewport", "scheme"), SIZES)
@pytest.mark.parametrize(
    ("name", "addresses"),
    [("", PUBLIC), ("rita", RESEARCHER), ("dan", DATA_MANAGER), ("ada", ADMINISTRATOR), ("nora", NOBODY_GRANTED)],
    ids=["public", "researcher", "data manager", "administrator", "nobody granted"],
)
def test_every_page_is_for_everybody(
    open_page: Open, name: str, addresses: list[str], viewport: dict[str, int], scheme: str
) -> None:
    assert look_at(open_page(name, viewport=viewport, color_scheme=scheme), addresses) == []


ADMIN = [
    "/admin/",
    "/admin/chunks/chunkheader/",
    "/admin/chunks/recording/",
    "/admin/jobs/job/",
    "/admin/people/grant/",
    "/admin/people/grant/add/",
    "/admin/auth/user/",
    "/admin/people/auditentry/",
]


@pytest.mark.parametrize(
    "address", [*ADMIN, "/admin/people/grant/add/", "/admin/auth/user/", "/admin/people/auditentry/"]
)
def test_the_admin_keeps_to_the_policy_and_is_readable(open_page: Open, address: str) -> None:
    page = open_page("ada")
    assert page.goto(address).status == 200
    page.wait_for_load_state("networkidle")


def test_who_guesses_passwords_waits(open_page: Open) -> None:
    page = open_page()
    for _ in range(6):
        page.goto("/login/")
        page.fill("input[name=username]", "somebody")
        page.fill("input[name=password]", "a guess")
        page.click("main button[type=submit]")
        page.wait_for_load_state()
    assert "429" in str(page.evaluate("performance.getEntriesByType('navigation')[0].responseStatus"))
    assert not violations(page)
