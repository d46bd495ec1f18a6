"""Any layer's features as part of a picture: areas and lines by the colour of their legend symbol, points as signs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray
from PIL import Image

from layers.rasters.lettering import Lettering
from layers.rasters.look import Colour
from layers.rasters.mercator import WEB_MERCATOR
from layers.rasters.paint import cover_rings, cover_strokes
from layers.rasters.patterns import pattern
from layers.rasters.symbols import AreaStyle, Colours, Sign, area_style, colour_of, stamp, symbol_of
from layers.rasters.view import View

if TYPE_CHECKING:
    import geopandas as gpd

DASH_PX = 4.0
# Bottom to top, as on the page; a layer that is not named lies above the density.
ORDER = ("coverage", "density", "change", "*", "streetheat", "grids", "zones", "views", "exposure", "blindspots",
         "places", "cameras", "incidents", "assignment", "findings")  # fmt: skip


def in_order(names: Sequence[str]) -> list[str]:
    """Return layers bottom to top."""
    return sorted(names, key=lambda name: ORDER.index(name if name in ORDER else "*"))


def paint_features(
    image: Image.Image, view: View, layer: str, features: gpd.GeoDataFrame, colours: Colours, lettering: Lettering
) -> None:
    """Paint features onto `image` (RGB), which shows `view`.

    Parameters
    ----------
    layer
        Name of the layer, for features without a `symbol` of their own.
    features
        A frame's, in any CRS.
    """
    if len(features) == 0 or features.crs is None:
        return
    geometry = np.asarray(features.geometry.array, dtype=object)
    present = ~(shapely.is_missing(geometry) | shapely.is_empty(geometry))
    rows = features.drop(columns=features.geometry.name)[present].to_dict("records")
    geometry = _to_pixels(geometry[present], view, features.crs.to_string())
    symbols = np.array([symbol_of(layer, row) for row in rows], dtype=object)
    kind = shapely.get_dimensions(geometry)
    if (kind > 0).any():
        picture = np.asarray(image, dtype=np.float32).copy()
        for symbol in sorted(set(symbols[kind > 0])):
            chosen = symbols == symbol
            paint_areas(picture, geometry[chosen & (kind == 2)], symbol, colours, view.scale)
            _paint_lines(picture, geometry[chosen & (kind == 1)], symbol, colours, view.scale)
        _outlines(picture, geometry[kind == 2], symbols[kind == 2], colours, view.scale)
        image.paste(Image.fromarray(np.rint(picture).astype(np.uint8)))
    at = np.flatnonzero(kind == 0)
    if len(at):
        _paint_points(image, geometry[at], [rows[i] for i in at], symbols[at], view, colours, lettering)


def _to_pixels(geometry: NDArray[Any], view: View, crs: str) -> NDArray[Any]:
    xy = shapely.get_coordinates(geometry)
    x, y = (
        view.pixels(xy[:, 0], xy[:, 1], crs)
        if crs != WEB_MERCATOR
        else (
            (xy[:, 0] - view.x0) / view.per_px,
            (view.y0 - xy[:, 1]) / view.per_px,
        )
    )
    moved: NDArray[Any] = shapely.set_coordinates(shapely.force_2d(geometry), np.column_stack((x, y)))
    return moved


def _flat(parts: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Return coordinates with y upwards, starts and all numbers of rings or lines, as the painters want them."""
    xy, owner = shapely.get_coordinates(parts, return_index=True)
    starts = np.searchsorted(owner, np.arange(len(parts) + 1)).astype(np.int64)
    return xy * (1.0, -1.0), starts, np.arange(len(parts), dtype=np.int64)


def _rings(polygons: NDArray[Any]) -> NDArray[Any]:
    parts = shapely.get_parts(polygons)
    return np.asarray(shapely.get_rings(shapely.orient_polygons(parts)), dtype=object)


def put(picture: NDArray[np.float32], share: NDArray[np.float32], colour: Colour, opacity: float = 1.0) -> None:
    """Lay a colour over a picture (float32, shape (h, w, 3)) where `share` (h, w) covers it."""
    rows = np.flatnonzero(share.any(axis=1))
    if len(rows):
        part = slice(rows[0], rows[-1] + 1)
        picture[part] += (share[part, :, None] * np.float32(opacity)) * (np.array(colour, np.float32) - picture[part])


