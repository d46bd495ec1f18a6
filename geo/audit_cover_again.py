"""What is wrong between the grids of a level after an edit: only where what remains of their borders changed.

What remains of borders falls apart into pieces that do not touch. A face that matters, an overlap or a gap, has its
outer border in one of them, and pieces inside it are holes of it. So faces are looked for again only in pieces of which
something changed, in those inside them, and in those that a finding of theirs reaches.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.audit_cover import DOUBLE, Sheet, cover_parts
from geo.audit_edges import Edges, faces, strung
from geo.audit_findings import Part, as_objects
from geo.audit_rules import AuditRules

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
Bools = NDArray[np.bool_]

_MOST = 0.5  # of all that remains: more is looked at as a whole
_FEW = 200  # segments: as many are looked at as a whole at once


def cover_again(
    before: list[Part], was: Floats, now: Floats, edges: Edges, sheet: Sheet, rules: AuditRules, moved: Rows
) -> list[Part]:
    """Return what `cover_parts` returns of all that remains now, from what was found before.

    Parameters
    ----------
    before
        What was found of all that remained.
    was, now
        float64 (k, 4): what remained of the borders of the level, and what remains.
    edges
        Of all grids as they are now; every corner is known to it.
    moved
        Grids that were drawn anew.
    """
    if len(now) < _FEW:
        return cover_parts(sheet, now, rules)
    gone, fresh = _apart(edges, was, now)
    lines, line = strung(np.concatenate([now, was[gone]]))
    changed = np.concatenate([fresh, np.ones(int(gone.sum()), dtype=bool)])
    tree = shapely.STRtree(lines)
    piece = _pieces(tree, lines)
    boxes = _boxes(piece, lines)
    wanted = np.zeros(len(boxes), dtype=bool)
    wanted[piece[line[changed]]] = True
    listed = [(one, i) for one in before for i in range(len(one))]
    places = shapely.STRtree(as_objects([one.shape[i] for one, i in listed]))
    drawn = set(moved.tolist())
    asked = np.array([one.kind in DOUBLE and not drawn.isdisjoint(one.rows[i]) for one, i in listed], dtype=bool)
    while True:
        if wanted[piece[line]].mean() > _MOST:
            return cover_parts(sheet, now, rules)
        wanted, asked = _closed(wanted, asked, piece, boxes, tree, lines, places)
        found = cover_parts(sheet, now, rules, faces(now[wanted[piece[line[: len(now)]]]]))
        pairs = {rows for one in found if one.kind in DOUBLE for rows in one.rows}
        more = np.array([one.kind in DOUBLE and one.rows[i] in pairs for one, i in listed], dtype=bool) & ~asked
        if not more.any():
            break
        asked |= more  # the same two grids overlap in another place as well
    kept, start = [], 0
    for one in before:
        kept.append(one.only(~asked[start : start + len(one)]))
        start += len(one)
    return [*kept, *found]


def _apart(edges: Edges, was: Floats, now: Floats) -> tuple[Bools, Bools]:
    """Which segments of `was` are not in `now`, and the other way round; as often as they occur."""
    count = np.int64(len(edges.points))
    keys = []
    for segments in (was, now):
        tail, head = edges.ids(segments)
        keys.append(tail * count + head)
    distinct, which = np.unique(np.concatenate(keys), return_inverse=True)
    old, new = which[: len(was)], which[len(was) :]
    differ = np.bincount(old, minlength=len(distinct)) != np.bincount(new, minlength=len(distinct))
    return differ[old], differ[new]


def _pieces(tree: shapely.STRtree, lines: Any) -> Rows:
    """Which piece each line is of: lines that touch are of one."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    left, right = tree.query(lines, predicate="intersects")
    graph = coo_array((np.ones(len(left), np.int8), (left, right)), shape=(len(lines), len(lines)))
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)


def _boxes(piece: Rows, lines: Any) -> Floats:
    """The box of each piece."""
    bounds, count = shapely.bounds(lines), int(piece.max()) + 1
    found = np.empty((count, 4))
    found[:, :2], found[:, 2:] = np.inf, -np.inf
    for k in range(2):
        np.minimum.at(found[:, k], piece, bounds[:, k])
        np.maximum.at(found[:, 2 + k], piece, bounds[:, 2 + k])
    return found


def _closed(
    wanted: Bools, asked: Bools, piece: Rows, boxes: Floats, tree: shapely.STRtree, lines: Any, places: shapely.STRtree
) -> tuple[Bools, Bools]:
    """Pieces and findings that belong to those asked for: what touches, and what lies inside."""
    size = -1
    while int(wanted.sum()) + int(asked.sum()) != size:
        size = int(wanted.sum()) + int(asked.sum())
        asked = asked.copy()
        asked[np.unique(places.query(lines[wanted[piece]], predicate="intersects")[1])] = True
        shapes = places.geometries[asked]
        wanted = wanted.copy()
        wanted[piece[np.unique(tree.query(shapes, predicate="intersects")[1])]] = True
        for west, south, east, north in boxes[wanted].tolist():
            inside = (boxes[:, 0] >= west) & (boxes[:, 1] >= south) & (boxes[:, 2] <= east) & (boxes[:, 3] <= north)
            wanted |= inside
    return wanted, asked
