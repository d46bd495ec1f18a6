"""What lies in the grids, and buildings that a border cuts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.audit_cover import Sheet
from geo.audit_division import Division
from geo.audit_findings import WARNING, Part, as_objects, part
from geo.audit_rules import AuditRules

Rows = NDArray[np.int64]
Floats = NDArray[np.float64]
Objects = NDArray[Any]


@dataclass(frozen=True)
class Spots:
    """Cameras or places: names and points (n,); `name` is what a reader knows each by, unique or not."""

    name: Objects
    x: Floats
    y: Floats


@dataclass(frozen=True)
class Incidents:
    """Points (n,) and the code recorded with each, None for none."""

    x: Floats
    y: Floats
    recorded: Objects


@dataclass(frozen=True)
class Things:
    """What the audit looks at besides the grids; None for what is not to be looked at.

    Attributes
    ----------
    buildings, building_ids
        Polygons or multipolygons and what each is called.
    """

    buildings: Objects | None = None
    building_ids: Objects | None = None
    cameras: Spots | None = None
    places: Spots | None = None
    incidents: Incidents | None = None

    @cached_property
    def building_boxes(self) -> Floats:
        """float64 (n, 4): the bounds of the buildings."""
        return np.asarray(shapely.bounds(as_objects(()) if self.buildings is None else self.buildings)).reshape(-1, 4)


def building_parts(
    grids: Division, sheet: Sheet, things: Things, rules: AuditRules, rows: Rows | None = None
) -> list[Part]:
    """Return buildings of which more than a trace lies beyond a border of the level."""
    if things.buildings is None or not len(sheet.rows):
        return []
    chosen = np.arange(len(things.buildings)) if rows is None else rows
    cut = chosen[_crossed(grids, sheet, things.buildings[chosen])]
    shapes = moved_valid(things.buildings[cut], -grids.origin)
    which, grid = sheet.tree.query(shapes, predicate="intersects")
    area = shapely.area(shapely.intersection(shapes[which], sheet.shapes[grid]))
    kept = area >= rules.cut_m2
    which, grid, area = which[kept], grid[kept], area[kept]
    order = np.lexsort((grid, -area, which))
    which, grid, area = which[order], grid[order], area[order]
    first = np.concatenate([[True], which[1:] != which[:-1]]) if len(which) else np.zeros(0, dtype=bool)
    count = np.bincount(which, minlength=len(cut))
    whole = shapely.area(shapes)
    inside = np.bincount(which, weights=area, minlength=len(cut))
    main = np.zeros(len(cut))
    main[which[first]] = area[first]
    beyond = inside - main
    # Where grids overlap, a building in both is counted twice; what of it lies outside the main grid is not.
    for i in np.flatnonzero((count > 1) & (inside > whole * (1 + 1e-9))).tolist():
        mine = np.flatnonzero(which == i)
        others = shapely.union_all(sheet.shapes[grid[mine[1:]]])
        beyond[i] = shapely.area(
            shapely.difference(shapely.intersection(shapes[i], others), sheet.shapes[grid[mine[0]]])
        )
    told = np.flatnonzero((count > 1) & (beyond >= rules.cut_m2))
    start = np.concatenate([[0], np.cumsum(count)])
    listed = sheet.rows[grid].tolist()
    found = [tuple(listed[start[i] : start[i + 1]]) for i in told.tolist()]
    names = names_of(things.building_ids, cut[told])
    return [
        part(
            "building_cut", found, beyond[told], shapes[told], WARNING, own=names, item=cut[told],
            params={"building": names},
        )
    ]  # fmt: skip


def names_of(ids: Objects | None, rows: Rows) -> Objects:
    """Return what rows are called: their id, else their number from 1."""
    return as_objects([f"#{row + 1}" if ids is None or ids[row] is None else str(ids[row]) for row in rows.tolist()])


def moved_valid(shapes: Objects, by: Floats) -> Objects:
    """Return valid shapes, moved."""
    wrong = np.flatnonzero(~shapely.is_valid(shapes))
    if len(wrong):
        shapes = shapes.copy()
        shapes[wrong] = shapely.make_valid(shapes[wrong])
    return np.asarray(shapely.transform(shapes, lambda xy: xy + by), dtype=object) if len(shapes) else shapes


def _crossed(grids: Division, sheet: Sheet, buildings: Objects) -> Rows:
    """Return buildings that a border of the level touches."""
    if not len(buildings):
        return np.zeros(0, np.int64)
    west, south, east, north = shapely.total_bounds(buildings) - np.tile(grids.origin, 2)
    rows = sheet.rows[np.sort(sheet.tree.query(shapely.box(west, south, east, north)))]
    edge, _ = grids.edges.of(rows)
    ends = np.sort(np.stack([grids.edges.tail[edge], grids.edges.head[edge]], axis=1), axis=1)
    ends = np.unique(ends[:, 0] * np.int64(len(grids.edges.points)) + ends[:, 1])
    low, high = np.divmod(ends, len(grids.edges.points))
    xy = grids.edges.points[np.stack([low, high], axis=1)].view(np.float64).reshape(-1, 2, 2) + grids.origin
    lines: Any = shapely.linestrings(xy)
    hit = shapely.STRtree(lines).query(buildings, predicate="intersects")[0]
    return np.unique(hit).astype(np.int64)
