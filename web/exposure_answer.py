"""Answers of the exposure audit, as JSON-ready values and as rows of a file."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.columns import LayerColumns, Snapshot
from geo.crs import lonlat
from geo.duties import LEAST_DAYS
from geo.exposure_turn import MOST_LOSS
from geo.private import STRIP_M
from layers.base import Params
from layers.engine import rules_of
from layers.exposure import NEEDS
from store.schema import Column, Kind, Layer
from web.coverage_service import description
from web.coverage_tables import Table, multi
from web.exposures import STEPS
from web.jsonio import DECIMALS
from web.run_answers import fault_answer, progress_answer
from web.runner import Told
from web.service import Json, origin

if TYPE_CHECKING:  # it brings in the compiler
    from layers.exposure_audit import Audit

BELOW, UNKNOWN = "below", "unknown"
REMEDIES = ("turn", "range", "hfov", "mask")


def answer(told: Told[Audit], snapshot: Snapshot, params: Params, limit: int | None = None) -> Json:
    """Return cameras with something to tell, the gravest first, and what all of them come to."""
    found = told.result
    meta = exposure_meta(found, snapshot, params) | {
        "state": "ready" if told.state == "none" else told.state,
        "computing": progress_answer(told, STEPS, params.lang),
        "error": fault_answer(told.error, params.lang),
    }
    if found is None:
        return {"cameras": [], "listed": 0, "totals": None, "meta": meta}
    order = graver(found)
    chosen = order if limit is None else order[:limit]
    return {"cameras": camera_rows(found, snapshot, chosen), "listed": len(order), "totals": totals(found),
            "meta": meta}  # fmt: skip


def graver(found: Audit) -> NDArray[np.int64]:
    """Return the cameras with something to tell: first in forbidden places, then by private ground, then by gaps."""
    exposure, lacking = found.exposure, found.duties
    grave = np.zeros(len(lacking.short), np.int64)
    for one in found.forbidden:
        grave[one.camera] = max(grave[one.camera], 2 if one.how == "in" else 1)
    seen = np.where(exposure.exposed, exposure.certain_m2 + exposure.possible_m2, 0.0)
    certain = np.where(exposure.exposed, exposure.certain_m2, 0.0)
    gaps = sum(flags.astype(np.int64) for flags in (*lacking.missing.values(), lacking.no_sign, lacking.short))
    order = np.lexsort((-gaps, -seen, -certain, -grave))
    told = (grave > 0) | exposure.exposed | lacking.any
    return order[told[order]].astype(np.int64)


def totals(found: Audit) -> Json:
    """Return what all cameras come to."""
    exposure, lacking, helps = found.exposure, found.duties, found.remedies
    inside = {one.camera for one in found.forbidden if one.how == "in"}
    return {
        "cameras": len(lacking.short),
        "exposed": len(found.rows),
        "certain_m2": _m2(exposure.certain_m2.sum()),
        "possible_m2": _m2(exposure.possible_m2.sum()),
        "by_class_m2": _by_class(exposure.classes, exposure.by_class_m2.sum(axis=0)),
        "turn_helps": int(np.isfinite(helps.turn_deg).sum()),
        "forbidden_in": len(inside),
        "forbidden_sees": len({one.camera for one in found.forbidden} - inside),
        **{f"no_{name}": int(flags.sum()) for name, flags in lacking.missing.items()},
        "without_sign": int(lacking.no_sign.sum()),
        "retention_short": int(lacking.short.sum()),
    }


def camera_rows(found: Audit, snapshot: Snapshot, rows: NDArray[np.int64]) -> list[Json]:
    """Return what is to be told of cameras."""
    cameras, zones = snapshot["cameras"], snapshot["zones"]
    text = {name: cameras.text(name) for name in ("id", "name", "owner", "purpose")}
    days, zone_name = cameras.number("retention_days"), zones.text("name")
    zone_id = zones.text("id")
    assert cameras.x is not None and cameras.y is not None
    lon, lat = lonlat(cameras.x[rows], cameras.y[rows], str(snapshot.crs)) if len(rows) else ((), ())
    exposure, lacking = found.exposure, found.duties
    place = {int(row): i for i, row in enumerate(found.rows)}
    named: dict[int, list[Json]] = {}
    for camera, zone in zip(*(part.tolist() for part in found.seen), strict=True):
        named.setdefault(camera, []).append({"id": zone_id[zone], "name": zone_name[zone]})
    banned: dict[int, list[Json]] = {}
    for one in found.forbidden:
        layer = snapshot[one.layer]
        facts = {name: layer.text(name)[one.row] for name in ("id", "name", "kind")}
        banned.setdefault(one.camera, []).append({"layer": one.layer, "how": one.how, **facts})
    told = []
    for i, row in enumerate(rows.tolist()):
        exposed = row in place
        told.append(
            {
                "id": text["id"][row],
                "name": text["name"][row],
                "lon": round(float(lon[i]), DECIMALS),
                "lat": round(float(lat[i]), DECIMALS),
                "certain_m2": _m2(exposure.certain_m2[row]) if exposed else 0.0,
                "possible_m2": _m2(exposure.possible_m2[row]) if exposed else 0.0,
                "certain_share": _share(exposure.certain_m2[row], exposure.view_certain_m2[row]),
                "possible_share": _share(exposure.possible_m2[row], exposure.view_possible_m2[row]),
                "by_class_m2": _by_class(exposure.classes, exposure.by_class_m2[row]) if exposed else {},
                "zones": named.get(row, []),
                "remedies": _remedies(found, place[row]) if exposed else None,
                "forbidden": banned.get(row, []),
                "missing": [name for name, flags in lacking.missing.items() if flags[row]],
                "without_sign": bool(lacking.no_sign[row]),
                "retention_short": bool(lacking.short[row]),
                "owner": text["owner"][row],
                "purpose": text["purpose"][row],
                "retention_days": None if np.isnan(days[row]) else int(days[row]),
            }
        )
    return told


def _remedies(found: Audit, i: int) -> Json:
    helps = found.remedies

    def one(**values: float) -> Json | None:
        if not all(np.isfinite(value) for value in values.values()):
            return None
        return {name: round(float(value), 4 if name == "loss" else 1) for name, value in values.items()}

    return {
        "turn": one(deg=helps.turn_deg[i], loss=helps.turn_loss[i]),
        "range": one(m=np.floor(helps.range_m[i] * 10) / 10, loss=helps.range_loss[i]),
        "hfov": one(deg=helps.hfov_deg[i], loss=helps.hfov_loss[i]),
        "mask": one(from_deg=helps.mask_from_deg[i], to_deg=helps.mask_to_deg[i], loss=helps.mask_loss[i]),
    }


def _m2(value: float) -> float:
    return round(float(value), 2)


def _share(part: float, whole: float) -> float | None:
    return round(float(part / whole), 4) if whole > 0 else None


def _by_class(classes: tuple[str, ...], values: NDArray[np.float64]) -> Json:
    return {name: _m2(value) for name, value in zip((BELOW, *classes, UNKNOWN), values, strict=True)}


def exposure_meta(found: Audit | None, snapshot: Snapshot, params: Params) -> Json:
    """Return where the audit comes from, and what was taken as private."""
    rules = rules_of(params)
    counts = None if found is None else {
        "zones": len(found.private.zones), "dwellings": len(found.private.dwellings), "masks": len(found.masks.camera),
    }  # fmt: skip
    return origin(snapshot, NEEDS) | {
        **vars(rules),
        "private": counts,
        "buildings": len(snapshot["buildings"]),
        "strip_m": STRIP_M,
        "most_loss": MOST_LOSS,
        "least_days": LEAST_DAYS,
    }


_COLUMNS = {
    "camera": Kind.TEXT, "name": Kind.TEXT, "certain_m2": Kind.REAL, "possible_m2": Kind.REAL,
    "certain_share": Kind.REAL, "possible_share": Kind.REAL, "zones": Kind.TEXT, "turn_deg": Kind.REAL,
    "turn_loss": Kind.REAL, "range_m": Kind.REAL, "range_loss": Kind.REAL, "hfov_deg": Kind.REAL,
    "hfov_loss": Kind.REAL, "mask_from_deg": Kind.REAL, "mask_to_deg": Kind.REAL, "mask_loss": Kind.REAL,
    "forbidden": Kind.TEXT, "missing": Kind.TEXT, "without_sign": Kind.BOOL, "retention_short": Kind.BOOL,
}  # fmt: skip


def flat_rows(found: Audit, snapshot: Snapshot) -> list[Json]:
    """Return a row for each camera with something to tell, without nesting."""
    rows = []
    for one in camera_rows(found, snapshot, graver(found)):
        helps = one["remedies"] or dict.fromkeys(REMEDIES)
        flat = {f"{name}_{key}": value for name in REMEDIES for key, value in (helps[name] or {}).items()}
        for name in _COLUMNS:
            flat.setdefault(name, None)
        rows.append({
            **flat, **{name: one[name] for name in ("name", "certain_m2", "possible_m2", "certain_share",
                                                    "possible_share", "without_sign", "retention_short")},
            "camera": one["id"],
            "zones": "; ".join(zone["name"] or zone["id"] for zone in one["zones"]) or None,
            "forbidden": "; ".join(f"{place['how']}: {place['name'] or place['id']} ({place['kind']})"
                                   for place in one["forbidden"]) or None,
            "missing": ", ".join(one["missing"]) or None,
            **one["by_class_m2"],
        })  # fmt: skip
    return rows


def exposure_table(found: Audit | None, snapshot: Snapshot, params: Params) -> Table:
    """Return the cameras with something to tell as a table: the private ground in view is its geometry."""
    rows = [] if found is None else flat_rows(found, snapshot)
    kinds = dict(_COLUMNS)
    if found is not None:
        kinds |= {f"{name}_m2": Kind.REAL for name in (BELOW, *found.exposure.classes, UNKNOWN)}
    columns = {}
    for name, kind in kinds.items():
        values = [row.get(name, row.get(name.removesuffix("_m2"))) for row in rows]
        if kind is Kind.TEXT:
            columns[name] = np.array(values, dtype=object)
        elif kind is Kind.BOOL:
            columns[name] = np.array(values, dtype=np.int8)
        else:
            columns[name] = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    parts = np.full(len(rows), shapely.MultiPolygon(), dtype=object)
    if found is not None:
        place = {int(row): i for i, row in enumerate(found.rows)}
        for i, row in enumerate(graver(found).tolist()):
            if row in place:
                seen = [shape for shape in found.parts[place[row]] if shape is not None]
                parts[i] = multi(shapely.union_all(seen))
    spec = tuple(Column(name, kind) for name, kind in kinds.items())
    layer = Layer("exposure", spec, "MULTIPOLYGON", frozenset({"polygon"}))
    made = LayerColumns("exposure", snapshot.revision, np.arange(len(rows)), MappingProxyType(columns), parts)
    return Table(layer, made, snapshot.crs, description(snapshot, params))
