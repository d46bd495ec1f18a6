"""Grids against their parents: parents that are missing or wrong, and what of a parent its grids leave or exceed."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.audit_cover import common
from geo.audit_division import Division
from geo.audit_edges import areal, faces, spots_in, width, winding
from geo.audit_findings import ERROR, NOTE, Part, as_objects, part
from geo.audit_rules import AuditRules
from geo.overlay import LEAST_M2

Floats = NDArray[np.float64]
Objects = NDArray[Any]
Rows = NDArray[np.int64]

_PROBLEMS = {
    "unknown_parent": ("parent_missing", "unknown"),
    "same_level_parent": ("parent_wrong", "level"),
    "level_order": ("parent_wrong", "level"),
    "cycle": ("parent_cycle", ""),
    "duplicate_code": ("code_duplicate", ""),
}


def hierarchy_parts(grids: Division) -> list[Part]:
    """Return what the links between grids say by themselves, without their areas."""
    found: dict[tuple[str, str], list[int]] = {}
    for problem in grids.tree.problems:
        found.setdefault(_PROBLEMS[problem.kind], []).append(problem.index)
    blank = np.array([not text for text in grids.parent], dtype=bool)
    for sheet in list(grids.sheets.values())[1:]:
        lacking = sheet.rows[blank[sheet.rows]]
        if len(lacking) < len(sheet.rows):
            found.setdefault(("parent_missing", "blank"), []).extend(lacking.tolist())
    parts = []
    for (kind, variant), listed in found.items():
        if listed:
            rows = np.array(sorted(set(listed)), np.int64)
            measure = grids.area[rows]
            if kind == "parent_cycle":
                measure = np.ones(len(rows))
            parts.append(
                part(
                    kind, [(row,) for row in rows.tolist()], measure, grids.shapes[rows], ERROR, variant=variant,
                    own=grids.parent[rows] if kind == "parent_missing" else None,
                    params={"parent": grids.parent[rows]},
                )
            )  # fmt: skip
    return parts


@dataclass(frozen=True)
class Fit:
    """How grids fit their parents.

    Attributes
    ----------
    above
        int64 (n,): the parent that each grid is counted below, -1 for none: the one it names, or the one it lies in
        where it names a wrong one or none.
    parts
        Findings.
    looked
        Parents that were looked at besides those asked for: grids that lie elsewhere than they say are of theirs.
    """

    above: Rows
    parts: list[Part]
    looked: Rows


def fit_parts(
    grids: Division, rules: AuditRules, gaps: Objects, only: Rows | None = None, before: Rows | None = None
) -> Fit:
    """Return parents that are wrong by place, and holes and spill.

    Parameters
    ----------
    gaps
        Areas that are reported as gaps between grids already; a hole that is one of them is left out.
    only
        Parents to look at; None: all. A parent is that of the grids that name it, and of those that lie in it though
        they name a wrong one, as `before` says.
    """
    above = grids.tree.parent_index.copy()
    lost = np.flatnonzero(above < 0)
    above[lost] = _containers(grids, lost)
    if only is not None and before is not None:
        elsewhere = ~np.isin(above, only)
        above[elsewhere] = before[elsewhere]
    kids, loose = _loose(grids, above, only)
    inside = _shared(grids, kids, above[kids])
    wrong, better = _better(grids, kids, above[kids], inside)
    named = above[wrong].copy()
    above[wrong] = better
    parts = _wrong_parts(grids, wrong, named, better)
    touched = np.zeros(0, np.int64)
    if len(wrong):
        touched = np.unique(np.concatenate([loose, named, better]))
        kids, loose = _loose(grids, above, touched)
    found = [*parts, *_spill(grids, above, kids, rules), *_holes(grids, above, loose, gaps, rules)]
    return Fit(above, found, touched)


def _containers(grids: Division, rows: Rows) -> Rows:
    """The grid of the next coarser level that a place inside each of some grids lies in, -1 for none."""
    found = np.full(len(rows), -1, np.int64)
    levels = grids.tree.levels
    for upper, lower in pairwise(levels):
        here = np.flatnonzero((grids.level[rows] == lower) & (grids.area[rows] > 0))
        linked = grids.tree.parent_index[grids.sheets[lower].rows]
        if len(here) and (linked >= 0).any():  # a level without any parent is not held against one
            which, other = grids.sheets[upper].tree.query(grids.spots[rows[here]], predicate="intersects")
            found[here[which]] = grids.sheets[upper].rows[other]
    return found


def _loose(grids: Division, above: Rows, only: Rows | None) -> tuple[Rows, Rows]:
    """Parents whose border is not that of their grids together, and all grids below them."""
    kids = np.flatnonzero(above >= 0).astype(np.int64)
    if only is not None:
        kids = kids[np.isin(above[kids], only)]
    parents = np.unique(above[kids])
    mine, which = grids.edges.of(kids)
    theirs, whose = grids.edges.of(parents)
    group = np.concatenate([np.searchsorted(parents, above[kids[which]]), whose]).astype(np.int64)
    sign = np.repeat(np.array([1, -1], np.int64), [len(mine), len(theirs)])
    groups, _ = grids.edges.left(np.concatenate([mine, theirs]), group, sign)
    loose = parents[np.unique(groups)]
    return kids[np.isin(above[kids], loose)], loose


def _shared(grids: Division, left: Rows, right: Rows) -> Floats:
    """The area that grids share, pair by pair."""
    inside = grids.area[left].copy()
    shapely.prepare(grids.shapes[right])
    doubtful = np.flatnonzero(~shapely.covers(grids.shapes[right], grids.shapes[left]))
    inside[doubtful] = shapely.area(common(grids.shapes[left[doubtful]], grids.shapes[right[doubtful]]))
    return inside


def _better(grids: Division, kids: Rows, above: Rows, inside: Floats) -> tuple[Rows, Rows]:
    """Grids of which more lies in another grid of their parent's level than in the parent, and that grid."""
    asked = np.flatnonzero(inside < 0.5 * grids.area[kids])
    best, most = above[asked].copy(), inside[asked].copy()
    for level in dict.fromkeys(grids.level[above[asked]].tolist()):
        sheet = grids.sheets[level]
        here = np.flatnonzero(grids.level[above[asked]] == level)
        which, other = sheet.tree.query(grids.shapes[kids[asked[here]]], predicate="intersects")
        rows = sheet.rows[other]
        shared = _shared(grids, kids[asked[here[which]]], rows)
        for i, row, area in zip(here[which].tolist(), rows.tolist(), shared.tolist(), strict=True):
            if area > most[i]:
                best[i], most[i] = row, area
    moved_to = best != above[asked]
    return kids[asked[moved_to]], best[moved_to]


