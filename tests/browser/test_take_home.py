"""The way that the portal is for: in, ask, watch, take home, and every file is what its header says."""

import csv
import io
import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, WIDE, Open, sideways, violations
from tests.portal.served import Served

WORDS = "--patient demo --channel LTG1..LTG2 DC01 --start day 1 14:30 --stop day 1 16:00"
MADE_WITHIN_MS = 60_000


def asked_on_the_page(page: Page) -> None:
    page.get_by_role("link", name="Search", exact=True).first.click()
    page.get_by_role("textbox", name="Patients").fill("demo")
    page.get_by_role("textbox", name="Channels").fill("LTG1..LTG2, DC01")
    page.get_by_role("textbox", name="From").fill("day 1 14:30")
    page.get_by_role("textbox", name="Up to").fill("day 1 16:00")
    page.get_by_role("button", name="Search").click()


def headers_of(portal: Served) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(portal.manage("search", *WORDS.split(), "--json", "--limit", "1000").stdout)
    return found


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_from_the_login_to_files_that_check_out(
    open_page: Open, portal: Served, tmp_path: Path, viewport: dict[str, int]
) -> None:
    page = open_page("rita", viewport=viewport)
    asked_on_the_page(page)
    found = headers_of(portal)
    expect(page.get_by_text(f"exactly {found['totals']['bytes']:,} bytes")).to_be_visible()
    address = page.url
    assert not violations(page)
    page.get_by_role("button", name="Make a bundle").click()
    assert not violations(page)
    assert sideways(page) == 0
    page.reload()
    link = page.get_by_role("link", name="Download", exact=False).and_(page.locator("[download]"))
    link.wait_for(timeout=MADE_WITHIN_MS)
    assert not violations(page)
    with page.expect_download() as download:
        link.click()
    path = tmp_path / "bundle.zip"
    download.value.save_as(path)
    with zipfile.ZipFile(path) as bundle:
        names = bundle.namelist()
        assert names[0] == "s3_download/manifest.csv"
        rows = list(csv.DictReader(io.StringIO(bundle.read(names[0]).decode())))
        assert [row["path"] for row in rows] == names[1:]
        chunks = {f"s3_download/demo/{each['key']}": each for each in found["headers"]}
        texts = {f"s3_download/demo/{row['recording']}/annotations.json" for row in rows}
        assert set(names[1:]) == set(chunks) | texts
        for name, header in chunks.items():
            content = bundle.read(name)
            assert len(content) == header["bytes"]
            assert f"{zlib.crc32(content):08x}" == header["file_crc32"]
            samples = content.partition(b"\n")[2]
            assert f"{zlib.crc32(samples):08x}" == header["crc32"]
    # The address of an answer can be given on.
    other = open_page("dan")
    other.goto(address)
    expect(other.get_by_text(f"exactly {found['totals']['bytes']:,} bytes")).to_be_visible()


def test_the_way_in_works_with_the_keyboard_alone(open_page: Open) -> None:
    page = open_page("rita")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    page.goto("/search/")
    page.get_by_role("textbox", name="Patients").focus()
    page.keyboard.type("demo")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/?patient=demo")
    expect(page.get_by_role("heading", name="What was found")).to_be_visible()


def test_a_page_works_without_scripts(open_page: Open) -> None:
    page = open_page("rita", java_script_enabled=False)
    asked_on_the_page(page)
    page.get_by_role("button", name="Make a bundle").click()
    expect(page.locator("h1")).to_contain_text("Bundle")
    for _ in range(120):
        if page.locator("a[download]").count():
            break
        page.wait_for_timeout(250)
        page.reload()
    assert page.locator("a[download]").count() == 1


def test_a_day_of_the_picture_narrows_the_question(open_page: Open) -> None:
    page = open_page("rita")
    page.goto("/search/?patient=demo")
    page.locator(".coverage a[href*='when=day+2']").first.click()
    page.wait_for_load_state()
    expect(page.locator("h1")).to_contain_text("day 2")


def test_the_colours_chosen_stay(open_page: Open) -> None:
    page = open_page("rita", color_scheme="light")
    page.locator("details.menu summary").click()
    page.get_by_role("button", name="Dark colours").click()
    page.goto("/search/")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.keyboard.press("Escape")
    assert not violations(page)
