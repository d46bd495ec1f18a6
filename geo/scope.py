"""What of a city lies in an area, and layers without the rest.

Grids of an area are named by level and code; with them go all grids below them (`geo.hierarchy`). A point lies in an
area when a grid of the area takes it at its level, among all grids of that level (the tie rule of `geo.assign`): so a
point on the border of two areas lies in one of them. Of a polygon that reaches across the border only the part inside
is shown.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.area import Area
from geo.columns import Codes, LayerColumns, freeze
from geo.hierarchy import Hierarchy

LEAST_M2 = 1.0  # a zone that reaches less far into an area is a fault of drawing, not a zone of the area


def members(area: Area, tree: Hierarchy) -> NDArray[np.bool_]:
    """Return which grids of the hierarchy are the area's: those it names and all below them.

    Names of grids that are not there name nothing.

    Examples
    --------
    >>> from geo.hierarchy import build_hierarchy
    >>> none = [None] * 4
    >>> tree = build_hierarchy(["A", "A1", "B", "B1"], ["town", "block"] * 2, [None, "A", None, "B"], none)
    >>> members(Area((("town", "B"),)), tree).tolist()
    [False, False, True, True]
    """
    named = set(area.grids)
    found = np.fromiter((key in named for key in zip(tree.level, tree.code, strict=True)), dtype=bool, count=len(tree))
    for level in tree.levels[1:]:  # a parent is always of a coarser level
        rows = np.flatnonzero(tree.level == level)
        above = tree.parent_index[rows]
        found[rows] |= (above >= 0) & found[above]
    return found


def rows_of(layer: LayerColumns, rows: NDArray[np.int64], revision: int) -> LayerColumns:
    """Return the rows of a layer, and nothing that tells of the others: a text that none of them has is forgotten."""
    columns = {
        name: _codes(column, rows) if isinstance(column, Codes) else freeze(column[rows])
        for name, column in layer.columns.items()
    }
    return LayerColumns(
        layer.layer,
        revision,
        freeze(layer.fid[rows]),
        MappingProxyType(columns),
        None if layer.geometry is None else freeze(layer.geometry[rows]),
        None if layer.x is None else freeze(layer.x[rows]),
        None if layer.y is None else freeze(layer.y[rows]),
        layer.simulated and len(rows) > 0,
    )


def _codes(column: Codes, rows: NDArray[np.int64]) -> Codes:
    codes = column.codes[rows]
    used = np.zeros(len(column.values) + 1, dtype=bool)  # the last one stands for -1
    used[codes] = True
    kept = np.flatnonzero(used[:-1])
    moved = np.full(len(used), -1, dtype=np.int32)
    moved[kept] = np.arange(len(kept), dtype=np.int32)
    return Codes(tuple(column.values[place] for place in kept.tolist()), freeze(moved[codes]))


def without_parents(grids: LayerColumns, rows: NDArray[np.int64]) -> LayerColumns:
    """Return the grids with no parent at `rows`: what lies above an area is not the area's."""
    column = grids.columns["parent"]
    if not isinstance(column, Codes):
        raise TypeError("parent must be dictionary-encoded")
    codes = column.codes.copy()
    codes[rows] = -1
    parent = _codes(Codes(column.values, codes), np.arange(len(codes)))
    return replace(grids, columns=MappingProxyType({**grids.columns, "parent": parent}))


def cut(shapes: NDArray[Any], area: Any) -> NDArray[Any]:
    """Return of each shape the part inside `area` (m), of the same kind; None where only a border is left.

    A shape that lies inside is returned as it is.
    """
    found = shapes.copy()
    across = np.flatnonzero(~np.asarray(shapely.covers(area, shapes)))
    if len(across):
        parts = shapely.intersection(shapely.make_valid(shapes[across]), area)
        found[across] = [_areal(part) for part in parts]
    return found


def _areal(shape: Any) -> Any:
    """The polygons of what is left of a polygon, None without any."""
    parts = [
        part
        for part in shapely.get_parts(shapely.get_parts(shape))
        if shapely.get_type_id(part) == 3 and not shapely.is_empty(part)
    ]
    return shapely.MultiPolygon(parts) if parts else None


def same_rows(old: LayerColumns, new: LayerColumns) -> bool:
    """Return whether two states of a layer hold the same rows with the same values."""
    if len(old) != len(new) or old.simulated != new.simulated or not np.array_equal(old.fid, new.fid):
        return False
    if old.geometry is not None and new.geometry is not None:
        alike = shapely.equals_identical(old.geometry, new.geometry)
        if not (alike | (shapely.is_missing(old.geometry) & shapely.is_missing(new.geometry))).all():
            return False
    elif not (_same(old.x, new.x) and _same(old.y, new.y)):
        return False
    return all(_same(old.columns[name], new.columns[name]) for name in new.columns)


def _same(old: Any, new: Any) -> bool:
    if isinstance(old, Codes) and isinstance(new, Codes):
        return old.values == new.values and np.array_equal(old.codes, new.codes)
    if old is None or new is None:
        return old is new
    return np.array_equal(old, new, equal_nan=old.dtype.kind in "fM")
