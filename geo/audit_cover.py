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


def cover_parts(
    sheet: Sheet, segments: Floats, rules: AuditRules, chosen: NDArray[np.bool_] | None = None
) -> list[Part]:
    """Return what is wrong between the grids of a level of whose borders `segments` remain.

    `chosen`: only in the faces that some of the segments enclose.
    """
    found = faces(segments if chosen is None else segments[chosen])
    found = found[width(found) >= _NOISE_M]
    if not len(found):
        return []
    spots = spots_in(found)
    over = winding(segments, spots)
    gaps, several = found[over == 0], np.flatnonzero(over > 1)
    face, grid = sheet.tree.query(spots[several], predicate="intersects")
    claims = Claims(over[several], face, grid)
    return [*_gaps(sheet, gaps, rules), *_overlaps(sheet, found[several], claims, rules)]


def _gaps(sheet: Sheet, found: Objects, rules: AuditRules) -> list[Part]:
    found = found[width(found) >= rules.resolution_m]
    if not len(found):
        return []
    body = bodies(found)
    area, wide = shapely.area(found), width(body)
    gap, grid = sheet.tree.query(body, predicate="dwithin", distance=2 * rules.resolution_m + SPIKE_M)
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


def _weighed(area: Floats, rules: AuditRules) -> tuple[Objects, NDArray[np.int8]]:
    """The variant and the severity of areas by their size."""
    small = area < rules.negligible_m2
    return np.where(small, "small", "").astype(object), np.where(small, NOTE, ERROR).astype(np.int8)


def _overlaps(sheet: Sheet, found: Objects, claims: Claims, rules: AuditRules) -> list[Part]:
    """Pairs of grids that share area, of all that lie over the faces that several cover."""
    if not len(found):
        return []
    left, right, shared, area = _shared(sheet, found, claims, rules)
    area_of = shapely.area(sheet.shapes)
    union = area_of[left] + area_of[right] - area
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
    left, right = shapely.STRtree(pieces).query(pieces)
    pair = (grid[left] < grid[right]) & (face[left] == face[right])
    left, right = left[pair], right[pair]
    shared = np.where(full[left], pieces[right], pieces[left])
    both = np.flatnonzero(~full[left] & ~full[right])
    shared[both] = areal(as_objects(shapely.intersection(pieces[left[both]], pieces[right[both]])))
    left, right = grid[left], grid[right]
    some = width(shared) >= _NOISE_M  # traces along common borders would lengthen what they are part of
    left, right, shared = left[some], right[some], shared[some]
    order = np.lexsort((right, left))
    left, right, shared = left[order], right[order], shared[order]
    first = (
        np.flatnonzero(np.concatenate([[True], (np.diff(left) != 0) | (np.diff(right) != 0)])) if len(left) else order
    )
    joined = [
        shapely.multipolygons(shapely.get_parts(group)) if len(group) > 1 else group[0]
        for group in (np.split(shared, first[1:]) if len(left) else [])
    ]
    area = np.add.reduceat(shapely.area(shared), first) if len(left) else np.zeros(0)
    whole_pair = as_objects(joined)
    thick = np.flatnonzero(width(whole_pair) >= rules.resolution_m)
    return left[first[thick]], right[first[thick]], whole_pair[thick], area[thick]


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
