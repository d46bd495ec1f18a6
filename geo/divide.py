"""Divide an area into contiguous grids of about equal work, along streets, banks and paths, around every building."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.balance import Why, workload
from geo.divide_ground import Ground, amounts_on
from geo.draft import units
from geo.draft_blocks import SNAP_M, shared_borders, unite
from geo.errors import N_, ConservationError, ParameterError
from geo.parallel import Cancelled, never
from geo.regions import Blocks, regions

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Geometries = NDArray[Any]
Progress = Callable[[float, str], None]

MOST_GRIDS = 20_000
_BLOCKS_EACH = 8  # blocks that a grid should be made of: more make it slower, fewer less even
_LEAST_BLOCK = 0.1  # of a block's wished area: smaller ones join a neighbour
_NEAR_EDGE_M = 0.01
_NEAR_CORNER_M = 5 * SNAP_M  # crossings beside a corner round it more than once


@dataclass(frozen=True)
class DivideOptions:
    """What a division aims at.

    Attributes
    ----------
    count, target_m2
        How many grids there are to be, or how large one is to be in the mean; `count` wins where both are given.
    weights
        Of the measures of `geo.balance` whose sum each grid is to have alike.
    min_width_m
        A block of a smaller mean width is no block of its own: a sliver between carriageways. Blocks are finer than
        grids: were strips of up to 15 m joined too, as in `geo.draft`, some would grow larger than a grid.
    """

    count: int | None = None
    target_m2: float | None = None
    weights: Mapping[str, float] = field(default_factory=lambda: {"area": 1.0})
    min_width_m: float = 4.0

    def wanted(self, area_m2: float) -> int:
        """Return how many grids an area is to be divided into.

        Raises
        ------
        ParameterError
            Neither is given, or more than `MOST_GRIDS` would come of it.
        """
        if self.count is None and not (self.target_m2 is not None and self.target_m2 > 0):
            raise ParameterError(
                N_("It is not said how many grids there are to be."),
                N_("Give a number of grids, or the area that one is to have."),
            )
        count = self.count if self.count is not None else max(1, round(area_m2 / float(self.target_m2 or 1)))
        if not 1 <= count <= MOST_GRIDS:
            raise ParameterError(
                N_("{count} grids cannot be drafted at once."),
                N_("Ask for at most {limit}: for larger grids, or inside one parent."),
                count=count,
                limit=MOST_GRIDS,
            )
        return count


@dataclass(frozen=True)
class Lines:
    """What bounds blocks, object arrays in metres; each may be empty.

    Attributes
    ----------
    streets, minor
        Lines that bound blocks, and those along which a block that is too large may be divided.
    water
        Polygons (their banks bound blocks) and lines of rivers.
    buildings
        Polygons that no border may cut.
    """

    streets: Geometries
    minor: Geometries
    water: Geometries
    buildings: Geometries


@dataclass(frozen=True)
class Division:
    """An area divided anew.

    Attributes
    ----------
    polygons
        Object array (k,): pairwise disjoint, together the area, in no order that means anything.
    blocks, group
        Object array (n,) of the blocks they are made of, and int64 (n,): in which of the polygons each lies.
    amounts
        float64 (k,) by measure, for every measure that is recorded.
    left_out
        Measures that were weighed and could not count; see `geo.balance.Workload`.
    """

    polygons: Geometries
    blocks: Geometries
    group: Ints
    amounts: Mapping[str, Floats]
    left_out: Mapping[str, Why]


def _quiet(share: float, step: str) -> None:
    """Nobody looks at the progress."""


def divide(
    extent: BaseGeometry,
    lines: Lines,
    ground: Ground,
    options: DivideOptions,
    *,
    progress: Progress = _quiet,
    cancelled: Callable[[], bool] = never,
) -> Division:
    """Divide `extent` into contiguous grids of about equal work.

    Blocks are those of `geo.draft` (streets, banks, then minor ways and straight cuts where a block is too large; no
    building is cut); `geo.regions` joins them. A measure that is missing for some block does not count here: to balance
    what is not known would be a guess.

    Parameters
    ----------
    extent
        Valid polygon or multipolygon in a projected CRS, metres.
    lines, ground
        In the same CRS; what lies elsewhere is ignored.
    progress
        Called with a fraction (0 to 1) and the name of a step: "blocks", "amounts", "regions", "join".

    Raises
    ------
    ParameterError
        The extent is empty, or the options cannot be used.
    ConservationError
        The grids do not add up to the extent: a fault of the program.
    geo.parallel.Cancelled
        `cancelled()` said so.
    """
    if extent.is_empty or extent.geom_type not in ("Polygon", "MultiPolygon"):
        raise ParameterError(N_("There is no area to draft grids in."), N_("Give a polygon of some extent in metres."))
    count = options.wanted(extent.area)

    def step(share: float, name: str) -> None:
        if cancelled():
            raise Cancelled
        progress(share, name)

    step(0.0, "blocks")
    snapped = shapely.set_precision(extent, SNAP_M)
    blocks = _blocks(snapped, lines, extent.area / count / _BLOCKS_EACH, options)
    step(0.45, "amounts")
    amounts = amounts_on(blocks, ground)
    whole = {name: values for name, values in amounts.items() if np.isfinite(values).all()}
    work = workload(whole, options.weights)
    share = work.share if work.weights else whole["area"] / whole["area"].sum()
    step(0.6, "regions")
    pairs, length = shared_borders(blocks)
    middles = shapely.get_coordinates(shapely.centroid(blocks))
    group = regions(
        Blocks(share, whole["area"], middles, pairs, length),
        count,
        progress=lambda part: step(0.6 + 0.35 * part, "regions"),
        cancelled=cancelled,
    )
    step(0.95, "join")
    polygons = onto_edge(unite(blocks, group), extent)
    area = float(shapely.area(polygons).sum())
    if abs(area - extent.area) > 1e-6 * extent.area + SNAP_M * extent.length:
        raise ConservationError(
            N_("The drafted grids cover {grids} m2, but the extent has {extent} m2."), grids=area, extent=extent.area
        )
    sums = {
        name: np.bincount(group, weights=values, minlength=len(polygons)).astype(np.float64)
        for name, values in amounts.items()
    }
    sums["area"] = np.asarray(shapely.area(polygons), np.float64)
    return Division(polygons, blocks, group, sums, work.left_out)


def _blocks(extent: BaseGeometry, lines: Lines, target_m2: float, options: DivideOptions) -> Geometries:
    near = {name: _near(shapes, extent) for name, shapes in vars(lines).items()}
    water = near["water"]
    banks = np.where(shapely.get_dimensions(water) == 2, shapely.boundary(water), water)
    bounding = np.concatenate((near["streets"], banks)).astype(object)
    return units(
        bounding,
        near["buildings"],
        extent,
        near["minor"],
        target_m2,
        min_m2=_LEAST_BLOCK * target_m2,
        max_m2=target_m2,
        min_width_m=options.min_width_m,
    )


def _near(shapes: Geometries, extent: BaseGeometry) -> Geometries:
    present = shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]
    if not len(present):
        return np.empty(0, dtype=object)
    return np.asarray(present[np.sort(shapely.STRtree(present).query(extent, predicate="intersects"))], dtype=object)


def onto_edge(polygons: Geometries, extent: BaseGeometry) -> Geometries:
    """Return polygons that divide `extent` but for rounding, moved onto its edge.

    A corner of the edge goes back to where it was before rounding, a point between corners onto the edge itself: so no
    sliver comes between these grids and those across the edge. An edge whose corners are on the lattice is bent too,
    where a street that crosses it gives it a point. Where moving would spoil a polygon they stay rounded.
    """
    outer = shapely.get_coordinates(shapely.boundary(shapely.coverage_union_all(polygons)))
    edge: Any = shapely.boundary(extent)
    corners = np.asarray(shapely.points(shapely.get_coordinates(edge)), dtype=object)
    points = np.asarray(shapely.points(outer), dtype=object)
    along = shapely.get_coordinates(shapely.shortest_line(points, edge)).reshape(-1, 2, 2)[:, 1]
    which, corner = shapely.STRtree(corners).query_nearest(points, max_distance=_NEAR_CORNER_M, all_matches=False)
    along[which] = shapely.get_coordinates(corners[corner])
    far = np.hypot(*(along - outer).T) > _NEAR_EDGE_M
    along[far] = outer[far]
    target = {(x, y): moved for (x, y), moved in zip(map(tuple, outer.tolist()), along.tolist(), strict=True)}
    moved = shapely.transform(
        polygons, lambda xy: np.array([target.get((x, y), (x, y)) for x, y in xy.tolist()]).reshape(-1, 2)
    )
    moved = shapely.remove_repeated_points(moved, 0.0)
    whole = abs(shapely.area(moved).sum() - extent.area) <= 1e-9 * extent.area + 1e-3
    return np.asarray(moved, dtype=object) if shapely.is_valid(moved).all() and whole else polygons
