"""What is lost if one camera fails (N-1): what no other camera sees, per grid and for the cameras that matter most.

The loss of a camera is the area that it sees, certainly or possibly, and no other camera does, neither certainly nor
possibly. Per grid it is measured along lines (`geo.multiplicity`); for the few cameras whose loss costs most it is the
overlay view - views of the others, on the lattice of `geo.view`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from geo.view import GRID_M, polygons_of

if TYPE_CHECKING:
    from geo.cells import Cells
    from geo.multiplicity import Multiplicity
    from geo.views import Views

CANDIDATES = 3  # times as many as asked for are measured exactly, those first whose loss along lines is largest

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Fragility:
    """The worst single loss of each grid, and the cameras whose loss costs most over all grids.

    Attributes
    ----------
    loss_m2, loss_camera
        (cells,): what the grid loses if that one camera fails, the worst there is, measured along lines; 0 and -1
        where no camera sees anything alone. Of equal losses the first camera.
    camera, camera_m2
        (k,): cameras and what all grids together lose without each, exact, the largest first; of equal ones the first
        camera. Only losses above 0.
    cells
        k arrays: the grids that lose something.
    """

    loss_m2: Floats
    loss_camera: Ints
    camera: Ints
    camera_m2: Floats
    cells: list[Ints]


def fragility(views: Views, cells: Cells, measured: Multiplicity, *, top: int = 10) -> Fragility:
    """Find the worst losses.

    Parameters
    ----------
    views, cells
        In one metric CRS.
    measured
        The multiplicity of the same views in the same cells.
    top
        How many cameras are named at most.
    """
    return worst_losses(views.polygons, views.of.camera, cells.free, measured, top=top)


def worst_losses(
    views: ArrayLike, camera: ArrayLike, areas: ArrayLike, measured: Multiplicity, *, top: int = 10
) -> Fragility:
    """Find the worst losses among plain polygons.

    Parameters
    ----------
    views, camera
        Polygons (m,), None or empty where nothing is seen, and whose they are.
    areas
        The open part of each cell, (n,); None and empty ones lose nothing.
    measured, top
        See `fragility`.

    Examples
    --------
    >>> from geo.multiplicity import count_cameras
    >>> areas = [shapely.box(0, 0, 10, 10)]
    >>> views = [shapely.box(0, 0, 6, 10), shapely.box(4, 0, 10, 10), shapely.box(9, 0, 12, 10)]
    >>> found = worst_losses(views, [0, 1, 2], areas, count_cameras(areas, views, [0, 1, 2], [True] * 3))
    >>> found.loss_m2.tolist(), found.loss_camera.tolist(), found.camera.tolist(), found.camera_m2.tolist()
    ([40.0], [0], [0, 1], [40.0, 30.0])
    """
    shapes, owner = np.asarray(views, dtype=object), np.asarray(camera, dtype=np.int64)
    free = np.asarray(areas, dtype=object)
    loss_m2, loss_camera = np.zeros(len(free)), np.full(len(free), -1, np.int64)
    order = np.lexsort((measured.camera, -measured.alone_m2, measured.cell))
    cell, first = np.unique(measured.cell[order], return_index=True)
    loss_m2[cell], loss_camera[cell] = measured.alone_m2[order][first], measured.camera[order][first]

    names, which = np.unique(measured.camera, return_inverse=True)
    total = np.bincount(which, weights=measured.alone_m2, minlength=len(names))
    likely = names[np.lexsort((names, -total))[: CANDIDATES * top]]
    boxes, boxes_of_cells = (shapely.bounds(some).reshape(-1, 4) for some in (shapes, free))
    exact = []
    for name in likely:
        alone = _alone(name, shapes, owner, boxes)
        near = np.flatnonzero(_meets(boxes_of_cells, alone.bounds)) if not alone.is_empty else np.zeros(0, np.int64)
        lost = shapely.area(shapely.intersection(free[near], alone, grid_size=GRID_M))
        exact.append((-float(lost.sum()), int(name), near[lost > 0].astype(np.int64)))
    worst = [item for item in sorted(exact, key=lambda item: item[:2]) if item[0] < 0][:top]
    return Fragility(
        loss_m2,
        loss_camera,
        np.array([name for _, name, _ in worst], dtype=np.int64),
        np.array([-lost for lost, _, _ in worst], dtype=np.float64),
        [cells for _, _, cells in worst],
    )


def _alone(name: int, views: NDArray[Any], owner: Ints, boxes: Floats) -> Any:
    """What only that camera sees."""
    own = owner == name
    mine = polygons_of(shapely.union_all(views[own], grid_size=GRID_M))
    others = views[_meets(boxes, mine.bounds) & ~own]
    theirs = polygons_of(shapely.union_all(others, grid_size=GRID_M))
    return polygons_of(shapely.difference(mine, theirs, grid_size=GRID_M))


def _meets(boxes: Floats, box: tuple[float, ...]) -> NDArray[np.bool_]:
    """Which boxes touch a box; absent ones (NaN) do not."""
    x0, y0, x1, y1 = boxes.T
    found: NDArray[np.bool_] = (x0 <= box[2]) & (x1 >= box[0]) & (y0 <= box[3]) & (y1 >= box[1])
    return found
