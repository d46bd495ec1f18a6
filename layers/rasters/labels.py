"""Street names along streets, placed by one rule that every tile computes alike."""

from __future__ import annotations

from collections.abc import Sequence
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
_EVERY_PX = 420  # one name per so many pixels of street
_TWICE_PX = 180  # a name does not stand twice within so many pixels
_GAP_PX = 6
_BENT = 0.985  # a name stands only where the street's chord is at least this share of its arc


class Labels:
    """Names of streets and where they may stand.

    Each named street gets places at equal distances along its length. A name is drawn if no name of higher priority
    (rank, then length, then order) wants to stand within its box: a rule that looks at neighbours only, so that two
    tiles always agree about a name on their common edge.

    Parameters
    ----------
    lines
        Coordinates in EPSG:3857, one array of shape (n, 2) per line.
    names, ranks
        The name and the rank of each line.
    fonts
        Paths of font files, tried in turn.
    """

    def __init__(
        self, lines: Sequence[NDArray[np.float64]], names: NDArray[Any], ranks: NDArray[np.int8], fonts: Sequence[str]
    ) -> None:
        self._font_path = next((path for path in fonts if Path(path).is_file()), None)
        self._fonts: dict[int, ImageFont.FreeTypeFont] = {}
        self._stamps: dict[tuple[str, int, tuple[int, ...]], Image.Image] = {}
        self._places: dict[int, _Places] = {}
        self._lock = Lock()
        self.lines: list[NDArray[np.float64]] = []
        self.names: list[str] = []
        rank: list[int] = []
        groups: dict[str, list[int]] = {}
        for position, name in enumerate(names):
            groups.setdefault(str(name), []).append(position)
        for name in sorted(groups):
            members = groups[name]
            merged = shapely.line_merge(shapely.multilinestrings([shapely.linestrings(lines[i]) for i in members]))
            for part in shapely.get_parts(merged):
                self.lines.append(shapely.get_coordinates(part))
                self.names.append(name)
                rank.append(int(max(ranks[i] for i in members)))
        self.rank = np.array(rank, dtype=np.int64)

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
        if z < FIRST_ZOOM or self._font_path is None or not self.lines:
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
            stamp = self._stamp(self.names[places.line[number]], scale, (*text, *halo))
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
            if key not in self._stamps:
                font, edge = self._font(_SIZE_PX * scale), 2 * scale
                left, top, right, bottom = font.getbbox(name, stroke_width=edge)
                stamp = Image.new("RGBA", (int(right - left) + 2, int(bottom - top) + 2), (*colours[3:], 0))
                ImageDraw.Draw(stamp).text(
                    (1 - left, 1 - top), name, colours[:3], font, stroke_width=edge, stroke_fill=colours[3:]
                )
                self._stamps[key] = stamp
            return self._stamps[key]

    def _place(self, z: int) -> _Places:
        """Find all places of a zoom level, then drop those in the way of a more important one."""
        per_px = metres_per_px(z)
        font = self._font(_SIZE_PX)
        found: list[tuple[int, float, float, float, float, float]] = []
        for number, xy in enumerate(self.lines):
            left, top, right, bottom = font.getbbox(self.names[number], stroke_width=2)
            wide, high = (right - left) * per_px, (bottom - top) * per_px
            along = np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))))
            if along[-1] < 1.1 * wide:
                continue
            count = max(1, round(along[-1] / (_EVERY_PX * per_px)))
            for centre in (np.arange(count) + 0.5) / count * along[-1]:
                ends = np.clip([centre - wide / 2, centre + wide / 2], 0, along[-1])
                x, y = np.interp(ends, along, xy[:, 0]), np.interp(ends, along, xy[:, 1])
                chord = np.hypot(x[1] - x[0], y[1] - y[0])
                if chord < _BENT * (ends[1] - ends[0]):
                    continue
                angle = np.degrees(np.arctan2(y[1] - y[0], x[1] - x[0]))
                angle = (angle + 90) % 180 - 90  # never upside down
                found.append((number, x.mean(), y.mean(), angle, wide, high))
        if not found:
            return _Places(np.empty(0, np.int64), np.empty((0, 2)), np.empty(0), shapely.STRtree([]))
        line = np.array([row[0] for row in found], dtype=np.int64)
        x, y, angle, wide, high = np.array([row[1:] for row in found]).T
        boxes = _turned_boxes(x, y, angle, wide + 2 * _GAP_PX * per_px, high + 2 * _GAP_PX * per_px)
        length = np.array([shapely.linestrings(self.lines[i]).length for i in line])
        order = np.lexsort((np.arange(len(line)), -length, -self.rank[line]))
        priority = np.empty(len(line), dtype=np.int64)
        priority[order] = np.arange(len(line))
        left, right = shapely.STRtree(boxes).query(boxes, predicate="intersects")
        beaten = np.zeros(len(line), dtype=bool)
        beaten[left[priority[right] < priority[left]]] = True
        # The two carriageways of a street carry its name once.
        points = shapely.points(x, y)
        left, right = shapely.STRtree(points).query(points, predicate="dwithin", distance=_TWICE_PX * per_px)
        same = np.array(self.names, dtype=object)[line[left]] == np.array(self.names, dtype=object)[line[right]]
        beaten[left[same & (priority[right] < priority[left])]] = True
        keep = ~beaten
        return _Places(line[keep], np.column_stack((x, y))[keep], angle[keep], shapely.STRtree(boxes[keep]))


class _Places:
    """Where the names of one zoom level stand."""

    def __init__(
        self, line: NDArray[np.int64], xy: NDArray[np.float64], angle_deg: NDArray[np.float64], tree: shapely.STRtree
    ) -> None:
        self.line, self.xy, self.angle_deg, self.tree = line, xy, angle_deg, tree


def _turned_boxes(
    x: NDArray[np.float64], y: NDArray[np.float64], angle: NDArray[np.float64], wide: NDArray[np.float64],
    high: NDArray[np.float64],
) -> NDArray[Any]:
    """Return rectangles around centres, turned by `angle` degrees counter-clockwise."""
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    corners = [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5), (-0.5, -0.5)]
    ring = [(x + a * wide * cos - b * high * sin, y + a * wide * sin + b * high * cos) for a, b in corners]
    return np.asarray(shapely.polygons(np.stack([np.column_stack(point) for point in ring], axis=1)), dtype=object)
