"""How many cameras see each place of a cell, and what only one of them sees.

Measured along parallel lines: on each line the lengths seen by 1, 2, 3 or more cameras are exact (to a sixteenth of a
millimetre), and a length stands for the strip up to half way to the next lines, `step_m` from line to line from south
to north. So the only error is between the lines: at most half a step times the extent from west to east of all
boundaries, in practice far less, as the errors of edges cancel (`docs/coverage.md` says how much). The lines fall by
`FALL` to the east, because walls and borders often run straight west to east, and along them nothing would cancel.

Line j is y = (j + 1/2) step_m - FALL x in the CRS, whatever is measured, and lengths are added as whole numbers: a
cell's figures depend neither on the other cells nor on the number of threads, to the last bit.

A camera counts once at a place, however many of its beams reach it, certain and possible ones alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from geo import multiplicity_kernels as kernels
from geo.errors import N_, ParameterError
from geo.lattice import edges_of

if TYPE_CHECKING:
    from geo.cells import Cells
    from geo.views import Views

QUANTUM_M = 2.0**-14
STEP_M = 1.0
FALL = 0.3819660112501051  # of the lines, metres south for each metre east: 2 less the golden ratio
_MOST_CROSSINGS = 1 << 21  # held at once by a thread

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Multiplicity:
    """What one, two, three or more cameras see.

    Attributes
    ----------
    seen_m2, certain_m2
        float64 (cells, 3): area seen by at least 1, 2 and 3 cameras; possibly or certainly, and certainly.
    step_m
        Distance of the lines it was measured along, from south to north.
    camera, cell, alone_m2
        (k,): area of a cell that only one camera sees, possibly or certainly; sorted by cell, then camera.
    """

    seen_m2: Floats
    certain_m2: Floats
    step_m: float
    camera: Ints
    cell: Ints
    alone_m2: Floats


def multiplicity(views: Views, cells: Cells, *, step_m: float = STEP_M, threads: int = 2) -> Multiplicity:
    """Measure the multiplicity of the open part of each cell; see the module."""
    of = views.of
    return count_cameras(cells.free, views.polygons, of.camera, of.certain, step_m=step_m, threads=threads)


def update(
    old: Multiplicity, views: Views, cells: Cells, rows: ArrayLike, kept: ArrayLike | None = None, *, threads: int = 2
) -> Multiplicity:
    """Measure some cells anew and keep the figures of the others; equal to measuring all, to the last bit.

    Parameters
    ----------
    old
        Figures of the same cells, right for all that are not among `rows`.
    views, cells
        As they are now.
    rows
        The cells to measure.
    kept
        int (cameras,): number in `old` of each camera of `views`, -1 for a new one; None where no number changed.
        Cameras of `old` that are not named are gone.
    """
    chosen = np.unique(np.asarray(rows, dtype=np.int64))
    of = views.of
    fresh = count_cameras(cells.free[chosen], views.polygons, of.camera, of.certain, step_m=old.step_m, threads=threads)
    seen, certain = old.seen_m2.copy(), old.certain_m2.copy()
    seen[chosen], certain[chosen] = fresh.seen_m2, fresh.certain_m2
    camera = old.camera
    if kept is not None:
        number = np.asarray(kept, dtype=np.int64)
        became = np.full(max(int(number.max(initial=-1)), int(camera.max(initial=-1))) + 1, -1, np.int64)
        became[number[number >= 0]] = np.flatnonzero(number >= 0)
        camera = became[camera]
    stay = ~np.isin(old.cell, chosen) & (camera >= 0)
    cell = np.concatenate([old.cell[stay], chosen[fresh.cell]])
    camera = np.concatenate([camera[stay], fresh.camera])
    alone = np.concatenate([old.alone_m2[stay], fresh.alone_m2])
    order = np.lexsort((camera, cell))
    return Multiplicity(seen, certain, old.step_m, camera[order], cell[order], alone[order])


def warm() -> None:
    """Compile what this module needs (some seconds once; kept on disk by numba)."""
    square = np.array([shapely.box(0, 0, 2, 2)], dtype=object)
    count_cameras(square, square, [0], [True])


def count_cameras(
    areas: ArrayLike,
    views: ArrayLike,
    camera: ArrayLike,
    certain: ArrayLike,
    *,
    step_m: float = STEP_M,
    threads: int = 2,
) -> Multiplicity:
    """Measure how many cameras see each place of some areas.

    Parameters
    ----------
    areas
        Polygons (n,) in a metric CRS, each measured by itself; None and empty ones measure 0.
    views
        Polygons (m,) in the same CRS; None and empty ones see nothing.
    camera
        int (m,): whose view it is.
    certain
        bool (m,).
    step_m
        Distance of the lines.
    threads
        At most so many strips at once.

    Raises
    ------
    ParameterError
        `step_m` is not above 0.

    Examples
    --------
    >>> left, right = shapely.box(0, 0, 6, 10), shapely.box(4, 0, 10, 10)
    >>> result = count_cameras([shapely.box(0, 0, 10, 10)], [left, right], [0, 1], [True, False], step_m=0.01)
    >>> result.seen_m2.round().tolist(), result.certain_m2.round().tolist(), result.alone_m2.round().tolist()
    ([[100.0, 20.0, 0.0]], [[60.0, 0.0, 0.0]], [40.0, 40.0])
    """
    if not np.isfinite(step_m) or step_m <= 0:
        raise ParameterError(
            N_("A distance of {step_m} m between lines cannot be used."),
            N_("Give a positive number of metres."),
            step_m=step_m,
        )
    shapes, seen_from = np.asarray(areas, dtype=object), np.asarray(views, dtype=object)
    owner, sure = np.asarray(camera, dtype=np.int64), np.asarray(certain, dtype=np.bool_)
    exactly = np.zeros((2, len(shapes), 3), np.int64)
    alone: list[tuple[Ints, Ints, Ints]] = []
    strips = list(_strips(shapes, seen_from, step_m))
    widths = [box[2] - box[0] for _, _, _, box in strips]
    quantum = QUANTUM_M
    while max(widths, default=0.0) / quantum > kernels.MOST_PLACE:
        quantum *= 2

    def measure(strip: _Strip) -> tuple[Ints, Ints, Ints, Ints, Ints, Ints]:
        return _measure(strip, shapes, seen_from, owner, sure, step_m, quantum)

    with ThreadPoolExecutor(max(1, threads)) as pool:
        for rows, seen, seen_certain, cells, cameras, lengths in pool.map(measure, strips):
            exactly[0, rows] += seen
            exactly[1, rows] += seen_certain
            alone.append((cells, cameras, lengths))
    least = exactly[:, :, ::-1].cumsum(axis=2)[:, :, ::-1] * (quantum * step_m)
    cell, by, length = (
        np.concatenate([part[k] for part in alone]) if alone else np.zeros(0, np.int64) for k in range(3)
    )
    most = int(by.max()) + 1 if len(by) else 1
    pairs, which = np.unique(cell * most + by, return_inverse=True)
    lengths = np.zeros(len(pairs), np.int64)
    np.add.at(lengths, which, length)
    alone_m2 = np.asarray(lengths * (quantum * step_m), dtype=np.float64)
    return Multiplicity(least[0], least[1], step_m, pairs % most, pairs // most, alone_m2)


_Strip = tuple[Ints, Ints, int, Floats]  # areas, views, first line, box of the areas


def _strips(areas: NDArray[Any], views: NDArray[Any], step_m: float) -> Iterator[_Strip]:
    """Strips of lines, and what touches each."""
    bounds, bounds_of_views = (shapely.bounds(some).reshape(-1, 4) for some in (areas, views))
    for boxes in (bounds, bounds_of_views):
        boxes[:, [1, 3]] += FALL * boxes[:, [0, 2]]
    lines = np.floor(bounds[:, [1, 3]] / step_m)
    present = np.isfinite(lines).all(axis=1)
    if not present.any():
        return
    first, last = int(lines[present].min()), int(lines[present].max()) + 1
    with np.errstate(invalid="ignore"):
        for start in range(first, last + 1, kernels.MOST_LINES):
            end = start + kernels.MOST_LINES
            rows = np.flatnonzero((lines[:, 0] <= end) & (lines[:, 1] >= start - 1))
            if not len(rows):
                continue
            box = np.concatenate([np.floor(bounds[rows, :2].min(axis=0)), bounds[rows, 2:].max(axis=0)])
            low, high = max(start * step_m, box[1]), min(end * step_m, box[3])
            touching = (bounds_of_views[:, 0] <= box[2]) & (bounds_of_views[:, 2] >= box[0])
            touching &= (bounds_of_views[:, 1] <= high) & (bounds_of_views[:, 3] >= low)
            yield rows, np.flatnonzero(touching), start, box


def _measure(
    strip: _Strip, areas: NDArray[Any], views: NDArray[Any], owner: Ints, sure: NDArray[np.bool_], step: float, q: float
) -> tuple[Ints, Ints, Ints, Ints, Ints, Ints]:
    rows, seers, first, box = strip
    names, camera = np.unique(owner[seers], return_inverse=True)
    camera_of = np.concatenate([np.full(len(rows), kernels.CELL), camera]).astype(np.int32)
    certain = np.concatenate([np.zeros(len(rows), np.bool_), sure[seers]])
    cell_of = np.concatenate([np.arange(len(rows)), np.zeros(len(seers))]).astype(np.int32)
    seen, seen_certain = np.zeros((2, len(rows), 3), np.int64)
    if len(camera_of) > kernels.MOST_POLYGONS:
        raise ParameterError(N_("Too many views lie beside one another."), N_("Measure fewer cameras at once."))
    edges, start = edges_of(np.concatenate([areas[rows], views[seers]]))
    edges[:, [1, 3]] += FALL * edges[:, [0, 2]]
    polygon_of = np.repeat(np.arange(len(start) - 1, dtype=np.int32), np.diff(start))
    counts = kernels.count_crossings(edges, first, kernels.MOST_LINES, step)
    pairs, lengths = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    line = 0
    while line < len(counts):
        total = np.cumsum(counts[line:])
        lines = max(1, int(np.searchsorted(total, _MOST_CROSSINGS, side="right")))
        crossings = np.empty(int(total[lines - 1]), np.uint64)
        kernels.find_crossings(edges, polygon_of, first + line, lines, step, box[0], q, crossings)
        crossings.sort()
        found = kernels.sweep(crossings, camera_of, certain, cell_of, len(names), seen, seen_certain)
        pairs.append(found[0])
        lengths.append(found[1])
        line += lines
    pair = np.concatenate(pairs)
    cell, local = pair // max(len(names), 1), pair % max(len(names), 1)
    return rows, seen, seen_certain, rows[cell], names[local], np.concatenate(lengths)
