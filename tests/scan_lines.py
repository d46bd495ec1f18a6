"""How many cameras see each place of an area, measured along lines: an oracle of the planar graph of `geo.overlay`.

Independent of it: no overlay, no noding; it shares nothing but the polygons. On each of many parallel lines the lengths
seen by 1, 2, 3 or more cameras are exact (to a sixteenth of a millimetre), and a length stands for the strip up to half
way to the next lines, `step_m` from line to line from south to north. So the only error is between the lines: at most
half a step times the extent from west to east of all boundaries, in practice far less, as the errors of edges cancel.
The lines fall by `FALL` to the east, because walls and borders often run straight west to east, and along them nothing
would cancel.

Line j is y = (j + 1/2) step_m - FALL x, whatever is measured, and lengths are added as whole numbers. One number of 64
bits is one crossing: the line (9 bits), the place on it in quanta from the strip's left (33), the polygon (22). Sorted,
the crossings of a strip lie line by line from west to east. A polygon is entered at an odd crossing and left at an even
one, so neither the orientation of rings nor holes need care. A line takes the edges with low <= y < high, both ends of
an edge being compared by one formula; so every ring has an even number of crossings on every line.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numba import njit
from numpy.typing import ArrayLike, NDArray

from geo.lattice import edges_of

QUANTUM_M = 2.0**-14
STEP_M = 1.0
FALL = 0.3819660112501051  # of the lines, metres south for each metre east: 2 less the golden ratio
_MOST_CROSSINGS = 1 << 21  # held at once by a thread

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
LINE_BITS, PLACE_BITS, POLYGON_BITS = 9, 33, 22
MOST_LINES, MOST_POLYGONS = 1 << LINE_BITS, 1 << POLYGON_BITS
MOST_PLACE = (1 << PLACE_BITS) - 1
_SPREAD = 0x1E3779B97F4A7C15  # odd: multiplied by it, keys that lie together fall apart
CELL = -1  # in `camera_of`: the polygon is a cell


@dataclass(frozen=True)
class Counted:
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


def count_cameras(
    areas: ArrayLike,
    views: ArrayLike,
    camera: ArrayLike,
    certain: ArrayLike,
    *,
    step_m: float = STEP_M,
    threads: int = 2,
) -> Counted:
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

    Examples
    --------
    >>> left, right = shapely.box(0, 0, 6, 10), shapely.box(4, 0, 10, 10)
    >>> result = count_cameras([shapely.box(0, 0, 10, 10)], [left, right], [0, 1], [True, False], step_m=0.01)
    >>> result.seen_m2.round().tolist(), result.certain_m2.round().tolist(), result.alone_m2.round().tolist()
    ([[100.0, 20.0, 0.0]], [[60.0, 0.0, 0.0]], [40.0, 40.0])
    """
    shapes, seen_from = np.asarray(areas, dtype=object), np.asarray(views, dtype=object)
    owner, sure = np.asarray(camera, dtype=np.int64), np.asarray(certain, dtype=np.bool_)
    exactly = np.zeros((2, len(shapes), 3), np.int64)
    alone: list[tuple[Ints, Ints, Ints]] = []
    strips = list(_strips(shapes, seen_from, step_m))
    widths = [box[2] - box[0] for _, _, _, box in strips]
    quantum = QUANTUM_M
    while max(widths, default=0.0) / quantum > MOST_PLACE:
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
    return Counted(least[0], least[1], step_m, pairs % most, pairs // most, alone_m2)


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
        for start in range(first, last + 1, MOST_LINES):
            end = start + MOST_LINES
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
    camera_of = np.concatenate([np.full(len(rows), CELL), camera]).astype(np.int32)
    certain = np.concatenate([np.zeros(len(rows), np.bool_), sure[seers]])
    cell_of = np.concatenate([np.arange(len(rows)), np.zeros(len(seers))]).astype(np.int32)
    seen, seen_certain = np.zeros((2, len(rows), 3), np.int64)
    assert len(camera_of) <= MOST_POLYGONS
    edges, start = edges_of(np.concatenate([areas[rows], views[seers]]))
    edges[:, [1, 3]] += FALL * edges[:, [0, 2]]
    polygon_of = np.repeat(np.arange(len(start) - 1, dtype=np.int32), np.diff(start))
    counts = count_crossings(edges, first, MOST_LINES, step)
    pairs, lengths = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    line = 0
    while line < len(counts):
        total = np.cumsum(counts[line:])
        lines = max(1, int(np.searchsorted(total, _MOST_CROSSINGS, side="right")))
        crossings = np.empty(int(total[lines - 1]), np.uint64)
        find_crossings(edges, polygon_of, first + line, lines, step, box[0], q, crossings)
        crossings.sort()
        found = sweep(crossings, camera_of, certain, cell_of, len(names), seen, seen_certain)
        pairs.append(found[0])
        lengths.append(found[1])
        line += lines
    pair = np.concatenate(pairs)
    cell, local = pair // max(len(names), 1), pair % max(len(names), 1)
    return rows, seen, seen_certain, rows[cell], names[local], np.concatenate(lengths)


@njit(cache=True, nogil=True)
def lines_between(low: float, high: float, step: float) -> tuple[int, int]:
    """Return the first line at or above `low` and the first at or above `high`; line j lies at (j + 1/2) step."""
    return int(np.ceil(low / step - 0.5)), int(np.ceil(high / step - 0.5))


@njit(cache=True, nogil=True)
def count_crossings(edges: Any, first: int, lines: int, step: float) -> Any:
    """Return how many crossings each of `lines` lines from `first` on has, int64 (lines,)."""
    change = np.zeros(lines + 1, np.int64)
    for e in range(len(edges)):
        below, above = edges[e, 1], edges[e, 3]
        if below > above:
            below, above = above, below
        begin, end = lines_between(below, above, step)
        begin, end = max(begin - first, 0), min(end - first, lines)
        if begin < end:
            change[begin] += 1
            change[end] -= 1
    return np.cumsum(change)[:lines]


@njit(cache=True, nogil=True)
def find_crossings(
    edges: Any, polygon_of: Any, first: int, lines: int, step: float, left: float, quantum: float, out: Any
) -> None:
    """Write the crossings of `lines` lines from `first` on, in any order."""
    count = 0
    for e in range(len(edges)):
        ax, ay, bx, by = edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3]
        if ay > by:
            ax, ay, bx, by = bx, by, ax, ay
        begin, end = lines_between(ay, by, step)
        begin, end = max(begin - first, 0), min(end - first, lines)
        if begin >= end:
            continue
        slope = (bx - ax) / (by - ay)
        low, high = min(ax, bx), max(ax, bx)
        for line in range(begin, end):
            x = ax + ((first + line + 0.5) * step - ay) * slope
            place = int(np.rint((min(max(x, low), high) - left) / quantum))
            place = min(max(place, 0), MOST_PLACE)
            key = (line << (PLACE_BITS + POLYGON_BITS)) | (place << POLYGON_BITS) | int(polygon_of[e])
            out[count] = np.uint64(key)
            count += 1


