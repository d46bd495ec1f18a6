"""Blind spots: connected blind areas of a grid, the worst first, and why no camera sees them.

A spot is one polygon of the blind area of one grid. Slivers are no spots: an area under `min_area_m2`, or one into
which no disc of diameter `min_width_m` fits (nothing is left of it when it is shrunk by half that from all sides).

The worst is the one with the most unseen incidents, then the largest (to a hundredth of a square metre), then the one
of the grid with the lowest code, then the westernmost, the southernmost.

Why: each of the `NEAREST` cameras nearest to a place within the spot is asked what keeps it from seeing that place
(`geo.look`). The answer is that of the camera that comes closest to seeing it:

- wall: the place is within reach and in view, but behind a building;
- direction: within reach, but the camera looks elsewhere;
- near: in the blind zone below the camera;
- range: out of reach, but no further than `FAR` times the reach of some camera;
- no_camera: further than that from all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from geo.assign import text_rank
from geo.parallel import chunks_of, in_chunks

if TYPE_CHECKING:
    from geo.cameras import CameraBeams
    from geo.coverage import Coverage
    from geo.obstacles import Obstacles

MIN_AREA_M2 = 10.0
MIN_WIDTH_M = 1.0
NEAREST = 10
FAR = 2.0
NO_CAMERA, RANGE, NEAR, DIRECTION, WALL = "no_camera", "range", "near", "direction", "wall"
REASONS = (NO_CAMERA, RANGE, NEAR, DIRECTION, WALL)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Objects = NDArray[Any]

_CHUNK = 64  # spots that are tested at once, cells whose incidents are counted at once
_MANY = 30  # points for which it pays to prepare a polygon


@dataclass(frozen=True)
class BlindSpots:
    """Blind spots, the worst first; arrays (k,).

    Attributes
    ----------
    polygons
        Object.
    cell
        int64: the grid.
    blind_m2
        float64: area.
    incidents_unseen
        int64.
    x, y
        float64: a place within the spot, as far from its edge as a quick rule finds.
    nearest_camera, nearest_m
        int64, float64: the camera nearest to that place, the first of equally near ones; -1 and NaN without cameras.
    """

    polygons: Objects
    cell: Ints
    blind_m2: Floats
    incidents_unseen: Ints
    x: Floats
    y: Floats
    nearest_camera: Ints
    nearest_m: Floats

    def __len__(self) -> int:
        return len(self.polygons)


def blind_spots(
    coverage: Coverage,
    codes: ArrayLike,
    incidents: tuple[ArrayLike, ArrayLike, ArrayLike] | None = None,
    cameras: tuple[ArrayLike, ArrayLike] = ((), ()),
    *,
    min_area_m2: float = MIN_AREA_M2,
    min_width_m: float = MIN_WIDTH_M,
    limit: int | None = None,
    threads: int | None = None,
) -> BlindSpots:
    """Rank the blind spots of all grids.

    Parameters
    ----------
    coverage
        Of the grids, (n,).
    codes
        Of the grids, text (n,).
    incidents
        x, y and grid of the unseen ones (`geo.denominators.incident_states`: BLIND), metres; None for none.
    cameras
        x, y, metres.
    min_area_m2, min_width_m
        What is smaller is a sliver.
    limit
        At most so many, the worst; None for all.
    threads
        See `geo.parallel.in_chunks`.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> gap, sliver = shapely.box(0, 0, 9, 9), shapely.box(20, 0, 20.9, 90)
    >>> found = blind_spots(SimpleNamespace(blind=[gap, sliver]), ["a", "b"], cameras=([4.5], [10.5]))
    >>> found.blind_m2.tolist(), found.nearest_m.tolist()
    ([81.0], [6.0])
    """
    parts, cell = shapely.get_parts(np.asarray(coverage.blind, dtype=object), return_index=True)
    area = shapely.area(parts)
    large = area >= max(min_area_m2, np.nextafter(0, 1))
    parts, cell, area = parts[large], cell[large].astype(np.int64), area[large]
    unseen = np.zeros(len(parts), np.int64) if incidents is None else _count(parts, cell, area, incidents, threads)
    west, south = (shapely.bounds(parts).reshape(-1, 4)[:, axis] for axis in (0, 1))
    order = np.lexsort((south, west, text_rank(codes)[cell], -np.round(area, 2), -unseen))

    most = len(order) if limit is None else limit
    found: list[Ints] = [np.zeros(0, np.int64)]
    places: list[Objects] = [np.zeros(0, dtype=object)]
    done = count = 0
    while done < len(order) and count < most:
        tested = order[done : done + max(_CHUNK, 2 * (most - count))]
        done += len(tested)
        inner, wide = _wide(parts[tested], min_width_m, threads)
        found.append(tested[wide][: most - count])
        places.append(inner[wide][: most - count])
        count += len(found[-1])
    rows, inside = np.concatenate(found), np.concatenate(places)
    x, y = shapely.get_x(inside), shapely.get_y(inside)
    camera, distance = _nearest(x, y, *cameras)
    return BlindSpots(parts[rows], cell[rows], area[rows], unseen[rows], x, y, camera, distance)


def reasons(
    spots: BlindSpots,
    beams: CameraBeams,
    obstacles: Obstacles,
    *,
    target_height_m: float,
    rows: ArrayLike | None = None,
) -> tuple[Objects, Ints]:
    """Say why no camera sees the spots; see the module.

    Parameters
    ----------
    spots
        Of the same cameras.
    beams, obstacles, target_height_m
        As the views were computed.
    rows
        Which spots, (k,); None for all.

    Returns
    -------
    why, camera
        Object (k,) of `REASONS`; int64 (k,): the camera that comes closest to seeing the spot, the nearest of equal
        ones, -1 for "no_camera".
    """
    from geo.look import look  # compiled loops stand behind it, which a start need not load

    chosen = np.arange(len(spots)) if rows is None else np.asarray(rows, dtype=np.int64)
    why, which = np.full(len(chosen), NO_CAMERA, dtype=object), np.full(len(chosen), -1, np.int64)
    cameras, first = np.unique(beams.camera, return_index=True)
    if not len(cameras) or not len(chosen):
        return why, which
    last = np.append(first[1:], len(beams.camera))
    rays = beams.beams
    x, y = spots.x[chosen], spots.y[chosen]
    tree = cKDTree(np.column_stack([rays.x[first], rays.y[first]]))
    distance, near = tree.query(np.column_stack([x, y]), k=min(NEAREST, len(cameras)))
    distance, near = distance.reshape(len(chosen), -1), near.reshape(len(chosen), -1)
    for i in range(len(chosen)):
        asked = np.concatenate([np.arange(first[k], last[k]) for k in near[i]])
        of = np.repeat(np.arange(near.shape[1]), last[near[i]] - first[near[i]])
        # A place between the chords of a drawn view and its true arc is seen by the line of sight: the edge of reach.
        state = np.maximum(look(x[i], y[i], rays, obstacles, rows=asked, target_height_m=target_height_m), 1)
        reach = np.zeros(near.shape[1])
        np.maximum.at(reach, of, rays.far_m[asked])
        best = np.zeros(near.shape[1], np.int64)
        np.maximum.at(best, of, state)
        best[(best == 1) & (distance[i] > FAR * reach)] = 0
        closest = int(best.argmax())
        if best[closest] > 0:
            why[i], which[i] = REASONS[best[closest]], cameras[near[i, closest]]
    return why, which


def _count(
    parts: Objects, cell: Ints, area: Floats, incidents: tuple[ArrayLike, ArrayLike, ArrayLike], threads: int | None
) -> Ints:
    """How many incidents lie in each part of their grid; one on the edge of several is in the largest."""
    x, y = (np.asarray(values, np.float64) for values in incidents[:2])
    of = np.asarray(incidents[2], dtype=np.int64)
    point_order = np.argsort(of, kind="stable")
    part_order = np.lexsort((-area, cell))
    boxes = shapely.bounds(parts).reshape(-1, 4)
    cells = np.intersect1d(of, cell)
    points = [np.searchsorted(of[point_order], cells, side) for side in ("left", "right")]
    pieces = [np.searchsorted(cell[part_order], cells, side) for side in ("left", "right")]
    counts = np.zeros(len(parts), np.int64)

    def work(places: Ints) -> None:
        for place in places:
            rows = point_order[points[0][place] : points[1][place]]
            mine = part_order[pieces[0][place] : pieces[1][place]]
            for part in mine:
                x0, y0, x1, y1 = boxes[part]
                near = (x[rows] >= x0) & (x[rows] <= x1) & (y[rows] >= y0) & (y[rows] <= y1)
                asked = rows[near]
                if not len(asked):
                    continue
                if len(asked) > _MANY:
                    shapely.prepare(parts[part])  # the parts of a geometry are copies: nobody else uses them yet
                inside = shapely.intersects_xy(parts[part], x[asked], y[asked])
                shapely.destroy_prepared(parts[part])
                counts[part] = inside.sum()
                rows = np.concatenate([rows[~near], asked[~inside]])

    in_chunks(work, chunks_of(np.ones(len(cells)), _CHUNK), threads=threads)
    return counts


def _wide(parts: Objects, width_m: float, threads: int | None) -> tuple[Objects, NDArray[np.bool_]]:
    """A place in each polygon, and whether a disc of that diameter fits into it."""
    inner, wide = np.empty(len(parts), dtype=object), np.zeros(len(parts), np.bool_)

    def work(rows: Ints) -> None:
        inner[rows] = shapely.point_on_surface(parts[rows])
        wide[rows] = shapely.distance(inner[rows], shapely.boundary(parts[rows])) >= width_m / 2
        narrow = rows[~wide[rows]]
        shrunk = shapely.buffer(parts[narrow], -width_m / 2)
        wide[narrow] = ~shapely.is_empty(shrunk)
        # In a crooked spot the middle of its shrunk shape is a better place than one that a scan line finds.
        inner[narrow] = np.where(wide[narrow], shapely.point_on_surface(shrunk), inner[narrow])

    in_chunks(work, chunks_of(np.ones(len(parts)), _CHUNK), threads=threads)
    return inner, wide


def _nearest(x: Floats, y: Floats, camera_x: ArrayLike, camera_y: ArrayLike) -> tuple[Ints, Floats]:
    """The camera nearest to each place and its distance, the first of equally near ones."""
    known = np.column_stack([np.asarray(camera_x, np.float64), np.asarray(camera_y, np.float64)])
    camera, distance = np.full(len(x), -1, np.int64), np.full(len(x), np.nan)
    if len(known) and len(x):
        tree = shapely.STRtree(np.asarray(shapely.points(known), dtype=object))
        places = np.asarray(shapely.points(x, y), dtype=object)
        (which, found), away = tree.query_nearest(places, return_distance=True)
        order = np.lexsort((found, which))
        _, first = np.unique(which[order], return_index=True)
        camera, distance = found[order][first].astype(np.int64), away[order][first]
    return camera, distance
