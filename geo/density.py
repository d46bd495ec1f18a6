"""Incidents per grid: counts, per km2, per 10,000 people, with the sum that must hold checked at run time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.columns import Codes
from geo.errors import N_, ConservationError, ParameterError


@dataclass(frozen=True)
class Density:
    """Counts and rates of the grids of one level, in the order of the grids.

    Attributes
    ----------
    counts
        int64 (n,): selected incidents in each grid.
    area_km2
        float64 (n,).
    per_km2
        float64 (n,): counts / area_km2; NaN where the area is 0.
    per_10k
        float64 (n,): counts per 10,000 people; NaN where the population is unknown or 0.
    outside
        Selected incidents in no grid.
    total
        Selected incidents; always counts.sum() + outside.
    """

    counts: NDArray[np.int64]
    area_km2: NDArray[np.float64]
    per_km2: NDArray[np.float64]
    per_10k: NDArray[np.float64]
    outside: int
    total: int


def select(
    occurred_at: NDArray[np.datetime64],
    category: Codes,
    *,
    start: np.datetime64 | None = None,
    end: np.datetime64 | None = None,
    categories: Collection[str] | None = None,
) -> NDArray[np.bool_]:
    """Return which incidents fall in a time window and in some categories.

    Parameters
    ----------
    occurred_at
        datetime64 (n,) in UTC; NaT where unknown.
    category
        Dictionary-encoded text (n,).
    start, end
        UTC; `start <= t < end`. An incident of unknown time is in no window: it is selected only if neither is given.
    categories
        Names; None or empty selects all, those of unknown category included. A name that does not occur matches
        nothing.

    Returns
    -------
    bool (n,)

    Examples
    --------
    >>> when = np.array(["2024-01-31", "2024-02-01", "NaT"], "datetime64[ms]")
    >>> what = Codes(("fire", "theft"), np.array([0, 1, 1], np.int32))
    >>> select(when, what, end=np.datetime64("2024-02-01")).tolist()
    [True, False, False]
    """
    if len(occurred_at) != len(category):
        raise ValueError("occurred_at and category differ in length")
    mask = np.ones(len(occurred_at), dtype=np.bool_)
    if start is not None:
        mask &= occurred_at >= start
    if end is not None:
        mask &= occurred_at < end
    if categories:
        names = set(categories)
        wanted = np.array([*(value in names for value in category.values), False], dtype=np.bool_)
        mask &= wanted[category.codes]  # a missing category has code -1: the last entry, never wanted
    return mask


def density(
    assigned: NDArray[np.int64],
    areas_m2: ArrayLike,
    population: ArrayLike | None = None,
    selected: NDArray[np.bool_] | None = None,
) -> Density:
    """Count the selected incidents of each grid and form the rates.

    Parameters
    ----------
    assigned
        int64 (m,): index of the grid of each incident, -1 for none (see `geo.assign`).
    areas_m2
        (n,) of the grids' polygons in a metric CRS.
    population
        (n,), NaN where unknown; None where unknown everywhere.
    selected
        bool (m,) (see `select`); None selects all.

    Raises
    ------
    ParameterError
        An area is negative or not finite.
    ConservationError
        The counts and the outside do not add up to the total, or an index is not one of a grid.

    Examples
    --------
    >>> result = density(np.array([0, 0, 1, -1]), [1e6, 2e6], [4000, np.nan])
    >>> result.counts.tolist(), result.per_km2.tolist(), result.per_10k.tolist(), result.outside, result.total
    ([2, 1], [2.0, 0.5], [5.0, nan], 1, 4)
    """
    areas = np.asarray(areas_m2, np.float64)
    if not (np.isfinite(areas) & (areas >= 0)).all():
        raise ParameterError(
            N_("The area of a grid is not a finite number of square metres."), N_("Check the boundaries of the grids.")
        )
    n = len(areas)
    people = np.full(n, np.nan) if population is None else np.asarray(population, np.float64)
    chosen = assigned if selected is None else assigned[selected]
    counts = np.bincount(chosen[(chosen >= 0) & (chosen < n)], minlength=n).astype(np.int64)
    outside = int((chosen == -1).sum())
    if int(counts.sum()) + outside != len(chosen):
        raise ConservationError(
            N_("{grids} incidents in grids and {outside} outside are not the {total} that were selected."),
            N_("This is a fault of the program; please report it."),
            grids=int(counts.sum()),
            outside=outside,
            total=len(chosen),
        )
    area_km2 = areas / 1e6
    per_km2 = np.divide(counts, area_km2, out=np.full(n, np.nan), where=area_km2 > 0)
    per_10k = np.divide(counts * 1e4, people, out=np.full(n, np.nan), where=people > 0)
    return Density(counts, area_km2, per_km2, per_10k, outside, len(chosen))
