"""Coverage of each grid: what is certainly seen, only possibly seen, not seen, and built.

    certain  = union of the certain views, in the grid
    possible = union of the possible views, in the grid, without certain
    blind    = free - certain - possible

All three come out of one planar graph of the grid's free part and the views over it (`geo.overlay`), which also counts
how many cameras see each place, as the beams of one camera do not overlap. What is built is measured in another graph
(`geo.cells`). Certain + possible + blind + built = area is asserted for every grid, and that all faces, each as often
as views lie over it, measure what the views measure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely.geometry import Polygon

from geo.cells import CHUNK, Cells, meetings
from geo.overlay_geos import divide, tolerance_m2
from geo.parallel import chunks_of, in_chunks, never, silent

if TYPE_CHECKING:  # compiled loops stand behind it, which a start need not load
    from geo.views import Views

Floats = NDArray[np.float64]
Objects = NDArray[Any]
Rows = NDArray[np.int64]

_NO_FLOATS, _NO_ROWS, _NO_SHAPES = np.zeros(0), np.zeros(0, np.int64), np.zeros(0, dtype=object)


@dataclass(frozen=True)
class Alone:
    """What single cameras see that no other sees; arrays (k,), sorted by cell, then by camera.

    Attributes
    ----------
    camera, cell
        int64: rows.
    m2
        float64: open area of the cell that only this camera sees, certainly or possibly.
    """

    camera: Rows
    cell: Rows
    m2: Floats


@dataclass(frozen=True)
class Coverage:
    """Areas (m2) and polygons of each cell, in the order of the cells; arrays (n,).

    Attributes
    ----------
    area_m2, built_m2, open_m2, certain_m2, possible_m2, blind_m2
        float64. `area_m2` is the cell, `open_m2` = area - built, certain + possible + blind + built = area within
        0.05 m2. `possible_m2` is what only possible views see.
    certain, possible, blind
        Object: disjoint polygons within the cell, empty ones where there is nothing.
    seen_by_m2, certain_by_m2
        float64 (n, 3): open area that at least 1, 2, 3 cameras see, possibly too; and that as many certainly see.
    alone
        See `Alone`.
    fallback
        int8: 0 where the planar graph held, as it always did so far; else which lattice of `geo.overlay_geos`. Of such
        a cell `seen_by_m2` and `certain_by_m2` are NaN beyond 1 camera and `alone` says nothing.
    """

    area_m2: Floats
    built_m2: Floats
    open_m2: Floats
    certain_m2: Floats
    possible_m2: Floats
    blind_m2: Floats
    blind: Objects
    certain: Objects = field(default_factory=lambda: _NO_SHAPES)
    possible: Objects = field(default_factory=lambda: _NO_SHAPES)
    seen_by_m2: Floats = field(default_factory=lambda: np.zeros((0, 3)))
    certain_by_m2: Floats = field(default_factory=lambda: np.zeros((0, 3)))
    fallback: NDArray[np.int8] = field(default_factory=lambda: np.zeros(0, np.int8))
    alone: Alone = field(default_factory=lambda: Alone(_NO_ROWS, _NO_ROWS, _NO_FLOATS))

    @property
    def fallbacks(self) -> int:
        """For how many cells something else had to stand in."""
        return int((self.fallback > 0).sum())


def cover(
    cells: Cells,
    views: Views,
    *,
    rows: ArrayLike | None = None,
    threads: int | None = None,
    progress: Callable[[float], None] = silent,
    cancelled: Callable[[], bool] = never,
) -> Coverage:
    """Measure the coverage of cells.

    Parameters
    ----------
    cells
        See `geo.cells.prepare_cells`.
    views
        Of all cameras that may see into them, in the same CRS.
    rows
        Which cells, ascending, (k,); None for all. The result is in their order; `alone` names cells by their row.
    threads, progress, cancelled
        See `geo.parallel.in_chunks`.

    Raises
    ------
    ConservationError
        The parts of a cell do not add up to it, on any lattice.
    Cancelled
        `cancelled()` said so.
    """
    from geo.overlay import CERTAIN, POSSIBLE, lay_over

    chosen = np.arange(len(cells)) if rows is None else np.asarray(rows, dtype=np.int64)
    n = len(chosen)
    shapes = np.full((n, 3), Polygon(), dtype=object)
    measures, fallback = np.zeros((n, 10)), np.zeros(n, np.int8)
    kinds = np.where(views.of.certain, CERTAIN, POSSIBLE)
    beams = views.of.beams
    discs = np.stack([beams.x - beams.far_m, beams.y - beams.far_m, beams.x + beams.far_m, beams.y + beams.far_m], 1)
    starts, items = meetings(cells.polygons[chosen], views.polygons, discs)
    alone = np.zeros(len(items))
    area, built, free = cells.area_m2[chosen], cells.built_m2[chosen], cells.free[chosen]

    def work(chunk: Rows) -> None:
        begin, end = starts[chunk[0]], starts[chunk[-1] + 1]
        local = starts[chunk[0] : chunk[-1] + 2] - begin
        parts = lay_over(free[chunk], views.polygons, kinds, local, items[begin:end])
        shapes[chunk], measures[chunk], alone[begin:end] = parts.polygons, parts.measures, parts.alone_m2
        excess = parts.measures[:, :3].sum(axis=1) + built[chunk] - area[chunk]
        for i in chunk[~parts.sound | (np.abs(excess) > tolerance_m2(area[chunk]))].tolist():
            found = items[starts[i] : starts[i + 1]]
            sure, polygons, row = views.of.certain[found], views.polygons[found], int(chosen[i])
            alone[starts[i] : starts[i + 1]] = 0.0
            shapes[i], fallback[i] = divide(
                cells.polygons[row], free[i], float(built[i]), polygons[sure], polygons[~sure], row
            )
            measures[i, :3] = shapely.area(shapes[i])
            measures[i, 4:] = np.nan  # not known; 0 would be a figure
            measures[i, 4], measures[i, 7] = measures[i, :2].sum(), measures[i, 0]

    pieces = chunks_of(np.diff(starts) + 1.0, CHUNK, threads)
    in_chunks(work, pieces, threads=threads, progress=progress, cancelled=cancelled)
    certain, possible, blind = measures[:, :3].T.copy()
    return Coverage(
        area_m2=area,
        built_m2=built,
        open_m2=np.maximum(area - built, 0.0),
        certain_m2=certain,
        possible_m2=possible,
        blind_m2=blind,
        certain=shapes[:, 0].copy(),
        possible=shapes[:, 1].copy(),
        blind=shapes[:, 2].copy(),
        seen_by_m2=measures[:, 4:7].copy(),
        certain_by_m2=measures[:, 7:10].copy(),
        fallback=fallback,
        alone=_alone(chosen, starts, views.of.camera[items], alone),
    )


def _alone(cells: Rows, starts: Rows, cameras: NDArray[np.int32], m2: Floats) -> Alone:
    """Sum what each beam alone sees by cell and camera."""
    place = np.repeat(np.arange(len(cells)), np.diff(starts))
    order = np.lexsort((cameras, place))
    order = order[m2[order] > 0]
    place, camera = place[order], cameras[order].astype(np.int64)
    first = np.ones(len(order), dtype=bool)
    first[1:] = (place[1:] != place[:-1]) | (camera[1:] != camera[:-1])
    begins = np.flatnonzero(first)
    return Alone(
        camera[begins], cells[place[begins]], np.add.reduceat(m2[order], begins) if len(begins) else _NO_FLOATS
    )


def replaced(old: Coverage, rows: Rows, new: Coverage, cameras: Rows | None = None) -> Coverage:
    """Return `old` with the cells at `rows` as in `new`.

    Parameters
    ----------
    old, rows, new
        `new` is what `cover` says of `rows`.
    cameras
        int64: what has become of each camera row of `old`, -1 where it is gone; None where rows have not changed.
    """
    columns: dict[str, Any] = {}
    for item in fields(Coverage):
        if item.name != "alone":
            columns[item.name] = column = getattr(old, item.name).copy()
            column[rows] = getattr(new, item.name)
    touched = np.zeros(len(old.area_m2), dtype=bool)
    touched[rows] = True
    kept = np.flatnonzero(~touched[old.alone.cell])
    camera, cell = (
        np.concatenate([getattr(old.alone, name)[kept], getattr(new.alone, name)]) for name in ("camera", "cell")
    )
    if cameras is not None:
        camera[: len(kept)] = cameras[camera[: len(kept)]]
    order = np.argsort(cell, kind="stable") if cameras is None else np.lexsort((camera, cell))
    m2 = np.concatenate([old.alone.m2[kept], new.alone.m2])
    alone = Alone(camera[order], cell[order], m2[order])
    return Coverage(**columns, alone=alone)
