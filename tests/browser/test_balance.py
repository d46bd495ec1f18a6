"""A supervisor looks at the balance, weighs it, drafts a balanced division and compares it with today's."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import LANGS, Opener, until

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("lang", LANGS)
def test_draft_a_balanced_division(demo_server: str, visit: Opener, lang: str) -> None:
    opened = visit(f"{demo_server}/grids", lang=lang)
    page = opened.page
    page.click("#tab-balance")
    rows = page.locator("#balance-table tbody tr")
    expect(rows.first).to_contain_text("▲")
    expect(page.locator('[data-legend="balance"] li')).to_have_count(5)
    # The weights of the workload are the reader's.
    gini = page.locator("#balance-figures .sums b").first
    opened.settled()
    before = gini.inner_text()
    page.locator("#balance-ask summary").click()
    page.fill('[data-weight="w_area"]', "100")
    page.press('[data-weight="w_area"]', "Tab")
    expect(gini).not_to_have_text(before)
    page.wait_for_url(re.compile("w_area=100"))
    # A new division of a parent, followed to its end and compared.
    page.locator("#divide summary").click()
    page.locator("#divide-parent").select_option(index=1)
    page.fill("#divide-count", "9")
    page.click("#divide-go")
    table = page.locator(".divide-table")
    expect(table).to_be_visible(timeout=120_000)
    cells = table.locator("tbody tr").first.locator("td")
    expect(cells.nth(1)).to_have_text("9")
    evenness = table.locator("tbody tr").nth(3).locator("td")
    expect(evenness.nth(1)).to_have_text(re.compile(r"^[\d.]+$"))
    today, drafted = (float(text) for text in evenness.all_inner_texts()[:2])
    assert drafted < today
    page.wait_for_url(re.compile("divide=1.*divide_parent=.*divide_view=draft"))
    until(page, lambda: page.evaluate("window.atlas.map.getPane('overlayPane').childElementCount") > 0)
    expect(page.locator('[data-layer="balance"]')).not_to_be_checked()
    page.click('[data-view="today"]')
    expect(page.locator('[data-layer="balance"]')).to_be_checked()
    # Road sections of the same ground.
    page.click('[data-by="sections"]')
    expect(page.locator("#sections-table tbody tr").first).to_contain_text(re.compile(r"000091\d{9} [\d,]+ m"))
    opened.watch.clean()


def test_a_link_opens_the_same_draft_on_a_phone(demo_server: str, visit: Opener) -> None:
    address = f"{demo_server}/grids?tab=balance&divide=1&divide_parent=000091001001&divide_count=7&divide_view=draft"
    opened = visit(address, size="phone", lang="zh")
    page = opened.page
    page.click('.sheet-tabs button[data-sheet="right"]')
    expect(page.locator(".divide-table tbody tr").first.locator("td").nth(1)).to_have_text("7", timeout=120_000)
    page.click("#divide-forget")
    expect(page.locator(".divide-table")).to_be_hidden()
    opened.watch.clean()
