"""A map sheet is true: its bar measures what it says, areas cover what they cover, nothing is left out in silence."""

from __future__ import annotations

import math
from dataclasses import replace
from io import BytesIO
from itertools import pairwise

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pyproj import Geod

from geo.errors import FontMissingError
from layers.base import Legend, LegendItem
from layers.rasters.features import in_order, paint_features
from layers.rasters.layout import LEAST_MAP, Sheet, lay_out
from layers.rasters.lettering import Lettering, plain
from layers.rasters.mercator import TILE_PX, WEB_MERCATOR
from layers.rasters.mosaic import mosaic
from layers.rasters.patterns import NAMES, pattern, tile
from layers.rasters.sheet import bar_length_m, compose, length_text
from layers.rasters.view import View, view_at, view_of
from web.theme import colours
from web.tiles import FONTS

SHADES = colours("light")
INK, PAPER = SHADES["text"], SHADES["surface"]
LAT = st.floats(-80, 80)


def sheet(**changes: object) -> Sheet:
    return replace(Sheet("Title", ("a line",), (), ("Sources: a",), empty="nothing"), **changes)


def drawn(what: Sheet, view_lat: float = 60.0, zoom: float = 14.0, scale: int = 1, size: tuple[int, int] = (900, 600)):  # type: ignore[no-untyped-def]
    lettering = Lettering(FONTS, scale)
    layout = lay_out(what, *size, lettering)
    view = view_at(25.0, view_lat, zoom, layout.map[2], layout.map[3], scale)
    chart = Image.new("RGB", layout.map[2:], SHADES["map-bg"])
    made = compose(what, layout, chart, view, SHADES, lettering, (size[0] * scale, size[1] * scale))
    return made, layout, view


@given(lat=LAT, zoom=st.floats(3, 19), scale=st.sampled_from([1, 2]))
def test_a_pixel_is_as_long_on_the_ground_as_the_view_says(lat: float, zoom: float, scale: int) -> None:
    view = view_at(25.0, lat, zoom, 301, 201, scale)
    assert view.zoom == pytest.approx(zoom)
    from geo.crs import lonlat

    y = view.y0 - view.height * view.per_px / 2
    x = view.x0 + view.width * view.per_px / 2
    step = 0.5 * view.per_px
    (west, east), (south, north) = lonlat(np.array([x - step, x + step]), np.array([y, y]), WEB_MERCATOR)
    _, _, metres = Geod(a=6_378_137.0, b=6_378_137.0).inv(west, south, east, north)
    assert metres == pytest.approx(view.metres_in_px, rel=1e-6)


@given(
    west=st.floats(-170, 169), south=LAT, wide=st.floats(0.001, 10), high=st.floats(0.001, 4),
    size=st.tuples(st.integers(160, 2000), st.integers(160, 2000)),
)  # fmt: skip
def test_a_box_lies_within_its_view(west: float, south: float, wide: float, high: float, size: tuple[int, int]) -> None:
    box = (west, south, west + wide, south + high)
    found = view_of(box, *size)
    shown = found.lonlat_box()
    assert found.zoom == pytest.approx(20) or all(
        a <= b + 1e-9 for a, b in zip((*shown[:2], *box[2:]), (*box[:2], *shown[2:]), strict=True)
    )


