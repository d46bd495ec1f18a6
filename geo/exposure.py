"""How much of what a camera sees is private, and how sharply it sees it.

The view of a camera (`geo.views`) without its masks, laid over the private ground (`geo.private`). The pixel density of
a place is that at its distance from the camera, as for reach (`geo.reach`): a class is met within the reach of its
density. A camera whose pixels or angle are not known sees private ground of unknown class.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from geo.camera_facts import angle_deg
from geo.cameras import CameraFacts
from geo.parallel import chunks_of, in_chunks, never, silent
from geo.private import Objects, Private, Rows
from geo.reach import edition, reach_m
from geo.view import GRID_M, polygons_of
from geo.views import Views

Floats = NDArray[np.float64]

NONE_M2 = 0.05  # less private ground than this is none
_QUADRANT = 64  # chords of a quarter of the circle within which a class is met
_CHUNK = 400.0  # shapes in a piece of work


@dataclass(frozen=True)
class Exposure:
    """What cameras see of private ground, square metres; arrays (n,) by camera.

    Attributes
    ----------
    certain_m2, possible_m2
        float64: of the certain view, and of what is only possible beside it.
    view_certain_m2, view_possible_m2
        float64: the views themselves, masks taken off.
    classes
        Names of the edition's classes, from the lowest density to the highest.
    by_class_m2
        float64 (n, classes + 2): both views together by the highest class met; first below all classes, then the
        classes, last of unknown density.
    """

    certain_m2: Floats
    possible_m2: Floats
    view_certain_m2: Floats
    view_possible_m2: Floats
    classes: tuple[str, ...]
    by_class_m2: Floats

    @property
    def exposed(self) -> NDArray[np.bool_]:
        """Which cameras see private ground."""
        return self.certain_m2 + self.possible_m2 > NONE_M2


def masked(views: Views, masks: ArrayLike, camera: ArrayLike) -> Views:
    """Return the views without what masks hide.

    Parameters
    ----------
    views
        As worked out.
    masks
        Polygons (m,), metres.
    camera
        int (m,): whose mask it is, -1 for all cameras.
    """
    shapes, owner = np.asarray(masks, dtype=object), np.asarray(camera, dtype=np.int64)
    if len(shapes) == 0:
        return views
    polygons, area = views.polygons.copy(), views.area_m2.copy()
    present = np.flatnonzero(~shapely.is_missing(polygons))
    beam, mask = shapely.STRtree(shapes).query(polygons[present], predicate="intersects")
    beam = present[beam]
    mine = (owner[mask] < 0) | (owner[mask] == views.of.camera[beam])
    for row in np.unique(beam[mine]):
        hidden = shapely.union_all(shapes[mask[mine & (beam == row)]])
        before = polygons[row]
        left = polygons_of(shapely.difference(before, hidden, grid_size=GRID_M))
        polygons[row] = None if left.is_empty else left
        area[row] *= left.area / before.area
    return Views(views.of, area, polygons)


def expose(
    views: Views,
    facts: CameraFacts,
    private: Private,
    *,
    year: str = "2014",
    progress: Callable[[float], None] = silent,
    cancelled: Callable[[], bool] = never,
) -> Exposure:
    """Measure what cameras see of private ground.

    Parameters
    ----------
    views
        Of these cameras, masks taken off.
    facts
        The cameras (n,).
    private
        In the same CRS.
    year
        Edition of the standard whose classes are told.
    progress, cancelled
        See `geo.parallel.in_chunks`.
    """
    tasks = edition(year).tasks
    n, beams = len(facts), views.of.beams
    reach = np.column_stack([reach_m(facts.pixels_h, angle_deg(facts), task.px_per_m) for task in tasks])
    beam, piece = meetings(views.polygons, private.pieces)
    m2, by_class = np.zeros(len(beam)), np.zeros((len(beam), len(tasks) + 2))

    def work(rows: Rows) -> None:
        parts = shapely.intersection(views.polygons[beam[rows]], private.pieces[piece[rows]], grid_size=GRID_M)
        m2[rows] = shapely.area(parts)
        here = rows[m2[rows] > 0]
        at = beam[here]
        centres = np.column_stack([beams.x[at], beams.y[at]])
        by_class[here] = _classes(parts[m2[rows] > 0], centres, reach[views.of.camera[at]])

    in_chunks(work, chunks_of(np.ones(len(beam)), _CHUNK), progress=progress, cancelled=cancelled)
    camera, sure = views.of.camera[beam], views.of.certain[beam]
    seen, certain = views.of.camera, views.of.certain
    classes = np.zeros((n, len(tasks) + 2))
    np.add.at(classes, camera, by_class)

    def summed(rows: NDArray[Any], values: Floats) -> Floats:
        return np.bincount(rows, values, n).astype(np.float64)

    return Exposure(
        summed(camera[sure], m2[sure]),
        summed(camera[~sure], m2[~sure]),
        summed(seen[certain], views.area_m2[certain]),
        summed(seen[~certain], views.area_m2[~certain]),
        tuple(task.name for task in tasks),
        classes,
    )


def meetings(polygons: Objects, pieces: Objects) -> tuple[Rows, Rows]:
    """Return rows of polygons and of pieces that meet, sorted by polygon; missing polygons meet nothing."""
    present = np.flatnonzero(~shapely.is_missing(polygons))
    if len(present) == 0 or len(pieces) == 0:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    row, piece = shapely.STRtree(pieces).query(polygons[present], predicate="intersects")
    order = np.lexsort((piece, row))
    row, piece = row[order], piece[order]
    return present[row].astype(np.int64), piece.astype(np.int64)


def overlaps(left: Objects, right: Objects) -> Objects:
    """Return what each of `left` has in common with that of `right`, on the lattice of `geo.view`, on a few threads."""
    found = np.empty(len(left), dtype=object)

    def work(rows: Rows) -> None:
        found[rows] = shapely.intersection(left[rows], right[rows], grid_size=GRID_M)

    in_chunks(work, chunks_of(np.ones(len(left)), _CHUNK))
    return found


def _classes(parts: Objects, centres: Floats, reach: Floats) -> Floats:
    """Areas of parts (k) by class: below all, the classes, unknown; `reach` (k, classes) falls from class to class."""
    k, classes = reach.shape
    whole = shapely.area(parts)
    places: Any = shapely.points(centres)
    nearest = shapely.distance(parts, places)
    farthest = _farthest(parts, centres)
    within = np.zeros((k, classes))
    for task in range(classes):
        radius = reach[:, task]
        within[:, task] = np.where(farthest <= radius, whole, 0.0)
        cut = np.flatnonzero((nearest < radius) & (farthest > radius))
        if len(cut):
            discs = shapely.buffer(places[cut], radius[cut], quad_segs=_QUADRANT)
            within[cut, task] = shapely.area(shapely.intersection(parts[cut], discs, grid_size=GRID_M))
    found = np.zeros((k, classes + 2))
    found[:, 0] = whole - within[:, 0]
    found[:, 1:-2] = within[:, :-1] - within[:, 1:]
    found[:, -2] = within[:, -1]
    unknown = np.isnan(reach[:, 0])
    found[unknown] = 0.0
    found[unknown, -1] = whole[unknown]
    return np.maximum(found, 0.0)


def _farthest(parts: Objects, centres: Floats) -> Floats:
    """Distance of the farthest corner of each part."""
    xy, owner = shapely.get_coordinates(parts, return_index=True)
    found = np.zeros(len(parts))
    np.maximum.at(found, owner, np.hypot(*(xy - centres[owner]).T))
    return found


def seen_zones(views: Views, zones: Objects) -> tuple[Rows, Rows]:
    """Return cameras and the zones they see more than `NONE_M2` of, sorted, each pair once.

    Parameters
    ----------
    zones
        Polygons or points; a point is seen where a view holds it.
    """
    beam, zone = meetings(views.polygons, zones)
    parts: Any = shapely.intersection(views.polygons[beam], zones[zone], grid_size=GRID_M)
    large = (shapely.area(parts) > NONE_M2) | (shapely.get_dimensions(zones[zone]) == 0)
    pairs = np.unique(np.column_stack([views.of.camera[beam][large], zone[large]]), axis=0).astype(np.int64)
    return pairs[:, 0], pairs[:, 1]
