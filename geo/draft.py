"""Draft unit grids and their parent areas from the street blocks of a place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.draft_blocks import SNAP_M, Geometries, arrange, building_groups, merge_small, shared_borders, unite
from geo.draft_codes import CodeLayout, reading_order
from geo.draft_groups import contiguous_groups
from geo.draft_split import split_lines
from geo.errors import N_, ConservationError, ParameterError

# OpenStreetMap kinds of ways that do not bound a street block. Kinds of other sources count as streets.
NOT_STREETS = frozenset(
    {
        "abandoned",
        "bridleway",
        "construction",
        "corridor",
        "crossing",
        "cycleway",
        "elevator",
        "footway",
        "path",
        "pedestrian",
        "platform",
        "proposed",
        "raceway",
        "razed",
        "rest_area",
        "service",
        "steps",
        "track",
        "trail",
    }
)
# Of these, the ways along which a block that is too large may be divided.
MINOR_WAYS = frozenset({"cycleway", "footway", "path", "pedestrian", "service", "track"})


@dataclass(frozen=True)
class DraftOptions:
    """What a draft aims at.

    Attributes
    ----------
    target_m2
        Wished area of a unit grid in square metres.
    min_share, max_share
        A grid below ``min_share * target_m2`` is merged; a merge never exceeds ``max_share * target_m2`` (but see
        `draft_grids` for buildings and slivers).
    divide_share
        A block above ``divide_share * target_m2`` is divided where that is possible.
    min_width_m
        A unit of a smaller mean width (2 * area / perimeter) is merged: a strip between carriageways is no grid.
    group_sizes
        Wished number of children of an area at each parent level, fine to coarse.
    levels
        Names of the levels, coarse to fine.
    layout
        Layout of the codes.
    """

    target_m2: float = 10_000.0
    min_share: float = 0.5
    max_share: float = 2.0
    divide_share: float = 3.0
    min_width_m: float = 15.0
    group_sizes: tuple[int, ...] = (12, 4)
    levels: tuple[str, ...] = ("township", "community", "grid")
    layout: CodeLayout = field(default_factory=CodeLayout)

    def check(self) -> None:
        """Raise ParameterError if the options contradict themselves."""
        fits = len(self.levels) == len(self.group_sizes) + 1 == len(self.layout.widths)
        if not fits or min(self.group_sizes, default=1) < 1 or len(set(self.levels)) != len(self.levels):
            raise ParameterError(
                N_("Levels, group sizes and code widths of the draft do not fit together."),
                N_("Give one code width per level and one group size per parent level."),
            )
        if not (0 < self.target_m2 < np.inf and 0 <= self.min_share <= 1 <= self.max_share and self.divide_share >= 1):
            raise ParameterError(
                N_("The wished area of a grid, {target} m2, or its bounds cannot be used."),
                N_("Give a positive area, a lower share up to 1 and an upper share from 1."),
                target=self.target_m2,
            )


@dataclass(frozen=True)
class Draft:
    """Drafted areas of all levels, coarse to fine and in code order inside a level.

    Attributes
    ----------
    polygons
        Object array of valid polygons in metres.
    code, level, parent
        Object arrays of str; `parent` is None at the coarsest level.
    name
        Object array of str: the numbers of the code without leading zeros, such as "1-2-7".
    """

    polygons: Geometries
    code: NDArray[Any]
    level: NDArray[Any]
    parent: NDArray[Any]
    name: NDArray[Any]

    def at(self, level: str) -> NDArray[np.int64]:
        """Return the positions of the areas of one level."""
        return np.flatnonzero(self.level == level)


def draft_grids(
    streets: Geometries,
    buildings: Geometries,
    extent: BaseGeometry,
    *,
    minor: Geometries | None = None,
    options: DraftOptions | None = None,
) -> Draft:
    """Draft unit grids from street blocks, and their parent areas.

    1. The streets and the edge of the extent are noded and polygonised into blocks. A block that is too large is
       divided along `minor` ways, then by straight cuts that meet no building; where neither is possible it stays.
    2. Blocks that one building enters are merged, whatever their area: no building is ever cut.
    3. Small blocks are merged with a neighbour (`geo.draft_blocks.merge_small`); slivers always are.
    4. Grids are grouped into contiguous areas level by level (`geo.draft_groups.contiguous_groups`); each area is
       the union of its children.
    5. Codes number the children of each parent by `geo.draft_codes.reading_order`.

    The same input gives the same draft, in whatever order its lines come.

    Parameters
    ----------
    streets
        Object array of lines that bound street blocks (see `street_mask`), metres.
    buildings
        Object array of valid polygons, metres of the same projected CRS.
    extent
        Valid polygon or multipolygon in the same CRS: what the grids partition, to the millimetre.
    minor
        Lines along which too large blocks may be divided.
    options
        Wished sizes, levels and code layout.

    Raises
    ------
    ParameterError
        The extent is empty, or the options cannot be used.
    ConservationError
        The grids do not add up to the extent: a fault of the program.
    """
    options = options or DraftOptions()
    options.check()
    extent = shapely.set_precision(extent, SNAP_M)
    if extent.is_empty or extent.geom_type not in ("Polygon", "MultiPolygon"):
        raise ParameterError(N_("There is no area to draft grids in."), N_("Give a polygon of some extent in metres."))
    grids = units(
        streets,
        buildings,
        extent,
        minor,
        options.target_m2,
        options.divide_share,
        min_m2=options.min_share * options.target_m2,
        max_m2=options.max_share * options.target_m2,
        min_width_m=options.min_width_m,
    )
    area = shapely.area(grids).sum()
    if abs(area - extent.area) > 1e-6 * extent.area:
        raise ConservationError(
            N_("The drafted grids cover {grids} m2, but the extent has {extent} m2."),
            grids=area,
            extent=extent.area,
        )
    return _number(grids, options)


def street_mask(kinds: NDArray[Any], excluded: frozenset[str] = NOT_STREETS) -> NDArray[np.bool_]:
    """Return which ways bound street blocks: those whose kind is not `excluded` (a missing kind counts)."""
    return np.array([kind not in excluded for kind in kinds], dtype=bool)


def minor_mask(kinds: NDArray[Any], minor: frozenset[str] = MINOR_WAYS) -> NDArray[np.bool_]:
    """Return which ways may divide a block that is too large."""
    return np.array([kind in minor for kind in kinds], dtype=bool)


def units(
    streets: Geometries,
    buildings: Geometries,
    extent: BaseGeometry,
    minor: Geometries | None,
    target_m2: float,
    divide_share: float = 3.0,
    *,
    min_m2: float,
    max_m2: float,
    min_width_m: float,
) -> Geometries:
    """Return areas made of street blocks: steps 1 to 3 of `draft_grids`.

    Parameters
    ----------
    streets, buildings, extent, minor
        As for `draft_grids`; the extent's vertices lie on the `SNAP_M` lattice.
    target_m2, divide_share
        A block above ``divide_share * target_m2`` is divided towards `target_m2` where that is possible.
    min_m2, max_m2, min_width_m
        As for `geo.draft_blocks.merge_small`.

    Returns
    -------
    Object array of polygons: pairwise disjoint, their union is the extent; neighbours share their vertices.
    """
    faces, block = _whole_blocks(streets, buildings, extent, minor, target_m2, divide_share)
    pairs, length = shared_borders(faces)
    around = shapely.length(faces)
    bounds = {"min_m2": min_m2, "max_m2": max_m2, "min_width_m": min_width_m}
    return unite(faces, merge_small(shapely.area(faces), around, pairs, length, block, **bounds))


def _whole_blocks(
    streets: Geometries,
    buildings: Geometries,
    extent: BaseGeometry,
    minor: Geometries | None,
    target_m2: float,
    divide_share: float,
) -> tuple[Geometries, NDArray[np.int64]]:
    """Return blocks that no building crosses the border of, and the street block each lies in, -1 where in several."""
    blocks = arrange(streets, extent)
    faces = blocks
    divide_m2 = divide_share * target_m2
    large = shapely.area(blocks) > divide_m2
    if large.any():
        inner = _clip(minor, blocks[large]) if minor is not None else np.empty(0, dtype=object)
        dividing = np.concatenate((streets, inner))
        faces = arrange(dividing, extent)
        cuts = [
            line for face in faces[shapely.area(faces) > divide_m2] for line in split_lines(face, buildings, target_m2)
        ]
        if cuts:
            faces = arrange(np.concatenate((dividing, np.array(cuts, dtype=object))), extent)
    tree = shapely.STRtree(blocks)
    block = np.full(len(faces), -1, dtype=np.int64)
    which, found = tree.query(shapely.point_on_surface(faces), predicate="within")
    block[which] = found
    group = building_groups(faces, buildings)
    faces = unite(faces, group)
    lowest, highest = (np.full(len(faces), start, dtype=np.int64) for start in (np.iinfo(np.int64).max, -1))
    np.minimum.at(lowest, group, block)
    np.maximum.at(highest, group, block)
    return faces, np.where(lowest == highest, highest, -1)


def _clip(lines: Geometries, blocks: Geometries) -> Geometries:
    """Return the parts of `lines` inside any of `blocks`."""
    line, block = shapely.STRtree(blocks).query(lines, predicate="intersects")
    parts = shapely.get_parts(shapely.intersection(lines[line], blocks[block]))
    return np.asarray(parts[shapely.get_dimensions(parts) == 1], dtype=object)


def _number(grids: Geometries, options: DraftOptions) -> Draft:
    """Group the unit grids upwards, then number downwards."""
    polygons = [grids]  # fine to coarse
    above: list[NDArray[np.int64]] = []  # group of each polygon at the next coarser level
    for size in options.group_sizes:
        pairs, _ = shared_borders(polygons[-1])
        group = contiguous_groups(shapely.get_coordinates(shapely.centroid(polygons[-1])), pairs, size)
        above.append(group)
        polygons.append(unite(polygons[-1], group))
    areas = polygons[::-1]
    above = above[::-1]
    shapes: list[BaseGeometry] = []
    rows: list[tuple[str, str, str | None, str]] = []
    parents: list[tuple[int, str, str]] = [(-1, options.layout.prefix, "")]
    for depth, level in enumerate(options.levels):
        numbered: list[tuple[int, str, str]] = []
        for parent, parent_code, parent_name in parents:
            members = np.flatnonzero(above[depth - 1] == parent) if depth else np.arange(len(areas[0]))
            for position, child in enumerate(members[reading_order(areas[depth][members])].tolist()):
                code = options.layout.code(parent_code, depth, position)
                name = "-".join(filter(None, (parent_name, str(options.layout.first + position))))
                shapes.append(areas[depth][child])
                rows.append((code, level, parent_code if depth else None, name))
                numbered.append((child, code, name))
        parents = numbered
    columns = [np.array(column, dtype=object) for column in zip(*rows, strict=True)]
    return Draft(np.array(shapes, dtype=object), *columns)
