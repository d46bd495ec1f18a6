"""Whether two snapshots hold the same cameras, buildings or grids: compared by content, not by name or number.

A revision's number says nothing across stores: a file may be exchanged for another one while the service is down.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.columns import Codes, LayerColumns, Snapshot
from layers.base import rows_of_level
from layers.memo import Memo

# What the coverage of a grid is worked out from; a new name or owner of a camera changes none of it.
CAMERA_FACTS = (
    "id", "kind", "azimuth_deg", "azimuth_tolerance_deg", "hfov_deg", "range_m", "height_m", "tilt_deg", "vfov_deg",
    "pixels_h", "online", "masks",
)  # fmt: skip
GRID_FACTS = ("code", "name", "parent")
BUILDING_FACTS = ("height_m",)
_memo = Memo(96)

Mark = tuple[str, str, str, str]


def mark(snapshot: Snapshot, level: str | None) -> Mark:
    """Return (CRS, grids of the level, buildings, cameras) of a snapshot as short texts: equal where they are equal."""
    grids = snapshot["grids"]
    rows = rows_of_level(grids, level)
    return (
        snapshot.crs or "",
        _memo.get((grids,), level, lambda: digest(grids, GRID_FACTS, rows)),
        _of(snapshot["buildings"], BUILDING_FACTS),
        _of(snapshot["cameras"], CAMERA_FACTS),
    )


def _of(layer: LayerColumns, names: tuple[str, ...]) -> str:
    return _memo.get((layer,), names, lambda: digest(layer, names))


def digest(layer: LayerColumns, names: tuple[str, ...], rows: NDArray[np.int64] | None = None) -> str:
    """Return a digest of the geometry and the columns `names` of the rows of a layer, in their order."""
    chosen: Any = slice(None) if rows is None else rows
    total = hashlib.blake2b(digest_size=16)
    if layer.x is not None and layer.y is not None:
        total.update(np.ascontiguousarray(layer.x[chosen]))
        total.update(np.ascontiguousarray(layer.y[chosen]))
    elif layer.geometry is not None and len(layer.geometry):
        texts = shapely.to_wkb(layer.geometry[chosen])
        total.update(b"".join(b"-" if text is None else text for text in texts))
    for name in names:
        column = layer.columns[name]
        if isinstance(column, Codes) or column.dtype == object:
            texts = layer.text(name)[chosen]
            total.update("\x1f".join("\x1e" if text is None else str(text) for text in texts).encode())
        else:
            total.update(np.ascontiguousarray(column[chosen]))
        total.update(b"|")
    return total.hexdigest()
