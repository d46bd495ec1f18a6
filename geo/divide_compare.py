"""A new division beside today's: numbers, sizes, evenness, and what changes hands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.balance import Inequality, inequality, outside, workload
from geo.divide_ground import overlaps

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Geometries = NDArray[Any]


@dataclass(frozen=True)
class Side:
    """One of two divisions of the same area.

    Attributes
    ----------
    count
        Number of grids.
    area_m2
        Least, mean and largest area.
    load
        float64 (n,): against an even share.
    uneven
        Of the loads.
    below, above
        Grids outside the bounds.
    """

    count: int
    area_m2: tuple[float, float, float]
    load: Floats
    uneven: Inequality
    below: int
    above: int


def side(amounts: Mapping[str, Floats], weights: Mapping[str, float], low: float, high: float) -> Side:
    """Return the figures of one division; `amounts` as `geo.divide_ground.amounts_on` gives them."""
    load = workload(amounts, weights).load
    area = np.asarray(amounts["area"], np.float64)
    sizes = (float(area.min()), float(area.mean()), float(area.max())) if len(area) else (0.0, 0.0, 0.0)
    beyond = outside(load, low, high)
    return Side(len(area), sizes, load, inequality(load), int((beyond < 0).sum()), int((beyond > 0).sum()))


def heirs(polygons: Geometries, today: Geometries) -> Ints:
    """Return which grid of today each new one stands for, int64 (k,), -1 for none.

    The pair that shares the largest area comes first, then the next of those left: no grid of today has two heirs.
    """
    found = np.full(len(polygons), -1, np.int64)
    if not len(polygons) or not len(today):
        return found
    new, old, area = overlaps(polygons, today)
    free = np.ones(len(today), dtype=bool)
    for at in np.lexsort((old, new, -np.round(area, 3))).tolist():
        if found[new[at]] < 0 and free[old[at]]:
            found[new[at]] = old[at]
            free[old[at]] = False
    return found


def changed_hands(before: Ints, after: Ints, heir: Ints) -> int:
    """Return how many points lie in another grid than the heir of the one they were in.

    Parameters
    ----------
    before, after
        int64 (m,): grid of today and new grid of each point, -1 for none.
    heir
        As `heirs` gives it.

    Examples
    --------
    >>> changed_hands(np.array([0, 0, 1, -1]), np.array([0, 1, 1, -1]), np.array([0, 1]))
    1
    """
    stands_for = np.append(heir, -2)[np.where(after < 0, len(heir), after)]
    inside = (before >= 0) | (after >= 0)
    return int((inside & (np.where(before < 0, -2, before) != stands_for)).sum())


def changed_teams(
    before: Ints, after: Ints, teams: Sequence[str | None], new_teams: Sequence[str | None]
) -> int | None:
    """Return how many points come under another team; None where no grid of today has one."""
    if not any(teams):
        return None
    old: Any = np.array([*teams, None], dtype=object)[before]
    new: Any = np.array([*new_teams, None], dtype=object)[after]
    return int((old != new).sum())
