"""The outcome of a what-if plan as JSON: views, grids, totals and what becomes seen or blind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geo.columns import Snapshot
from geo.crs import WGS84, lonlat, transform_geometry
from geo.plans import Change
from web.jsonio import DECIMALS, dumps
from web.whatif_request import COLUMNS, camera_row, change_json, rows_by_id

if TYPE_CHECKING:
    from geo.whatif import Outcome, Trial, Views
    from layers.engine import Complete

Json = dict[str, Any]
AREAS = ("certain_m2", "possible_m2", "blind_m2")
Drawn = tuple[Any, Mapping[str, Any]]


def answer(complete: Complete, snapshot: Snapshot, trial: Trial, outcome: Outcome, extra: Mapping[str, Any]) -> bytes:
    """Return the body of POST /api/whatif."""
    crs = complete.crs
    parts = {
        "views": [*_views(outcome.views_before, "before"), *_views(outcome.views_after, "after")],
        "blind": _by_grid(complete, outcome.cells, outcome.blind),
        "gained": _by_grid(complete, outcome.cells, outcome.gained),
        "lost": _by_grid(complete, outcome.cells, outcome.lost),
    }
    drawn = collections(parts, crs)
    plain = {
        "level": complete.level,
        "cameras": cameras(snapshot, trial.plan, [view.camera for view in outcome.views_before], crs),
        "grids": grids(complete, outcome),
        "totals": totals(complete, outcome),
        "revision": snapshot.revision,
        "cameras_revision": snapshot["cameras"].revision,
        "crs": crs,
        **extra,
    }
    body = dumps(plain)[:-1] + "".join(f',"{name}":{text}' for name, text in drawn.items()) + "}"
    return body.encode()


def grids(complete: Complete, outcome: Outcome) -> list[Json]:
    """Return the grids that a plan concerns, with their areas before and after."""
    coverage = complete.city.coverage
    found = []
    for i, cell in enumerate(outcome.cells.tolist()):
        fixed = {name: float(getattr(coverage, name)[cell]) for name in ("area_m2", "built_m2", "open_m2")}
        sides = {
            side: {**fixed, **dict(zip(AREAS, values[i].tolist(), strict=True))}
            for side, values in (("before", outcome.before), ("after", outcome.after))
        }
        found.append({"code": complete.codes[cell], "name": complete.names[cell], **sides})
    return found


def totals(complete: Complete, outcome: Outcome) -> Json:
    """Return the areas of the whole level before and after, and what changed sides."""
    coverage = complete.city.coverage
    fixed = {name: float(getattr(coverage, name).sum()) for name in ("area_m2", "built_m2", "open_m2")}
    return {
        "before": {**fixed, **dict(zip(AREAS, outcome.totals_before.tolist(), strict=True))},
        "after": {**fixed, **dict(zip(AREAS, outcome.totals_after.tolist(), strict=True))},
        "gained_m2": _area(outcome.gained),
        "lost_m2": _area(outcome.lost),
    }


def _area(parts: Any) -> float:
    return float(sum(part.area for part in parts if part is not None))


def cameras(snapshot: Snapshot, plan: Mapping[str, Change], beside: Iterable[str], crs: str) -> list[Json]:
    """Return each camera of a plan, and those beside, as recorded and as planned."""
    rows = rows_by_id(snapshot)
    found: list[Json] = []
    for name in dict.fromkeys([*plan, *beside]):
        change = plan.get(name)
        before = _recorded(snapshot, rows[name], crs) if name in rows else None
        after: Json | None = None
        if change is None:
            after = before
        elif change.op != "remove":
            blank: Json = {"id": None, **{column.name: None for column in COLUMNS}}
            given = change_json(change, crs)
            after = {**(before or blank), **{key: value for key, value in given.items() if key not in ("op", "key")}}
        found.append({"camera": name, "op": None if change is None else change.op, "before": before, "after": after})
    return found


def _recorded(snapshot: Snapshot, row: int, crs: str) -> Json:
    found = camera_row(snapshot["cameras"], row)
    lon, lat = lonlat(np.array([found.pop("x")]), np.array([found.pop("y")]), crs)
    return {**found, "lon": round(float(lon[0]), DECIMALS), "lat": round(float(lat[0]), DECIMALS)}


def _views(views: Sequence[Views], when: str) -> list[Drawn]:
    return [
        (shape, {"camera": view.camera, "when": when, "state": state, "area_m2": shape.area})
        for view in views
        for state, shape in (("certain", view.certain), ("possible", view.possible))
        if shape is not None
    ]


def _by_grid(complete: Complete, cells: Any, shapes: Any) -> list[Drawn]:
    return [
        (shape, {"grid": complete.codes[cell], "area_m2": shape.area})
        for cell, shape in zip(cells.tolist(), shapes, strict=True)
        if shape is not None
    ]


def collections(parts: Mapping[str, Sequence[Drawn]], crs: str) -> dict[str, str]:
    """Return named feature collections as JSON; all geometry is projected in one go, because each go costs."""
    flat = [shape for drawn in parts.values() for shape, _ in drawn]
    texts: list[str] = []
    if flat:
        shapes = np.empty(len(flat), dtype=object)
        shapes[:] = flat
        moved = transform_geometry(shapes, crs, WGS84)
        rounded = shapely.set_coordinates(moved, np.round(shapely.get_coordinates(moved), DECIMALS))
        texts = shapely.to_geojson(rounded).tolist()
    found, at = {}, 0
    for name, drawn in parts.items():
        features = [
            f'{{"type":"Feature","properties":{dumps(dict(facts))},"geometry":{text}}}'
            for (_, facts), text in zip(drawn, texts[at : at + len(drawn)], strict=True)
        ]
        at += len(drawn)
        found[name] = f'{{"type":"FeatureCollection","features":[{",".join(features)}]}}'
    return found