@njit(cache=True, nogil=True)
def _slot(keys: Any, key: Any) -> Any:
    """Return where `key` is, or belongs, in a table whose size is a power of two; -1 marks a free place."""
    mask = len(keys) - 1
    at = ((key * _SPREAD) >> 20) & mask
    while keys[at] != -1 and keys[at] != key:
        at = (at + 1) & mask
    return at


@njit(cache=True, nogil=True)
def sweep(
    crossings: Any, camera_of: Any, certain: Any, cell_of: Any, cameras: int, seen: Any, seen_certain: Any
) -> Any:
    """Measure the lengths that 1, 2, 3 or more cameras see of each cell.

    Parameters
    ----------
    crossings
        uint64, sorted.
    camera_of, certain, cell_of
        Per polygon: the camera and whether the view is certain; or `CELL` and the cell.
    cameras
        How many there are.
    seen, seen_certain
        int64 (cells, 3): lengths in quanta seen by exactly 1, exactly 2, and 3 or more cameras are added here.

    Returns
    -------
    pairs, lengths
        int64: cell * cameras + camera, and the length that only that camera sees of that cell.
    """
    pairs, lengths, used = np.full(1024, -1, np.int64), np.zeros(1024, np.int64), 0
    inside = np.zeros(len(camera_of), np.bool_)
    depth, depth_certain = np.zeros(cameras, np.int32), np.zeros(cameras, np.int32)
    entered, place_of = np.empty(len(camera_of), np.int32), np.empty(len(camera_of), np.int32)  # the cells now inside
    within = count = count_certain = mixed = 0
    last = np.int64(0)
    for crossing in crossings:
        key = np.int64(crossing)  # 9 bits for the line: the sign bit may be set, and is masked away below
        place = (key >> POLYGON_BITS) & MOST_PLACE
        polygon = key & (MOST_POLYGONS - 1)
        length = place - last
        if count > 0 and within > 0 and length > 0:
            for k in range(within):
                cell = cell_of[entered[k]]
                seen[cell, min(count, 3) - 1] += length
                if count_certain > 0:
                    seen_certain[cell, min(count_certain, 3) - 1] += length
                if count == 1:
                    pair = np.int64(cell) * cameras + mixed  # the only one left of the exclusive or is that camera
                    at = _slot(pairs, pair)
                    if pairs[at] == -1:
                        pairs[at] = pair
                        used += 1
                    lengths[at] += length
                    if 2 * used > len(pairs):
                        old_pairs, old_lengths = pairs, lengths
                        pairs, lengths = np.full(4 * len(pairs), -1, np.int64), np.zeros(4 * len(pairs), np.int64)
                        for old in range(len(old_pairs)):
                            if old_pairs[old] != -1:
                                to = _slot(pairs, old_pairs[old])
                                pairs[to], lengths[to] = old_pairs[old], old_lengths[old]
        last = place
        enters = not inside[polygon]
        inside[polygon] = enters
        camera = camera_of[polygon]
        if camera == CELL:
            if enters:
                entered[within], place_of[polygon] = polygon, within
                within += 1
            else:
                within -= 1
                entered[place_of[polygon]] = entered[within]
                place_of[entered[within]] = place_of[polygon]
            continue
        by = 1 if enters else -1
        before = depth[camera]
        depth[camera] = before + by
        if before + depth[camera] == 1:  # from none to one, or from one to none
            count += by
            mixed ^= camera
        if certain[polygon]:
            before = depth_certain[camera]
            depth_certain[camera] = before + by
            if before + depth_certain[camera] == 1:
                count_certain += by
    found = pairs != -1
    return pairs[found], lengths[found]
