"""What is lost if one camera fails (N-1): what no other camera sees, per grid and for the cameras that matter most.

The loss of a camera is the open area that it sees, certainly or possibly, and no other camera does, neither certainly
nor possibly. `geo.coverage` measures it exactly, per camera and grid; here the worst are found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from geo.coverage import Coverage

LEAST_M2 = 0.01  # less is what rounding leaves between views that share an edge

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Fragility:
    """The worst single loss of each grid, and the cameras whose loss costs most over all grids.

    Attributes
    ----------
    loss_m2, loss_camera
        (cells,): what the grid loses if that one camera fails, the worst there is; 0 and -1 where no camera sees
        anything alone, NaN and -1 where `geo.coverage.Coverage.fallback` says that it is not known. Of equal losses the
        first camera.
    camera, camera_m2
        (k,): cameras and what all grids together lose without each, the largest first; of equal ones the first camera.
    cells
        k arrays: the grids that lose something.
    """

    loss_m2: Floats
    loss_camera: Ints
    camera: Ints
    camera_m2: Floats
    cells: list[Ints]


def fragility(coverage: Coverage, *, top: int = 10) -> Fragility:
    """Find the worst losses of a coverage; at most `top` cameras are named."""
    alone = coverage.alone
    found = worst_losses(alone.camera, alone.cell, alone.m2, len(coverage.area_m2), top=top)
    found.loss_m2[coverage.fallback > 0] = np.nan
    return found


def worst_losses(camera: ArrayLike, cell: ArrayLike, m2: ArrayLike, cells: int, *, top: int = 10) -> Fragility:
    """Find the worst losses.

    Parameters
    ----------
    camera, cell, m2
        (k,): area of a cell that only that camera sees; a pair occurs once.
    cells
        How many there are.
    top
        How many cameras are named at most.

    Examples
    --------
    >>> found = worst_losses([4, 4, 9], [0, 1, 1], [10.0, 2.0, 5.0], 3)
    >>> found.loss_m2.tolist(), found.loss_camera.tolist(), found.camera.tolist(), found.camera_m2.tolist()
    ([10.0, 5.0, 0.0], [4, 9, -1], [4, 9], [12.0, 5.0])
    """
    area = np.asarray(m2, np.float64)
    some = area >= LEAST_M2
    by, of, area = np.asarray(camera, np.int64)[some], np.asarray(cell, np.int64)[some], area[some]

    loss_m2, loss_camera = np.zeros(cells), np.full(cells, -1, np.int64)
    order = np.lexsort((by, -area, of))
    losing, first = np.unique(of[order], return_index=True)
    loss_m2[losing], loss_camera[losing] = area[order][first], by[order][first]

    names, which = np.unique(by, return_inverse=True)
    total = np.bincount(which, weights=area, minlength=len(names))
    worst = np.lexsort((names, -total))[:top]
    named, lost = np.asarray(names[worst], np.int64), np.asarray(total[worst], np.float64)
    return Fragility(loss_m2, loss_camera, named, lost, [np.sort(of[which == k]) for k in worst])
