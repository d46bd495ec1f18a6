"""The blind spots of a city: what no camera sees, the worst first, and why."""

from __future__ import annotations

from typing import Any

import numpy as np

from geo.columns import Snapshot
from geo.crs import lonlat
from layers.base import LayerFrame, Params, features
from layers.complete import Complete
from layers.joins import selected
from layers.measures import incidents
from web.coverage_service import rows_of
from web.jsonio import DECIMALS

Json = dict[str, Any]


def spots_frame(complete: Complete | None, snapshot: Snapshot, params: Params, limit: int | None) -> LayerFrame:
    """Return the worst blind spots of a level (of one parent when asked), at most `limit`.

    `meta["count"]` says how many there are. The incidents are those of the window and categories of `params`.
    """
    if complete is None:
        empty = features(snapshot.crs, np.zeros(0, dtype=object), {})
        return LayerFrame(empty, None, {"level": None, "count": 0, "shown": 0})
    from geo.blindspots import reasons  # slow to import

    spots = ranked(complete, snapshot, params)
    here = np.flatnonzero(np.isin(spots.cell, rows_of(complete, params.parent)))
    rows = here[:limit]
    city = complete.city
    why, _ = reasons(spots, city.views.of, city.obstacles, target_height_m=city.rules.target_height_m, rows=rows)
    cell, nearest = spots.cell[rows], spots.nearest_camera[rows]
    lon, lat = lonlat(spots.x[rows], spots.y[rows], complete.crs) if len(rows) else (np.zeros(0), np.zeros(0))
    ids = [None if camera < 0 else city.facts.id[camera] for camera in nearest.tolist()]
    cameras = snapshot["cameras"]
    names = dict(zip(cameras.text("id"), cameras.text("name"), strict=True)) if len(rows) else {}
    frame = features(
        complete.crs,
        spots.polygons[rows],
        {
            "rank": np.arange(1, len(rows) + 1),
            "grid": complete.codes[cell],
            "grid_name": complete.names[cell],
            "blind_m2": spots.blind_m2[rows],
            "incidents_unseen": spots.incidents_unseen[rows],
            "nearest_camera": np.array(ids, dtype=object),
            "nearest_name": np.array([names.get(camera) for camera in ids], dtype=object),
            "nearest_m": spots.nearest_m[rows],
            "why": why,
            "lon": np.round(lon, DECIMALS),
            "lat": np.round(lat, DECIMALS),
        },
    )
    return LayerFrame(frame, None, {"level": complete.level, "count": len(here), "shown": len(rows)})


def ranked(complete: Complete, snapshot: Snapshot, params: Params) -> Any:
    """All blind spots of a result, ranked by the selected incidents; kept with the result."""
    from geo.blindspots import blind_spots
    from geo.denominators import BLIND

    layer, city = snapshot["incidents"], complete.city

    def make() -> Any:
        placed = incidents(complete, snapshot)
        rows = np.flatnonzero(selected(snapshot, params) & (placed.state == BLIND))
        unseen = None if layer.x is None or layer.y is None else (layer.x[rows], layer.y[rows], placed.cell[rows])
        return blind_spots(city.coverage, complete.codes, unseen, (city.facts.x, city.facts.y))

    return complete.once("spots", layer, make, params.choice)
