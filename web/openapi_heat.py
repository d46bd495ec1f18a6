"""What the service answers of the heat map; see `web.openapi`."""

from __future__ import annotations

from web.openapi_parts import HEAT, KERNEL, WINDOW, Operation, operation, query

PLACE = [
    {**query(name, f"{word} in degrees (WGS 84).", {"type": "number"}), "required": True}
    for name, word in (("lon", "Longitude"), ("lat", "Latitude"))
]

HEAT_PATHS: dict[str, dict[str, Operation]] = {
    "/api/heat/value": {"get": operation("The heat map's density at a place, exactly.", [*PLACE, *WINDOW, *HEAT])},
    "/api/heat/bandwidth": {
        "get": operation("The heat map's bandwidth by leave-one-out likelihood, with the curve.", [*WINDOW, KERNEL])
    },
}
