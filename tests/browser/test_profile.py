"""A click on a grid opens its profile: figures that agree with the table, neighbours, coverage, doubts, a file."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import LANGS, Opener, worked_out
from tests.browser.test_time import holds

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("lang", LANGS)
def test_a_grid_s_profile_and_on_to_its_neighbour(demo_server: str, visit: Opener, tmp_path: Path, lang: str) -> None:
    opened = visit(f"{demo_server}/command?from=2025-01-01&to=2025-07-01&lang={lang}", lang=lang)
    page = opened.page
    worked_out(page, f"{demo_server}/api/coverage?wait_s=60")  # what comes late draws the profile anew
    row = page.locator("#table tbody tr").nth(4)
    code = row.get_attribute("data-key")
    count = row.locator("td").nth(1).text_content() or ""
    row.click()
    profile = page.locator(".profile")
    expect(profile).to_be_visible()
    holds(page, tab="detail", selected=f"grid:{code}")
    expect(profile.locator("header")).to_contain_text(code or "")
    expect(profile.locator(".key-figures b").first).to_have_text(count.strip())
    expect(profile.locator(".spark rect.in")).to_have_count(6)
    opened.settled()
    parts = profile.locator(".bars td:nth-child(2)").all_text_contents()
    assert sum(int(text.replace(",", "")) for text in parts) == int(count.replace(",", ""))
    expect(profile.locator("dl").first).to_contain_text("m²")
    with page.expect_download() as download:
        profile.get_by_role("button", name="CSV").click()
    file = tmp_path / "profile.csv"
    download.value.save_as(file)
    rows = list(csv.reader(file.read_text("utf-8-sig").splitlines()))
    assert [line[2] for line in rows[1:2]] == [code]
    assert len([line for line in rows if re.fullmatch(r"\d{4}-\d\d", line[1])]) == 24

    neighbour = profile.locator("[data-neighbour]").first
    other, figure = neighbour.get_attribute("data-neighbour"), neighbour.locator(".figure").text_content() or ""
    neighbour.click()
    expect(profile.locator("header")).to_contain_text(other or "")
    expect(profile.locator(".key-figures b").first).to_have_text(figure)
    holds(page, selected=f"grid:{other}")
    expect(page.locator(f'#table tr[data-key="{other}"]')).to_have_attribute("aria-selected", "true")
    link = profile.locator('a[href^="/grids"]')
    assert "tab=check" in (link.get_attribute("href") or "")
    opened.watch.clean()


def test_a_click_on_the_map_opens_the_profile_as_a_sheet(demo_server: str, visit: Opener) -> None:
    opened = visit(f"{demo_server}/command", size="phone")
    page = opened.page
    box = page.locator(".atlas-map").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * 0.4, box["y"] + box["height"] * 0.6)
    expect(page.locator(".profile")).to_be_visible()
    foot = page.locator(".profile section").last
    foot.scroll_into_view_if_needed()
    expect(foot).to_be_in_viewport()
    opened.watch.clean()


def test_a_grid_that_is_not_there_is_told_with_a_remedy(demo_server: str, visit: Opener) -> None:
    opened = visit(f"{demo_server}/command?tab=detail&selected=grid:none")
    expect(opened.page.locator("#detail [role=alert]")).to_contain_text("No grid of the level")
    assert [url for url in opened.watch.failed if "/api/profile" in url]
