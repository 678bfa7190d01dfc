"""From an answer of the search to its analysis on Spark, a picture and files: by keyboard, wide and on a phone."""

import csv
import io
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PAGE_BYTES_MAX, PHONE, WIDE, Open, sideways, violations
from tests.browser.test_pages import weight

pytestmark = pytest.mark.prove

QUESTION = "/search/?patient=demo&channel=LTG1..LTG4&when=day+1+14:10..day+1+14:14"
SIZES = [(WIDE, "light"), (PHONE, "dark"), (PHONE, "light"), ({"width": 2000, "height": 1200}, "dark")]
SPARK_MS = 300_000


def faults(page: Page) -> list[str]:
    """At each size, in light and dark, with everything opened."""
    found: list[str] = []
    page.eval_on_selector_all("main details", "all => all.forEach((each) => { each.open = true; })")
    for viewport, scheme in SIZES:
        page.set_viewport_size(viewport)
        page.emulate_media(color_scheme=scheme)
        found += violations(page)
        if wider := sideways(page):
            found.append(f"{page.url}: {wider} pixels too wide at {viewport['width']}")
    page.set_viewport_size(WIDE)
    return found


def saved(page: Page, name: str) -> tuple[str, bytes]:
    """What the link of this name gives, and what the file is called."""
    with page.expect_download() as download:
        page.get_by_role("link", name=name).focus()
        page.keyboard.press("Enter")
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def test_an_answer_is_analysed_and_its_picture_read_and_fetched(open_page: Open) -> None:
    page = open_page("rita")
    page.goto(QUESTION)
    page.get_by_role("link", name="Analyse with Spark").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/analyses/new?**")
    assert faults(page) == []
    page.get_by_label("Band power").focus()
    page.keyboard.press("Tab")
    page.keyboard.type("5")
    page.keyboard.press("Enter")
    page.wait_for_url("**/jobs/*/")
    expect(page.get_by_role("progressbar")).to_be_visible()
    expect(page.get_by_role("button", name="Cancel the job")).to_be_visible()
    expect(page.get_by_role("heading", name="Spark’s log")).to_be_visible(timeout=SPARK_MS)
    expect(page.get_by_role("heading", name="Patient demo: delta")).to_be_visible(timeout=SPARK_MS)
    picture = page.get_by_role("img", name="delta of 4 channels, from day 1 14:10")
    expect(picture.get_by_text("ToM_Loc", exact=True)).to_be_visible()
    says = page.locator(".heat-says")
    picture.focus()
    page.keyboard.press("ArrowDown")
    expect(says).to_contain_text("LTG2 · day 1 14:10")
    picture.hover(position={"x": 400, "y": 60})
    expect(says).to_contain_text("delta, uV²: ")
    assert faults(page) == []

    page.get_by_label("Value").select_option("high_gamma")
    weights: list[int] = []
    page.on("response", lambda response: weights.append(weight(response)))
    page.get_by_role("button", name="Show").press("Enter")
    page.wait_for_url("**value=high_gamma**")
    page.wait_for_load_state("networkidle")
    expect(page.get_by_role("heading", name="high_gamma, uV²")).to_be_visible()
    assert 0 < sum(weights) < PAGE_BYTES_MAX

    name, text = saved(page, "CSV")
    rows = list(csv.DictReader(io.StringIO(text.decode())))
    assert (name[:16], name[-4:]) == ("ecog-band-power-", ".csv")
    assert len(rows) == 4 * 4 * 60 // 5
    assert {row["label"] for row in rows} == {"LTG1", "LTG2", "LTG3", "LTG4"}
    assert all(float(row["delta (unit^2)"]) > 0 for row in rows)
    name, body = saved(page, "Parquet")
    assert name.endswith(".zip")
    with zipfile.ZipFile(io.BytesIO(body)) as file:
        assert "about.json" in file.namelist()

    plain = open_page("rita", java_script_enabled=False)
    plain.goto(page.url)
    expect(plain.get_by_role("img", name="high_gamma of 4 channels")).to_be_visible()
    plain.get_by_text("The picture as a table").click()
    expect(plain.get_by_role("group", name="The picture as a table").get_by_role("row")).to_have_count(5)
    plain.get_by_label("Value").select_option("theta")
    plain.get_by_role("button", name="Show").click()
    expect(plain.get_by_role("heading", name="Patient demo: theta")).to_be_visible()


def test_one_is_cancelled_without_scripts_and_another_refused_in_words(open_page: Open) -> None:
    page = open_page("rita", java_script_enabled=False)
    page.goto(QUESTION)
    page.get_by_role("link", name="Analyse with Spark").click()
    page.get_by_label("Coherence around task events").check()
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_role("alert")).to_contain_text("ask for one, such as ToM_Loc")
    expect(page.get_by_label("Coherence around task events")).to_be_checked()
    page.get_by_label("Line length and spike rate").check()
    page.get_by_role("button", name="Begin").click()
    page.wait_for_url("**/jobs/*/")
    page.get_by_role("button", name="Cancel the job").click()
    for _ in range(60):
        if page.get_by_role("heading", name="Cancelled").count():
            break
        page.wait_for_timeout(500)
        page.reload()
    expect(page.get_by_role("heading", name="Cancelled")).to_be_visible()
    expect(page.get_by_text("Cancelled by rita.")).to_be_visible()
