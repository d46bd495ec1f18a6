"""Base map tiles: things stand where they are, by rank and zoom, and names agree across tiles."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import shapely
from PIL import Image

from geo.crs import transform_xy
from geo.errors import ParameterError
from layers.rasters.base import BaseMap
from layers.rasters.labels import Labels
from layers.rasters.look import HIDDEN, PALETTES, PRIMARY, street_ranks
from layers.rasters.mercator import metres_per_px, tile_bounds

CRS = "EPSG:32635"
E0, N0 = 385_700.0, 6_672_300.0
FONTS = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
)


@pytest.fixture(scope="module")
def fonts():
    found = [path for path in FONTS if Path(path).is_file()]
    if not found:
        pytest.skip("no font of the list is installed")
    return found


def street(*points):
    return shapely.linestrings([(E0 + x, N0 + y) for x, y in points])


def town(**changes) -> BaseMap:
    streets = np.array(
        [street((-600, 0), (600, 0)), street((0, -600), (0, 600)), street((50, -600), (50, 600))], object
    )
    ring = shapely.box(E0 + 100, N0 + 100, E0 + 200, N0 + 200)
    buildings = np.array([ring.difference(shapely.box(E0 + 130, N0 + 130, E0 + 170, N0 + 170))], object)
    arguments = {"kinds": ["primary", "elevator", "footway"], "names": ["主干路 Main", None, None]} | changes
    water = np.array([shapely.box(E0 - 200, N0 - 200, E0 - 100, N0 - 100)], object)
    return BaseMap(
        streets, arguments["kinds"], arguments["names"], buildings, CRS, water=water, fonts=arguments.get("fonts", ())
    )


def pixel(base: BaseMap, x: float, y: float, z: int, theme="light", scale=1):
    """Return the colour of the pixel at metres (x, y) from the middle of the town, found by its own tile."""
    east, north = (float(v[0]) for v in transform_xy([E0 + x], [N0 + y], CRS, "EPSG:3857"))
    side = metres_per_px(z) * 256
    half = side * 2**z / 2
    column, row = (east + half) / side, (half - north) / side
    picture = Image.open(io.BytesIO(base.tile(z, int(column), int(row), theme, scale)))
    assert picture.size == (256 * scale, 256 * scale)
    return picture.getpixel((int(column % 1 * 256 * scale), int(row % 1 * 256 * scale)))


@pytest.mark.parametrize(("theme", "scale"), [("light", 1), ("dark", 2)])
def test_every_thing_stands_where_it_is(theme, scale):
    base, colours = town(), PALETTES[theme]
    assert pixel(base, 115, 150, 17, theme, scale) == colours.building
    assert pixel(base, 150, 150, 17, theme, scale) == colours.ground  # the courtyard
    assert pixel(base, -150, -150, 17, theme, scale) == colours.water
    assert pixel(base, 300, 0, 17, theme, scale) == colours.main
    assert pixel(base, 300, 100, 17, theme, scale) == colours.ground
    assert pixel(base, 0, 300, 17, theme, scale) == colours.ground  # an elevator is not drawn
    assert pixel(base, 50, -300, 18, theme, scale) == colours.path


def test_small_things_appear_only_when_zoomed_in():
    base, colours = town(), PALETTES["light"]
    assert pixel(base, 115, 150, 13) == colours.ground
    assert pixel(base, 115, 150, 14) != colours.ground
    assert pixel(base, 50, -300, 15) == colours.ground
    assert pixel(base, 300, 0, 12) != colours.ground


def test_unknown_kinds_are_ordinary_streets_and_missing_ones_too():
    assert street_ranks(["primary", "elevator", None, "主干路", "trunk_link"]).tolist() == [
        PRIMARY,
        HIDDEN,
        2,
        PRIMARY,
        PRIMARY,
    ]
    assert street_ranks(["Principal Arterial", "Minor Arterial", "collector", "次干路", "lane"]).tolist() == [
        PRIMARY,
        4,
        3,
        4,
        2,
    ]


@pytest.mark.parametrize(
    ("kind", "apart_m", "shown"), [("lane", 1000.0, True), ("lane", 100.0, False), ("residential", 1000.0, False)]
)
def test_unknown_kinds_show_in_a_whole_town_where_they_are_few(kind, apart_m, shown):
    places = np.arange(0, 5001, apart_m)
    lines = shapely.linestrings([[(E0, N0 + d), (E0 + 5000, N0 + d)] for d in places])
    base = BaseMap(lines, [kind] * len(lines), [None] * len(lines), np.empty(0, object), CRS)
    assert (pixel(base, 2500, 0, 12) != PALETTES["light"].ground) is shown


def test_a_tile_without_anything_and_an_empty_map_are_plain():
    nothing = np.empty(0, object)
    base = BaseMap(nothing, [], [], nothing, CRS)
    tile = Image.open(io.BytesIO(base.tile(10, 3, 4)))
    assert tile.getcolors() == [(256 * 256, PALETTES["light"].ground)]
    assert town().tile(16, 0, 0) == base.tile(16, 0, 0)


def test_the_same_tile_is_the_same_bytes_and_wrong_requests_are_refused():
    assert town().tile(16, 37308, 18968) == town().tile(16, 37308, 18968)
    with pytest.raises(ParameterError, match="no map tile"):
        town().tile(3, 9, 0)
    with pytest.raises(ParameterError, match="no theme"):
        town().tile(3, 0, 0, "blue")
    with pytest.raises(ParameterError, match="no theme"):
        town().tile(3, 0, 0, "light", 3)


def test_names_are_drawn_from_zoom_16_and_only_with_a_font(fonts):
    bare, named = town(), town(fonts=("missing.ttf", *fonts))
    east, north = (float(v[0]) for v in transform_xy([E0], [N0], CRS, "EPSG:3857"))
    for z, differs in ((15, False), (16, True), (18, True)):
        side = metres_per_px(z) * 256
        half = side * 2**z / 2
        column, row = int((east + half) / side), int((half - north) / side)
        around = [(z, column + i, row + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
        assert any(bare.tile(*tile) != named.tile(*tile) for tile in around) is differs
    odd = town(names=[float("nan"), None, "\u2029"], fonts=fonts)
    assert len(odd.labels) == 0


@pytest.mark.parametrize("sign", ["\n", "\x1c", "\x85", "\u2028", "\u2029", "\u202e", "\ufeff"], ids=ascii)
def test_a_name_with_signs_that_no_font_sets_is_drawn_without_them(fonts, sign):
    odd, clean = (town(names=[f"{before}Main{before}"] * 3, fonts=fonts) for before in (sign, ""))
    east, north = (float(v[0]) for v in transform_xy([E0], [N0], CRS, "EPSG:3857"))
    side = metres_per_px(18) * 256
    column, row = int(east / side + 2**17), int(2**17 - north / side)
    around = [(18, column + i, row + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
    assert [odd.tile(*tile) for tile in around] == [clean.tile(*tile) for tile in around]
    assert any(clean.tile(*tile) != town().tile(*tile) for tile in around)


def test_names_agree_where_two_pictures_overlap(fonts):
    rng = np.random.default_rng(3)
    z = 17
    x0, _, _, y1 = tile_bounds(z, 74616, 37936)
    side = metres_per_px(z) * 256
    lines = np.array(
        [shapely.linestrings(np.array([x0, y1]) + rng.uniform(-1, 3, (2, 2)) * side) for _ in range(40)], object
    )
    names = np.array([f"Street {i % 25}" for i in range(40)], object)
    labels = Labels(lines, names, rng.integers(0, 6, 40).astype(np.int8), fonts)
    per_px = metres_per_px(z)

    def draw(columns, rows):
        picture = Image.new("RGB", (256, 256), (200, 200, 200))
        labels.draw(picture, z, (x0 + columns * per_px, y1 - rows * per_px), 1, (0, 0, 0), (255, 255, 255))
        return np.asarray(picture)

    for shift in (64, 128, 200):
        one, across, down = draw(0, 0), draw(shift, 0), draw(0, shift)
        assert (one != 200).any()
        assert (one[:, shift:] == across[:, :-shift]).all()
        assert (one[shift:] == down[:-shift]).all()
