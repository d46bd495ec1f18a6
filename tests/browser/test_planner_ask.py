"""Questions put to the planner's map: which cameras see a place, how well along a line, what a camera sees."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Opener
from tests.browser.planner_steps import (
    answer,
    at_rest,
    first_camera,
    hover_until,
    map_point,
    numbers,
    still,
    walk,
)
from tests.browser.test_workspace import query

pytestmark = pytest.mark.browser


def test_a_click_asks_which_cameras_see_the_place(demo_server: str, visit: Opener) -> None:
    opened = visit(f"{demo_server}/planner")
    page = still(opened)
    camera = first_camera(page, demo_server)
    page.keyboard.press("q")
    expect(page.locator("#ask-point")).to_have_attribute("aria-pressed", "true")
    x, y = map_point(page, camera["lon"], camera["lat"])
    page.mouse.click(x + 12, y + 12)
    expect(page.locator("#asked h3")).to_have_text("This place")
    expect(page.locator("#tab-detail")).to_have_attribute("aria-selected", "true")
    lon, lat = query(page)["ask"][0].split(",")
    found = answer(page, f"{demo_server}/api/seen-by?lon={lon}&lat={lat}")
    expect(page.locator("#asked [data-state]")).to_have_attribute("data-state", found["state"])
    tables = page.locator("#asked table")
    listed = [row for row in (found["cameras"], found["not_seen_by"]) if row]
    expect(tables).to_have_count(len(listed))
    for index, rows in enumerate(listed):
        expect(tables.nth(index).locator("tbody tr")).to_have_count(len(rows))
        distances = [row["distance_m"] for row in rows]
        assert distances == sorted(distances)
    assert "selected" not in query(page), "the click of the tool selects nothing"
    page.keyboard.press("Escape")
    expect(page.locator("#ask-point")).to_have_attribute("aria-pressed", "false")
    page.click("#asked .actions button")
    expect(page.locator("#asked")).to_be_hidden()
    assert "ask" not in query(page)
    opened.watch.clean()


def test_the_cross_asks_without_a_pointer(demo_server: str, visit: Opener) -> None:
    opened = visit(f"{demo_server}/planner")
    page = still(opened)
    page.keyboard.press("q")
    expect(page.locator("#cross")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator("#asked h3")).to_have_text("This place")
    middle = page.evaluate("(c => [c.lng, c.lat])(window.atlas.map.getCenter())")
    lon, lat = (float(text) for text in query(page)["ask"][0].split(","))
    assert (lon, lat) == pytest.approx(middle, abs=2e-6)
    page.keyboard.press("Escape")
    page.keyboard.press("l")
    page.keyboard.press("Enter")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
        at_rest(page)
    page.keyboard.press("Enter")
    expect(page.locator("#tool-done")).to_be_visible()
    page.keyboard.press("Enter")  # the same place again ends the line
    expect(page.locator("#asked h3")).to_have_text("Along this line")
    assert len(query(page)["line"][0].split(";")) == 2
    opened.watch.clean()


def test_a_line_shows_its_states_in_a_strip(demo_server: str, visit: Opener) -> None:
    opened = visit(f"{demo_server}/planner")
    page = still(opened)
    page.click("#ask-line")
    box = page.locator(".atlas-map").bounding_box()
    assert box is not None
    for part_x, part_y in ((0.3, 0.4), (0.4, 0.6), (0.5, 0.65)):
        page.mouse.click(box["x"] + box["width"] * part_x, box["y"] + box["height"] * part_y)
        page.wait_for_timeout(450)  # two clicks within Leaflet's and the system's time are a double click
    page.click("#tool-undo")
    page.mouse.click(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.62)
    page.wait_for_timeout(450)
    page.click("#tool-done")
    expect(page.locator("#asked h3")).to_have_text("Along this line")
    line = query(page)["line"][0]
    assert len(line.split(";")) == 3
    found = answer(page, f"{demo_server}/api/seen-by?line={line}")
    pieces = page.locator("#asked .strip i")
    expect(pieces).to_have_count(len(found["steps"]))
    widths = page.evaluate("[...document.querySelectorAll('#asked .strip i')].map(one => parseFloat(one.style.width))")
    assert sum(widths) == pytest.approx(100, abs=0.1)
    expect(page.locator("#asked h3 + p")).to_contain_text(re.compile(r"^[\d,]+ m: .*\s% blind"))
    opened.watch.clean()


def test_tools_silence_what_lies_below(demo_server: str, visit: Opener) -> None:
    opened = visit(f"{demo_server}/planner")
    page = still(opened)
    numbers(page)
    page.wait_for_selector('.atlas-map[data-gl="drawn"]')
    box = page.locator(".atlas-map").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    tooltip = page.locator(".leaflet-tooltip").first
    hover_until(page, x, y, tooltip.is_visible)
    page.keyboard.press("l")
    expect(page.locator(".leaflet-tooltip")).to_have_count(0)
    page.mouse.move(x + 5, y + 5)
    page.wait_for_timeout(300)
    expect(page.locator(".leaflet-tooltip")).to_have_count(0)
    page.keyboard.press("Escape")
    hover_until(page, x, y, tooltip.is_visible)
    opened.watch.clean()


def test_a_camera_under_the_pointer_shows_its_view(demo_server: str, visit: Opener) -> None:
    opened = visit(f"{demo_server}/planner")
    page = still(opened)
    camera = first_camera(page, demo_server)
    asked: list[str] = []
    of_one = re.compile("/api/views.*camera=")
    page.on("request", lambda sent: asked.append(sent.url) if of_one.search(sent.url) else None)
    with page.expect_response(of_one) as got:
        hover_until(page, *map_point(page, camera["lon"], camera["lat"]), lambda: bool(asked))
    assert got.value.status == 200
    assert {feature["properties"]["camera"] for feature in got.value.json()["features"]} == {camera["id"]}
    opened.watch.clean()


def test_without_webgl_the_same_is_asked_and_answered(demo_server: str, visit: Opener) -> None:
    opened = visit(f"{demo_server}/about")
    page = still(opened)
    page.add_init_script(
        "const get = HTMLCanvasElement.prototype.getContext;"
        "HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {"
        " return kind.startsWith('webgl') ? null : get.call(this, kind, ...rest); };"
    )
    page.goto(f"{demo_server}/planner")
    opened.ready()
    assert numbers(page)
    expect(page.locator("#map-notes")).to_contain_text("WebGL")
    expect(page.locator('[data-legend="coverage"] li')).to_have_count(5)
    walk(page)
    expect(page.locator("#spot-text b")).to_contain_text("Blind spot 1 of")
    expect(page.locator("path.spot-path").first).to_be_attached()
    page.click("#tab-coverage")
    page.locator("#table tbody tr").nth(2).click()
    assert query(page)["selected"][0].startswith("grid:")
    opened.watch.clean()
