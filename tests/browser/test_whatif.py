"""What-if on the planner's page: drag, turn, undo, keys, save, compare, apply; by mouse and by keyboard."""

from __future__ import annotations

import json
import re
import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Opener, Visit, steady, until
from tests.serving import PATIENCE_S, running

pytestmark = pytest.mark.browser


@pytest.fixture
def server(demo_store: Path, tmp_path: Path) -> Iterator[str]:
    """A server on a copy of the demo that a test may change."""
    shutil.copy(demo_store, tmp_path / "atlas.gpkg")
    with running(tmp_path / "atlas.gpkg") as address:
        urllib.request.urlopen(f"{address}/api/coverage?wait_s=100", timeout=120).read()
        yield address


def cameras(address: str) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{address}/api/cameras", timeout=PATIENCE_S) as answer:
        return list(json.load(answer)["cameras"])


def lonely(address: str) -> dict[str, Any]:
    """A camera with no other one near it."""
    found = cameras(address)

    def room(one: dict[str, Any]) -> float:
        return min(abs(one["lon"] - other["lon"]) + 2 * abs(one["lat"] - other["lat"])
                   for other in found if other is not one)  # fmt: skip

    return max(found, key=room)


def at(camera: dict[str, Any], zoom: float = 18) -> str:
    return f"/planner?tab=whatif&centre={camera['lat']},{camera['lon']}&zoom={zoom}"


def middle(page: Page) -> tuple[float, float]:
    box = page.locator(".atlas-map").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def open_camera(visit: Opener, server: str) -> tuple[Visit, dict[str, Any]]:
    camera = lonely(server)
    opened = visit(server + at(camera))
    opened.page.wait_for_selector("#whatif[data-answered]")
    opened.page.mouse.click(*middle(opened.page))
    expect(opened.page.locator("#whatif-camera")).to_be_visible()
    return opened, camera


def test_a_camera_is_dragged_and_the_figures_follow_while_it_moves(server: str, visit: Opener) -> None:
    opened, camera = open_camera(visit, server)
    page = opened.page
    expect(page.locator("#whatif-name")).to_have_text(camera["name"] or camera["id"])
    x, y = middle(page)
    opened.settled()
    page.mouse.move(x, y)
    page.mouse.down()
    seen = set()
    for step in range(1, 6):
        count = page.locator("#whatif").get_attribute("data-answered")
        page.mouse.move(x + 16 * step, y + 8 * step)
        page.wait_for_selector(f'#whatif:not([data-answered="{count}"])')  # before the button is up
        seen.add(page.locator("#whatif-sides").text_content())
    page.mouse.up()
    assert len(seen) > 2
    expect(page.locator("#whatif-grids tbody tr").nth(1)).to_be_attached()
    assert float(page.locator("#whatif").get_attribute("data-ms") or "inf") > 0
    page.keyboard.press("Control+z")
    expect(page.locator("#whatif-result")).to_be_hidden()
    expect(page.locator("#whatif-redo")).to_be_enabled()
    page.keyboard.press("Control+Shift+z")
    expect(page.locator("#whatif-result")).to_be_visible()
    page.click("#whatif-undo")
    expect(page.locator("#whatif-undo")).to_be_disabled()
    page.keyboard.press("Control+y")
    expect(page.locator("#whatif-result")).to_be_visible()
    opened.watch.clean()


