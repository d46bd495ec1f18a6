"""A supervisor goes through the worklist: filters, steps by keys with the map following, takes it away."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import openpyxl
import pytest
import shapely
from playwright.sync_api import Page, expect
from pyproj import Transformer

from store.batch import Batch, Provenance
from store.store import Store
from tests.browser.conftest import Opener, until
from tests.serving import running

pytestmark = pytest.mark.browser
X0, Y0 = 385_000.0, 6_671_000.0
DEGREES = Transformer.from_crs("EPSG:32635", "EPSG:4326", always_xy=True)
# What the words of the chosen option and the arrow beside them need.
NEEDED = """select => {
    const pen = document.createElement('canvas').getContext('2d'), style = getComputedStyle(select);
    pen.font = `${style.fontSize} ${style.fontFamily}`;
    return pen.measureText(select.selectedOptions[0].text).width + parseFloat(style.paddingLeft) * 2 + 20;
}"""


@pytest.fixture
def faulty_server(tmp_path: Path) -> Iterator[str]:
    """Three grids in a row: the first two overlap by 10 m, a sliver of 0.5 m before the third, which has no team."""
    path = tmp_path / "atlas.gpkg"
    boxes = [(0, 0, 110, 100), (100, 0, 200, 100), (200.5, 0, 300, 100), (0, 100, 300, 200), (0, -100, 300, 0)]
    shapes = np.empty(5, dtype=object)
    shapes[:] = [shapely.MultiPolygon([shapely.box(X0 + a, Y0 + b, X0 + c, Y0 + d)]) for a, b, c, d in boxes]
    text = {"code": list("abcde"), "name": [None] * 5, "level": ["grid"] * 5, "parent": [None] * 5,
            "team": ["post 1", "post 1", None, "post 1", "post 1"]}  # fmt: skip
    columns = {name: np.array(values, dtype=object) for name, values in text.items()}
    batch = Batch("grids", "EPSG:32635", {**columns, "population": np.full(5, 10.0)}, geometry=shapes)
    with Store.open(path) as store:
        store.write(batch, "append", Provenance("test"))
    with running(path) as address:
        yield address


def centre(url: str) -> list[str]:
    """Where the map looks."""
    return parse_qs(urlsplit(url).query)["centre"]


def holds(page: Page, west: float, east: float) -> bool:
    """Whether the map shows all between two eastings, as its address says."""
    query = parse_qs(urlsplit(page.url).query)
    middle, zoom = float(query["centre"][0].split(",")[1]), float(query["zoom"][0])
    half = page.locator(".atlas-map").evaluate("box => box.clientWidth") / 2 * 360 / (256 * 2**zoom)
    lons = [DEGREES.transform(x, Y0 + 50)[0] for x in (west, east)]
    return middle - half < min(lons) and max(lons) < middle + half


def test_the_worklist_by_keys(faulty_server: str, visit: Opener) -> None:
    opened = visit(f"{faulty_server}/grids")
    page = opened.page
    page.click("#tab-findings")
    rows = page.locator("#finding-table tbody tr")
    expect(rows).to_have_count(3)
    expect(page.locator("#finding-counts")).to_contain_text("2Errors1Warnings0Remarks")
    expect(page.locator('[data-legend="findings"]')).to_contain_text("Error")
    page.keyboard.press("n")
    card = page.locator("#finding-card")
    expect(card).to_contain_text("a, b overlap: both claim the same 1,000.00 m².")
    expect(rows.nth(0)).to_have_attribute("aria-selected", "true")
    page.wait_for_url(re.compile("zoom=18.*selected=finding"))
    first = centre(page.url)
    page.keyboard.press("j")
    expect(card).to_contain_text("0.498 m wide")
    page.wait_for_url(lambda url: centre(url) != first)  # the map followed
    page.keyboard.press("k")
    expect(card).to_contain_text("1,000.00 m²")
    card.get_by_role("button", name="Ways to repair").click()
    expect(card.locator(".repair-list label")).to_have_count(2)
    expect(card).to_contain_text("a has the longest border with it, 100.0 m.")
    expect(card).to_contain_text("The total area shrinks by 1,000.00 m².")
    card.get_by_role("button", name="Before", exact=True).click()
    page.click('[data-severity="warning"]')
    expect(rows).to_have_count(1)
    page.click('[data-severity="warning"]')
    expect(rows).to_have_count(3)
    page.select_option("#finding-kind", "sliver")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("50.00 m²")
    page.click("#take-button")
    with page.expect_download() as download:
        page.click('[data-take="xlsx"]')
    sheet = openpyxl.load_workbook(io.BytesIO(Path(download.value.path()).read_bytes())).worksheets[0]
    assert [row[1].value for row in sheet.iter_rows(min_row=2)] == ["Sliver"]
    page.select_option("#finding-kind", "")
    expect(rows).to_have_count(3)
    opened.settled()
    rows.nth(1).click()
    card.get_by_role("button", name="Accept as it is").click()
    card.get_by_role("textbox").fill("Both offices agreed to it.")
    card.locator("form").get_by_role("button", name="Accept as it is").click()
    expect(rows).to_have_count(2)
    expect(page.locator("#finding-counts")).to_contain_text("1Errors1Warnings0Remarks")
    opened.settled()  # it goes on to the next one
    page.select_option("#finding-state", "accepted")
    expect(rows).to_have_count(1)
    opened.settled()
    rows.first.click()
    expect(card).to_contain_text("Accepted as it is: Both offices agreed to it.")
    card.get_by_role("button", name="Open again").click()
    expect(rows).to_have_count(0)
    page.select_option("#finding-state", "open")
    expect(rows).to_have_count(3)
    page.locator("#finding-progress summary").click()
    expect(page.locator("#finding-progress")).to_contain_text("Revision 1: 3")
    opened.watch.clean()


def test_on_a_phone_in_chinese(faulty_server: str, visit: Opener) -> None:
    opened = visit(f"{faulty_server}/grids?tab=findings", size="phone", lang="zh")
    page = opened.page
    page.click('[data-sheet="right"]')
    page.locator("#finding-table tbody tr").first.click()
    card = page.locator("#finding-card")
    expect(card).to_be_visible()
    expect(card).to_contain_text("a, b 重叠")
    card.get_by_role("button", name="下一个问题（n）").click()
    expect(card).to_contain_text("碎屑")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    opened.watch.clean()


def test_on_a_phone_in_english_nothing_is_cut(faulty_server: str, visit: Opener) -> None:
    opened = visit(f"{faulty_server}/grids?tab=findings", size="phone")
    page = opened.page
    page.click('[data-sheet="right"]')
    expect(page.locator("#finding-state")).to_contain_text("To be dealt with (3)")
    tabs = page.locator(".tabs")
    assert tabs.evaluate("box => box.scrollWidth <= box.clientWidth")
    # As wide as the choice needs it, its arrow included.
    assert page.locator("#finding-state").evaluate(NEEDED) <= page.locator("#finding-state").evaluate(
        "e => e.offsetWidth"
    )
    # The way out is beside the search, and what lies below the table is reached.
    page.click("#take-button")
    expect(page.locator("#take-menu")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#take-button")).to_be_focused()
    page.locator("#finding-progress summary").click()
    expect(page.locator("#finding-progress")).to_contain_text("Revision 1: 3")
    opened.watch.clean()


def test_the_draft_that_is_opened_is_seen_whole(faulty_server: str, visit: Opener) -> None:
    opened = visit(f"{faulty_server}/grids?tab=findings")
    page = opened.page
    page.locator("#finding-table tbody tr").first.click()
    card = page.locator("#finding-card")
    card.get_by_role("button", name="Ways to repair").click()
    card.get_by_role("button", name="Add to the draft").click()
    expect(card).to_contain_text("0.498 m wide")  # it went on to the next one
    card.get_by_role("button", name="Ways to repair").click()
    card.get_by_role("button", name="Add to the draft").click()
    expect(card).to_contain_text("no team")  # of the third grid: the map shows it, and only a part of the draft
    page.get_by_role("button", name="Open the draft").click()
    expect(page.locator("#tab-drafts")).to_have_attribute("aria-selected", "true")
    until(page, lambda: holds(page, X0 + 100, X0 + 200))
    opened.watch.clean()


def test_nothing_to_do(empty_server: str, visit: Opener) -> None:
    opened = visit(f"{empty_server}/grids?tab=findings")
    expect(opened.page.locator("#finding-table")).to_contain_text("No finding.")
    opened.watch.clean()
