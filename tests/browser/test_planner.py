"""The planner's page: it opens on the answer and walks the blind spots; figures and map follow the filters."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Opener, until
from tests.browser.planner_steps import answer, changed, numbers, still, walk
from tests.browser.test_workspace import query

pytestmark = pytest.mark.browser

SPOT_IN_VIEW = "([lon, lat]) => window.atlas.map.getBounds().contains([lat, lon])"


def test_it_opens_on_the_answer_and_the_worst_blind_spots(demo_server: str, visit: Opener) -> None:
    opened = visit(f"{demo_server}/planner")
    page = opened.page
    certain, possible, blind = numbers(page)
    assert certain + possible + blind == pytest.approx(100, abs=1.1)
    totals = answer(page, f"{demo_server}/api/coverage")["totals"]
    assert blind == pytest.approx(100 * totals["blind_m2"] / totals["open_m2"], abs=0.51)
    expect(page.locator("#why")).to_contain_text("no range is recorded for 223 of 223 cameras")
    expect(page.locator("#tab-spots")).to_have_attribute("aria-selected", "true")
    rows = page.locator("#spot-table tbody tr")
    expect(rows.nth(9)).to_be_attached()
    expect(rows.first.locator("td").first).to_have_text("1")
    expect(page.locator(".badge-spot")).to_have_count(10)
    names = page.locator("#scores button > span:first-child").all_text_contents()
    assert names == ["Open area", "Streets", "Incidents", "Key places"]
    opened.watch.clean()


def test_the_walk_flies_from_spot_to_spot(demo_server: str, visit: Opener) -> None:
    opened = visit(f"{demo_server}/planner")
    page = still(opened)
    walk(page)
    expect(page.locator("#spot-text b")).to_contain_text("Blind spot 1 of")
    spots = answer(page, f"{demo_server}/api/blindspots?limit=3")["features"]
    places = [[spot["properties"]["lon"], spot["properties"]["lat"]] for spot in spots]
    until(page, lambda: page.evaluate(SPOT_IN_VIEW, places[0]))
    page.click("#spot-on")
    expect(page.locator("#spot-text b")).to_contain_text("Blind spot 2 of")
    assert query(page)["selected"] == ["spot:2"]
    until(page, lambda: page.evaluate(SPOT_IN_VIEW, places[1]))
    expect(page.locator('#spot-table tr[data-key="2"]')).to_have_attribute("aria-selected", "true")
    page.keyboard.press("p")
    expect(page.locator("#spot-text b")).to_contain_text("Blind spot 1 of")
    page.keyboard.press("p")
    expect(page.locator("#spot-text b")).not_to_contain_text("Blind spot 1 of")
    last = page.locator("#spot-count").text_content() or ""
    assert query(page)["selected"] == [f"spot:{re.sub('[^0-9 ]', '', last).split()[0]}"], "from the first to the last"
    page.keyboard.press("Escape")
    expect(page.locator("#walker")).to_be_hidden()
    opened.watch.clean()


def test_filters_change_the_figures(demo_server: str, visit: Opener) -> None:
    opened = visit(f"{demo_server}/planner")
    page = opened.page
    before = numbers(page)
    incidents = page.locator('#scores [data-measure="incidents"]')
    told = incidents.get_attribute("aria-label")
    page.locator("#categories .check").nth(2).locator("input").check()
    expect(incidents).not_to_have_attribute("aria-label", told or "")
    assert numbers(page) == before, "incidents change no area"
    page.click("#all-categories")
    assert "IEC" in (page.locator("#edition").get_attribute("title") or "")
    page.fill("#assumed_range_m", "20")
    page.keyboard.press("Tab")
    expect(page.locator("#lead strong")).not_to_have_text(re.compile(rf"{before[2]:g}\s% blind"))
    after = numbers(page)
    assert after[2] > before[2]
    page.select_option("#edition", "2025")
    page.select_option("#task", "discern")
    expect(page.locator("#lead")).to_contain_text("for “discern” (80 px/m, 2025)")
    assert query(page)["task"] == ["discern"]
    page.select_option("#edition", "2014")
    assert query(page)["task"] == ["recognise"], "the class that asks for no less"
    opened.watch.clean()


def test_the_map_shows_a_choice_as_soon_as_its_figures_are_there(demo_server: str, visit: Opener) -> None:
    """Tiles of a choice that was never computed are empty: they are asked for after its figures, not before."""
    opened = visit(f"{demo_server}/planner")
    page = opened.page
    numbers(page)
    order: list[str] = []
    ours = "assumed_range_m=37"

    def tell(address: str, kind: str, path: str) -> None:
        if path in address and ours in address:
            order.append(kind)

    page.on("request", lambda sent: tell(sent.url, "tiles", "/tiles/coverage/"))
    page.on("response", lambda got: tell(got.url, "figures", "/api/coverage?"))
    page.fill("#assumed_range_m", "37")
    page.keyboard.press("Tab")
    drawn = """async () => {
        const { gl } = await import("/static/js/gl.js");
        if (!gl.map?.getSource("coverage") || gl.loading) return 0;
        if (!gl.addressOf("coverage").includes("assumed_range_m=37")) return 0;
        return gl.map.querySourceFeatures("coverage", { sourceLayer: "grid" }).length; }"""
    until(page, lambda: bool(order) and page.evaluate(drawn) > 0)
    assert order[0] == "figures"
    opened.watch.clean()


def test_the_address_brings_back_the_planner(demo_server: str, visit: Opener) -> None:
    opened = visit(
        f"{demo_server}/planner?task=detect&target_height_m=1&measure=streets&tab=coverage&list=inventory&group=owners"
    )
    page = still(opened)
    walk(page)
    page.wait_for_url(re.compile("selected=spot"))
    query(page)  # once the address has followed
    opened.settled()
    again = visit(page.url).page
    looks = """() => [
        ['edition', 'task', 'target_height_m', 'measure', 'list', 'group'].map(id => document.getElementById(id).value),
        document.getElementById('lead').textContent, document.getElementById('spot-text').textContent,
        document.querySelector('[role=tab][aria-selected=true]').id, window.atlas.map.getZoom(),
        [...document.querySelectorAll('#table th')].map(e => e.textContent)]"""
    until(page, lambda: again.evaluate(looks) == page.evaluate(looks))
    camera = answer(page, f"{demo_server}/api/cameras")["cameras"][0]
    asked = visit(f"{demo_server}/planner?ask={camera['lon']:.6f},{camera['lat']:.6f}").page
    expect(asked.locator("#asked h3")).to_have_text("This place")
    until(asked, lambda: asked.evaluate(SPOT_IN_VIEW, [camera["lon"], camera["lat"]]))
    opened.watch.clean()


def test_a_computation_is_followed_cancelled_and_begun_again(demo_server: str, visit: Opener) -> None:
    opened = visit(f"{demo_server}/about")
    page = opened.page
    stand = {
        "state": "computing",
        "progress": 0.4,
        "step": "views",
        "revision": 8,
        "computed_revision": 7,
        "error": None,
    }

    def on_its_way(found: dict[str, Any]) -> None:
        if stand["state"] == "computing":
            found["meta"] |= {"computing": {"job": "1", "progress": 0.1, "step": "views"}, "stale": True}
            found["meta"] |= {"revision": 8, "computed_revision": 7, "state": "computing"}

    changed(page, "/api/coverage", on_its_way)
    page.route("**/api/coverage/status*", lambda route: route.fulfill(json=stand))
    page.route("**/api/coverage/cancel*", lambda route: (stand.update(state="cancelled"), route.fulfill(json=stand))[1])
    page.route("**/api/coverage/start*", lambda route: (stand.update(state="computing"), route.fulfill(json=stand))[1])
    page.goto(f"{demo_server}/planner")
    opened.ready()
    expect(page.locator("#job-text")).to_have_text("Shown: revision 7, now computing 8: views 40\xa0%")
    assert numbers(page), "the last complete figures stay"
    page.click("#job-cancel")
    expect(page.locator("#job-text")).to_have_text("The computation was cancelled.")
    expect(page.locator("#job-bar")).to_be_hidden()
    page.click("#job-again")
    expect(page.locator("#job-bar")).to_be_visible()
    stand.update(state="failed", error={"code": "x", "message": "Out of memory.", "remedy": "Choose a coarser level."})
    expect(page.locator("#job-text")).to_contain_text("Out of memory. Choose a coarser level.")
    page.click("#job-again")
    expect(page.locator("#job-bar")).to_be_visible()
    stand.update(state="ready", error=None)
    expect(page.locator("#job")).to_be_hidden()
    opened.watch.clean()


def test_the_first_figures_come_when_they_are_complete(demo_server: str, visit: Opener) -> None:
    opened = visit(f"{demo_server}/about")
    page = opened.page
    stand = {"state": "computing", "progress": 0.25, "step": "views", "revision": 8, "computed_revision": None}

    def nothing_yet(found: dict[str, Any]) -> None:
        if stand["state"] == "computing":
            found |= {"grids": [], "totals": None}
            found["meta"] |= {"computing": {"job": "1", "progress": 0.1, "step": "views"}, "computed_revision": None}

    changed(page, "/api/coverage", nothing_yet)
    page.route("**/api/coverage/status*", lambda route: route.fulfill(json=stand))
    page.goto(f"{demo_server}/planner")
    opened.ready()
    expect(page.locator("#lead")).to_have_text("The figures are being computed; nothing is complete yet.")
    expect(page.locator("#job-text")).to_have_text("Computing revision 8: views 25\xa0%")
    stand.update(state="ready")
    assert len(numbers(page)) == 3
    expect(page.locator("#job")).to_be_hidden()
    opened.watch.clean()
