"""Before and after a measure: did incidents fall more than elsewhere, and did they move next door?

Four areas are counted before and after: the treated one (T), a control area (C) like it but untouched, and a ring
around each (D, DC), into which incidents may be displaced or the benefit may spread. The weighted displacement
difference (Wheeler and Ratcliffe 2018) is

    WDD = (T1 - T0) - (C1 - C0) + (D1 - D0) - (DC1 - DC0),

negative where there were fewer than the control areas let expect. Its variance, if the counts are Poisson, is the sum
of the eight. With windows of different length the counts before are scaled to the length after.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import erfc, sqrt
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from geo.assign import text_rank
from geo.errors import N_, ParameterError

AREAS = ("treated", "control", "ring", "control_ring")
SIGNS = np.array([1.0, -1.0, 1.0, -1.0])
Z95 = 1.959964
DRAWS = 999
_POLYGON = 3  # shapely's type id
_FEW = 2_000  # grids among which sets are drawn without repeating one

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Objects = NDArray[Any]


@dataclass(frozen=True)
class Difference:
    """A difference with its uncertainty.

    Attributes
    ----------
    estimate
        Incidents; negative: fewer than the control areas let expect.
    se
        Standard error.
    z, p
        estimate / se, and its two-sided p-value by the normal distribution; NaN where all counts are 0.
    low, high
        95 % interval.
    """

    estimate: float
    se: float
    z: float
    p: float
    low: float
    high: float


def weighted_difference(
    before: ArrayLike,
    after: ArrayLike,
    *,
    exposure_before: float = 1.0,
    exposure_after: float = 1.0,
    areas: tuple[int, ...] = (0, 1, 2, 3),
) -> Difference:
    """Return the weighted displacement difference.

    Parameters
    ----------
    before, after
        Counts (4,) in the order of `AREAS`.
    exposure_before, exposure_after
        Lengths of the windows; counts before are scaled by their ratio.
    areas
        Positions of the areas to take: all; (0, 1) for the treated area alone; (2, 3) for the ring alone.

    Examples
    --------
    The example of the paper:

    >>> found = weighted_difference([207, 308, 178, 150], [110, 318, 157, 140])
    >>> found.estimate, round(found.se**2), round(found.z, 2), round(found.low), round(found.high)
    (-118.0, 1568, -2.98, -196, -40)
    """
    if not (exposure_before > 0 and exposure_after > 0):
        raise ValueError("exposures must be above 0")
    chosen = np.array(areas, dtype=np.int64)
    first, last = (np.asarray(counts, np.float64)[chosen] for counts in (before, after))
    scale = exposure_after / exposure_before
    estimate = float((SIGNS[chosen] * (last - scale * first)).sum())
    se = sqrt(float(last.sum() + scale**2 * first.sum()))
    if se == 0:
        return Difference(0.0, 0.0, float("nan"), float("nan"), 0.0, 0.0)
    z = estimate / se
    return Difference(estimate, se, z, erfc(abs(z) / sqrt(2)), estimate - Z95 * se, estimate + Z95 * se)


def ring(inner: Any, city: ArrayLike, width_m: float, without: Any = None) -> Any:
    """Return the ring of a width around an area, cut to the city.

    Parameters
    ----------
    inner
        Polygon or multipolygon, metres.
    city
        Object (n,) of the city's polygons; only those near are looked at. Empty: the ring is not cut.
    width_m
        > 0.
    without
        A further area to leave out, None for none.

    Examples
    --------
    >>> found = ring(shapely.box(0, 0, 10, 10), [shapely.box(0, 0, 100, 100)], 5.0)
    >>> found.bounds
    (0.0, 0.0, 15.0, 15.0)
    """
    found = shapely.difference(shapely.buffer(inner, width_m), inner)
    shapes = np.asarray(city, dtype=object)
    if len(shapes):
        near = shapes[shapely.intersects(shapes, found)]
        found = shapely.intersection(found, shapely.union_all(near))
    if without is not None:
        found = shapely.difference(found, without)
    parts = shapely.get_parts(found)  # where areas only touch, lines are left, which hold nothing
    return shapely.union_all(parts[shapely.get_type_id(parts) == _POLYGON])


def similar(wanted: ArrayLike, counts: ArrayLike, areas_m2: ArrayLike, codes: ArrayLike, free: ArrayLike) -> Ints:
    """Choose for each wanted grid another one that was like it before.

    The wanted grids choose in turn, that with most incidents first. Each takes the free grid whose count is nearest to
    its own; of equally near ones that whose area is nearest in ratio; then the lowest code.

    Parameters
    ----------
    wanted
        int (k,): positions of the grids to be matched.
    counts, areas_m2, codes
        (n,): incidents before, areas, codes of all grids.
    free
        bool (n,): which may be chosen.

    Returns
    -------
    int64 (k,), ascending: the chosen positions, each once.

    Raises
    ------
    ParameterError
        Fewer grids are free than are wanted.

    Examples
    --------
    >>> similar([0], [9, 2, 8, 30], [1, 1, 1, 1], ["a", "b", "c", "d"], [False, True, True, True]).tolist()
    [2]
    """
    rows = np.asarray(wanted, np.int64)
    before, area = np.asarray(counts, np.float64), np.maximum(np.asarray(areas_m2, np.float64), 1e-9)
    left = np.asarray(free, dtype=np.bool_).copy()
    left[rows] = False
    if left.sum() < len(rows):
        raise ParameterError(
            N_("Only {free} grids are far enough away to serve as control area, and {wanted} are needed."),
            N_("Choose a narrower ring or fewer grids, or name the control grids."),
            free=int(left.sum()),
            wanted=len(rows),
        )
    rank = text_rank(codes)
    chosen = []
    for row in rows[np.lexsort((rank[rows], -before[rows]))]:
        open_ = np.flatnonzero(left)
        order = np.lexsort((rank[open_], np.abs(np.log(area[open_] / area[row])), np.abs(before[open_] - before[row])))
        chosen.append(int(open_[order[0]]))
        left[chosen[-1]] = False
    return np.sort(np.array(chosen, dtype=np.int64))


def zone_of(x: ArrayLike, y: ArrayLike, areas: ArrayLike) -> Ints:
    """Return in which of the four areas each point lies, -1 for none; on a border the first has it.

    Parameters
    ----------
    x, y
        (m,), metres.
    areas
        Object (4,) in the order of `AREAS`.
    """
    from geo.assign import assign  # brings in the compiler

    shapes = np.asarray(areas, dtype=object)
    return assign(x, y, shapes, [str(place) for place in range(len(shapes))])


@dataclass(frozen=True)
class Placebo:
    """How often as large a difference is seen where no measure is known.

    Attributes
    ----------
    tried
        Sets of other grids that were judged as if a measure had been taken in them.
    as_large
        Of them, those whose difference is at least as large against its standard error, in either direction.
    """

    tried: int
    as_large: int

    @property
    def p(self) -> float:
        """Share of as large differences, the measure itself among them."""
        return (1 + self.as_large) / (1 + self.tried)


def placebo(
    before: ArrayLike, after: ArrayLike, free: ArrayLike, z: float, *, size: int = 1, scale: float = 1.0
) -> Placebo:
    """Judge other grids as if the measure had been taken in them.

    Counts of real incidents vary more than Poisson counts, and grids go their own ways: that is what this measures.
    Each free grid is held against the other one whose count before is nearest (of the next in order of their counts);
    rings are left aside.

    Parameters
    ----------
    before, after
        (n,) counts of all grids.
    free
        bool (n,): grids without a known measure.
    z
        Of the treated area against its control, without rings.
    size
        How many grids were treated. Of one, every free grid is tried; of more, `DRAWS` sets of as many at random,
        always the same.
    scale
        Exposure after / exposure before.

    Examples
    --------
    >>> placebo([10, 10, 20, 20, 30, 30], [10, 10, 20, 20, 30, 90], [True] * 6, 3.0)
    Placebo(tried=6, as_large=2)
    """
    rows = np.flatnonzero(np.asarray(free, dtype=np.bool_))
    if len(rows) < max(2, 2 * size):
        return Placebo(0, 0)
    first, last = (np.asarray(counts, np.float64)[rows] for counts in (before, after))
    order = np.argsort(first, kind="stable")
    first, last = first[order], last[order]
    up, down = np.minimum(np.arange(len(rows)) + 1, len(rows) - 1), np.maximum(np.arange(len(rows)) - 1, 0)
    gap_up, gap_down = np.abs(first[up] - first), np.abs(first - first[down])
    gap_up[-1] = gap_down[0] = np.inf
    other = np.where(gap_up <= gap_down, up, down)
    change = last - scale * first
    variance = last + scale**2 * first
    difference, spread = change - change[other], variance + variance[other]
    if size > 1:
        rng = np.random.default_rng(0)
        drawn = (
            np.argsort(rng.random((DRAWS, len(rows))), axis=1)[:, :size]
            if len(rows) <= _FEW
            else rng.integers(0, len(rows), (DRAWS, size))
        )
        difference, spread = difference[drawn].sum(axis=1), spread[drawn].sum(axis=1)
    size_of = np.divide(np.abs(difference), np.sqrt(spread), out=np.zeros(len(spread)), where=spread > 0)
    return Placebo(len(size_of), int((size_of >= abs(z) - 1e-9).sum()))
