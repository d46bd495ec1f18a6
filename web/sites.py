"""Answers about cameras, as JSON-ready values computed from one snapshot."""

from __future__ import annotations

from typing import Any

import numpy as np

from geo.columns import Codes, Snapshot
from geo.crs import lonlat
from store.schema import LAYERS
from web.jsonio import DECIMALS

Json = dict[str, Any]


def cameras_answer(snapshot: Snapshot, offset: int, limit: int) -> Json:
    """Return the cameras from `offset` on, at most `limit`, with all their columns and their places."""
    cameras = snapshot["cameras"]
    if len(cameras) == 0 or cameras.x is None or cameras.y is None or snapshot.crs is None:
        return {"total": 0, "offset": offset, "cameras": []}
    part = slice(offset, offset + limit)
    lon, lat = lonlat(cameras.x[part], cameras.y[part], snapshot.crs)
    columns: dict[str, list[Any]] = {}
    for column in LAYERS["cameras"].columns:
        values = cameras.columns[column.name]
        if isinstance(values, Codes) or values.dtype == object:
            columns[column.name] = cameras.text(column.name)[part].tolist()
        elif values.dtype == np.int8:
            columns[column.name] = [None if value < 0 else bool(value) for value in values[part]]
        else:
            columns[column.name] = [None if np.isnan(value) else float(value) for value in values[part]]
    return {
        "total": len(cameras),
        "offset": offset,
        "cameras": [
            {
                **{name: values[i] for name, values in columns.items()},
                "lon": round(float(lon[i]), DECIMALS),
                "lat": round(float(lat[i]), DECIMALS),
            }
            for i in range(len(lon))
        ],
    }
