"""What each reader does first, from the page as it opens to the figure that answers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Opener, until, worked_out
from tests.browser.test_workspace import query
from tests.serving import running

pytestmark = pytest.mark.browser

# Where the data lie on the map's box, in pixels: west, north, east, south; and the box's width and height.
PLACED = """() => {
    const map = window.atlas.map, b = JSON.parse(document.getElementById('boot').textContent).status.bounds;
    const a = map.latLngToContainerPoint([b[3], b[0]]), z = map.latLngToContainerPoint([b[1], b[2]]);
    return [a.x, a.y, z.x, z.y, map.getSize().x, map.getSize().y];
}"""
OUTLINED = (
    "Object.values(window.atlas.map._layers).filter(l => l.options?.fill === false && l.options.weight === 3).length"
)


def figure(page: Page, selector: str) -> int:
    """Return the first number of a text."""
    found = re.search(r"\d[\d,]*", page.locator(selector).text_content() or "")
    assert found is not None
    return int(found.group().replace(",", ""))


def test_the_legend_lies_beside_the_data(demo_server: str, visit: Opener) -> None:
    page = visit(f"{demo_server}/planner").page
    _, _, east, _, _, _ = page.evaluate(PLACED)
    legend, box = page.locator("#legends").bounding_box(), page.locator(".atlas-map").bounding_box()
    assert legend is not None
    assert box is not None
    assert box["x"] + east <= legend["x"]
    assert legend["height"] <= 0.61 * box["height"]


def test_the_data_fill_a_phone(demo_server: str, visit: Opener) -> None:
    west, north, east, south, width, height = visit(f"{demo_server}/command", size="phone").page.evaluate(PLACED)
    assert west >= 0
    assert east <= width
    assert max((east - west) / width, (south - north) / height) >= 0.65


def test_a_category_narrows_every_figure_and_is_cleared(demo_server: str, visit: Opener) -> None:
    opened = visit(f"{demo_server}/command")
    page = opened.page
    everything = figure(page, "#lead strong")
    row = page.locator("#categories .check").nth(2)
    alone = int((row.locator(".count").text_content() or "").replace(",", ""))
    row.locator("input").check()
    expect(page.locator("#lead strong")).to_have_text(re.compile(rf"^{alone:,} "))
    expect(row.locator("input")).to_be_focused()
    opened.settled()
    cells = page.locator("#table tbody td:nth-child(2)").all_text_contents()
    assert 0 < sum(int(text.replace(",", "")) for text in cells) <= alone
    page.click("#all-categories")
    expect(page.locator("#lead strong")).to_have_text(re.compile(rf"^{everything:,} "))
    expect(page.locator("#all-categories")).to_be_hidden()
    opened.watch.clean()


def test_a_selected_row_is_outlined_on_the_map(demo_server: str, visit: Opener) -> None:
    page = visit(f"{demo_server}/command").page
    assert page.evaluate(OUTLINED) == 0
    page.locator("#table tbody tr").nth(3).click()
    until(page, lambda: page.evaluate(OUTLINED) == 1)
    page.click("#tab-detail")
    expect(page.locator("#detail .profile")).to_be_visible()


def test_the_window_moves_by_keys(demo_server: str, visit: Opener) -> None:
    page = visit(f"{demo_server}/command?from=2024-07-01&to=2025-01-01").page
    page.focus("#brush-window")
    page.keyboard.press("Shift+ArrowLeft")
    assert query(page)["to"] == ["2024-12-25"]
    page.keyboard.press("Home")
    assert "from" not in query(page)
    page.keyboard.press("End")
    assert "to" not in query(page)
    assert "from" in query(page)


def test_the_address_brings_back_all_of_a_view(demo_server: str, visit: Opener) -> None:
    opened = visit(f"{demo_server}/command?level=community")
    page = opened.page
    worked_out(page, f"{demo_server}/api/coverage?level=community&wait_s=60")  # what comes late is another text
    page.check('#layer-list input[data-layer="cameras"]')
    page.check('input[name="metric"][value="count"]', force=True)
    page.select_option("#method", "equal")
    page.locator("#categories input").nth(1).check()
    page.fill("#from", "2024-03-01")
    opened.settled()
    page.locator("#table tbody tr").nth(1).click()
    page.click("#tab-detail")
    nearer = page.evaluate("window.atlas.map.getZoom()") + 1
    page.click("#zoom-in")
    page.wait_for_url(re.compile(rf"[?&]zoom={nearer:g}(&|$)"))
    opened.settled()
    second = visit(page.url).page
    looks = """() => [
        [...document.querySelectorAll('input:checked')].map(e => e.value + (e.dataset.layer ?? '')).sort(),
        ['level', 'method', 'from', 'to'].map(id => document.getElementById(id).value),
        document.getElementById('lead').textContent, document.querySelector('tr[aria-selected=true]').dataset.key,
        document.querySelector('[role=tab][aria-selected=true]').id, document.getElementById('detail').textContent,
        window.atlas.map.getZoom(), document.querySelector('[data-legend=density]').textContent]"""
    for one in (page, second):  # the score is worked out after the picture
        expect(one.locator("[data-legend=density] .score")).to_have_attribute("data-state", "ok")
    until(page, lambda: second.evaluate(looks) == page.evaluate(looks))
    opened.watch.clean()


def test_the_check_follows_the_dates_and_readers_keep_them(demo_server: str, visit: Opener) -> None:
    opened = visit(f"{demo_server}/grids?tab=check")
    page = opened.page
    near = page.locator("#check-counts button").nth(2).locator("b")
    opened.settled()
    everything = near.text_content() or ""
    page.fill("#from", "2025-06-01")
    expect(near).not_to_have_text(everything)
    page.fill("#to", "2025-05-01")  # the last day lies before the first
    until(page, lambda: page.locator("#to").evaluate("e => e.validity.customError"))
    page.fill("#to", "2025-06-30")
    assert query(page)["to"] == ["2025-07-01"]
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("1")
    page.wait_for_url(re.compile("/command"))
    page.wait_for_selector("html[data-ready=true]", state="attached")
    expect(page.locator("#from")).to_have_value("2025-06-01")
    expect(page.locator("#to")).to_have_value("2025-06-30")
    opened.watch.clean()


def test_a_steward_brings_in_incidents_in_chinese(visit: Opener, tmp_path: Path) -> None:
    file = tmp_path / "上报.csv"
    lines = ["类别,发生时间,经度,纬度"]
    lines += [f"噪声扰民,2024-05-{day:02d} 08:30,114.3{day:02d},30.5{day:02d}" for day in range(1, 29)]
    lines += ["暴露垃圾,昨天下午,114.31,30.51", "违章停车,2024-05-03 09:00,,30.52"]
    file.write_text("\n".join(lines), "gbk")
    with running(tmp_path / "atlas.gpkg") as address:
        opened = visit(f"{address}/import", lang="zh")
        page = opened.page
        expect(page.locator("#data-age-text")).to_have_text("尚无数据")
        page.set_input_files("#file", str(file))
        expect(page.locator("#timezone")).to_have_attribute("aria-invalid", "true")
        expect(page.locator("#layer")).to_have_value("incidents")
        expect(page.locator("#preview")).to_contain_text("噪声扰民")
        expect(page.locator("#crs-list option:checked")).to_contain_text("WGS 84")
        page.fill("#timezone", "Asia/Shanghai")
        page.keyboard.press("Tab")
        expect(page.locator("#timezone")).to_have_attribute("aria-invalid", "false")
        page.click("#go")
        expect(page.locator("#report .result")).to_contain_text("28已采纳")
        expect(page.locator("#report .result")).to_contain_text("2未采纳")
        expect(page.locator("#report tbody tr")).to_have_count(2)
        expect(page.locator("#report tbody")).to_contain_text("昨天下午")
        with page.expect_download() as download:
            page.click("#report a[download]")
        download.value.save_as(tmp_path / "rejects.csv")
        assert "昨天下午" in (tmp_path / "rejects.csv").read_text("utf-8-sig")
        expect(page.locator("#data-age-text")).to_contain_text("1")
        expect(page.locator("#history tbody tr")).to_have_count(1)
        page.click("#report .button.primary")
        page.wait_for_url(re.compile("/command"))
        page.wait_for_selector("html[data-ready=true]", state="attached")
        expect(page.locator("#lead")).to_contain_text("28")
        opened.watch.clean()
