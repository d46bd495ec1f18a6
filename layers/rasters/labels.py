"""Street names along streets, placed by one rule that every tile computes alike."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from layers.rasters.mercator import TILE_PX, metres_per_px

FIRST_ZOOM = 16
_SIZE_PX = 14
_STAMPS = 4_000  # drawn names that are kept
_EVERY_PX = 420  # one name per so many pixels of street
_TWICE_PX = 180  # a name does not stand twice within so many pixels
_GAP_PX = 6
_BENT = 0.985  # a name stands only where the street's chord is at least this share of its arc


class Labels:
    """Names of streets and where they may stand.

    Each named street gets places at equal distances along its length. A name is drawn if no name of higher priority
    (rank, then length, then order) wants to stand within its box: a rule that looks at neighbours only, so that two
    tiles always agree about a name on their common edge.

    Nothing is computed before the first picture that needs it.

    Parameters
    ----------
    lines
        Object array of line strings in EPSG:3857.
    names, ranks
        The name and the rank of each line.
    fonts
        Paths of font files, tried in turn.
    """

    def __init__(self, lines: NDArray[Any], names: NDArray[Any], ranks: NDArray[np.int8], fonts: Sequence[str]) -> None:
        self._font_path = next((path for path in fonts if Path(path).is_file()), None)
        self._fonts: dict[int, ImageFont.FreeTypeFont] = {}
        self._stamps: OrderedDict[tuple[str, int, tuple[int, ...]], Image.Image] = OrderedDict()
        self._places: dict[int, _Places] = {}
        self._merged: _Named | None = None
        self._lock = Lock()
        self._raw = (lines, names, ranks)

    def __len__(self) -> int:
        return len(self._raw[0])

    def draw(
        self,
        image: Image.Image,
        z: int,
        origin: tuple[float, float],
        scale: int,
        text: tuple[int, int, int],
        halo: tuple[int, int, int],
    ) -> None:
        """Draw onto `image`, whose north-west corner is at `origin` (EPSG:3857), the names of zoom `z`."""
        if z < FIRST_ZOOM or self._font_path is None or not len(self):
            return
        with self._lock:
            places = self._places.get(z)
            if places is None:
                places = self._places[z] = self._place(z)
        per_px = metres_per_px(z)
        side = TILE_PX * per_px
        box = shapely.box(origin[0], origin[1] - side, origin[0] + side, origin[1])
        for number in np.sort(places.tree.query(box, predicate="intersects")).tolist():
            x, y = places.xy[number]
            stamp = self._stamp(places.name[number], scale, (*text, *halo))
            turned = stamp.rotate(places.angle_deg[number], Image.Resampling.BICUBIC, expand=True)
            at_x = (x - origin[0]) / per_px * scale - turned.width / 2
            at_y = (origin[1] - y) / per_px * scale - turned.height / 2
            image.paste(turned, (round(at_x), round(at_y)), turned)

    def _font(self, px: int) -> ImageFont.FreeTypeFont:
        if px not in self._fonts:
            # In Noto's CJK collection the third face has the Chinese forms.
            index = 2 if str(self._font_path).endswith(".ttc") else 0
            self._fonts[px] = ImageFont.truetype(str(self._font_path), px, index=index)
        return self._fonts[px]

    def _stamp(self, name: str, scale: int, colours: tuple[int, ...]) -> Image.Image:
        """Return the name with a halo, upright, on a transparent ground."""
        key = (name, scale, colours)
        with self._lock:
            stamp = self._stamps.pop(key, None)
            if stamp is None:
                font, edge = self._font(_SIZE_PX * scale), 2 * scale
                left, top, right, bottom = font.getbbox(name, stroke_width=edge)
                stamp = Image.new("RGBA", (int(right - left) + 2, int(bottom - top) + 2), (*colours[3:], 0))
                ImageDraw.Draw(stamp).text(
                    (1 - left, 1 - top), name, colours[:3], font, stroke_width=edge, stroke_fill=colours[3:]
                )
            self._stamps[key] = stamp  # the last used stands last
            if len(self._stamps) > _STAMPS:
                self._stamps.popitem(last=False)
            return stamp

    def _merge(self) -> _Named:
        """Join the lines of each name, and measure the names."""
        lines, names, ranks = self._raw
        distinct, group = np.unique(names.astype(str), return_inverse=True)
        order = np.argsort(group, kind="stable")
        joined = shapely.line_merge(shapely.multilinestrings(lines[order], indices=group[order]))
        parts, owner = shapely.get_parts(joined, return_index=True)
        best = np.zeros(len(distinct), dtype=np.int64)
        np.maximum.at(best, group, ranks)
        font = self._font(_SIZE_PX)
        boxes = np.array([font.getbbox(name, stroke_width=2) for name in distinct.tolist()], dtype=np.float64)
        size = boxes[:, 2:] - boxes[:, :2]
        return _Named(parts, shapely.length(parts), owner, distinct.astype(object), best[owner], size[owner])

    def _place(self, z: int) -> _Places:
        """Find all places of a zoom level, then drop those in the way of a more important one."""
        if self._merged is None:
            self._merged = self._merge()
        named, per_px = self._merged, metres_per_px(z)
        wide, high = named.size_px.T * per_px
        fits = np.flatnonzero(named.length >= 1.1 * wide)
        count = np.maximum(1, np.rint(named.length[fits] / (_EVERY_PX * per_px))).astype(np.int64)
        line = np.repeat(fits, count)
        step = np.arange(len(line)) - np.repeat(np.cumsum(count) - count, count)
        centre = (step + 0.5) / np.repeat(count, count) * named.length[line]
        before = np.maximum(centre - wide[line] / 2, 0.0)
        after = np.minimum(centre + wide[line] / 2, named.length[line])
        start = shapely.get_coordinates(shapely.line_interpolate_point(named.lines[line], before)).reshape(-1, 2)
        end = shapely.get_coordinates(shapely.line_interpolate_point(named.lines[line], after)).reshape(-1, 2)
        straight = np.hypot(*(end - start).T) >= _BENT * (after - before)
        line, start, end = line[straight], start[straight], end[straight]
        xy, along = (start + end) / 2, end - start
        angle = (np.degrees(np.arctan2(along[:, 1], along[:, 0])) + 90) % 180 - 90  # never upside down
        gap = 2 * _GAP_PX * per_px
        boxes = _turned_boxes(xy[:, 0], xy[:, 1], angle, wide[line] + gap, high[line] + gap)
        order = np.lexsort((np.arange(len(line)), -named.length[line], -named.rank[line]))
        priority = np.empty(len(line), dtype=np.int64)
        priority[order] = np.arange(len(line))
        beaten = np.zeros(len(line), dtype=bool)
        left, right = shapely.STRtree(boxes).query(boxes, predicate="intersects")
        beaten[left[priority[right] < priority[left]]] = True
        # The two carriageways of a street carry its name once.
        points = shapely.points(xy)
        left, right = shapely.STRtree(points).query(points, predicate="dwithin", distance=_TWICE_PX * per_px)
        same = named.owner[line[left]] == named.owner[line[right]]
        beaten[left[same & (priority[right] < priority[left])]] = True
        keep = ~beaten
        return _Places(named.names[named.owner[line[keep]]], xy[keep], angle[keep], shapely.STRtree(boxes[keep]))


@dataclass(frozen=True)
class _Named:
    """Joined lines with their length (EPSG:3857 metres), name, rank and the size of the drawn name in pixels."""

    lines: NDArray[Any]
    length: NDArray[np.float64]
    owner: NDArray[np.int64]
    names: NDArray[Any]
    rank: NDArray[np.int64]
    size_px: NDArray[np.float64]


@dataclass(frozen=True)
class _Places:
    """Where the names of one zoom level stand."""

    name: NDArray[Any]
    xy: NDArray[np.float64]
    angle_deg: NDArray[np.float64]
    tree: shapely.STRtree


def _turned_boxes(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    angle: NDArray[np.float64],
    wide: NDArray[np.float64],
    high: NDArray[np.float64],
) -> NDArray[Any]:
    """Return rectangles around centres, turned by `angle` degrees counter-clockwise."""
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    corners = [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5), (-0.5, -0.5)]
    ring = [(x + a * wide * cos - b * high * sin, y + a * wide * sin + b * high * cos) for a, b in corners]
    return np.asarray(shapely.polygons(np.stack([np.column_stack(point) for point in ring], axis=1)), dtype=object)