def test_the_handle_turns_and_the_keys_do_all_of_it(server: str, visit: Opener) -> None:
    opened, _ = open_camera(visit, server)
    page = opened.page
    page.locator("#whatif-form [name=kind]").select_option("fixed")
    page.fill("#whatif-form [name=hfov_deg]", "60")
    azimuth = page.locator("#whatif-form [name=azimuth_deg]")
    box = page.locator(".whatif-turn").bounding_box()
    assert box is not None
    x, y = middle(page)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(x + 80, y, steps=6)
    page.mouse.up()
    until(page, lambda: abs(float(azimuth.input_value()) - 90) < 3)
    page.locator("#whatif-grab").click()
    turned = float(steady(page, azimuth.input_value))
    page.keyboard.press("]")
    page.keyboard.press("]")
    page.keyboard.press("[")
    until(page, lambda: float(azimuth.input_value()) == pytest.approx(turned + 5, abs=0.02))
    expect(page.locator("#left")).to_be_visible()  # [ and ] fold no panel here
    before = page.evaluate("JSON.parse(sessionStorage.getItem('atlas.whatif')).changes[0].lat ?? null")
    assert before is None
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Shift+ArrowUp")
    north = "JSON.parse(sessionStorage.getItem('atlas.whatif')).changes[0].lat ?? 0"
    stood = lonely(server)["lat"]  # in the store, which the plan does not change
    until(page, lambda: (page.evaluate(north) - stood) * 111_320 == pytest.approx(11, abs=0.1))
    page.keyboard.press("Delete")
    expect(page.locator("#whatif-form")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(page.locator("#whatif-camera")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(page.locator("#pane-whatif")).to_be_hidden()
    opened.watch.clean()


def test_switching_off_and_a_refused_value(server: str, visit: Opener) -> None:
    opened, _ = open_camera(visit, server)
    page = opened.page
    page.click("#whatif-switch")
    expect(page.locator("#whatif-sides")).to_contain_text(re.compile(r"newly blind [1-9]"))
    expect(page.locator("#whatif-switch")).to_have_attribute("aria-pressed", "true")
    page.click("#whatif-switch")
    page.click("#whatif-back")
    expect(page.locator("#whatif-result")).to_be_hidden()
    page.fill("#whatif-form [name=hfov_deg]", "400")
    expect(page.locator("#whatif-form [name=hfov_deg]")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#whatif-result")).to_be_hidden()
    opened.watch.clean()


def test_a_camera_is_placed_by_keyboard_alone_and_the_plan_survives_a_reload(server: str, visit: Opener) -> None:
    opened = visit(server + at(lonely(server)))
    page = opened.page
    page.focus("#whatif-place")
    page.keyboard.press("Enter")
    expect(page.locator("#whatif-place")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Enter")
    expect(page.locator("#whatif-name")).to_have_text("New camera 1")
    expect(page.locator("#whatif-grids tbody tr").nth(1)).to_be_visible()
    opened.settled()
    told = page.locator("#whatif-totals").text_content()
    page.reload()
    opened.ready()
    expect(page.locator("#whatif-totals")).to_have_text(told or "")
    expect(page.locator(".whatif-key li")).to_have_count(5)
    opened.watch.clean()


def test_a_scenario_is_saved_compared_linked_deleted_and_brought_back(server: str, visit: Opener) -> None:
    opened, _ = open_camera(visit, server)
    page = opened.page
    page.click("#whatif-remove")
    hostile = '<img src=x onerror="alert(1)">'
    page.fill("#scenario-name", hostile)
    page.click("#scenario-save")
    expect(page.locator("#scenario-list li")).to_have_count(1)
    expect(page.locator("#scenario-list .title")).to_have_text(hostile)
    page.check("#scenario-list input[type=checkbox]")
    page.click("#whatif-undo")
    page.click("#whatif-place")
    page.mouse.click(*middle(page))
    expect(page.locator("#whatif-name")).to_have_text("New camera 1")
    page.click("#scenario-compare")
    box = page.locator("#scenario-compare-box")
    expect(box.locator("#scenario-figures thead th")).to_have_text(
        ["Figure", "The store", hostile, "This plan (not saved)"]
    )
    expect(box.locator("[data-row=removed] td")).to_have_text(["0", "1", "0"])
    expect(box.locator("[data-row=placed] td")).to_have_text(["0", "0", "1"])
    expect(box.locator("#scenario-grids tbody tr")).not_to_have_count(0)
    page.keyboard.press("Escape")
    link = page.locator("#scenario-list a", has_text="Link").get_attribute("href")
    again = visit(f"{server}{link}")
    expect(again.page.locator("#scenario-now")).to_have_text(hostile)
    expect(again.page.locator("#whatif-result")).to_be_visible()
    with again.page.expect_download() as download:
        again.page.click("#scenario-list a:has-text('CSV')")
    assert download.value.suggested_filename.endswith(".csv")
    again.page.click("#scenario-list button:has-text('Delete')")
    expect(again.page.locator("#scenario-list")).to_contain_text("was deleted")
    again.page.click("#scenario-list button:has-text('Undo')")
    expect(again.page.locator("#scenario-list .title")).to_have_text(hostile)
    again.watch.clean()
    opened.watch.clean()


def test_applying_shows_what_changes_and_changes_the_store(server: str, visit: Opener) -> None:
    opened, camera = open_camera(visit, server)
    page = opened.page
    page.fill("#whatif-form [name=range_m]", "77")
    page.keyboard.press("Tab")
    expect(page.locator("#scenario-apply")).to_be_disabled()
    page.fill("#scenario-name", "Longer")
    page.keyboard.press("Enter")
    expect(page.locator("#scenario-apply")).to_be_enabled()
    page.click("#scenario-apply")
    expect(page.locator("#scenario-apply-list li")).to_have_count(1)
    expect(page.locator("#scenario-apply-list")).to_contain_text("77 m")
    page.click("#scenario-apply-do")
    expect(page.locator("#scenario-list")).to_contain_text("applied in revision")
    until(page, lambda: next(one for one in cameras(server) if one["id"] == camera["id"])["range_m"] == 77)
    expect(page.locator("#whatif-result")).to_be_hidden()
    opened.watch.clean()


def test_of_two_people_the_second_is_told_what_to_do(server: str, visit: Opener) -> None:
    opened, _ = open_camera(visit, server)
    page = opened.page
    page.click("#whatif-remove")
    page.fill("#scenario-name", "Ours")
    page.click("#scenario-save")
    expect(page.locator("#scenario-list .title")).to_have_text("Ours")
    other = visit(f"{server}{page.locator('#scenario-list a', has_text='Link').get_attribute('href')}")
    expect(other.page.locator("#scenario-now")).to_have_text("Ours")
    other.page.fill("#scenario-name", "Theirs")
    other.page.click("#scenario-save")
    expect(other.page.locator("#scenario-list .title")).to_have_text("Theirs")
    page.click("#whatif-place")
    page.mouse.click(*middle(page))
    expect(page.locator("#whatif-name")).to_have_text("New camera 1")
    opened.messages_stay()
    page.click("#scenario-save")
    expect(page.locator(".toast.error")).to_contain_text("somebody else")
    page.click(".toast.error button")
    expect(page.locator("#scenario-now")).to_have_text("Theirs")


def test_on_a_phone_the_result_lies_over_the_map(server: str, visit: Opener) -> None:
    camera = lonely(server)
    opened = visit(server + at(camera), size="phone")
    page = opened.page
    page.click(".sheet-tabs [data-sheet=right]")
    page.click("#whatif-place")
    expect(page.locator("#whatif")).to_be_hidden()
    x, y = middle(page)
    page.mouse.click(x, y + 60)
    expect(page.locator("#whatif-card")).to_be_visible()
    expect(page.locator("#whatif-card")).to_contain_text("Blind:")
    page.locator("#whatif-card button").first.click()
    expect(page.locator("#whatif-card")).to_be_hidden()
    opened.watch.clean()


RANDOM_PLANS = """async () => {
  const { Plan } = await import("/static/js/whatif_model.js");
  const faults = [];
  for (let seed = 1; seed <= 300; seed += 1) {
    let state = seed;
    const below = (n) => { state = (state * 48271) % 2147483647; return state % n; };
    const plan = new Plan();
    for (let i = 0; i < 4; i += 1) plan.learn(`c${i}`, { id: `c${i}`, lon: i, lat: i, range_m: 50, azimuth_deg: null });
    for (let step = 0; step < 30; step += 1) {
      const camera = below(3) ? `c${below(4)}` : `new-${1 + below(3)}`;
      const there = plan.known.has(camera) || plan.of(camera);
      const what = below(7);
      if (what === 0) plan.place({ lon: below(9), lat: below(9) });
      else if (what === 1 && there) plan.remove(camera);
      else if (what === 2) plan.restore(camera);
      else if (what === 3) plan.rest();
      else if (what === 4 && below(9) === 0) plan.clear();
      else if (there) {
        const fields = below(2) ? { lon: below(3), lat: below(3) } : { range_m: 49 + below(3) };
        plan.set(camera, fields, below(2) ? "drag" : null);
      }
      for (const change of plan.changes) {
        if (change.op !== "set") continue;
        const base = plan.known.get(change.id);
        const none = Object.keys(change).length < 3 || change.range_m === base.range_m;
        if (none || (change.lon === base.lon && change.lat === base.lat)) faults.push([seed, step, change]);
      }
    }
    const last = JSON.stringify(plan.changes);
    while (plan.canUndo) plan.undo();
    if (plan.changes.length) faults.push([seed, "undo"]);
    while (plan.canRedo) plan.redo();
    if (JSON.stringify(plan.changes) !== last) faults.push([seed, "redo"]);
  }
  return faults;
}"""


def test_undo_of_all_returns_to_nothing_and_redo_to_all(demo_server: str, visit: Opener) -> None:
    opened = visit(f"{demo_server}/about", csp=False, ready=False)
    assert opened.page.evaluate(RANDOM_PLANS) == []
