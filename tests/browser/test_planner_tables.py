"""The planner's tables and files; hostile texts, keys alone, a phone."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import LANGS, Opener
from tests.browser.planner_steps import answer, at_rest, changed, map_point, numbers, still, walk
from tests.browser.test_workspace import query

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=\"document.title='owned'\">${document.title='owned'}`'\"</script>"


def test_grids_by_every_measure_and_their_csv(demo_server: str, visit: Opener, tmp_path: Path) -> None:
    opened = visit(f"{demo_server}/planner")
    page = opened.page
    numbers(page)
    page.click('#scores [data-measure="streets"]')
    expect(page.locator("#tab-coverage")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#measure")).to_have_value("streets")
    for measure in page.locator("#measure option").evaluate_all("all => all.map(one => one.value)"):
        page.select_option("#measure", measure)
        expect(page.locator("#table tbody tr").nth(99)).to_be_attached()
        assert "NaN" not in (page.locator("#table").text_content() or "")
    with page.expect_download() as download:
        page.click("#export-table")
    download.value.save_as(tmp_path / "coverage.csv")
    rows = list(csv.DictReader((tmp_path / "coverage.csv").read_text("utf-8-sig").splitlines()))
    served = {row["code"]: row for row in answer(page, f"{demo_server}/api/coverage")["grids"]}
    assert len(rows) == len(served)
    for row in rows:
        parts = [float(row[name]) for name in ("built_m2", "certain_m2", "possible_m2", "blind_m2")]
        assert sum(parts) == pytest.approx(float(row["area_m2"]), abs=0.05)
        assert float(row["streets_m"]) == pytest.approx(served[row["code"]]["streets_m"])
    opened.watch.clean()


def test_inventory_and_the_costliest_cameras(demo_server: str, visit: Opener) -> None:
    opened = visit(f"{demo_server}/planner?tab=cameras")
    page = opened.page
    page.select_option("#list", "fragility")
    expect(page.locator("#fragility-table tbody tr")).to_have_count(10)
    expect(page.locator("#list-sums tbody tr")).to_have_count(2)
    page.select_option("#list", "inventory")
    expect(page.locator("#list-sums")).to_contain_text("Targets: online 100\xa0%, networked 100\xa0%, intact 98\xa0%.")
    expect(page.locator("#inventory-table tbody tr")).not_to_have_count(0)
    page.select_option("#group", "owners")
    expect(page.locator("#inventory-table thead th").first).to_have_text(re.compile("Owner"))
    opened.watch.clean()


@pytest.mark.parametrize("name", ["blindspots", "views", "coverage"])
def test_geojson_is_saved_with_the_filters(demo_server: str, visit: Opener, name: str) -> None:
    page = visit(f"{demo_server}/planner?assumed_range_m=30").page
    href = page.locator(f'[data-save="{name}"]').get_attribute("href") or ""
    assert "assumed_range_m=30" in href
    found = answer(page, f"{demo_server}{href}")
    assert found["type"] == "FeatureCollection"
    assert found["features"]


@pytest.mark.parametrize("csp", [True, False], ids=["csp", "no csp"])
def test_hostile_texts_are_texts(demo_server: str, visit: Opener, csp: bool) -> None:
    opened = visit(f"{demo_server}/about", csp=csp)
    page = opened.page

    def spots(found: dict[str, Any]) -> None:
        for feature in found["features"]:
            feature["properties"] |= {"grid": HOSTILE, "grid_name": HOSTILE, "nearest_camera": HOSTILE, "why": HOSTILE}

    def seen(found: dict[str, Any]) -> None:
        found["grid"] = HOSTILE
        for row in [*found["cameras"], *found["not_seen_by"]]:
            row |= {"name": HOSTILE, "why": HOSTILE}

    def lost(found: dict[str, Any]) -> None:
        for row in found["cameras"]:
            row["name"] = HOSTILE

    def owners(found: dict[str, Any]) -> None:
        for row in found["owners"]:
            row["owner"] = HOSTILE

    for path, change in (("/api/blindspots", spots), ("/api/seen-by", seen), ("/api/fragility", lost)):
        changed(page, path, change)
    changed(page, "/api/inventory", owners)
    page.goto(f"{demo_server}/planner")
    opened.ready()
    walk(page)
    expect(page.locator("#spot-text")).to_contain_text("${document.title='owned'}")
    at_rest(page)
    page.mouse.move(*map_point(page, *page.evaluate("(c => [c.lng, c.lat])(window.atlas.map.getCenter())")))
    page.wait_for_timeout(200)
    page.keyboard.press("q")
    page.keyboard.press("Enter")
    expect(page.locator("#asked")).to_contain_text("<img src=x")
    page.keyboard.press("Escape")
    page.click("#tab-cameras")
    page.select_option("#list", "fragility")
    expect(page.locator("#fragility-table")).to_contain_text("<img src=x")
    page.select_option("#list", "inventory")
    page.select_option("#group", "owners")
    expect(page.locator("#inventory-table")).to_contain_text("<img src=x")
    page.wait_for_timeout(300)
    assert "owned" not in page.title()
    assert page.locator("img[src=x]").count() == 0
    opened.watch.clean()


def test_tabs_by_keys_alone(demo_server: str, visit: Opener) -> None:
    opened = visit(f"{demo_server}/planner")
    page = opened.page
    numbers(page)
    opened.settled()
    page.focus("#tab-spots")
    seen = []
    for _ in range(6):
        page.keyboard.press("ArrowRight")
        seen.append(page.evaluate("document.activeElement.id"))
        shown = page.locator('[role="tabpanel"]:visible')
        expect(shown).to_have_count(1)
        expect(shown).to_have_attribute("aria-labelledby", seen[-1])
    assert seen[-1] == "tab-spots", "round"
    rows = page.locator("#spot-table tbody tr")
    opened.settled()
    rows.first.focus()
    page.keyboard.press("ArrowDown")
    expect(rows.nth(1)).to_have_attribute("aria-selected", "true")
    expect(page).to_have_url(re.compile("selected=spot(:|%3A)2"))
    opened.watch.clean()


@pytest.mark.parametrize("lang", LANGS)
def test_a_phone_holds_all_of_it(demo_server: str, visit: Opener, lang: str) -> None:
    opened = visit(f"{demo_server}/planner", size="phone", lang=lang)
    page = still(opened)
    expect(page.locator("#lead-pill")).to_be_visible()
    page.click(".sheet-tabs [data-sheet=right]")
    for tab in ("spots", "coverage", "cameras", "privacy", "whatif", "detail"):
        page.click(f"#tab-{tab}")
        box = page.locator(f"#tab-{tab}").bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
    page.click("#tab-spots")
    opened.settled()
    page.locator("#spot-table tbody tr").nth(2).click()
    expect(page.locator("#walker")).to_be_visible()
    expect(page.locator("#spot-table")).to_be_hidden()
    page.click("#spot-on")
    assert query(page)["selected"] == ["spot:4"]
    page.click("#spot-close")
    page.click("#ask-point")
    page.touchscreen.tap(150, 400) if page.evaluate("navigator.maxTouchPoints > 0") else page.mouse.click(150, 400)
    expect(page.locator("#asked h3")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    opened.watch.clean()
