"""Rows with an id, a name and a kind, cut to a box: what places and zones share."""

from __future__ import annotations

import numpy as np
import shapely

from geo.columns import Snapshot
from layers.base import LayerFrame, Legend, LegendItem, Params, features, text_or_none

LIMIT = 5_000


def named_sites(snapshot: Snapshot, layer: str, params: Params, title: str, unit: str) -> LayerFrame:
    """Return the rows of `layer` whose extent meets the box; at most 5,000, which `meta["truncated"]` says."""
    columns = snapshot[layer]
    geometry = columns.geometry
    if geometry is None or len(columns) == 0:
        empty = features(snapshot.crs, np.zeros(0, dtype=object), {})
        return LayerFrame(empty, None, {"in_view": 0, "truncated": False})
    rows = np.arange(len(columns))
    if params.bbox is not None:
        west, south, east, north = shapely.bounds(geometry).T
        minx, miny, maxx, maxy = params.bbox
        rows = np.flatnonzero((west <= maxx) & (east >= minx) & (south <= maxy) & (north >= miny))
    shown = rows[:LIMIT]
    kinds = text_or_none(columns.text("kind")[shown])
    frame = features(
        snapshot.crs,
        geometry[shown],
        {
            "id": text_or_none(columns.text("id")[shown]),
            "name": text_or_none(columns.text("name")[shown]),
            "kind": kinds,
        },
    )
    legend = None
    if len(shown):
        symbol = {"places": "place", "zones": "zone"}[layer]
        legend = Legend(title, unit, (LegendItem(symbol, title, count=len(shown)),))
    return LayerFrame(frame, legend, {"in_view": len(rows), "truncated": len(rows) > LIMIT})
