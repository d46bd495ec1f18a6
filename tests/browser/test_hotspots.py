"""The tab of the hot spots: find today's, see why, go there, change what is asked, take it away; in both languages."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import LANGS, Opener
from tests.browser.test_workspace import query

pytestmark = pytest.mark.browser
SAYS = {
    "en": (
        r"\d+ in 24 weeks where [\d.]+ were expected\..*Unlikely by chance \(about 1 in [\d,]+\+?\): a hot spot\.",
        r"\d+ hot and \d+ cold spots?",
        "Nothing stands out",
    ),
    "zh": (
        r"24 周内 \d+ 起，预期 [\d.]+ 起。.*不像是偶然（约 [\d,]+\+? 次中 1 次）：热点。",
        r"\d+ 个热点、\d+ 个冷点",
        "没有超出偶然",
    ),
}


@pytest.mark.parametrize("lang", LANGS)
def test_a_duty_officer_finds_todays_hot_spots(demo_server: str, visit: Opener, lang: str) -> None:
    sentence, lead, nothing = SAYS[lang]
    opened = visit(f"{demo_server}/command?steps=24", lang=lang)
    page = opened.page
    page.click("#tab-spots")
    rows = page.locator("#hotspot-table tbody tr")
    expect(page.locator("#hotspot-lead")).to_have_text(re.compile(lead))
    expect(page.locator('[data-legend="hotspots"]')).to_be_visible()
    expect(page.locator('#layer-list input[data-layer="density"]')).not_to_be_checked()

    # Why: in words beside the table, and all the figures in the details.
    rows.first.click()
    expect(page.locator("#hotspot-why")).to_have_text(re.compile(sentence))
    chosen = rows.first.get_attribute("data-key")
    page.wait_for_url(re.compile(f"selected=cell%3A{chosen}"))
    page.click("#tab-detail")
    expect(page.locator("#detail")).to_have_text(re.compile(sentence))
    page.click("#tab-spots")

    # There: a double click zooms in, and on the map a click on the place selects its row.
    page.keyboard.press("Escape")
    rows.first.dblclick()
    page.wait_for_url(re.compile("zoom=1[6-9]"))
    page.keyboard.press("Escape")
    expect(page.locator("#hotspot-why")).to_be_hidden()
    opened.settled()
    box = page.locator(".atlas-map").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator('#hotspot-table tr[aria-selected="true"]')).to_have_count(1)
    page.wait_for_url(re.compile("selected=cell%3A"))

    # Away: all rows and figures as CSV.
    page.click("#take-button")
    with page.expect_download() as download:
        page.click('[data-take="csv"]')
    head, first, *others = csv.reader(Path(download.value.path()).read_text("utf-8-sig").splitlines())
    assert first[0] == chosen
    assert re.fullmatch(sentence, first[-1])
    assert len(head) == len(first)
    assert len(others) > 500

    # Grids of the level have nothing to tell here, and the page says what else to ask.
    page.select_option("#hotspot-unit", "grid")
    expect(page.locator("#hotspot-notes")).to_contain_text(nothing)
    expect(page.locator("#hotspot-size")).to_be_disabled()
    opened.settled()
    rows.first.click()
    expect(rows.first).to_have_attribute("aria-selected", "true")
    expect(page.locator("#hotspot-why")).to_be_visible()
    told = page.locator("#hotspot-why p").last.text_content()
    page.click("#tab-detail")
    expect(page.locator("#detail .profile")).to_contain_text(str(told))
    page.click("#tab-hot")
    expect(page.locator('#layer-list input[data-layer="density"]')).to_be_checked()
    opened.watch.clean()


def test_the_address_holds_what_is_asked(demo_server: str, visit: Opener) -> None:
    address = f"{demo_server}/command?tab=spots&unit=square&size_m=80&steps=6&step=month&q=0.1&category=noise"
    opened = visit(address)
    page = opened.page
    expect(page.locator("#hotspot-unit")).to_have_value("square")
    expect(page.locator("#hotspot-size")).to_have_value("80")
    expect(page.locator("#hotspot-steps")).to_have_value("6")
    expect(page.locator("#hotspot-step")).to_have_value("month")
    expect(page.locator("#hotspot-q")).to_have_value("0.1")
    expect(page.locator("#hotspot-lead")).to_contain_text("6 months")
    expect(page.locator("#hotspot-notes")).to_contain_text("at least 10 steps; there are 6")
    page.fill("#hotspot-steps", "12")
    page.keyboard.press("Tab")
    expect(page.locator("#hotspot-lead")).to_contain_text("12 months")
    found = query(page)
    assert {name: found.get(name) for name in ("unit", "size_m", "step", "q", "tab")} == {
        "unit": ["square"], "size_m": ["80"], "step": ["month"], "q": ["0.1"], "tab": ["spots"]
    }  # fmt: skip
    assert "steps" not in found  # twelve is what the page begins with
    opened.watch.clean()


def test_without_grids_the_page_says_what_to_do(empty_server: str, visit: Opener) -> None:
    opened = visit(f"{empty_server}/command?tab=spots", size="phone", lang="zh")
    page = opened.page
    page.click(".sheet-tabs [data-sheet=right]")
    expect(page.locator("#hotspot-none")).to_contain_text("请导入网格")
    expect(page.locator("#hotspot-table")).to_be_hidden()
    opened.watch.clean()
