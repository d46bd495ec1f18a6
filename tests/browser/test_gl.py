"""The map is drawn by WebGL under the page's own policy; where there is none the reader is told and sees pictures."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, Page, Playwright, expect

from layers.rasters.look import PALETTES
from tests.browser.conftest import (
    LANGS,
    PATIENCE_MS,
    QUIET,
    WEBGL,
    Opener,
    Watch,
    launch,
    steady,
    tiles_loaded,
    until,
    worked_out,
)
from tests.browser.test_workspace import query

pytestmark = pytest.mark.browser
MAPS = ("/command", "/planner", "/grids")
CENTRE = "zoom=16&centre=60.1705,24.943"
WORDS = {"en": "WebGL", "zh": "WebGL 绘图"}


def picture(page: Page) -> NDArray[np.int16]:
    """Return the middle of the map as RGB (height, width, 3), without what lies over it."""
    box = page.locator(".atlas-map").bounding_box()
    assert box is not None
    clip = {"x": box["x"] + 40, "y": box["y"] + 120, "width": box["width"] - 300, "height": box["height"] - 300}
    png = page.screenshot(clip=clip)  # type: ignore[arg-type]
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(np.int16)


def share(shown: NDArray[np.int16], colour: tuple[int, int, int]) -> float:
    """Return the share of pixels of a colour, within two steps."""
    return float((np.abs(shown - np.array(colour)).max(axis=2) <= 2).mean())


def houses(page: Page) -> NDArray[np.float64]:
    """Return where houses are drawn (1, else 0), once nothing is drawn anew."""
    shown = steady(page, lambda: picture(page))
    return (np.abs(shown - np.array(PALETTES["light"].building)).max(axis=2) <= 2).astype(float)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", MAPS)
def test_the_base_map_is_drawn_by_webgl_in_the_pictures_colours(
    demo_server: str, visit: Opener, path: str, theme: str
) -> None:
    opened = visit(f"{demo_server}{path}?layers=none&{CENTRE}", color_scheme=theme)
    opened.drawn()
    palette = PALETTES[theme]
    until(opened.page, lambda: share(picture(opened.page), palette.building) > 0.05)
    expect(opened.page.locator(".leaflet-tile-pane img.leaflet-tile")).to_have_count(0)
    shown = steady(opened.page, lambda: picture(opened.page))
    assert share(shown, palette.ground) > 0.05
    assert share(shown, palette.building) > 0.05
    assert share(shown, palette.main) > 0.01
    opened.watch.clean()


def test_the_map_follows_the_theme(demo_server: str, visit: Opener) -> None:
    opened = visit(f"{demo_server}/grids?layers=none&{CENTRE}", color_scheme="light")
    opened.drawn()
    opened.page.click("#theme-button")
    until(opened.page, lambda: share(picture(opened.page), PALETTES["dark"].building) > 0.05)
    opened.watch.clean()


def test_vectors_and_pictures_lie_on_each_other(demo_server: str, visit: Opener) -> None:
    opened = visit(f"{demo_server}/grids?layers=none&{CENTRE}", color_scheme="light")
    opened.drawn()
    until(opened.page, lambda: share(picture(opened.page), PALETTES["light"].building) > 0.05)
    vectors = houses(opened.page)
    opened.page.route("**/tiles/base.json", lambda route: route.fulfill(json={"state": "failed", "key": "x"}))
    opened.page.reload()
    opened.ready()
    opened.page.wait_for_selector(".atlas-map[data-base=pictures]")
    tiles_loaded(opened.page)
    pictures = houses(opened.page)
    # The best shift of one against the other is none.
    found = {
        (dx, dy): float((vectors * np.roll(pictures, (dy, dx), axis=(0, 1))).sum())
        for dx in range(-3, 4)
        for dy in range(-3, 4)
    }
    assert max(found, key=lambda shift: found[shift]) == (0, 0)
    assert found[0, 0] > 0.9 * pictures.sum()


@pytest.fixture(scope="module")
def plain_browser(driver: Playwright) -> Iterator[Browser]:
    """A browser without WebGL."""
    chromium = launch(driver, *[one for one in QUIET if one not in WEBGL], "--disable-3d-apis", "--disable-gpu")
    yield chromium
    chromium.close()


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("path", MAPS)
def test_without_webgl_the_reader_is_told_and_sees_pictures(
    demo_server: str, plain_browser: Browser, path: str, lang: str
) -> None:
    context = plain_browser.new_context(
        viewport={"width": 1440, "height": 900}, locale={"en": "en-GB", "zh": "zh-CN"}[lang], color_scheme="light"
    )
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    watch = Watch(demo_server.split("//")[1])
    watch.attach(page)
    page.goto(f"{demo_server}{path}?layers=none&{CENTRE}")
    page.wait_for_selector("html[data-ready=true]", state="attached")
    expect(page.locator("#map-notes")).to_contain_text(WORDS[lang])
    page.wait_for_selector(".atlas-map[data-base=pictures]")
    tiles_loaded(page)
    until(page, lambda: share(picture(page), PALETTES["light"].building) > 0.05)
    watch.clean()
    context.close()


ADD = """async () => {
    const [{ gl }, { styles }] = await Promise.all([import('/static/js/gl.js'), import('/static/js/gl_style.js')]);
    window.told = [];
    window.gl = gl;
    gl.addVector('test', '/tiles/coverage/{z}/{x}/{y}.mvt', styles.coverage, {
        hover: (row) => {
            window.told.push(['hover', row && row.code]);
            return Object.assign(document.createElement('b'), { textContent: row?.code });
        },
        click: (row) => window.told.push(['click', row.code]),
    });
    const map = await gl.ready;
    if (!map.areTilesLoaded()) await new Promise((done) => map.once('idle', done));
}"""
SHARE = """async () => {
    const { gl } = await import('/static/js/gl.js');
    return gl.map.queryRenderedFeatures().filter((one) => one.source === 'test').length;
}"""
SETTLED = "() => !gl.loading"
SHOW_AND_POINT = """() => {
    gl.setVisible('test', true);
    gl.setUrl('test', '/tiles/coverage/{z}/{x}/{y}.mvt?level=township');
}"""


def test_pointing_and_clicking_reach_what_is_drawn(demo_server: str, visit: Opener) -> None:
    opened = visit(f"{demo_server}/grids?layers=none&{CENTRE}", color_scheme="light")
    opened.drawn()
    page = opened.page
    worked_out(page, f"{demo_server}/api/coverage?wait_s=60")
    page.evaluate(ADD)
    until(page, lambda: page.evaluate(SHARE) > 10)
    box = page.locator(".atlas-map").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x - 5, y)
    page.mouse.move(x, y)
    tooltip = page.locator(".leaflet-tooltip")
    expect(tooltip).to_be_visible()
    page.evaluate("new Promise(requestAnimationFrame)")  # the place is looked up once a frame
    kind, code = page.evaluate("window.told.at(-1)")
    assert kind == "hover"
    expect(tooltip).to_have_text(code)
    page.mouse.click(x, y)
    until(page, lambda: ["click", code] in page.evaluate("window.told"))
    assert "selected" not in query(page)
    page.mouse.move(box["x"] + box["width"] / 2, 10)
    until(page, lambda: page.evaluate("window.told.at(-1)") == ["hover", None])
    expect(page.locator(".leaflet-tooltip")).to_have_count(0)
    opened.watch.clean()


def test_tiles_follow_their_address_and_visibility(demo_server: str, visit: Opener) -> None:
    opened = visit(f"{demo_server}/grids?layers=none&{CENTRE}", color_scheme="light")
    opened.drawn()
    page = opened.page
    for level in ("", "level=township&"):
        worked_out(page, f"{demo_server}/api/coverage?{level}wait_s=60")
    page.evaluate(ADD)
    until(page, lambda: page.evaluate(SHARE) > 10)
    tell = "import('/static/js/gl.js').then(({ gl }) => gl.{})"
    page.evaluate(tell.replace("{}", "setVisible('test', false)"))
    until(page, lambda: page.evaluate(SHARE) == 0)
    # At once, before a frame of the first change was drawn: such an address must not be lost.
    with page.expect_response(lambda response: "level=township" in response.url):
        page.evaluate(SHOW_AND_POINT)
    page.wait_for_function(SETTLED)
    until(page, lambda: page.evaluate(SHARE) > 10)
    # Of addresses that follow each other quickly the last one counts, however late the others answer.
    page.route(re.compile("n=first"), lambda route: (time.sleep(0.4), route.continue_()))
    asked: list[str] = []
    page.on("response", lambda response: asked.append(response.url) if "/tiles/coverage/" in response.url else None)
    page.evaluate(
        """async () => {
            for (const name of ['first', 'second', 'third']) {
                gl.setUrl('test', `/tiles/coverage/{z}/{x}/{y}.mvt?n=${name}`);
                await new Promise((done) => setTimeout(done, 100));
            }
        }"""
    )
    page.wait_for_function(SETTLED)
    until(page, lambda: bool(asked) and "n=third" in asked[-1])
    until(page, lambda: page.evaluate(SHARE) > 10)
    page.evaluate(tell.replace("{}", "remove('test')"))
    until(page, lambda: page.evaluate(SHARE) == 0)
    opened.watch.clean()
