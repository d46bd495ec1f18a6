"""How many grids one answer may hold: all of a level while they are few, else those in the map's window."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.columns import LayerColumns

MOST = 5_000  # about 2 MB of GeoJSON, drawn by a browser in half a second


def in_window(
    grids: LayerColumns, rows: NDArray[np.int64], bbox: tuple[float, float, float, float] | None
) -> tuple[NDArray[np.int64], dict[str, Any]]:
    """Return which of `rows` to send, as positions in `rows`, and what an answer says of it.

    Up to `MOST` grids are sent whatever the window. Of more, those whose box meets the window, at most `MOST`, the
    nearest to its middle first.

    Returns
    -------
    positions
        int64, ascending.
    facts
        ``windowed``: whether the answer depends on the window; ``in_view``, ``shown``, ``truncated`` as elsewhere.
    """
    if grids.geometry is None:
        return np.arange(len(rows), dtype=np.int64), {"windowed": False, "truncated": False}
    return shapes_in_window(grids.geometry[rows], bbox)


def shapes_in_window(
    shapes: NDArray[Any], bbox: tuple[float, float, float, float] | None
) -> tuple[NDArray[np.int64], dict[str, Any]]:
    """Return which of `shapes` to send, by the same rule."""
    every = np.arange(len(shapes), dtype=np.int64)
    if len(shapes) <= MOST:
        return every, {"windowed": False, "truncated": False}
    boxes = shapely.bounds(shapes)
    if bbox is None:
        bbox = tuple(shapely.total_bounds(shapes))  # type: ignore[assignment]
        assert bbox is not None
    x0, y0, x1, y1 = bbox
    meets = (boxes[:, 0] <= x1) & (boxes[:, 2] >= x0) & (boxes[:, 1] <= y1) & (boxes[:, 3] >= y0)
    found = every[meets]
    shown = found
    if len(found) > MOST:
        middle = (boxes[found, :2] + boxes[found, 2:]) / 2 - np.array([x0 + x1, y0 + y1]) / 2
        nearest = np.argpartition((middle**2).sum(axis=1), MOST)[:MOST]
        shown = np.sort(found[nearest])
    return shown, {"windowed": True, "in_view": len(found), "shown": len(shown), "truncated": len(shown) < len(found)}
