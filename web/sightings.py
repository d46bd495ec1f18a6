"""Answers about single cameras and places: the views of some cameras, and who sees a place or a line."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.columns import Snapshot
from geo.crs import WGS84, lonlat, transform_xy, within_area
from geo.errors import N_
from layers.asked import Seers, along_line, at_point
from layers.base import LayerFrame, Params, chosen_level, features
from layers.engine import rules_of
from layers.joins import grid_at
from layers.sight import Sight, assumptions, sight
from layers.views import view_columns
from web.errors import RequestError
from web.jsonio import DECIMALS
from web.params import Query, fault
from web.service import origin

Json = dict[str, Any]
NEEDS = ("cameras", "buildings")
MOST_CORNERS = 200
LONGEST_M = 20_000.0
MOST_CAMERAS = 2_000  # whose views are sent at once; a file takes all


def place(query: Query, crs: str | None) -> tuple[float, float]:
    """Return ``lon`` and ``lat`` of a query, checked; `crs` is that of the store."""
    found = []
    for name, most in (("lon", 180.0), ("lat", 90.0)):
        text = query.get(name)
        try:
            value = float(text) if text else math.nan
        except ValueError:
            value = math.nan
        if not -most <= value <= most:
            raise fault(
                name,
                text or "",
                N_("“{value}” cannot be used for {field}."),
                N_("Give a number from {low} to {high}."),
                low=-most,
                high=most,
            )
        found.append(value)
    lon, lat = found
    _in_area("lon", [lon], [lat], crs)
    return lon, lat


def line(query: Query, crs: str | None) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Return the corners of ``line=lon,lat;lon,lat`` in degrees, None when not asked."""
    text = query.get("line")
    if not text:
        return None
    try:
        corners = np.array([[float(part) for part in corner.split(",")] for corner in text.split(";")], np.float64)
    except ValueError:
        corners = np.zeros((0, 0))
    good = corners.ndim == 2 and corners.shape[1:] == (2,) and 2 <= len(corners) <= MOST_CORNERS
    if not good or not np.isfinite(corners).all() or (np.abs(corners) > (180, 90)).any():
        raise fault(
            "line",
            text,
            N_("The line “{value}” cannot be used."),
            N_("Give 2 to {limit} corners as longitude,latitude, with semicolons between."),
            limit=MOST_CORNERS,
        )
    _in_area("line", corners[:, 0], corners[:, 1], crs)
    return corners[:, 0], corners[:, 1]


def _in_area(field: str, lon: Any, lat: Any, crs: str | None) -> None:
    if crs is not None and not within_area(lon, lat, crs).all():
        raise fault(
            field,
            f"{lon[0]}, {lat[0]}",
            N_("The place {value} is far outside the city of this store."),
            N_("Give longitude first, then latitude, in degrees (WGS 84)."),
        )


def rows_of_cameras(snapshot: Snapshot, wanted: list[str]) -> NDArray[np.int64]:
    """Return the rows of the cameras with these ids; all of them when none is asked.

    Raises
    ------
    RequestError
        A camera is not in the store.
    """
    ids = snapshot["cameras"].text("id")
    if not wanted:
        return np.arange(len(ids))
    names = set(wanted)
    rows = np.flatnonzero([name in names for name in ids])
    missing = sorted(names - set(ids[rows]))
    if missing:
        raise RequestError(
            404,
            "unknown_camera",
            N_("There is no camera “{camera}”."),
            N_("Use an id of the cameras layer; /api/cameras and `flask export cameras` list them."),
            camera=missing[0][:80],
        )
    return rows


def views_frame(snapshot: Snapshot, params: Params, rows: NDArray[np.int64]) -> LayerFrame:
    """Return the views of the cameras at `rows`, with what was assumed."""
    if snapshot.crs is None or len(rows) == 0:
        return LayerFrame(features(snapshot.crs, np.zeros(0, dtype=object), {}), None, {"cameras": 0, "total": 0})
    known = sight(snapshot, rules_of(params))
    views = known.views(rows)
    geometry = np.empty(len(views), dtype=object)
    geometry[:] = [view.polygon for view in views]
    meta = {"total": len(snapshot["cameras"]), **assumptions(known, rows)}
    return LayerFrame(features(snapshot.crs, geometry, view_columns(known, views)), None, meta)