def _wrong_parts(grids: Division, wrong: Rows, named: Rows, better: Rows) -> list[Part]:
    if not len(wrong):
        return []
    outside = grids.area[wrong] - _shared(grids, wrong, named)
    # Who names no parent, or one that is not there, is reported for that already.
    told = grids.tree.parent_index[wrong] >= 0
    rows = list(zip(wrong.tolist(), named.tolist(), better.tolist(), strict=True))
    chosen = np.flatnonzero(told)
    params = {
        "code": grids.code[wrong[chosen]],
        "parent": grids.code[named[chosen]],
        "better": grids.code[better[chosen]],
    }
    return [
        part(
            "parent_wrong", [rows[i] for i in chosen.tolist()], outside[chosen], grids.shapes[wrong[chosen]], ERROR,
            variant="place", params=params,
        )
    ]  # fmt: skip


def _spill(grids: Division, above: Rows, kids: Rows, rules: AuditRules) -> list[Part]:
    """What of each grid lies beyond its parent."""
    parents = grids.shapes[above[kids]]
    shapely.prepare(parents)
    out = kids[~shapely.covers(parents, grids.shapes[kids])]
    beyond = areal(as_objects(shapely.difference(grids.shapes[out], grids.shapes[above[out]])))
    kept = np.flatnonzero(width(beyond) >= rules.resolution_m)
    out, beyond = out[kept], beyond[kept]
    area = shapely.area(beyond)
    small = area < rules.negligible_m2
    return [
        part(
            "spill", list(zip(out.tolist(), above[out].tolist(), strict=True)), area, beyond,
            np.where(small, NOTE, ERROR), variant=np.where(small, "small", "").astype(object),
            params={"code": grids.code[out], "parent": grids.code[above[out]]},
        )
    ]  # fmt: skip


def _holes(grids: Division, above: Rows, loose: Rows, gaps: Objects, rules: AuditRules) -> list[Part]:
    """What of each parent none of its grids claims."""
    kids = np.flatnonzero(np.isin(above, loose)).astype(np.int64)
    order = np.argsort(above[kids], kind="stable")
    kids = kids[order]
    start = np.searchsorted(above[kids], loose)
    end = np.searchsorted(above[kids], loose, side="right")
    tree = shapely.STRtree(gaps)
    rows: list[tuple[int, ...]] = []
    shapes: list[Any] = []
    for parent, first, last in zip(loose.tolist(), start.tolist(), end.tolist(), strict=True):
        for shape in _uncovered(grids, parent, kids[first:last], rules):
            known = tree.query(shape, predicate="intersects")
            if len(known):
                rest = shapely.difference(shape, shapely.union_all(gaps[known]))
                if shapely.area(rest) <= rules.resolution_m * shapely.length(shape) + LEAST_M2 * 1e-2:
                    continue
            rows.append((parent,))
            shapes.append(shape)
    drawn = as_objects(shapes)
    area = shapely.area(drawn)
    small = area < rules.negligible_m2
    return [
        part(
            "hole", rows, area, drawn, np.where(small, NOTE, ERROR), placed=True,
            variant=np.where(small, "small", "").astype(object),
        )
    ]  # fmt: skip


def _uncovered(grids: Division, parent: int, kids: Rows, rules: AuditRules) -> Objects:
    """The faces of the border that remains of a parent and its grids that lie in the parent and in no grid."""
    mine, _ = grids.edges.of(kids)
    theirs, _ = grids.edges.of(np.array([parent], np.int64))
    sign = np.repeat(np.array([1, -1], np.int64), [len(mine), len(theirs)])
    _, segments = grids.edges.left(np.concatenate([mine, theirs]), np.zeros(len(sign), np.int64), sign)
    found = faces(segments)
    found = found[width(found) >= rules.resolution_m]
    if not len(found):
        return found
    # Of a place counted once for the parent and once less for each grid below, only what lies in no grid is left over.
    return np.asarray(found[winding(segments, spots_in(found)) < 0], dtype=object)
