"""A town of square grids in two levels, for tests of drafts and of the history."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from geo.grid_changes import GridChange, GridState, Key
from store.batch import Batch
from store.store import Store
from tests.store.factories import CRS, SOURCE

X0, Y0, SIDE = 380_000.0, 6_670_000.0, 100.0


def squares(columns: int = 3, rows: int = 2, **changed: Any) -> Batch:
    """Return a batch of `columns` x `rows` grids g00, g01, ... in one parent T, 100 m wide each."""
    names = [(column, row) for row in range(rows) for column in range(columns)]
    boxes = [
        shapely.box(X0 + SIDE * c, Y0 + SIDE * r, X0 + SIDE * (c + 1), Y0 + SIDE * (r + 1)) for c, r in names
    ]  # fmt: skip
    whole = shapely.box(X0, Y0, X0 + SIDE * columns, Y0 + SIDE * rows)
    shapes = np.array([shapely.MultiPolygon([one]) for one in (whole, *boxes)], dtype=object)
    count = len(shapes)
    columns_of: dict[str, Any] = {
        "code": np.array(["T", *(f"g{c}{r}" for c, r in names)], dtype=object),
        "name": np.array([None] * count, dtype=object),
        "level": np.array(["town", *["grid"] * (count - 1)], dtype=object),
        "parent": np.array([None, *["T"] * (count - 1)], dtype=object),
        "team": np.array([None, *(f"team {c}" for c, _ in names)], dtype=object),
        "population": np.array([np.nan, *(10.0 * index for index in range(1, count))]),
    }
    return Batch("grids", CRS, columns_of | changed, geometry=shapes)


def fill(store: Store) -> Store:
    """Write the town into an empty store."""
    store.write(squares(), "append", SOURCE)
    return store


def change(states: dict[Key, GridState], code: str, level: str = "grid", **new: Any) -> GridChange:
    """Return the change of one grid that sets what is given."""
    old = states[level, code]
    facts = {name: getattr(old, name) for name in ("geometry", "name", "parent", "team", "population")}
    return GridChange(level, code, old, GridState(**facts | new))


def moved(states: dict[Key, GridState], by: float) -> list[GridChange]:
    """Return the changes that move the border between g00 and g10 to the east, metres."""
    middle = X0 + SIDE + by
    west = shapely.box(X0, Y0, middle, Y0 + SIDE)
    east = shapely.box(middle, Y0, X0 + 2 * SIDE, Y0 + SIDE)
    return [change(states, "g00", geometry=west), change(states, "g10", geometry=east)]
