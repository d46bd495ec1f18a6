"""What is wrong with single grids: rings, parts, size, shape, and what is not recorded of them."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.audit_division import Division
from geo.audit_edges import moved
from geo.audit_findings import ERROR, NOTE, WARNING, Part, as_objects, part
from geo.audit_kinds import OTHER_REASON, REASONS
from geo.audit_rules import AuditRules

Rows = NDArray[np.int64]
Objects = NDArray[Any]
_REASON = re.compile(r"^(?P<reason>[^\[]*)(?:\[(?P<x>\S+) (?P<y>\S+)\])?")


def grid_parts(
    grids: Division, rules: AuditRules, silent: Collection[tuple[str, str]], rows: Rows | None = None
) -> list[Part]:
    """Return what is wrong with each of some grids, None: of all, by itself; `silent` is what is `unchecked`."""
    chosen = np.arange(len(grids)) if rows is None else rows
    return [
        *_rings(grids, chosen),
        *_multipart(grids, chosen),
        *_bounds(grids, chosen, rules),
        *_lacking(grids, chosen, silent),
    ]


def unit_rows(grids: Division, rules: AuditRules, rows: Rows) -> Rows:
    """Return which of `rows` are unit grids."""
    units: Rows = rows[grids.level[rows] == rules.unit_level]
    return units


def unchecked(grids: Division) -> list[tuple[str, str]]:
    """Return kinds that cannot be found at a level, with the level: nothing of the sort is recorded there."""
    found = []
    for level, sheet in grids.sheets.items():
        if not _named(grids.team[sheet.rows]).any():
            found += [("team_missing", level), ("team_split", level)]
        if np.isnan(grids.population[sheet.rows]).all():
            found.append(("population_missing", level))
        if level != grids.tree.levels[0] and not _named(grids.parent[sheet.rows]).any():
            found += [("parent_missing", level), ("hole", level), ("spill", level)]
    return found


def _named(texts: Objects) -> NDArray[np.bool_]:
    return np.array([bool(text) and bool(str(text).strip()) for text in texts], dtype=np.bool_)


def _singles(rows: Rows) -> list[tuple[int, ...]]:
    return [(row,) for row in rows.tolist()]


def _rings(grids: Division, rows: Rows) -> list[Part]:
    empty = rows[grids.area[rows] <= 0]
    nowhere = np.full(len(empty), None, dtype=object)
    parts = [part("invalid", _singles(empty), np.zeros(len(empty)), nowhere, ERROR, variant="empty")]
    wrong = rows[~grids.valid[rows] & (grids.area[rows] > 0)]
    if len(wrong):
        reasons, points = [], []
        for text, inside in zip(
            shapely.is_valid_reason(moved(grids.drawn[wrong], -grids.origin)), grids.spots[wrong], strict=True
        ):
            found = _REASON.match(text)
            assert found is not None
            reasons.append(REASONS.get(found["reason"].strip(), OTHER_REASON))
            known = found["x"] is not None
            points.append(shapely.Point(float(found["x"]), float(found["y"])) if known else inside)
        off = np.abs(shapely.area(grids.drawn[wrong]) - grids.area[wrong])
        parts.append(part("invalid", _singles(wrong), off, points, ERROR, params={"reason": reasons}))
    return parts


def _multipart(grids: Division, rows: Rows) -> list[Part]:
    count = shapely.get_num_geometries(grids.shapes[rows])
    many = np.flatnonzero(count > 1)
    shapes = []
    for row in rows[many].tolist():
        pieces = shapely.get_parts(grids.shapes[row])
        shapes.append(shapely.multipolygons(np.delete(pieces, int(np.argmax(shapely.area(pieces))))))
    return [part("multipart", _singles(rows[many]), count[many], shapes, WARNING)]


def _bounds(grids: Division, rows: Rows, rules: AuditRules) -> list[Part]:
    units = unit_rows(grids, rules, rows)
    units = units[grids.area[units] > 0]
    area, around = grids.area[units], shapely.length(grids.shapes[units])
    off = np.flatnonzero((area < rules.least_m2) | (area > rules.most_m2))
    variant = np.where(area[off] < rules.least_m2, "small", "large").astype(object)
    params = {"least": [f"{rules.least_m2:,.0f}"] * len(off), "most": [f"{rules.most_m2:,.0f}"] * len(off)}
    size = part(
        "size", _singles(units[off]), area[off], grids.shapes[units[off]], WARNING, variant=variant, params=params
    )
    compact = 4 * np.pi * area / around**2
    long = np.flatnonzero(compact < rules.compactness)
    params = {"least": [f"{rules.compactness:g}"] * len(long)}
    return [size, part("shape", _singles(units[long]), compact[long], grids.shapes[units[long]], NOTE, params=params)]


def _lacking(grids: Division, rows: Rows, silent: Collection[tuple[str, str]]) -> list[Part]:
    """Grids without team or population, where others of their level have one."""
    parts = []
    unknown = {"team_missing": ~_named(grids.team[rows]), "population_missing": np.isnan(grids.population[rows])}
    for kind, missing in unknown.items():
        told = np.array([(kind, level) not in silent for level in grids.level[rows]], dtype=bool)
        chosen = rows[missing & told]
        severity = WARNING if kind == "team_missing" else NOTE
        parts.append(part(kind, _singles(chosen), grids.area[chosen], as_objects(grids.shapes[chosen]), severity))
    return parts