def numbered(z: int, x: int, y: int, scale: int) -> bytes:
    """Return a tile whose red and green say which it is, and whose blue says the column in it."""
    side = TILE_PX * scale
    tile = np.zeros((side, side, 3), np.uint8)
    tile[..., 0], tile[..., 1], tile[..., 2] = x % 251, y % 251, (np.arange(side) // scale)[None, :]
    out = BytesIO()
    Image.fromarray(tile).save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize("scale", [1, 2])
def test_tiles_of_a_whole_zoom_are_taken_as_they_are(scale: int) -> None:
    view = view_at(25.0, 60.0, 10.0, 700, 500, scale)
    found = np.asarray(mosaic(view, numbered))
    at = round((view.x0 + 20037508.342789244) / view.per_px) + np.arange(700)
    assert (found[:, :, 0] == at // (TILE_PX * scale) % 251).all()
    assert (found[:, :, 2] == at % (TILE_PX * scale) // scale).all()


def test_beyond_the_world_nothing_is_drawn() -> None:
    found = mosaic(view_at(0.0, 84.9, 2.5, 800, 600), numbered)
    assert found.getpixel((400, 2))[3] == 0 and found.getpixel((400, 590))[3] == 255


def square(view: View, left: float, top: float, wide: float, high: float) -> shapely.Polygon:
    """Return a rectangle given in pixels of the view, in EPSG:3857."""
    xs, ys = (
        (view.x0 + v * view.per_px for v in (left, left + wide)),
        (view.y0 - v * view.per_px for v in (top, top + high)),
    )
    (x0, x1), (y1, y0) = xs, ys
    return shapely.box(x0, y0, x1, y1)


def painted(
    view: View, shapes: list[object], ground: tuple[int, int, int] = (255, 255, 255), **columns: list[object]
) -> np.ndarray:
    image = Image.new("RGB", (view.width, view.height), ground)
    frame = gpd.GeoDataFrame(columns, geometry=shapes, crs=WEB_MERCATOR)
    paint_features(image, view, "density", frame, SHADES, Lettering(FONTS, view.scale))
    return np.asarray(image).astype(int)


@pytest.mark.parametrize("scale", [1, 2])
def test_areas_have_the_colour_of_their_class_and_neighbours_meet_without_a_seam(scale: int) -> None:
    view = view_at(25.0, 60.0, 14.0, 240, 160, scale)
    whole = [square(view, 20, 20, 50.37, 100), square(view, 70.37, 20, 60, 100)]
    found = painted(view, whole, symbol=["ramp-3", "ramp-3"])
    wanted = np.rint(255 + 0.64 * (np.array(SHADES["ramp-3"]) - 255)).astype(int)
    assert np.abs(found[60, 40] - wanted).max() <= 1 and np.abs(found[60, 110] - wanted).max() <= 1
    assert (found[5, 5] == 255).all()
    # Only the outline is drawn where they meet: never the ground through a gap.
    seam = found[60, 66:76]
    assert seam.max() <= wanted.max() + 1


def test_a_hole_stays_open_and_an_unknown_symbol_is_hatched() -> None:
    view = view_at(25.0, 60.0, 14.0, 240, 160)
    ring = shapely.difference(square(view, 20, 20, 100, 100), square(view, 50, 50, 40, 40))
    found = painted(view, [ring, square(view, 140, 20, 80, 100)], symbol=["ramp-4", "no-such-token"])
    assert (found[70, 70] == 255).all() and (found[30, 30] != 255).any()
    hatched = found[30:110, 150:210].reshape(-1, 3)
    assert (hatched == 255).all(axis=1).any() and (hatched < 250).any()


def test_points_and_clusters_stand_where_they_are() -> None:
    view = view_at(25.0, 60.0, 14.0, 240, 160)
    at = shapely.centroid(square(view, 60, 60, 2, 2)), shapely.centroid(square(view, 160, 80, 2, 2))
    image = Image.new("RGB", (240, 160), (255, 255, 255))
    frame = gpd.GeoDataFrame({"count": [1, 88]}, geometry=list(at), crs=WEB_MERCATOR)
    paint_features(image, view, "incidents", frame, SHADES, Lettering(FONTS))
    found = np.asarray(image).astype(int)
    assert np.abs(found[61, 61] - SHADES["incident"]).max() <= 2
    dark = np.argwhere(np.abs(found - SHADES["incident"]).max(axis=2) < 60)
    right = dark[dark[:, 1] > 110]
    assert right[:, 1].mean() == pytest.approx(161, abs=1) and right[:, 0].mean() == pytest.approx(81, abs=1)
    assert np.ptp(right[:, 1]) == pytest.approx(20 + 7 * math.log10(88) - 4, abs=3)


def test_layers_are_painted_in_the_order_of_the_page() -> None:
    assert in_order(["incidents", "hotspots", "grids", "density"]) == ["density", "hotspots", "grids", "incidents"]


# The sheet


def bar(image: Image.Image, layout) -> tuple[int, int]:  # type: ignore[no-untyped-def]
    """Return left end and length of the scale bar: the longest run of ink in the map's lower left."""
    left, top, width, height = layout.map
    part = np.asarray(image)[top + height // 2 : top + height - 3, left + 3 : left + width // 2]
    best = (0, 0)
    for row in part:
        ink = np.concatenate(([0], (row == INK).all(axis=1).astype(int), [0]))
        edges = np.flatnonzero(np.diff(ink))
        for begin, end in zip(edges[::2], edges[1::2], strict=True):
            if end - begin > best[1]:
                best = (int(begin), int(end - begin))
    return best


@pytest.mark.parametrize(("lat", "zoom"), [(0.0, 14.0), (38.6, 11.3), (60.17, 15.25), (-70.0, 17.0)])
@pytest.mark.parametrize("scale", [1, 2])
def test_the_scale_bar_measures_what_it_says(lat: float, zoom: float, scale: int) -> None:
    made, layout, view = drawn(sheet(), lat, zoom, scale)
    _, pixels = bar(made, layout)
    # Independent of the program: degrees of longitude of so many pixels, along the parallel of a sphere.
    degrees = pixels / (TILE_PX * scale * 2**zoom) * 360
    metres = math.radians(degrees) * 6_378_137 * math.cos(math.radians(lat))
    said = bar_length_m(view.metres_in_px, min(160 * scale, layout.map[2] / 3))
    assert metres == pytest.approx(said, rel=1.2 / pixels)
    assert f"{said:e}"[0] in "125" and length_text(said)


@given(metres_in_px=st.floats(1e-3, 1e5), most=st.floats(20, 400))
def test_the_bar_is_the_longest_round_length(metres_in_px: float, most: float) -> None:
    steps = [step * 10.0**power for power in range(-4, 9) for step in (1, 2, 5)]
    found = bar_length_m(metres_in_px, most)
    assert found <= metres_in_px * most * (1 + 1e-9)
    assert found == pytest.approx(
        next(b for b, a in pairwise(reversed(steps)) if b <= metres_in_px * most * (1 + 1e-9))
    )


def test_north_is_up_and_the_approval_number_changes_only_its_line() -> None:
    made, layout, _ = drawn(sheet())
    left, top, width, _ = layout.map
    corner = np.asarray(made)[top + 10 : top + 70, left + width - 50 : left + width - 5]
    ink = np.argwhere((corner == INK).all(axis=2))
    assert len(ink) > 60
    tip, foot = ink[ink[:, 0] == ink[:, 0].min()], ink[(ink[:, 0] > 20) & (ink[:, 0] < 30)]
    assert np.ptp(tip[:, 1]) <= 3 < np.ptp(foot[:, 1])  # an arrow: pointed above, wide below
    numbered, other, _ = drawn(sheet(approval="审图号：GS(2024)0001号"))
    assert other.map[3] < layout.map[3]
    foot_rows = np.asarray(numbered)[600 - 45 :]
    assert (foot_rows == INK).all(axis=2).sum() > 10 and (np.asarray(made)[600 - 45 :] == INK).all(axis=2).sum() == 0


def legend(lines: int) -> dict[str, object]:
    items = tuple(LegendItem(f"ramp-{i % 5}", low=float(i), high=float(i + 1), count=i) for i in range(lines))
    return Legend("Density", "per km²", items, "A note").to_json()


def test_the_legend_shows_its_classes_and_counts_what_has_no_room() -> None:
    made, layout, _ = drawn(sheet(legends=(legend(5),)))
    left, top, width, height = layout.legend
    part = np.asarray(made)[top : top + height, left : left + width].astype(int)
    for step in range(5):
        wanted = SHADES["map-bg"] + 0.64 * (np.array(SHADES[f"ramp-{step}"]) - SHADES["map-bg"])
        assert (np.abs(part - wanted).max(axis=2) <= 1).sum() > 100, step
    cut = sheet(legends=(legend(60),), more="MORE {count}")
    crowded, _, _ = drawn(cut)
    unsaid, _, _ = drawn(replace(cut, more=""))
    assert (np.asarray(crowded) != np.asarray(unsaid)).any()
    assert (np.asarray(crowded)[:, :left] == np.asarray(unsaid)[:, :left]).all()


def test_long_texts_leave_the_map_its_room() -> None:
    words = "一段很长的来源说明 a long note about sources " * 60
    what = sheet(title="长" * 300, lines=(words,), foot=(words, words, words), badge="Simulated data: incidents")
    layout = lay_out(what, 480, 360, Lettering(FONTS))
    assert layout.map[3] >= LEAST_MAP and layout.foot[-1].endswith("…") and layout.title[-1].endswith("…")
    assert all(Lettering(FONTS).width(line, 13) <= 440 for line in layout.foot)


@given(st.text(max_size=80), st.integers(40, 400))
def test_wrapped_lines_hold_every_sign_and_fit(text: str, width: int) -> None:
    lettering, text = Lettering(FONTS), plain(text)
    lines = lettering.wrap(text, 14, width, most=200)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(lettering.width(line, 14) <= width for line in lines if len(line) > 1)


def test_texts_of_the_data_are_one_plain_line() -> None:
    assert plain("a\n\u202eb\x00\tc\ud800") == "a b c"
    assert plain("x" * 500) == "x" * 399 + "…"


def test_a_missing_font_is_said(tmp_path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(FontMissingError, match="fonts-noto-cjk"):
        Lettering([str(tmp_path / "none.ttf")])
    latin = tmp_path / "Latin.ttf"
    latin.write_bytes(b"")
    with pytest.raises(FontMissingError):
        Lettering([str(latin)], chinese=True)


# Patterns


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("name", NAMES)
def test_a_pattern_repeats_without_a_seam_and_leaves_ground(name: str, scale: int) -> None:
    one = tile(name, scale)
    side = len(one)
    found = pattern(name, 3 * side + 1, 4 * side, scale)
    assert found.shape == (3 * side + 1, 4 * side) and 0.05 < found.mean() < 0.6
    assert (found[:side] == found[side : 2 * side]).all() and (found[:, :side] == found[:, side : 2 * side]).all()
    # A straight stroke goes on over the edge of a tile: along it nothing changes.
    along = {"hatch": (1, -1), "intensifying": (1, -1), "diminishing": (1, 1), "stripes": (0, 1), "persistent": (0, 1),
             "consecutive": (1, 0)}.get(name)  # fmt: skip
    if along:
        moved = np.roll(found[: 3 * side, : 4 * side], along, axis=(0, 1))
        assert np.abs(moved - found[: 3 * side, : 4 * side]).max() < 0.1
    else:
        assert name in ("oscillating", "sporadic")


SPOTS = ("", "new", "historical", *(name for name in NAMES if name not in ("hatch", "stripes")))
KINDS = [f"{side}-{name}" if name else side for side in ("hot", "cold") for name in SPOTS]


def test_kinds_of_hot_and_cold_spots_stay_apart_in_grey() -> None:
    view = view_at(25.0, 60.0, 14.0, 120, 80)
    grey = {}
    for kind in KINDS:
        found = painted(view, [square(view, 10, 10, 100, 60)], symbol=[f"spot-{kind}"])
        grey[kind] = (found @ np.array([0.299, 0.587, 0.114]))[5:75, 5:115]
    for i, one in enumerate(KINDS):
        for other in KINDS[i + 1 :]:
            assert np.abs(grey[one] - grey[other]).max() > 12, (one, other)


def test_fewer_is_striped_and_more_is_not() -> None:
    view = view_at(25.0, 60.0, 14.0, 240, 80)
    found = painted(view, [square(view, 10, 10, 100, 60), square(view, 130, 10, 100, 60)],
                    symbol=["change-up-1", "change-down-1"])  # fmt: skip
    assert np.ptp(found[20:60, 60].sum(axis=1)) == 0 < np.ptp(found[20:60, 180].sum(axis=1))


def test_a_broken_outline_is_half_ground() -> None:
    view = view_at(25.0, 60.0, 14.0, 200, 200)
    solid = painted(view, [square(view, 20, 20, 160, 160)], symbol=["grid-line"])
    broken = painted(view, [square(view, 20, 20, 160, 160)], symbol=["spot-cold-historical"])
    line = [np.abs(image[20, 30:170] - 255).sum(axis=1) > 90 for image in (solid, broken)]
    assert line[0].all() and 0.25 < line[1].mean() < 0.75
