"""The planner's page: it opens on the answer, walks the blind spots, answers questions put to the map."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Opener, Visit
from tests.browser.test_workspace import query

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=\"document.title='owned'\">${document.title='owned'}`'\"</script>"
SHARES = re.compile(r"^(<?[\d.]+)\s% surely seen, (<?[\d.]+)\s% possibly, ([>\d.]+)\s% blind")
PLACED = "([x, y]) => { const at = window.atlas.map.latLngToContainerPoint([y, x]); return [at.x, at.y]; }"
SPOT_IN_VIEW = "([lon, lat]) => window.atlas.map.getBounds().contains([lat, lon])"

Change = Callable[[dict[str, Any]], None]


def numbers(page: Page) -> list[float]:
    """Return the three shares of the answer, in per cent."""
    # The first figures of a new store may be on their way for a while, which the page says.
    expect(page.locator("#lead strong")).to_be_visible(timeout=90_000)
    found = SHARES.match(page.locator("#lead strong").text_content() or "")
    assert found is not None, page.locator("#lead").text_content()
    return [float(text.strip("<>")) for text in found.groups()]


def answer(page: Page, path: str) -> dict[str, Any]:
    """Ask the service itself."""
    found: dict[str, Any] = page.request.get(path).json()
    return found


def changed(page: Page, path: str, change: Change) -> None:
    """Let the page see the service's answer to `path` after `change`."""

    def handle(route: Route) -> None:
        found = route.fetch().json()
        change(found)
        route.fulfill(content_type="application/json", body=json.dumps(found))

    page.route(re.compile(rf"{re.escape(path)}(\?|$)"), handle)


def map_point(page: Page, lon: float, lat: float) -> tuple[float, float]:
    """Return where a place lies in the window."""
    box = page.locator(".atlas-map").bounding_box()
    assert box is not None
    x, y = page.evaluate(PLACED, [lon, lat])
    return box["x"] + x, box["y"] + y


def still(opened: Visit) -> Page:
    """Return the page, with what flies over the map arriving at once."""
    opened.page.emulate_media(reduced_motion="reduce")
    return opened.page


def walk(page: Page) -> None:
    """Begin the walk through the blind spots, once they are listed."""
    expect(page.locator("#spot-table tbody tr").first).to_be_attached(timeout=90_000)
    page.keyboard.press("n")


def first_camera(page: Page, server: str) -> dict[str, Any]:
    """Return a camera that stands clear of the tools over the map."""
    found: dict[str, Any] = answer(page, f"{server}/api/cameras")["cameras"][0]
    page.evaluate(
        "([x, y]) => { window.atlas.map.setView([y, x], 18, {animate: false}); }", [found["lon"], found["lat"]]
    )
    page.wait_for_timeout(300)
    return found


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
    spots = answer(page, f"{demo_server}/api/blindspots?limit=3")["features"]
    walk(page)
    expect(page.locator("#spot-text b")).to_contain_text("Blind spot 1 of")
    assert page.evaluate(SPOT_IN_VIEW, [spots[0]["properties"]["lon"], spots[0]["properties"]["lat"]])
    page.click("#spot-on")
    expect(page.locator("#spot-text b")).to_contain_text("Blind spot 2 of")
    assert query(page)["selected"] == ["spot:2"]
    page.wait_for_timeout(300)
    assert page.evaluate(SPOT_IN_VIEW, [spots[1]["properties"]["lon"], spots[1]["properties"]["lat"]])
    expect(page.locator('#spot-table tr[data-key="2"]')).to_have_attribute("aria-selected", "true")
    page.keyboard.press("p")
    expect(page.locator("#spot-text b")).to_contain_text("Blind spot 1 of")
    page.keyboard.press("p")
    last = page.locator("#spot-count").text_content() or ""
    assert query(page)["selected"] == [f"spot:{re.sub('[^0-9 ]', '', last).split()[0]}"], "from the first to the last"
    page.keyboard.press("Escape")
    expect(page.locator("#walker")).to_be_hidden()
    opened.watch.clean()


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
        assert tables.nth(index).locator("tbody tr").count() == len(rows)
        distances = [row["distance_m"] for row in rows]
        assert distances == sorted(distances)
    assert "selected" not in query(page), "the click of the tool selects nothing"
    page.keyboard.press("Escape")
    expect(page.locator("#ask-point")).to_have_attribute("aria-pressed", "false")
    page.click("#asked .actions button")
    expect(page.locator("#asked")).to_be_hidden()
    assert "ask" not in query(page)
    opened.watch.clean()


def at_rest(page: Page) -> None:
    """Wait until the map moves no more."""
    centre = "(c => [c.lng, c.lat])(window.atlas.map.getCenter())"
    before = None
    while (now := page.evaluate(centre)) != before:
        before = now
        page.wait_for_timeout(400)


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


def test_filters_change_the_figures(demo_server: str, visit: Opener) -> None:
    opened = visit(f"{demo_server}/planner")
    page = opened.page
    before = numbers(page)
    incidents = page.locator('#scores [data-measure="incidents"]')
    told = incidents.get_attribute("aria-label")
    page.locator("#categories .check").nth(2).locator("input").check()
    expect(incidents).not_to_have_attribute("aria-label", told or "", timeout=20_000)
    assert numbers(page) == before, "incidents change no area"
    page.click("#all-categories")
    assert "IEC" in (page.locator("#edition").get_attribute("title") or "")
    page.fill("#assumed_range_m", "20")
    page.keyboard.press("Tab")
    expect(page.locator("#lead strong")).not_to_have_text(re.compile(rf"{before[2]:g}\s% blind"), timeout=20_000)
    after = numbers(page)
    assert after[2] > before[2]
    page.select_option("#edition", "2025")
    page.select_option("#task", "discern")
    expect(page.locator("#lead")).to_contain_text("for “discern” (80 px/m, 2025)", timeout=20_000)
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
    for _ in range(120):
        if order and page.evaluate(drawn):
            break
        page.wait_for_timeout(500)
    assert page.evaluate(drawn) > 0
    assert order[0] == "figures"
    opened.watch.clean()


