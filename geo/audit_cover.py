"""Overlaps, gaps, slivers and duplicates between the grids of one level."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.audit_edges import SPIKE_M, Edges, areal, bodies, faces, spots_in, width, winding
from geo.audit_findings import ERROR, NOTE, Part, as_objects, part
from geo.audit_rules import AuditRules

Floats = NDArray[np.float64]
Objects = NDArray[Any]
Rows = NDArray[np.int64]

DOUBLE = ("overlap", "duplicate", "near_duplicate")
_NOISE_M = 1e-9  # thinner is what noding in float coordinates leaves
_LOST = 1e-9
_MANY = 10_000  # pairs of corners
_TRACE_M = 1e-11  # by which a cut of float coordinates near the origin is off, for each metre of border


@dataclass(frozen=True)
class Sheet:
    """The grids of one level, ready to be searched.

    Attributes
    ----------
    level
        Its name.
    rows
        int64 (m,): positions of its grids in the division.
    shapes
        Their valid areas, moved to the division's origin.
    tree
        Over `shapes`.
    """

    level: str
    rows: Rows
    shapes: Objects
    tree: shapely.STRtree


@dataclass(frozen=True)
class Uneven:
    """Faces (k,) that not just one grid covers: their areas, a place inside each, how many grids lie over it."""

    shape: Objects
    spot: Objects
    times: Rows


@dataclass(frozen=True)
class Claims:
    """Who lies over faces that several grids cover.

    Attributes
    ----------
    times
        int64: how many lie over every place of each face.
    face, grid
        int64: pairs of a face and a grid that has the place chosen inside it, or has it on its border.
    """

    times: Rows
    face: Rows
    grid: Rows


def borders_left(sheet: Sheet, edges: Edges) -> Floats:
    """Return what remains of the borders of a level, float64 (k, 4), the inside to the left."""
    chosen, _ = edges.of(sheet.rows)
    same = np.zeros(len(chosen), np.int64)
    return edges.left(chosen, same, same + 1)[1]


def cover_parts(sheet: Sheet, segments: Floats, rules: AuditRules, among: Objects | None = None) -> list[Part]:
    """Return what is wrong between the grids of a level of whose borders `segments` remain.

    `among`: only in these of the faces that the segments enclose; None: in all.
    """
    return uneven_parts(sheet, uneven(segments, faces(segments) if among is None else among), rules)


def uneven(segments: Floats, found: Objects) -> Uneven:
    """Return those of the faces that the segments enclose which no grid or several cover."""
    found = found[width(found) >= _NOISE_M]
    spots = spots_in(found)
    over = winding(segments, spots)
    wrong = np.flatnonzero((over == 0) | (over > 1))
    return Uneven(found[wrong], spots[wrong], over[wrong])


def uneven_parts(sheet: Sheet, found: Uneven, rules: AuditRules) -> list[Part]:
    """Return what these faces are, told by the grids of a level; those near the faces are enough."""
    if not len(found.times):
        return []
    gaps, several = found.shape[found.times == 0], np.flatnonzero(found.times > 1)
    face, grid = sheet.tree.query(found.spot[several], predicate="intersects")
    claims = Claims(found.times[several], face, grid)
    return [*_gaps(sheet, gaps, rules), *_overlaps(sheet, found.shape[several], claims, rules)]


def _gaps(sheet: Sheet, found: Objects, rules: AuditRules) -> list[Part]:
    found = found[width(found) >= rules.resolution_m]
    if not len(found):
        return []
    body = bodies(found)
    area, wide = shapely.area(found), width(body)
    gap, grid = _within(sheet.tree, body, 2 * rules.resolution_m + SPIKE_M)
    around: list[list[int]] = [[] for _ in found]
    for i, j in zip(gap.tolist(), sheet.rows[grid].tolist(), strict=True):
        around[i].append(j)
    rows = [tuple(sorted(one)) for one in around]
    variant, severity = _weighed(area, rules)
    parts = []
    for kind, chosen in (
        ("gap", np.flatnonzero(wide >= rules.sliver_m)),
        ("sliver", np.flatnonzero(wide < rules.sliver_m)),
    ):
        params = {"level": [sheet.level] * len(chosen), "width": [f"{value:.3g}" for value in wide[chosen]]}
        parts.append(
            part(
                kind, [rows[i] for i in chosen.tolist()], area[chosen], found[chosen], severity[chosen],
                variant=variant[chosen], placed=True, params=params,
            )
        )  # fmt: skip
    return parts


def _within(tree: shapely.STRtree, shapes: Objects, reach_m: float) -> tuple[Rows, Rows]:
    """Return pairs of a shape and a member of the tree at most `reach_m` apart."""
    boxes = shapely.bounds(shapes) + reach_m * np.array([-1, -1, 1, 1])
    which, other = tree.query(shapely.box(*boxes.T))
    corners = shapely.get_num_coordinates(shapes)[which] * shapely.get_num_coordinates(tree.geometries[other])
    shapely.prepare(shapes[which[corners > _MANY]])  # an index of edges, which takes longer to make than few to compare
    near = shapely.dwithin(shapes[which], tree.geometries[other], reach_m)
    return which[near], other[near]


def _weighed(area: Floats, rules: AuditRules) -> tuple[Objects, NDArray[np.int8]]:
    """The variant and the severity of areas by their size."""
    small = area < rules.negligible_m2
    return np.where(small, "small", "").astype(object), np.where(small, NOTE, ERROR).astype(np.int8)


def _overlaps(sheet: Sheet, found: Objects, claims: Claims, rules: AuditRules) -> list[Part]:
    """Pairs of grids that share area, of all that lie over the faces that several cover."""
    if not len(found):
        return []
    left, right, shared, area = _shared(sheet, found, claims, rules)
    union = shapely.area(sheet.shapes[left]) + shapely.area(sheet.shapes[right]) - area
    share = area / union
    # Symmetric difference thinner than coordinates are exact: one and the same.
    around = shapely.length(sheet.shapes[left]) + shapely.length(sheet.shapes[right])
    same = union - area <= rules.resolution_m * around
    alike = ~same & (share >= rules.alike)
    pairs = list(zip(sheet.rows[left].tolist(), sheet.rows[right].tolist(), strict=True))
    variant, severity = _weighed(area, rules)
    parts = []
    for kind, mask in (("duplicate", same), ("near_duplicate", alike), ("overlap", ~same & ~alike)):
        chosen = np.flatnonzero(mask)
        parts.append(
            part(
                kind, [pairs[i] for i in chosen.tolist()], area[chosen], shared[chosen], severity[chosen],
                variant=variant[chosen] if kind == "overlap" else "",
                params={"share": [f"{100 * value:.2f}" for value in share[chosen]]},
            )
        )  # fmt: skip
    return parts


def _shared(sheet: Sheet, found: Objects, claims: Claims, rules: AuditRules) -> tuple[Rows, Rows, Objects, Floats]:
    """Return pairs of positions of the sheet, what each shares, and how much.

    A face is small beside the grids: each grid is cut by the face, not by the other grid. Most grids cover the whole
    face; where borders that cancel run through it, its pieces are laid over one another.
    """
    face, grid, pieces, full = _pieces(sheet, found, claims)
    left, right = _meeting(face, pieces, full, claims.times)
    shared = np.where(full[left], pieces[right], pieces[left])
    both = np.flatnonzero(~full[left] & ~full[right])
    shared[both] = areal(as_objects(shapely.intersection(pieces[left[both]], pieces[right[both]])))
    left, right = grid[left], grid[right]
    some = width(shared) >= _NOISE_M  # traces along common borders would lengthen what they are part of
    left, right, shared = left[some], right[some], shared[some]
    order = np.lexsort((right, left))
    left, right, shared = left[order], right[order], shared[order]
    first = np.flatnonzero((np.diff(left, prepend=-1) != 0) | (np.diff(right, prepend=-1) != 0))
    area = np.add.reduceat(shapely.area(shared), first) if len(left) else np.zeros(0)
    whole_pair, count = shared[first], np.diff(first, append=len(left))
    for i in np.flatnonzero(count > 1).tolist():
        whole_pair[i] = shapely.multipolygons(shapely.get_parts(shared[first[i] : first[i] + count[i]]))
    thick = np.flatnonzero(width(whole_pair) >= rules.resolution_m)
    return left[first[thick]], right[first[thick]], whole_pair[thick], area[thick]


def _meeting(face: Rows, pieces: Objects, full: NDArray[np.bool_], times: Rows) -> tuple[Rows, Rows]:
    """Return pairs of pieces, ordered by face and grid, that may share area.

    A grid that covers all of a face shares with each other grid what that one has of it. Those that have a part of it
    share nothing with one another where they lie over each place once.
    """
    start = np.searchsorted(face, np.arange(len(times) + 1))
    whole = np.flatnonzero(full)
    count = np.diff(start)[face[whole]]
    left = np.repeat(whole, count)
    right = np.arange(len(left)) - np.repeat(np.cumsum(count) - count - start[face[whole]], count)
    once = ~full[right] | (right > left)
    left, right = left[once], right[once]
    parts = np.flatnonzero(~full & (times - np.bincount(face[whole], minlength=len(times)) > 1)[face])
    a, b = shapely.STRtree(pieces[parts]).query(pieces[parts])
    a, b = parts[a], parts[b]
    pair = (a < b) & (face[a] == face[b])
    return (
        np.concatenate([np.minimum(left, right), a[pair]]).astype(np.int64),
        np.concatenate([np.maximum(left, right), b[pair]]).astype(np.int64),
    )


def _pieces(sheet: Sheet, found: Objects, claims: Claims) -> tuple[Rows, Rows, Objects, NDArray[np.bool_]]:
    """Return what of each face which grid covers, and whether it is all of it.

    As many grids lie over every place of a face as over the place inside it, so the pieces' areas must add up to so
    many times the face's. GEOS loses pieces of faces that are a few micrometres wide; there the sum does not agree, and
    the grids over the place inside cover the whole face, as no border has room in it.
    """
    area, trace = shapely.area(found), _TRACE_M * shapely.length(found)
    face, grid = sheet.tree.query(found, predicate="intersects")
    pieces = areal(as_objects(shapely.intersection(found[face], sheet.shapes[grid])))
    size = shapely.area(pieces)
    total = np.bincount(face, weights=size, minlength=len(found))
    lost = np.abs(total - claims.times * area) > _LOST * (claims.times * shapely.length(found) + area)
    lost &= np.bincount(claims.face, minlength=len(found)) == claims.times
    kept = np.flatnonzero(~lost[face] & (size > 0))
    again = np.flatnonzero(lost[claims.face])
    rest = area[face[kept]] - size[kept]
    full = np.concatenate([rest <= trace[face[kept]], np.ones(len(again), dtype=bool)])
    pieces = np.concatenate([pieces[kept], found[claims.face[again]]])
    face = np.concatenate([face[kept], claims.face[again]])
    grid = np.concatenate([grid[kept], claims.grid[again]])
    pieces[full] = found[face[full]]
    order = np.lexsort((grid, face))
    return face[order], grid[order], pieces[order], full[order]


def common(left: Objects, right: Objects) -> Objects:
    """Return what valid areas share, pair by pair; by GEOS, and on a fine grid where its sums do not agree."""
    shared = areal(as_objects(shapely.intersection(left, right)))
    rest = shapely.area(shapely.difference(left, right))
    off = np.abs(shapely.area(left) - shapely.area(shared) - rest)
    wrong = np.flatnonzero(off > 1e-6 + 1e-9 * shapely.area(left))
    if len(wrong):
        shared[wrong] = areal(as_objects(shapely.intersection(left[wrong], right[wrong], grid_size=1e-9)))
    return shared
