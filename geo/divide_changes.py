"""A new division of a parent as changes of grids: those of today end, new ones begin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.divide_codes import next_codes
from geo.divide_ground import overlaps
from geo.draft_codes import reading_order
from geo.grid_changes import GridChange, GridState, Key

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Geometries = NDArray[Any]

_WHOLE = 1e-6  # of a grid's area: lacking less is rounding


def division_changes(
    states: Mapping[Key, GridState],
    level: str,
    parent: str | None,
    polygons: Geometries,
    names: Sequence[str | None] | None = None,
) -> tuple[GridChange, ...]:
    """Return what makes `polygons` the grids of `level` below `parent`, in the order of their numbers.

    Each new grid has the next free code in the layout of its siblings, numbered in reading order, and the team that
    most of its ground has today. People are known where it joins whole grids of today; where it takes only a part of
    one, there is no figure: it has to be counted.

    Parameters
    ----------
    states
        The division of today, all levels.
    parent
        Code, None: the level has no parents.
    polygons
        Object array (k,) in metres of the same CRS, which replace every grid of the level below the parent.
    names
        Of the polygons; None for none.
    """
    today = [(key, state) for key, state in states.items() if key[0] == level and (state.parent or None) == parent]
    order = reading_order(polygons)
    codes = next_codes([key[1] for key, _ in today], {key[1] for key in states}, parent, len(polygons))
    shapes = np.array([state.geometry for _, state in today], dtype=object)
    teams = main_of(polygons, shapes, [state.team for _, state in today])
    people = whole_people(
        polygons, shapes, np.array([np.nan if s.population is None else s.population for _, s in today], np.float64)
    )
    changes = [GridChange(level, key[1], state, None) for key, state in today]
    for code, at in zip(codes, order.tolist(), strict=True):
        name = None if names is None else names[at]
        changes.append(GridChange(level, code, None, GridState(polygons[at], name, parent, teams[at], people[at])))
    return tuple(changes)


def main_of(polygons: Geometries, others: Geometries, labels: Sequence[str | None]) -> list[str | None]:
    """Return for each polygon the label that most of its area has among `others`; of equals the first in text order."""
    if not len(others):
        return [None] * len(polygons)
    sums: list[dict[str | None, float]] = [{} for _ in range(len(polygons))]
    for which, other, area in zip(*(part.tolist() for part in overlaps(polygons, others)), strict=True):
        sums[which][labels[other]] = sums[which].get(labels[other], 0.0) + area
    return [min(one, key=lambda label: (-round(one[label], 3), label or ""), default=None) for one in sums]


def whole_people(polygons: Geometries, homes: Geometries, people: Floats) -> list[float | None]:
    """Return the people of polygons made of whole `homes` that are all known; else None: nobody has counted them."""
    found: list[float | None] = [None] * len(polygons)
    if not len(homes):
        return found
    which, home, area = overlaps(polygons, homes)
    whole = area >= (1 - _WHOLE) * np.asarray(shapely.area(homes), np.float64)[home]
    for at in np.unique(which).tolist():
        mine = which == at
        total = people[home[mine]].sum()
        if whole[mine].all() and np.isfinite(total):
            found[at] = float(total)
    return found