def paint_areas(
    picture: NDArray[np.float32], polygons: NDArray[Any], symbol: str, colours: Colours, scale: int
) -> None:
    """Fill polygons, given in pixels, as their symbol says; neighbours meet without a seam."""
    style = area_style(symbol, colours)
    if len(polygons) == 0 or style.fill is None:
        return
    height, width = picture.shape[:2]
    share = cover_rings(*_flat(_rings(polygons)), (0.0, 0.0), 1.0, (width, height))
    if style.opacity:
        put(picture, share, colour_of(style.fill, colours), style.opacity)
    if style.strokes:
        strokes = share * pattern(style.strokes, height, width, scale)
        put(picture, strokes, colour_of(style.ink or style.fill, colours), style.stroke_opacity)


def _outlines(
    picture: NDArray[np.float32], polygons: NDArray[Any], symbols: NDArray[Any], colours: Colours, scale: int
) -> None:
    height, width = picture.shape[:2]
    by_style: dict[AreaStyle, list[int]] = {}
    for place, symbol in enumerate(symbols):
        style = area_style(symbol, colours)
        if style.line is not None:
            by_style.setdefault(style, []).append(place)
    for style, places in by_style.items():
        rings = _rings(polygons[places])
        xy, starts, every = _flat(_dashes(rings, DASH_PX * scale) if style.dashed else rings)
        thick = np.full(len(every), style.line_px * scale)
        put(
            picture,
            cover_strokes(xy, starts, every, thick, (0.0, 0.0), 1.0, (width, height)),
            colour_of(str(style.line), colours),
            style.line_opacity,
        )


def _dashes(rings: NDArray[Any], length: float) -> NDArray[Any]:
    """Return every second piece of rings cut into pieces of at most `length`."""
    xy, owner = shapely.get_coordinates(shapely.segmentize(rings, length), return_index=True)
    first = np.flatnonzero(owner[1:] == owner[:-1])
    ends = np.stack((xy[first], xy[first + 1]), axis=1)[::2]
    found: NDArray[Any] = shapely.linestrings(ends)
    return found


def _paint_lines(picture: NDArray[np.float32], lines: NDArray[Any], symbol: str, colours: Colours, scale: int) -> None:
    if len(lines) == 0:
        return
    height, width = picture.shape[:2]
    xy, starts, every = _flat(shapely.get_parts(lines))
    thick = np.full(len(every), 3.0 * scale)
    put(
        picture,
        cover_strokes(xy, starts, every, thick, (0.0, 0.0), 1.0, (width, height)),
        colour_of(symbol, colours),
        0.9,
    )


def _paint_points(
    image: Image.Image,
    points: NDArray[Any],
    rows: list[dict[str, Any]],
    symbols: NDArray[Any],
    view: View,
    colours: Colours,
    lettering: Lettering,
) -> None:
    made: dict[Sign, Image.Image] = {}
    radius = 3.0 if view.zoom < 13 else 4.5 if view.zoom < 16.5 else 6.0
    for point, row, symbol in zip(points, rows, symbols, strict=True):
        sign = sign_of(str(symbol), row, radius)
        if sign not in made:
            made[sign] = stamp(sign, colours, lettering)
        drawn = made[sign]
        for x, y in shapely.get_coordinates(point):
            image.paste(drawn, (round(x - drawn.width / 2), round(y - drawn.height / 2)), drawn)


def sign_of(symbol: str, row: Mapping[str, Any], radius: float) -> Sign:
    """Return the sign of a point; directions are rounded to 5 degrees, so that few different signs are drawn."""
    count = int(row.get("count") or 1)
    if not symbol.startswith("camera") or count > 1:
        return Sign(symbol, count)
    azimuth, width = row.get("azimuth_deg"), row.get("hfov_deg")
    known = azimuth is not None and azimuth == azimuth
    return Sign(
        symbol,
        1,
        row.get("online"),
        5.0 * round(azimuth / 5) if known and azimuth is not None else None,
        10.0 * round(min(width, 120.0) / 10) if width is not None and width == width else 60.0,
        radius,
    )