def test_tools_silence_what_lies_below(demo_server: str, visit: Opener) -> None:
    opened = visit(f"{demo_server}/planner")
    page = still(opened)
    numbers(page)
    page.wait_for_selector('.atlas-map[data-gl="drawn"]', timeout=60_000)
    page.wait_for_timeout(800)
    box = page.locator(".atlas-map").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    expect(page.locator(".leaflet-tooltip").first).to_be_visible()
    page.keyboard.press("l")
    expect(page.locator(".leaflet-tooltip")).to_have_count(0)
    page.mouse.move(x + 5, y + 5)
    page.wait_for_timeout(300)
    expect(page.locator(".leaflet-tooltip")).to_have_count(0)
    page.keyboard.press("Escape")
    page.mouse.move(x, y)
    expect(page.locator(".leaflet-tooltip").first).to_be_visible()
    opened.watch.clean()


def test_the_address_brings_back_the_planner(demo_server: str, visit: Opener) -> None:
    opened = visit(
        f"{demo_server}/planner?task=detect&target_height_m=1&measure=streets&tab=coverage&list=inventory&group=owners"
    )
    page = still(opened)
    walk(page)
    page.wait_for_timeout(500)
    address = page.url
    assert "selected=spot" in address
    again = visit(address).page
    looks = """() => [
        ['edition', 'task', 'target_height_m', 'measure', 'list', 'group'].map(id => document.getElementById(id).value),
        document.getElementById('lead').textContent, document.getElementById('spot-text').textContent,
        document.querySelector('[role=tab][aria-selected=true]').id, window.atlas.map.getZoom(),
        [...document.querySelectorAll('#table th')].map(e => e.textContent)]"""
    assert again.evaluate(looks) == page.evaluate(looks)
    camera = answer(page, f"{demo_server}/api/cameras")["cameras"][0]
    asked = visit(f"{demo_server}/planner?ask={camera['lon']:.6f},{camera['lat']:.6f}").page
    expect(asked.locator("#asked h3")).to_have_text("This place")
    assert asked.evaluate(SPOT_IN_VIEW, [camera["lon"], camera["lat"]])
    opened.watch.clean()


def test_a_camera_under_the_pointer_shows_its_view(demo_server: str, visit: Opener) -> None:
    opened = visit(f"{demo_server}/planner")
    page = still(opened)
    camera = first_camera(page, demo_server)
    page.wait_for_timeout(800)
    x, y = map_point(page, camera["lon"], camera["lat"])
    with page.expect_response(lambda got: "/api/views" in got.url and "camera=" in got.url) as got:
        page.mouse.move(x + 1, y + 1)
    assert got.value.status == 200
    assert {feature["properties"]["camera"] for feature in got.value.json()["features"]} == {camera["id"]}
    opened.watch.clean()


def test_grids_by_every_measure_and_their_csv(demo_server: str, visit: Opener, tmp_path: Path) -> None:
    opened = visit(f"{demo_server}/planner")
    page = opened.page
    page.click('#scores [data-measure="streets"]')
    expect(page.locator("#tab-coverage")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#measure")).to_have_value("streets")
    for measure in page.locator("#measure option").evaluate_all("all => all.map(one => one.value)"):
        page.select_option("#measure", measure)
        assert page.locator("#table tbody tr").count() >= 100
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
    grids = page.locator("#inventory-table tbody tr").count()
    page.select_option("#group", "owners")
    expect(page.locator("#inventory-table thead th").first).to_have_text(re.compile("Owner"))
    assert grids != 0
    opened.watch.clean()


@pytest.mark.parametrize("name", ["blindspots", "views", "coverage"])
def test_geojson_is_saved_with_the_filters(demo_server: str, visit: Opener, name: str) -> None:
    page = visit(f"{demo_server}/planner?assumed_range_m=30").page
    href = page.locator(f'[data-save="{name}"]').get_attribute("href") or ""
    assert "assumed_range_m=30" in href
    found = answer(page, f"{demo_server}{href}")
    assert found["type"] == "FeatureCollection"
    assert found["features"]


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
    page.wait_for_timeout(800)
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
    page.focus("#tab-spots")
    seen = []
    for _ in range(5):
        page.keyboard.press("ArrowRight")
        seen.append(page.evaluate("document.activeElement.id"))
        shown = page.locator('[role="tabpanel"]:visible')
        expect(shown).to_have_count(1)
        expect(shown).to_have_attribute("aria-labelledby", seen[-1])
    assert seen[-1] == "tab-spots", "round"
    rows = page.locator("#spot-table tbody tr")
    rows.first.focus()
    page.keyboard.press("ArrowDown")
    expect(rows.nth(1)).to_have_attribute("aria-selected", "true")
    expect(page).to_have_url(re.compile("selected=spot(:|%3A)2"))
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


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_phone_holds_all_of_it(demo_server: str, visit: Opener, lang: str) -> None:
    opened = visit(f"{demo_server}/planner", size="phone", lang=lang)
    page = still(opened)
    expect(page.locator("#lead-pill")).to_be_visible()
    page.click(".sheet-tabs [data-sheet=right]")
    for tab in ("spots", "coverage", "cameras", "whatif", "detail"):
        page.click(f"#tab-{tab}")
        box = page.locator(f"#tab-{tab}").bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
    page.click("#tab-spots")
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
