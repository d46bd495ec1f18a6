"""The heat map's figures: the density at a place, and the bandwidth that the data ask for."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from geo.columns import Snapshot
from geo.crs import WGS84, transform_xy
from layers.base import Params
from web import service
from web.api_data import asked
from web.jsonio import DECIMALS
from web.replies import cached_json, fresh_json
from web.sightings import place

blueprint = Blueprint("api_heat", __name__, url_prefix="/api/heat")
NEEDS = ("grids", "incidents")


@blueprint.get("/value")
def value() -> Response:
    """Return the density at a place: all kernels added up, divided by what of a kernel lies in the city."""
    from flask import request

    _, snapshot, params = asked()
    lon, lat = place(request.args, snapshot.crs)
    return fresh_json(value_answer(snapshot, params, lon, lat))


@blueprint.get("/bandwidth")
def bandwidth() -> Response:
    """Return the bandwidth under which a left-out incident is most likely, with the curve."""
    _, snapshot, params = asked()
    key = ("bandwidth", params.kernel, params.choice, service.revisions(snapshot, NEEDS))
    return cached_json(key, lambda: bandwidth_answer(snapshot, params))


def value_answer(snapshot: Snapshot, params: Params, lon: float, lat: float) -> dict[str, Any]:
    """Return the object of /api/heat/value."""
    from layers.heat_field import heat_field

    found, top = None, 0.0
    if snapshot.crs is not None:
        x, y = transform_xy([lon], [lat], WGS84, snapshot.crs)
        field = heat_field(snapshot, params)
        density, top = float(field.at(x, y)[0]), field.peak()
        found = None if density != density else density
    return {
        "lon": round(lon, DECIMALS),
        "lat": round(lat, DECIMALS),
        "per_km2": found,
        "inside": found is not None,
        "share_of_peak": found / top if found is not None and top > 0 else None,
        "unit": "severity per km2" if params.weight == "severity" else "incidents per km2",
        "kernel": params.kernel,
        "radius_m": params.radius_m,
        "weight": params.weight,
        "meta": service.origin(snapshot, NEEDS, params),
    }


def bandwidth_answer(snapshot: Snapshot, params: Params) -> dict[str, Any]:
    """Return the object of /api/heat/bandwidth."""
    from geo.heat_bandwidth import EVENLY, FEWEST, TIE_M, choose_bandwidth
    from layers.heat_field import heat_field

    field = heat_field(snapshot, params)
    found = choose_bandwidth(field.columns, params.kernel, field.choice, field.boundary)
    return {
        "state": "ok" if found.radius_m is not None else "too_few",
        "radius_m": found.radius_m,
        "at_edge": found.at_edge,
        "kernel": params.kernel,
        "curve": [
            {"radius_m": radius, "score": score if score == score else None}
            for radius, score in zip(found.radii_m.tolist(), found.score.tolist(), strict=True)
        ],
        "incidents": found.incidents,
        "sampled": found.sampled,
        "fewest": FEWEST,
        "same_place_m": TIE_M,
        "evenly": EVENLY,
        "meta": service.origin(snapshot, NEEDS, params),
    }
