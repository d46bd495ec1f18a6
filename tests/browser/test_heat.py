"""The heat map's controls change picture, legend and address; the value told under the pointer is the service's."""

from __future__ import annotations

import io
import json
import re
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import LANGS, Opener, tiles_loaded, until
from tests.browser.test_workspace import query

pytestmark = pytest.mark.browser
HEAT = ".leaflet-heat-pane"


def addresses(page: Page) -> list[dict[str, list[str]]]:
    """What the pictures of the heat on the map were asked for."""
    tiles_loaded(page, HEAT)
    found = page.locator(f"{HEAT} img.leaflet-tile").evaluate_all("all => all.map((one) => one.src)")
    return [parse_qs(urlsplit(one).query) for one in found]


def legend(page: Page, name: str = "heat") -> str:
    return page.locator(f'#legend-body [data-legend="{name}"]').inner_text()


def seen(page: Page) -> np.ndarray:
    """The pixels of the middle of the map."""
    box = page.locator(".atlas-map").bounding_box()
    assert box is not None
    clip = {"x": box["x"] + 80, "y": box["y"] + 60, "width": box["width"] * 0.45, "height": box["height"] * 0.6}
    return np.asarray(Image.open(io.BytesIO(page.screenshot(clip=clip))).convert("RGB")).astype(int)  # type: ignore[arg-type]


@pytest.mark.parametrize("lang", LANGS)
def test_controls_change_picture_legend_and_address(demo_server: str, visit: Opener, lang: str) -> None:
    opened = visit(f"{demo_server}/command?layers=heat", lang=lang)
    page = opened.page
    tiles_loaded(page, HEAT)
    first, words = seen(page), legend(page)
    page.select_option("#kernel", "gaussian")
    expect(page.locator("#legend-body")).to_contain_text("Gaussian" if lang == "en" else "高斯核")
    page.fill("#radius_m", "80")
    page.press("#radius_m", "Enter")
    page.select_option("#ramp", "viridis")
    page.locator("#opacity").fill("50")
    wanted = {"kernel": ["gaussian"], "radius_m": ["80"], "ramp": ["viridis"]}
    until(page, lambda: all(wanted.items() <= one.items() for one in addresses(page)))
    found = query(page)
    assert [found[name] for name in ("kernel", "radius_m", "ramp", "opacity")] == [
        ["gaussian"], ["80"], ["viridis"], ["50"],
    ]  # fmt: skip
    until(page, lambda: legend(page) != words and "80" in legend(page))
    until(page, lambda: page.locator(f"{HEAT} .leaflet-layer").evaluate("one => one.style.opacity") == "0.5")
    until(page, lambda: bool((np.abs(seen(page) - first).sum(axis=2) > 30).mean() > 0.1))
    page.reload()
    opened.ready()
    expect(page.locator("#kernel")).to_have_value("gaussian")
    expect(page.locator("#ramp")).to_have_value("viridis")
    page.check("#weight")
    expect(page.locator("#legend-body")).to_contain_text("7,942")
    opened.watch.clean()


def test_the_data_choose_a_radius_and_show_why(demo_server: str, visit: Opener) -> None:
    opened = visit(f"{demo_server}/command?layers=heat")
    page = opened.page
    page.click("#bandwidth")
    page.wait_for_selector("#bandwidth-answer canvas")
    told = json.loads(page.request.get(f"{demo_server}/api/heat/bandwidth").text())
    expect(page.locator("#radius_m")).to_have_value(str(round(told["radius_m"])))
    expect(page.locator("#bandwidth-answer")).to_contain_text("2,000 of 7,942")
    assert query(page)["radius_m"] == [str(round(told["radius_m"]))]
    page.select_option("#kernel", "gaussian")
    expect(page.locator("#bandwidth-answer")).to_be_hidden()  # it spoke of the other kernel
    opened.watch.clean()


def test_the_value_under_the_pointer_and_in_the_middle_for_the_keyboard(demo_server: str, visit: Opener) -> None:
    opened = visit(f"{demo_server}/command?layers=heat")
    page = opened.page
    told = page.locator("#heat-value")
    box = page.locator(".atlas-map").bounding_box()
    assert box is not None
    with page.expect_response(re.compile("/api/heat/value")) as answer:
        page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + box["height"] * 0.55)
    value = answer.value.json()
    assert value["inside"] and value["per_km2"] > 0
    expect(told).to_contain_text(f"{value['per_km2']:,.0f} incidents per km²")
    page.mouse.move(box["x"] + 40, box["y"] + 30)
    expect(told).to_contain_text("outside the city")
    page.mouse.move(5, 5)
    expect(told).to_be_hidden()
    with page.expect_response(re.compile("/api/heat/value")):
        page.locator(".atlas-map").focus()
        page.keyboard.press("ArrowDown")
    expect(told).to_contain_text("In the middle of the map")
    opened.watch.clean()


def test_the_heat_lies_above_the_base_map_however_that_is_drawn(demo_server: str, visit: Opener) -> None:
    opened = visit(f"{demo_server}/command?layers=heat")
    opened.drawn()
    page = opened.page
    tiles_loaded(page, HEAT)
    on = seen(page)
    page.locator('[data-layer="heat"]').uncheck()
    until(page, lambda: bool((np.abs(seen(page) - on).sum(axis=2) > 30).mean() > 0.05))


@pytest.mark.parametrize("size", ["desk", "phone"])
def test_the_density_along_streets_has_its_own_legend(demo_server: str, visit: Opener, size: str) -> None:
    opened = visit(f"{demo_server}/command?layers=streetheat", size=size)
    page = opened.page
    if size == "phone":
        page.locator("#legends summary").click()
    shown = page.locator('#legend-body [data-legend="streetheat"]')
    expect(shown).to_contain_text("incidents per km of street")
    expect(shown).to_contain_text("radius 120 m")
    told = json.loads(page.request.get(f"{demo_server}/api/layers/streetheat").text())
    highest = f"{told['meta']['highest_per_km']:,.0f}"
    expect(shown).to_contain_text(highest)
    assert len(told["features"]) > 500
    opened.watch.clean()
