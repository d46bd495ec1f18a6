"""The area of the city: where incidents can be, for every layer alike."""

from __future__ import annotations

from typing import Any

from geo.columns import LayerColumns
from geo.heat_boundary import city_boundary
from layers.base import levels_of, rows_of_level
from layers.memo import Memo

_memo = Memo(32)


def city_level(grids: LayerColumns) -> str | None:
    """Return the level whose grids together are the city: the coarsest; None without grids."""
    levels = levels_of(grids)
    return levels[0] if levels else None


def city_area(grids: LayerColumns) -> Any | None:
    """Return the union (m) of the grids of the city's level; None without any."""
    level = city_level(grids)
    if level is None or grids.geometry is None:
        return None
    shapes = grids.geometry[rows_of_level(grids, level)]
    return _memo.get((grids,), "city", lambda: city_boundary(shapes))
