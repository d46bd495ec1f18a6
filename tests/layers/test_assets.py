"""Every file a page loads is in one table, lies in node_modules, and comes from our own host."""

from __future__ import annotations

import copy
import re
from html.parser import HTMLParser
from pathlib import Path

import folium
import pytest
from branca.element import JavascriptLink
from folium.plugins import HeatMap

from layers import BASEMAP, REGISTRY
from layers.assets import FOLIUM_LINKS, PACKAGES, UnmappedAssetError, addresses, split_header
from layers.elements import AtlasMap
from settings import Settings
from web.maps import PAGE_LAYERS, PAGE_OPENS, build_map

ROOT = Path(__file__).resolve().parents[2]
MODULES = ROOT / "node_modules"
PAGES = sorted(PAGE_LAYERS)


def test_table_names_every_link_of_a_folium_map() -> None:
    names = {name for name, _ in [*folium.Map.default_js, *folium.Map.default_css]}
    assert names == set(FOLIUM_LINKS)


@pytest.mark.parametrize("address", sorted(addresses()))
def test_every_address_is_an_installed_file(address: str) -> None:
    if not MODULES.is_dir():
        pytest.skip("the browser files are not installed (npm ci)")
    _, assets, package, *rest = address.split("/")
    assert assets == "assets"
    assert (MODULES / PACKAGES[package] / "/".join(rest)).is_file()


def test_fonts_name_only_files_beside_them() -> None:
    if not MODULES.is_dir():
        pytest.skip("the browser files are not installed (npm ci)")
    for address in addresses():
        if address.endswith(".css"):
            file = MODULES / PACKAGES[address.split("/")[2]] / address.split("/", 3)[3]
            for target in re.findall(r"url\(([^)]+)\)", file.read_text("utf-8")):
                assert not re.match(r"['\"]?(https?:)?//", target)


def test_an_unmapped_asset_is_an_error() -> None:
    chart = AtlasMap(tiles=None)
    HeatMap([[60.0, 25.0]]).add_to(chart)
    figure = chart.get_root()
    figure.render()
    with pytest.raises(UnmappedAssetError):
        split_header(figure)


def test_a_renamed_folium_link_is_an_error() -> None:
    chart = AtlasMap(tiles=None)
    figure = chart.get_root()
    figure.render()
    figure.header.add_child(JavascriptLink("/assets/leaflet/leaflet.js"), name="leaflet2")
    with pytest.raises(UnmappedAssetError):
        split_header(figure)


@pytest.mark.parametrize("page", PAGES)
def test_rendering_leaves_foliums_own_lists_alone(page: str) -> None:
    before = copy.deepcopy((folium.Map.default_js, folium.Map.default_css))
    build_map(page, {"bounds": [24.9, 60.1, 25.0, 60.2]}, Settings(), "n0nce")
    assert (folium.Map.default_js, folium.Map.default_css) == before


class Tags(HTMLParser):
    """Collects tags and their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("bounds", [None, [24.9, 60.1, 25.0, 60.2]])
def test_map_loads_nothing_from_elsewhere_and_carries_the_nonce(page: str, bounds: list[float] | None) -> None:
    parts = build_map(page, {"bounds": bounds}, Settings(), "n0nce")
    everything = f"{parts.header}{parts.html}{parts.script}"
    assert not re.search(r"https?:|//[a-z]", everything.replace("window.atlas", ""))
    for tag, attributes in Tags(parts.header + parts.html).found:
        assert not [name for name in attributes if name.startswith("on")]
        if tag == "script":
            assert attributes["nonce"] == "n0nce"
            assert str(attributes["src"]).startswith("/assets/")
    assert "<" not in parts.script
    assert len(everything) < 10_000


def test_a_nonce_cannot_leave_its_attribute() -> None:
    parts = build_map("grids", None, Settings(), '"><script>alert(1)</script>')
    assert "<script>alert" not in parts.header


def test_pages_name_layers_that_exist() -> None:
    for page, names in PAGE_LAYERS.items():
        assert set(names) <= set(REGISTRY)
        assert set(PAGE_OPENS[page]) <= set(names)
    assert {name for names in PAGE_LAYERS.values() for name in names} == set(REGISTRY)


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_every_layer_draws_an_element_that_names_its_address(name: str) -> None:
    chart = AtlasMap(tiles=None)
    REGISTRY[name].draw(f"/api/layers/{name}", REGISTRY[name].title).add_to(chart)
    figure = chart.get_root()
    figure.render()
    script = figure.script.render()
    assert ("/tiles/heat/" if name == "heat" else f"/api/layers/{name}") in script
    assert BASEMAP.name not in REGISTRY