def seen_by_answer(snapshot: Snapshot, params: Params, lon: float, lat: float) -> Json:
    """Return which cameras see a place, nearest first, how well, and why the nearest others do not."""
    level = chosen_level(snapshot["grids"], params.level)
    answer: Json = {"point": {"lon": lon, "lat": lat}, "state": "blind", "level": level, "grid": None}
    if snapshot.crs is None:
        return answer | {"cameras": [], "not_seen_by": []}
    x, y = (float(part[0]) for part in transform_xy([lon], [lat], WGS84, snapshot.crs))
    known = sight(snapshot, rules_of(params))
    found = at_point(known, x, y)
    row = grid_at(snapshot, level, x, y)
    answer |= {
        "state": found.state,
        "grid": None if row < 0 else snapshot["grids"].text("code")[row],
        "cameras": _seers(snapshot, known, found.seen, "state"),
        "not_seen_by": _seers(snapshot, known, found.unseen, "why"),
    }
    return answer


def _seers(snapshot: Snapshot, known: Sight, seers: Seers, word: str) -> list[Json]:
    if len(seers.rows) == 0:
        return []
    facts = known.facts
    lon, lat = lonlat(facts.x[seers.rows], facts.y[seers.rows], known.crs)
    names = snapshot["cameras"].text("name")
    return [
        {
            "id": facts.id[row],
            "name": names[row],
            "kind": facts.kind[row],
            "distance_m": round(float(seers.distance_m[i]), 3),
            "bearing_deg": round(float(seers.bearing_deg[i]), 2),
            "px_per_m": _finite(seers.px_per_m[i]),
            word: seers.word[i],
            "online": _flag(facts.online[row]),
            "lon": round(float(lon[i]), DECIMALS),
            "lat": round(float(lat[i]), DECIMALS),
        }
        for i, row in enumerate(seers.rows.tolist())
    ]


def _finite(value: float) -> float | None:
    return round(float(value), 2) if np.isfinite(value) else None


def _flag(value: int) -> bool | None:
    return None if value < 0 else bool(value)


def line_answer(snapshot: Snapshot, params: Params, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> Json:
    """Return the parts of a line by state and by who sees them."""
    states = ("certain", "possible", "blind", "built")
    if snapshot.crs is None:
        return {"length_m": 0.0, **{f"{state}_m": 0.0 for state in states}, "steps": [], "cameras": []}
    x, y = transform_xy(lon, lat, WGS84, snapshot.crs)
    length = float(shapely.length(shapely.LineString(np.column_stack([x, y]))))
    if length > LONGEST_M:
        raise fault(
            "line",
            round(length),
            N_("The line is {value} m long."),
            N_("Draw one of at most {limit} m."),
            limit=int(LONGEST_M),
        )
    known = sight(snapshot, rules_of(params))
    steps = along_line(known, x, y)
    facts, names = known.facts, snapshot["cameras"].text("name")
    certain: dict[int, float] = {}
    seen: dict[int, float] = {}
    for step in steps:
        for row in (*step.certain, *step.possible):
            seen[row] = seen.get(row, 0.0) + step.length_m
        for row in step.certain:
            certain[row] = certain.get(row, 0.0) + step.length_m
    return {
        "length_m": round(length, 3),
        **{f"{s}_m": round(math.fsum(step.length_m for step in steps if step.state == s), 3) for s in states},
        "steps": [
            {
                "from_m": step.from_m,
                "to_m": step.to_m,
                "state": step.state,
                "cameras": [facts.id[row] for row in (*step.certain, *step.possible)],
            }
            for step in steps
        ],
        "cameras": [
            {
                "id": facts.id[row],
                "name": names[row],
                "kind": facts.kind[row],
                "online": _flag(facts.online[row]),
                "seen_m": round(seen[row], 3),
                "certain_m": round(certain.get(row, 0.0), 3),
            }
            for row in sorted(seen, key=lambda row: (-seen[row], row))
        ],
    }


def sighting_meta(snapshot: Snapshot, params: Params) -> Json:
    """Return where an answer about cameras and places comes from."""
    rules = rules_of(params)
    return origin(snapshot, NEEDS) | {**vars(rules), "px_per_m": rules.px_per_m}
