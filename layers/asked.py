"""Which cameras see a place, or the places along a line, and why the others do not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.camera_facts import px_per_m_at
from geo.crs import grid_azimuth
from layers.sight import Sight

NEAREST = 10
DECIMALS = 3  # of lengths along a line, metres
# What `geo.look` answers, and "off": a camera that sees nothing at all by the reader's rules.
WHY = ("seen", "range", "near", "direction", "wall")
OFF = "off"

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Seers:
    """Cameras and how they stand to a place; arrays of equal length, nearest first.

    Attributes
    ----------
    rows
        int64, of the cameras.
    distance_m, bearing_deg
        float64, from the place to where the camera looks from; clockwise from true north.
    px_per_m
        float64, NaN where pixels or angle of view are not known.
    word
        object: "certain" or "possible"; of cameras that do not see it why, see `WHY` and `OFF`.
    """

    rows: Rows
    distance_m: Floats
    bearing_deg: Floats
    px_per_m: Floats
    word: NDArray[Any]


@dataclass(frozen=True)
class PointSeen:
    """The state of a place ("built" inside a building), who sees it, and the nearest cameras that do not."""

    state: str
    seen: Seers
    unseen: Seers


def at_point(sight: Sight, x: float, y: float) -> PointSeen:
    """Answer for one place, metres in the CRS of `sight`."""
    of = sight.beams
    code, state, found = _answer(sight, x, y)
    unseen = _nearest(sight, x, y, np.sort(found.rows))
    # A camera is kept from seeing the place by the last thing in the way of the beam that comes nearest to it.
    starts, ends = (np.searchsorted(of.camera, unseen, side) for side in ("left", "right"))
    why = [int(code[start:end].max(initial=0)) for start, end in zip(starts, ends, strict=True)]
    words = np.array([OFF, *WHY[1:]], dtype=object)
    turn = float(grid_azimuth([0.0], [x], [y], sight.crs)[0])
    return PointSeen(state, found, _seers(sight, x, y, turn, unseen, words[np.array(why, dtype=np.int64)]))


def seers_at(sight: Sight, x: float, y: float) -> tuple[str, Seers]:
    """Return the state of a place and who sees it, as `at_point` does, without asking why the others do not."""
    return _answer(sight, x, y)[1:]


def _answer(sight: Sight, x: float, y: float) -> tuple[NDArray[np.int8], str, Seers]:
    """Return what each beam answers, the state of the place, and who sees it."""
    from geo.look import look  # the compiler comes with it

    of = sight.beams
    code = look(x, y, of.beams, sight.obstacles, target_height_m=sight.rules.target_height_m)
    sees = np.flatnonzero(code == 0)
    seen = np.unique(of.camera[sees]).astype(np.int64)
    certain = np.isin(seen, of.camera[sees[of.certain[sees]]])
    solid = sight.obstacles.tree().query(shapely.Point(x, y), predicate="within")
    state = "built" if len(solid) else "certain" if certain.any() else "possible" if len(seen) else "blind"
    turn = float(grid_azimuth([0.0], [x], [y], sight.crs)[0])
    words = np.where(certain, "certain", "possible").astype(object)
    return code, state, _seers(sight, x, y, turn, seen, words)


def _nearest(sight: Sight, x: float, y: float, seen: Rows) -> Rows:
    """The cameras nearest to a place that are not among `seen`."""
    most = min(NEAREST + len(seen), len(sight))
    if most == 0:
        return np.zeros(0, np.int64)
    rows = np.atleast_1d(sight.nearest().query((x, y), k=most)[1]).astype(np.int64)
    return rows[~np.isin(rows, seen)][:NEAREST]


def _seers(sight: Sight, x: float, y: float, turn: float, rows: Rows, word: NDArray[Any]) -> Seers:
    from_x, from_y = sight.stands()
    away = np.hypot(from_x[rows] - x, from_y[rows] - y)
    order = np.lexsort((rows, away))
    rows, away = rows[order], away[order]
    bearing = np.degrees(np.arctan2(from_x[rows] - x, from_y[rows] - y)) - turn
    density = px_per_m_at(sight.facts.take(rows), np.arange(len(rows)), away)
    return Seers(rows, away, np.mod(bearing, 360.0), density, word[order])


@dataclass(frozen=True)
class Step:
    """A part of a line of one state, seen by the same cameras."""

    from_m: float
    to_m: float
    state: str
    certain: tuple[int, ...]
    possible: tuple[int, ...]

    @property
    def length_m(self) -> float:
        return self.to_m - self.from_m


def along_line(sight: Sight, x: Floats, y: Floats) -> list[Step]:
    """Return the parts of a line, from its first corner on; ends are rounded to millimetres.

    Parts are found by cutting the line with the views' polygons and the buildings.

    Parameters
    ----------
    x, y
        float64 (k,), k >= 2: corners, metres in the CRS of `sight`.
    """
    corners = np.column_stack([x, y])
    lengths = np.hypot(*np.diff(corners, axis=0).T)
    starts = np.concatenate([[0.0], np.cumsum(lengths)])
    whole = shapely.LineString(corners)
    of = sight.beams
    near = np.flatnonzero(shapely.dwithin(shapely.points(of.beams.x, of.beams.y), whole, of.beams.far_m))
    polygons = _seen(sight, near)
    solids = sight.obstacles.solids[sight.obstacles.tree().query(whole, predicate="intersects")]
    events: list[tuple[float, int, int, bool]] = []  # place, +1 or -1, camera (-1: a building), certain
    for i, length in enumerate(lengths):
        if length == 0:
            continue
        a, unit = corners[i], (corners[i + 1] - corners[i]) / length
        segment = shapely.LineString(corners[i : i + 2])
        for shapes, camera, certain in (
            (polygons, of.camera[near], of.certain[near]),
            (solids, np.full(len(solids), -1), np.zeros(len(solids), bool)),
        ):
            for which, low, high in _cuts(segment, shapes, a, unit):
                begin, end = (round(float(starts[i] + min(max(t, 0.0), length)), DECIMALS) for t in (low, high))
                if end > begin:
                    owner, sure = int(camera[which]), bool(certain[which])
                    events += [(begin, 1, owner, sure), (end, -1, owner, sure)]
    return list(_steps(events, round(float(starts[-1]), DECIMALS)))


def _seen(sight: Sight, beams: Rows) -> NDArray[Any]:
    if len(beams) == 0:
        return np.zeros(0, dtype=object)
    from geo.visibility import visible

    found = visible(sight.beams.take(beams), sight.obstacles, target_height_m=sight.rules.target_height_m)
    return found.polygons


def _cuts(segment: Any, shapes: NDArray[Any], a: Floats, unit: Floats) -> Iterator[tuple[int, float, float]]:
    """Which shape, from where to where along a straight segment, for each part of it in a shape."""
    parts, which = shapely.get_parts(shapely.intersection(shapes, segment), return_index=True)
    lines = (shapely.get_type_id(parts) == 1) & ~shapely.is_empty(parts)
    for part, shape in zip(parts[lines], which[lines], strict=True):
        places = (shapely.get_coordinates(part) - a) @ unit
        yield int(shape), float(places.min()), float(places.max())


def _steps(events: list[tuple[float, int, int, bool]], length: float) -> Iterator[Step]:
    """Sweep along the line; neighbours that say the same become one step."""
    events.sort(key=lambda event: event[0])
    counts: dict[tuple[int, bool], int] = {}
    last: Step | None = None
    place, i = 0.0, 0
    while place < length:
        while i < len(events) and events[i][0] <= place:
            _, change, owner, sure = events[i]
            counts[owner, sure] = counts.get((owner, sure), 0) + change
            if counts[owner, sure] == 0:
                del counts[owner, sure]
            i += 1
        upto = min(events[i][0], length) if i < len(events) else length
        certain = tuple(sorted(row for row, sure in counts if sure))
        possible = tuple(sorted(row for row, sure in counts if not sure and row >= 0 and (row, True) not in counts))
        built = (-1, False) in counts
        state = "built" if built else "certain" if certain else "possible" if possible else "blind"
        if last is not None and (last.state, last.certain, last.possible) == (state, certain, possible):
            last = Step(last.from_m, upto, state, certain, possible)
        else:
            if last is not None:
                yield last
            last = Step(place, upto, state, certain, possible)
        place = upto
    if last is not None:
        yield last
