"""Every page, in both languages and two sizes: it draws, stays on its host, and prints nothing to the console."""

from __future__ import annotations

import re
import urllib.request

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import SIZES, Opener, until
from tests.browser.test_workspace import query

PAGES = ("/command", "/planner", "/grids", "/import", "/about", "/trail")
MAPS = PAGES[:3]
SHELL_LIMIT = 100_000

# Latin words that a Chinese page may hold: units, formats, names of standards and of the data itself.
LATIN_ALLOWED = re.compile(
    r"\b(GridAtlas|OpenStreetMap|ODbL|WGS|EPSG|UTM|CRS|CSV|XLSX|GeoJSON|GeoPackage|GeoParquet|FlatGeobuf|KML|KMZ|Shapefile|"
    r"km|km2|m2|ha|m|px|deg|ID|UTF|GBK|GB|BD|GCJ|English|Helsinki|Europe|Asia|flask|import|Leaflet|Folium|API|JSON|N|E|S|W)\b"
)


@pytest.mark.browser
@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("size", list(SIZES))
@pytest.mark.parametrize("path", PAGES)
def test_page_draws_and_stays_on_its_host(demo_server: str, visit: Opener, path: str, size: str, lang: str) -> None:
    opened = visit(f"{demo_server}{path}", size=size, lang=lang)
    assert opened.page.evaluate("document.documentElement.lang").startswith(lang)
    width = opened.page.evaluate("document.documentElement.scrollWidth")
    assert width <= SIZES[size][0], "the page scrolls sideways"
    opened.watch.clean()


@pytest.mark.browser
@pytest.mark.parametrize("path", PAGES)
def test_empty_store_says_what_to_do(empty_server: str, visit: Opener, path: str) -> None:
    opened = visit(f"{empty_server}{path}")
    if path in MAPS:
        expect(opened.page.get_by_role("link", name=re.compile("import", re.IGNORECASE))).not_to_have_count(0)
        expect(opened.page.locator("[data-empty]").first).to_be_visible()
    opened.watch.clean()


@pytest.mark.browser
@pytest.mark.parametrize("path", PAGES)
def test_shell_is_small(demo_server: str, path: str) -> None:
    with urllib.request.urlopen(f"{demo_server}{path}") as answer:
        assert len(answer.read()) <= SHELL_LIMIT


@pytest.mark.browser
@pytest.mark.parametrize("path", PAGES)
def test_the_chinese_page_holds_no_english_and_marks_simulated_data(demo_server: str, visit: Opener, path: str) -> None:
    page = visit(f"{demo_server}{path}", lang="zh").page
    chrome = page.evaluate(
        """() => [...document.querySelectorAll('[data-i18n], button, label, h1, h2, h3, legend, th, summary, option')]
            .filter(e => !e.closest('[data-from="data"]') && e.checkVisibility())
            .map(e => e.textContent.trim()).filter(Boolean)"""
    )
    assert chrome
    left = [text for text in chrome if re.search(r"[A-Za-z]{3,}", LATIN_ALLOWED.sub("", text))]
    assert left == []
    if path in MAPS:
        expect(page.get_by_text("模拟数据").filter(visible=True)).not_to_have_count(0)


@pytest.mark.browser
@pytest.mark.parametrize("path", MAPS)
def test_scale_bar_legend_with_unit_and_simulated_data(demo_server: str, visit: Opener, path: str) -> None:
    page = visit(f"{demo_server}{path}").page
    expect(page.locator(".leaflet-control-scale").first).to_be_visible()
    expect(page.get_by_text("Simulated", exact=False).filter(visible=True)).not_to_have_count(0)
    legends = page.locator("[data-legend]")
    expect(legends).not_to_have_count(0)
    assert (
        legends.evaluate_all("all => all.filter((one) => one.dataset.unit === undefined).map((one) => one.outerHTML)")
        == []
    )


@pytest.mark.browser
def test_permalink_restores_the_view(demo_server: str, visit: Opener) -> None:
    first = visit(f"{demo_server}/command").page
    first.evaluate("void window.atlas.map.setZoom(window.atlas.map.getZoom() + 1, {animate: false})")
    query(first)  # once the address has followed
    where = "(map => [map.getZoom(), map.getCenter().lat.toFixed(4), map.getCenter().lng.toFixed(4)])(window.atlas.map)"
    second = visit(first.url).page
    until(second, lambda: second.evaluate(where) == first.evaluate(where))
