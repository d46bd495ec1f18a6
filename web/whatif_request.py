"""What a what-if request asks: its body read into a folded plan, every value checked before anything is computed."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from flask import request
from werkzeug.datastructures import MultiDict

from geo.columns import LayerColumns, Snapshot
from geo.crs import WGS84, lonlat, try_transform_xy
from geo.errors import N_, ParameterError
from geo.plans import Change, fold
from layers.base import Params, rows_of_level
from layers.memo import Memo
from store.edits import checked
from store.schema import LAYERS, Kind
from web.errors import RequestError
from web.i18n import current_lang
from web.jsonio import DECIMALS
from web.params import fault, layer_params
from web.planned import require_area

OPS = ("place", "set", "remove")
MAX_CHANGES = 500
MAX_NAME = 200
NEAR_CITY_M = 1000.0
COLUMNS = tuple(column for column in LAYERS["cameras"].columns if column.name != "id")
PLACED_FIELDS = frozenset({"lon", "lat", *(column.name for column in COLUMNS)})
_memo = Memo(24)
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Located:
    """The cameras of a snapshot by id, and the box that new ones must lie in (metres)."""

    rows: Mapping[str, int]
    box: Box | None


def json_object() -> dict[str, Any]:
    """Return the body of the request.

    Raises
    ------
    RequestError
        It is not a JSON object, or holds text that can be neither stored nor shown.
    """
    try:
        found = request.get_json()
        json.dumps(found, ensure_ascii=False, allow_nan=True).encode()
    except (RecursionError, UnicodeEncodeError):
        found = None
    if not isinstance(found, dict):
        raise RequestError(400, "parameter", N_("The request must be a JSON object."))
    return found


def asked(body: Mapping[str, Any], snapshot: Snapshot) -> Params:
    """Return the parameters that a body gives beside its changes, read as those of an address are."""
    query: MultiDict[str, str] = MultiDict()
    for name, value in body.items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, bool):
                query.add(name, str(int(one)))
            elif isinstance(one, (str, int, float)):
                query.add(name, str(one))
    return layer_params(query, snapshot, current_lang())


def rows_by_id(snapshot: Snapshot) -> Mapping[str, int]:
    """Return the row of each camera by its id; made once for a state of the cameras."""
    cameras = snapshot["cameras"]
    return _memo.get((cameras,), "rows", lambda: {str(name): row for row, name in enumerate(cameras.text("id"))})


def located(snapshot: Snapshot, level: str | None) -> Located:
    """Return where the cameras are by id; made once for a state of cameras and grids."""
    cameras, grids = snapshot["cameras"], snapshot["grids"]
    return _memo.get(
        (cameras, grids), ("located", level), lambda: Located(rows_by_id(snapshot), _box(cameras, grids, level))
    )


def _box(cameras: LayerColumns, grids: LayerColumns, level: str | None) -> Box | None:
    box = None
    chosen = rows_of_level(grids, level)
    if grids.geometry is not None and len(chosen):
        box = shapely.total_bounds(grids.geometry[chosen])
    elif cameras.x is not None and cameras.y is not None and len(cameras):
        box = np.array([cameras.x.min(), cameras.y.min(), cameras.x.max(), cameras.y.max()])
    if box is None or not np.isfinite(box).all():
        return None
    x0, y0, x1, y1 = (box + np.array([-1, -1, 1, 1]) * NEAR_CITY_M).tolist()
    return x0, y0, x1, y1


def plan_of(body: Mapping[str, Any], snapshot: Snapshot, level: str | None) -> dict[str, Change]:
    """Return the folded plan of a body.

    Raises
    ------
    ParameterError
        With the field ("changes[3].range_m"), the value and a remedy.
    """
    place = located(snapshot, level)
    changes = changes_of(body.get("changes"), snapshot, place)
    require_area(changes, snapshot)
    return fold(changes, place.rows)


def changes_of(given: object, snapshot: Snapshot, place: Located) -> list[Change]:
    """Return the changes of a body in their order; see `plan_of`."""
    if not isinstance(given, list) or len(given) > MAX_CHANGES:
        shown = len(given) if isinstance(given, list) else given
        raise fault(
            "changes",
            shown,
            N_("“{value}” cannot be used for {field}."),
            N_("Give a list of at most {limit} changes."),
            limit=MAX_CHANGES,
        )  # fmt: skip
    return [_change(one, f"changes[{i}]", snapshot, place) for i, one in enumerate(given)]


def _change(given: object, where: str, snapshot: Snapshot, place: Located) -> Change:
    if not isinstance(given, dict):
        raise fault(where, given, N_("“{value}” cannot be used for {field}."), N_("Give an object with op and id."))
    op = given.get("op")
    if op not in OPS:
        raise fault(
            f"{where}.op", op, N_("“{value}” cannot be used for {field}."), N_("Use one of: {known}."),
            known=", ".join(OPS),
        )  # fmt: skip
    own = "key" if op == "place" else "id"
    name = given.get(own)
    if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME or "\x00" in name:
        raise fault(
            f"{where}.{own}",
            name,
            N_("“{value}” cannot be used for {field}."),
            N_("Give the text that names a camera."),
        )
    allowed = PLACED_FIELDS if op != "remove" else frozenset()
    extra = sorted(set(given) - allowed - {"op", own})
    if extra:
        raise fault(
            f"{where}.{extra[0]}"[:80], given[extra[0]], N_("A camera has no {field}."), N_("Use one of: {known}."),
            known=", ".join(sorted(allowed)),
        )  # fmt: skip
    values = {
        column.name: checked(column.name, given[column.name], field=f"{where}.{column.name}")
        for column in COLUMNS
        if column.name in given
    }
    x, y = _place(given, where, op, snapshot, place)
    return Change(op, name, x, y, values)


def _place(
    given: Mapping[str, Any], where: str, op: str, snapshot: Snapshot, place: Located
) -> tuple[float | None, float | None]:
    if "lon" not in given and "lat" not in given and op != "place":
        return None, None
    for name, limit in (("lon", 180.0), ("lat", 90.0)):
        value = given.get(name)
        plain = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not plain or not abs(value) <= limit:  # type: ignore[operator,arg-type]
            raise fault(
                f"{where}.{name}", value, N_("“{value}” cannot be used for {field}."),
                N_("Give a number from {low} to {high}."), low=-limit, high=limit,
            )  # fmt: skip
    lon, lat = float(given["lon"]), float(given["lat"])
    if snapshot.crs is None or place.box is None:
        raise ParameterError(
            N_("There is no city yet to plan in."), N_("Import grids or cameras first."), field="changes", value=""
        )
    x, y, ok = try_transform_xy(np.array([lon]), np.array([lat]), WGS84, snapshot.crs)
    x0, y0, x1, y1 = place.box
    if not ok[0] or not (x0 <= x[0] <= x1 and y0 <= y[0] <= y1):
        raise fault(
            f"{where}.lon", f"{lon:.5f}, {lat:.5f}", N_("The place {value} is not in the city."),
            N_("Choose a place within {distance} m of the grids."), distance=f"{NEAR_CITY_M:.0f}",
        )  # fmt: skip
    return float(x[0]), float(y[0])


def change_json(change: Change, crs: str) -> dict[str, Any]:
    """Return a change as it is sent and kept: WGS 84, seven decimals."""
    made: dict[str, Any] = {"op": change.op, ("key" if change.op == "place" else "id"): change.camera}
    if change.x is not None and change.y is not None:
        lon, lat = lonlat(np.array([change.x]), np.array([change.y]), crs)
        made |= {"lon": round(float(lon[0]), DECIMALS), "lat": round(float(lat[0]), DECIMALS)}
    return {**made, **change.values}


def camera_row(cameras: LayerColumns, row: int) -> dict[str, Any]:
    """Return every canonical column of one camera, x and y: str, float, bool or None, as the store compares them."""
    assert cameras.x is not None and cameras.y is not None
    found: dict[str, Any] = {"x": float(cameras.x[row]), "y": float(cameras.y[row])}
    for column in LAYERS["cameras"].columns:
        if column.kind in (Kind.TEXT, Kind.CODE):
            found[column.name] = _text(cameras, column.name, row)
            continue
        value = float(np.asarray(cameras.columns[column.name])[row])
        if column.kind is Kind.BOOL:
            found[column.name] = None if value < 0 else bool(value)
        else:
            found[column.name] = None if math.isnan(value) else value
    return found


def _text(cameras: LayerColumns, name: str, row: int) -> str | None:
    column: Any = cameras.columns[name]
    if hasattr(column, "codes"):  # dictionary-encoded: only this row is decoded
        code = int(column.codes[row])
        return None if code < 0 else str(column.values[code])
    value = column[row]
    return None if value is None else str(value)
