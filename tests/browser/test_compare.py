"""The command centre compares windows, judges a measure and tells how well its picture foretells, in both languages."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import LANGS, Opener, until
from tests.browser.test_workspace import query

pytestmark = pytest.mark.browser
YEAR = "from=2025-01-01&to=2026-01-01&against=last_year"
SAID = {
    "en": ("hardly chance|may well be chance|it may be chance", "The data reach from"),
    "zh": ("几乎不可能是偶然|很可能只是偶然波动|仍可能是偶然", "数据范围为"),
}


def number(text: str | None) -> int:
    found = re.search(r"\d[\d,]*", text or "")
    assert found is not None, text
    return int(found.group().replace(",", ""))


def cells(page: Page, column: int) -> list[int]:
    return [number(text) for text in page.locator(f"#compare-table tbody td:nth-child({column})").all_text_contents()]


@pytest.mark.parametrize("lang", LANGS)
def test_a_year_against_the_last(demo_server: str, visit: Opener, tmp_path: Path, lang: str) -> None:
    opened = visit(f"{demo_server}/command?tab=compare&{YEAR}", lang=lang)
    page = opened.page
    rows = page.locator("#compare-table tbody tr")
    expect(page.locator("#pane-compare[data-shown=grids]")).to_be_visible()
    opened.settled()
    total, *_ = page.locator("#compare-table tfoot td.number").all_text_contents()
    assert number(page.locator("#compare-lead strong").text_content()) == number(total)
    assert re.search(SAID[lang][0], rows.first.text_content() or "")
    with page.expect_download() as download:
        page.click("#export-compare")
    download.value.save_as(tmp_path / "compare.csv")
    with (tmp_path / "compare.csv").open(encoding="utf-8-sig", newline="") as file:
        head, *lines = csv.reader(file)
    assert len(lines) == len({line[0] for line in lines}) and len(lines[-1]) == len(head)
    now, before = ([int(line[place]) for line in lines] for place in (2, 3))
    assert now[-1] == number(total)
    assert sum(now[:-1]) <= now[-1] and sum(before[:-1]) <= before[-1]
    # On the map, and in the address.
    page.check("#change-on-map")
    expect(page.locator("[data-legend=change] .count").first).to_be_visible()
    counts = page.locator("[data-legend=change] .count")
    until(page, lambda: sum(number(text) for text in counts.all_text_contents()) == len(lines) - 1)
    page.select_option("#by", "categories")
    expect(page.locator("#pane-compare[data-shown=categories]")).to_be_visible()
    until(page, lambda: sum(cells(page, 2)) == number(total))
    assert query(page)["by"] == ["categories"]
    again = visit(page.url, lang=lang).page
    expect(again.locator("#compare-lead")).to_have_text(page.locator("#compare-lead").text_content() or "")
    expect(again.locator("#change-on-map")).to_be_checked()
    # What is not recorded is said, not counted as 0.
    page.check('input[name="against"][value="custom"]', force=True)
    page.fill("#against_from", "2020-01-01")
    page.fill("#against_to", "2020-12-31")
    page.locator("#against_to").blur()
    expect(page.locator("#compare-windows")).to_contain_text(SAID[lang][1])
    expect(rows).to_have_count(0)
    expect(page.locator("#compare-lead")).to_be_empty()
    opened.watch.clean()


def test_a_measure_in_a_grid_and_at_a_place(demo_server: str, visit: Opener) -> None:
    opened = visit(f"{demo_server}/command?tab=compare&compare=measure&ring_m=60&days_after=200", lang="zh")
    page = opened.page
    expect(page.locator("#treat-selected")).to_be_disabled()
    page.click("#tab-hot")
    page.locator("#table tbody tr").nth(2).click()
    page.click("#tab-compare")
    page.click("#treat-selected")
    page.fill("#measured_on", "2025-03-01")
    table = page.locator("#measure-result table")
    expect(table.locator("tbody tr")).to_have_count(4)
    opened.settled()
    sums = {
        row.get_attribute("data-area"): [number(text) for text in row.locator("td.number").all_text_contents()[:2]]
        for row in table.locator("tbody tr").all()
    }
    signs = {"treated": 1, "control": -1, "ring": 1, "control_ring": -1}
    wdd = sum(sign * (sums[area][1] - 200 / 90 * sums[area][0]) for area, sign in signs.items())
    shown = table.locator("tfoot td.number").text_content() or ""
    assert abs(abs(wdd) - number(shown)) <= 1 and (("−" in shown) == (wdd < -0.5))
    expect(page.locator(".leaflet-measure-pane path")).to_have_count(4)
    # A place instead: the next click on the map says where.
    page.click("#treat-place")
    box = page.locator(".atlas-map").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 0.3 * box["width"], box["y"] + 0.5 * box["height"])
    expect(page.locator("#place-size")).to_be_visible()
    opened.settled()
    expect(table.locator("tbody tr")).to_have_count(4)
    found = query(page)
    assert "place" in found and "treated" not in found
    again = visit(page.url, lang="zh").page
    expect(again.locator("#measure-result strong")).to_have_text(
        page.locator("#measure-result strong").text_content() or ""
    )
    page.click("#tab-hot")
    expect(page.locator(".leaflet-measure-pane path")).to_have_count(0)
    opened.watch.clean()


def test_the_picture_tells_its_score(demo_server: str, visit: Opener) -> None:
    opened = visit(f"{demo_server}/command?layers=heat")
    page = opened.page
    score = page.locator("[data-legend=heat] .score")
    expect(score).to_have_attribute("data-state", "ok")
    expect(score).to_contain_text("Hit rate")
    first = score.text_content()
    score.locator("summary").click()
    expect(score.locator("tbody tr")).to_have_count(4)
    expect(score.locator("canvas").first).to_have_attribute("data-drawn", "true")
    assert score.locator("canvas").first.evaluate(
        "e => e.getContext('2d').getImageData(0, 0, e.width, e.height).data.some(v => v > 0)"
    )
    page.fill("#radius_m", "400")
    page.locator("#radius_m").blur()
    expect(score).not_to_have_text(first or "")
    expect(score).to_have_attribute("data-state", "ok")
    expect(score.locator("details")).to_have_attribute("open", "")  # what was unfolded stays so
    # The base map's pictures, where they are shown, lie below the heat, whichever came first.
    order = "n => window.atlas.layers.find((one) => one.name === n).leaflet.options.zIndex"
    until(page, lambda: page.evaluate(order, "basemap") < page.evaluate(order, "heat"))
    page.fill("#from", "2025-12-30")
    page.locator("#from").blur()
    expect(score).to_have_attribute("data-state", "too_short")
    opened.watch.clean()
