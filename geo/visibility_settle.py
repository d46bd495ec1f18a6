"""Where many cameras look from: those drawn inside a building go to its façade, by the rules of `geo.facade`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numba import njit
from numpy.typing import ArrayLike, NDArray

from geo.facade import FACADE_OFFSET_M, place_camera
from geo.obstacles import Obstacles
from geo.view import GRID_M

Floats = NDArray[np.float64]

FREE, AZIMUTH, NEAREST = 0, 1, 2
CLEAR_M = 1e-5  # nearer to a wall than this is on it, whatever corners rounded by an overlay say
_RULES = ("free", "azimuth", "nearest")
_AROUND_M = 100.0  # solids looked at about a camera whose first step leads into another solid


@dataclass(frozen=True)
class Settled:
    """Where cameras look from; arrays (n,).

    `moved_m` is how far each was moved out of a building, `rule` int8: 0 free, 1 along its azimuth, 2 to the nearest
    façade. See `geo.facade.place_camera`.
    """

    x: Floats
    y: Floats
    moved_m: Floats
    rule: NDArray[np.int8]


def settle_cameras(x: ArrayLike, y: ArrayLike, azimuth_deg: ArrayLike, obstacles: Obstacles) -> Settled:
    """Move cameras that lie inside a solid, or on its edge, to just in front of the façade.

    Parameters
    ----------
    x, y
        (n,), metres.
    azimuth_deg
        (n,), or one for all, from grid north; NaN where unknown.
    obstacles
        See `geo.obstacles.build_obstacles`.

    Raises
    ------
    ParameterError
        No free place was found.

    Examples
    --------
    >>> from geo.obstacles import build_obstacles
    >>> house = build_obstacles([shapely.box(-5, 0, 5, 10)])
    >>> settle_cameras([0.0, 20.0], [4.0, 4.0], [90.0, 0.0], house).moved_m.round(2).tolist()
    [5.01, 0.0]
    """
    x, y = np.array(x, np.float64), np.array(y, np.float64)
    azimuth = np.ascontiguousarray(np.broadcast_to(np.asarray(azimuth_deg, np.float64), x.shape))
    moved, rule = np.zeros(len(x)), np.zeros(len(x), np.int8)
    if not len(obstacles.solids) or not len(x):
        return Settled(x, y, moved, rule)
    o, tree = obstacles, obstacles.tree()
    camera, solid = tree.query(shapely.points(np.column_stack([x, y])), predicate="dwithin", distance=CLEAR_M)
    inside, rows, met = np.unique(camera, return_index=True, return_counts=True)
    out = np.empty((len(inside), 3))
    step_out(x[inside], y[inside], azimuth[inside], solid[rows], o.first, o.ax, o.ay, o.bx, o.by, out)
    unsure = met > 1  # on the wall between two solids
    unsure[tree.query(shapely.points(out[:, :2]), predicate="dwithin", distance=CLEAR_M)[0]] = True

    for k in np.flatnonzero(unsure):
        i = inside[k]
        out[k] = _settle(float(x[i]), float(y[i]), None if np.isnan(azimuth[i]) else float(azimuth[i]), obstacles)
    moved[inside] = np.hypot(out[:, 0] - x[inside], out[:, 1] - y[inside])
    x[inside], y[inside], rule[inside] = out.T
    return Settled(x, y, moved, rule)


def _settle(x: float, y: float, azimuth_deg: float | None, obstacles: Obstacles) -> tuple[float, float, int]:
    """Place one camera among solids that touch: dissolved once more, as between heights they are not.

    Out of one building it can come to the next, across a gap too narrow to stand in. Each turn takes in what was met,
    so that it does not go back and forth for ever, and closes such gaps.
    """
    rule, met = "", np.zeros(0, dtype=object)
    while True:
        group = _touching(x, y, obstacles)
        if not len(group):
            return x, y, _RULES.index(rule or "free")
        gap_m = FACADE_OFFSET_M if len(met) else 0.0
        met = np.concatenate([met, group])
        solid = shapely.buffer(shapely.union_all(met, grid_size=GRID_M), CLEAR_M + gap_m, join_style="mitre")
        place = place_camera(x, y, shapely.buffer(solid, -gap_m, join_style="mitre") if gap_m else solid, azimuth_deg)
        rule = rule or place.rule
        if place.rule == "free":
            return x, y, _RULES.index(rule)
        x, y = place.x, place.y


def _touching(x: float, y: float, obstacles: Obstacles) -> NDArray[np.object_]:
    """The solids at a place and what hangs together with them; others, however near, must not matter."""
    here = shapely.Point(x, y)
    rest = np.asarray(obstacles.solids[np.sort(obstacles.tree().query(here.buffer(_AROUND_M)))], dtype=object)
    met = shapely.dwithin(rest, here, CLEAR_M)
    group = rest[met]
    while met.any():
        added, rest = shapely.multipolygons(rest[met]), rest[~met]
        met = shapely.dwithin(rest, added, CLEAR_M)
        group = np.concatenate([group, rest[met]])
    return group


@njit(cache=True, nogil=True, error_model="numpy")
def inside_of(x: float, y: float, begin: int, end: int, ax: Any, ay: Any, bx: Any, by: Any) -> bool:
    """Return whether a point is inside the edges `begin:end`; either answer for one on an edge."""
    odd = False
    for e in range(begin, end):
        if (ay[e] > y) != (by[e] > y):
            cross = (ax[e] - x) * (by[e] - y) - (ay[e] - y) * (bx[e] - x)
            odd ^= (cross > 0) == (by[e] > ay[e])
    return odd


@njit(cache=True, nogil=True, error_model="numpy")
def step_out(
    x: Any, y: Any, azimuth: Any, solid: Any, first: Any, ax: Any, ay: Any, bx: Any, by: Any, out: Any
) -> None:
    """Write the place just outside of its own solid, and the rule, of each camera."""
    for i in range(len(x)):
        begin, end = first[solid[i]], first[solid[i] + 1]
        out[i, 2] = NEAREST
        if not math.isnan(azimuth[i]):
            ux, uy = math.sin(math.radians(azimuth[i])), math.cos(math.radians(azimuth[i]))
            crossings = np.empty(end - begin + 1)
            crossings[0], count = 0.0, 1
            for e in range(begin, end):
                left = ux * (ay[e] - y[i]) - uy * (ax[e] - x[i])
                right = ux * (by[e] - y[i]) - uy * (bx[e] - x[i])
                if (left > 0) == (right > 0):
                    continue
                share = left / (left - right)
                px, py = ax[e] + share * (bx[e] - ax[e]) - x[i], ay[e] + share * (by[e] - ay[e]) - y[i]
                along = px * ux + py * uy
                if along > 0:
                    crossings[count] = along
                    count += 1
            for along in np.sort(crossings[:count]):
                px, py = x[i] + (along + FACADE_OFFSET_M) * ux, y[i] + (along + FACADE_OFFSET_M) * uy
                if not inside_of(px, py, begin, end, ax, ay, bx, by):
                    out[i, 0], out[i, 1], out[i, 2] = px, py, AZIMUTH
                    break
        if out[i, 2] == AZIMUTH:
            continue
        best, fx, fy = np.inf, 0.0, 0.0
        for e in range(begin, end):
            dx, dy = bx[e] - ax[e], by[e] - ay[e]
            share = min(max(((x[i] - ax[e]) * dx + (y[i] - ay[e]) * dy) / (dx * dx + dy * dy), 0.0), 1.0)
            px, py = ax[e] + share * dx, ay[e] + share * dy
            away = (px - x[i]) ** 2 + (py - y[i]) ** 2
            if away < best:
                best, fx, fy = away, px, py
        away = math.sqrt(best)
        ux, uy = ((fx - x[i]) / away, (fy - y[i]) / away) if away > 1e-9 else (0.0, 1.0)
        out[i, 0], out[i, 1] = fx + FACADE_OFFSET_M * ux, fy + FACADE_OFFSET_M * uy
