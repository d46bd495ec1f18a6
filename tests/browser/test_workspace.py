"""Map, table, filters and address follow each other, by mouse and by keyboard alone."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Opener, steady

pytestmark = pytest.mark.browser


def query(page: Page) -> dict[str, list[str]]:
    # The address follows the state after 120 ms of the page's own clock, however slow the machine is; a map that still
    # moves puts it off.
    address: str = page.evaluate(
        """async () => {
            const pause = (ms) => new Promise((done) => setTimeout(done, ms));
            let before = null;
            for (await pause(350); location.href !== before; await pause(200)) before = location.href;
            return before;
        }"""
    )
    return parse_qs(urlsplit(address).query)


def test_a_row_selects_its_grid_and_the_keys_move_on(demo_server: str, visit: Opener) -> None:
    opened = visit(f"{demo_server}/command")
    page = opened.page
    rows = page.locator("#table tbody tr")
    rows.nth(1).focus()  # a click would open the grid's profile
    page.keyboard.press("Space")
    page.wait_for_url(re.compile("selected="))
    first = query(page)["selected"]
    page.keyboard.press("ArrowDown")
    second = query(page)["selected"]
    assert first != second
    assert second == [f"grid:{rows.nth(2).get_attribute('data-key')}"]
    expect(rows.nth(2)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    assert "selected" not in query(page)
    opened.watch.clean()


def test_the_map_selects_the_row(demo_server: str, visit: Opener) -> None:
    opened = visit(f"{demo_server}/command")
    page = opened.page
    box = page.locator(".atlas-map").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * 0.35, box["y"] + box["height"] * 0.5)
    page.wait_for_url(re.compile("selected="))
    code = query(page)["selected"][0].removeprefix("grid:")
    expect(page.locator(f'#table tr[data-key="{code}"]')).to_have_attribute("aria-selected", "true")
    opened.watch.clean()


def test_the_time_window_changes_figures_and_comes_back_from_the_address(demo_server: str, visit: Opener) -> None:
    opened = visit(f"{demo_server}/command")
    page = opened.page
    everything = page.locator("#lead").text_content() or ""
    page.fill("#from", "2024-07-01")
    page.fill("#to", "2024-12-31")
    page.wait_for_url(re.compile("to=2025-01-01"))
    found = query(page)
    assert (found["from"], found["to"]) == (["2024-07-01"], ["2025-01-01"])
    expect(page.locator("#lead")).not_to_have_text(everything)
    opened.settled()
    narrowed = steady(page, page.locator("#lead").text_content)
    page.focus("#brush-window")
    page.keyboard.press("ArrowRight")
    assert query(page)["from"] == ["2024-07-08"]
    page.keyboard.press("ArrowLeft")
    page.wait_for_url(re.compile("from=2024-07-01"))
    again = visit(page.url)
    expect(again.page.locator("#lead")).to_have_text(narrowed or "")
    opened.watch.clean()


def test_drill_down_and_up_by_keyboard(demo_server: str, visit: Opener) -> None:
    opened = visit(f"{demo_server}/grids?level=township")
    page = opened.page
    page.locator("#table tbody tr").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("level=community"))
    below = query(page)
    assert "parent" in below
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Backspace")
    page.wait_for_url(re.compile("level=township"))
    assert "parent" not in query(page)
    opened.watch.clean()


def test_the_assignment_check_counts_and_zooms(demo_server: str, visit: Opener) -> None:
    opened = visit(f"{demo_server}/grids?tab=check")
    page = opened.page
    expect(page.locator("#check-counts button")).to_have_count(4)
    assert "assignment" in query(page)["layers"][0]
    opened.settled()
    page.locator("#check-table tbody tr").first.click()
    page.wait_for_url(re.compile(r"[?&]zoom=(18|19|20).*selected=incident(:|%3A)"))
    opened.watch.clean()


def test_an_assumption_is_stated_with_its_figure(demo_server: str, visit: Opener) -> None:
    opened = visit(f"{demo_server}/planner")
    page = opened.page
    expect(page.locator("#assumptions")).to_contain_text("assumed 50 m")
    page.fill("#assumed_range_m", "30")
    page.keyboard.press("Tab")
    expect(page.locator("#assumptions")).to_contain_text("assumed 30 m")
    opened.watch.clean()


def test_the_csv_holds_the_rows_of_the_table(demo_server: str, visit: Opener, tmp_path: Path) -> None:
    opened = visit(f"{demo_server}/command")
    opened.page.click("#take-button")
    with opened.page.expect_download() as download:
        opened.page.click('[data-take="csv"]')
    file = tmp_path / "table.csv"
    download.value.save_as(file)
    rows = list(csv.reader(file.read_text("utf-8-sig").splitlines()))
    assert rows[0][0] == "Code"
    assert len(rows) - 1 == int(opened.page.evaluate("document.querySelectorAll('#table tbody tr').length"))


def test_panels_fold_and_stay_folded(demo_server: str, visit: Opener) -> None:
    opened = visit(f"{demo_server}/command")
    page = opened.page
    page.keyboard.press("[")
    expect(page.locator("#left")).to_have_css("visibility", "hidden")
    page.reload()
    opened.ready()
    expect(page.locator("#left")).to_have_css("visibility", "hidden")
    page.keyboard.press("[")
    expect(page.locator("#left")).to_have_css("visibility", "visible")
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_hidden()
    opened.watch.clean()


def test_sheets_open_and_close_on_a_phone(demo_server: str, visit: Opener) -> None:
    opened = visit(f"{demo_server}/command", size="phone")
    page = opened.page
    expect(page.locator("#lead-pill")).to_be_visible()
    inside = {"left": "#layer-list", "bottom": "#brush-canvas", "right": "#table"}
    for name in inside:
        page.click(f".sheet-tabs [data-sheet={name}]")
        for other, part in inside.items():
            expect(page.locator(part)).to_be_visible(visible=other == name)
    page.keyboard.press("Escape")
    expect(page.locator("#table")).to_be_hidden()
    page.click(".sheet-tabs [data-sheet=left]")
    page.check('#layer-list input[data-layer="cameras"]')
    assert "cameras" in query(page)["layers"][0]
    opened.watch.clean()


def test_an_upload_is_looked_into_tried_and_reported(empty_server: str, visit: Opener, tmp_path: Path) -> None:
    file = tmp_path / "incidents.csv"
    file.write_text(
        "id,category,occurred_at,lon,lat\n1,noise,2025-03-01 12:00,24.94,60.17\n2,waste,2025-02-30 12:00,24.95,60.17\n",
        "utf-8",
    )
    opened = visit(f"{empty_server}/import")
    page = opened.page
    page.set_input_files("#file", str(file))
    page.wait_for_selector("#step-how:not([hidden])")
    expect(page.locator("#layer")).to_have_value("incidents")
    page.fill("#timezone", "Europe/Helsinki")
    page.click("#try")
    page.wait_for_selector("#report:not([hidden])")
    expect(page.locator("#report .result")).to_contain_text("1accepted")
    expect(page.locator("#report .result")).to_contain_text("1rejected")
    expect(page.locator("#report tbody tr")).to_have_count(1)
    opened.watch.clean()
