"""What is asked of every route, and which test asks what cannot be asked in one question."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from geo.crs import lonlat
from layers import REGISTRY
from tests.web.areas.town import CANARY
from tests.web.conftest import CRS, X0, Y0
from web.permissions import NEEDS, WHOLE_CITY

ALL = bool(os.environ.get("ATLAS_FULL"))  # of each question all forms, also those that take long


def degrees(east: float, north: float) -> tuple[float, float]:
    """Return longitude and latitude of a place in metres from the corner of the town."""
    lon, lat = lonlat([X0 + east], [Y0 + north], CRS)
    return round(float(lon[0]), 7), round(float(lat[0]), 7)


def tile(east: float, north: float, z: int) -> str:
    lon, lat = degrees(east, north)
    size = 2**z
    x = int((lon + 180) / 360 * size)
    y = int((1 - np.log(np.tan(np.radians(lat)) + 1 / np.cos(np.radians(lat))) / np.pi) / 2 * size)
    return f"{z}/{x}/{y}"


TILES = [tile(1900, 900, 13), tile(1990, 500, 16), tile(2900, 900, 15)]  # of both districts, of the border, outside
IN, OUT = degrees(900, 900), degrees(2900, 900)
AT = ["lon={}&lat={}".format(*place) for place in (IN, OUT)]
PLACED = {"op": "place", "key": "new", "lon": IN[0], "lat": IN[1], "kind": "fixed", "azimuth_deg": 10, "hfov_deg": 70,
          "range_m": 90}  # fmt: skip
NAMES = ("density", "grids", "assignment", "cameras", "months", "hours", "coverage", "blindspots", "hotspots",
         "compare", "profile", "live", "alerts", "flows", "decisions", "balance", "balance_teams",
         "sections")  # fmt: skip
EXPORTS = [
    f"/api/export/{layer}.{kind}"
    for layer in ("grids", "incidents", "cameras", "places", "zones", "views", "blindspots", "findings", "exposure")
    for kind in (("geojson", "csv") if ALL else ("geojson",))
]
ZOOMS = (12, 17) if ALL else (17,)
BOX = "bbox={},{},{},{}".format(*degrees(-500, -500), *degrees(4500, 2500))

# Endpoint -> what is asked of it. What must be asked in steps, or changes something, has a test of its own below.
ASKED: dict[str, list[Any]] = {
    "static": ["/static/js/shell.js"],
    "assets.asset": [],
    "health.healthz": ["/healthz"],
    "health.readyz": ["/readyz"],
    "metrics.metrics": ["/metrics"],
    "uploads.csrf": ["/api/csrf"],
    "openapi.openapi": ["/api/openapi.json"],
    "pages.index": ["/"],
    **{f"pages.{page}": [f"/{page}", f"/{page}?lang=zh"] for page in ("command", "planner", "grids", "wall", "about")},
    "pages.import_page": ["/import"],
    **{f"sign_in.{name}": [f"/{path}"] for name, path in
       (("show", "sign-in"), ("first", "first?link=x"), ("link", "set-password?link=x"))},
    "my_account.show": ["/account"],
    "tiles.base": [f"/tiles/base/{at}.png" for at in TILES],
    "tiles.heat": [f"/tiles/heat/{at}.png?radius_m={radius}" for at in TILES for radius in (200, 2000)],
    "tiles.vector.base": [],  # of an archive that is made behind the answers: see the base map's test
    "tiles.vector.base_facts": [],
    **{f"tiles.vector.{kind}": [f"/tiles/{kind}/{at}.mvt" for at in TILES]
       for kind in ("blindspots", "cameras", "coverage", "views")},
    "api_layers.layer": [f"/api/layers/{name}?{BOX}&zoom={zoom}" for name in REGISTRY for zoom in ZOOMS]
        + ["/api/layers/density?level=city", "/api/layers/density?level=NONE", f"/api/layers/density?category={CANARY}",
           "/api/layers/density?parent=DB", "/api/layers/density?metric=count&method=fisher_jenks"],
    "api_layers.status": ["/api/status"],
    "api_data.assignment": ["/api/assignment?limit=1000&near_m=300", "/api/assignment?level=district&near_m=300",
                            "/api/assignment?queue=all&limit=1000&order_by=located", "/api/assignment?queue=decided"],
    "api_decisions.flows": ["/api/assignment/flows", "/api/assignment/flows?level=district&limit=5"],
    "api_decisions.listed": ["/api/assignment/decisions", "/api/assignment/decisions?state=all"],
    "api_decisions.decide": [("POST", "/api/assignment/decisions", {"level": "grid", "grid": grid, "reason": "why",
                              "grids_revision": 1, "incidents": [{"id": f"{CANARY} i5", "recorded": CANARY,
                              "located": "B1", "decision": None}]}) for grid in ("A1", "B1")],
    "api_decisions.undo": [("POST", "/api/assignment/decisions/undo", {"decisions": [2]})],
    "api_responsible.who": [*(f"/api/responsible?{at}" for at in AT), f"/api/responsible?q={CANARY}",
                            "/api/responsible?q=A1", "/api/responsible?q=main", "/api/responsible?q=b1&limit=50",
                            "/api/responsible?q=Team", "/api/responsible?q=Yard"],
    "api_data.cameras": ["/api/cameras", "/api/cameras?offset=8"],
    "api_data.density": ["/api/density", "/api/density?level=district", "/api/density?level=city",
                         "/api/density?level=grid&parent=DB"],
    "api_data.grids": ["/api/grids?level=district", "/api/grids?parent=DB", "/api/grids?parent=CITY"],
    "api_compare.compare": ["/api/compare?from=2024-02-01&to=2024-05-01&by=" + by for by in
                            ("categories", "pairs", "level")] + ["/api/compare?code=B1", "/api/compare?code=A1"],
    "api_compare.displacement": [f"/api/displacement?date=2024-04-01&{at}" for at in (*AT, "code=A1", "code=B1")],
    "api_compare.score": [f"/api/score?from=2024-02-01&to=2024-05-01&surface={one}" for one in ("heat", "grids")],
    "api_heat.bandwidth": ["/api/heat/bandwidth"],
    "api_heat.value": [f"/api/heat/value?{at}&radius_m=2000" for at in AT],
    "api_hotspots.hotspots": ["/api/hotspots?from=2024-01-01&to=2024-06-30", "/api/hotspots?unit=hex&size_m=400",
                              "/api/hotspots?level=district"],
    "api_time.profile": ["/api/profile?code=A1", "/api/profile?code=B1", "/api/profile?level=district&code=DA",
                         "/api/profile?level=city&code=CITY"],
    "api_time.rhythm": ["/api/rhythm", "/api/rhythm?code=B1", "/api/rhythm?code=A1"],
    "api_coverage.blindspots": ["/api/blindspots?wait_s=20"],
    "api_coverage.coverage": ["/api/coverage?wait_s=20", "/api/coverage?level=district&wait_s=20",
                              "/api/coverage?level=city", "/api/coverage?parent=DB&wait_s=20"],
    "api_coverage.coverage_status": ["/api/coverage/status"],
    "api_coverage.coverage_start": [("POST", "/api/coverage/start?task=detect", {})],
    "api_coverage.coverage_cancel": [("POST", "/api/coverage/cancel", {})],
    "api_coverage.fragility": ["/api/fragility?wait_s=20"],
    "api_coverage.inventory": ["/api/inventory", "/api/inventory?level=city", "/api/inventory?parent=DB"],
    "api_coverage.seen_by": [f"/api/seen-by?{at}" for at in AT]
        + ["/api/seen-by?lon={}&lat={}".format(*degrees(1960, 500)),
           "/api/seen-by?line={},{};{},{}".format(*degrees(1500, 500), *degrees(2500, 500))],
    "api_coverage.standards": ["/api/standards"],
    "api_coverage.views": ["/api/views", f"/api/views?camera={CANARY}%20c0"],
    "api_whatif.whatif": [("POST", "/api/whatif", {"changes": [PLACED]}),
                          ("POST", "/api/whatif", {"changes": [{**PLACED, "lon": OUT[0], "lat": OUT[1]}]}),
                          ("POST", "/api/whatif", {"changes": [{"op": "remove", "id": f"{CANARY} c0"}]}),
                          ("POST", "/api/whatif", {"changes": [{"op": "set", "id": "c1", "range_m": 60}]})],
    "api_live.since": ["/api/incidents/since?limit=50", "/api/incidents/since?cursor=0&limit=2",
                       "/api/incidents/since?cursor=1"],
    "api_findings.audit": ["/api/audit?wait_s=60", "/api/audit?level=district&wait_s=60", "/api/audit?level=city"],
    "api_balance.balance": ["/api/balance", "/api/balance?level=district", "/api/balance?parent=DB"],
    "api_balance.divide": ["/api/divide?parent=DA&count=3&wait_s=60", "/api/divide?parent=DB&wait_s=60"],
    "api_balance.divide_cancel": [("POST", "/api/divide/cancel?parent=DA&count=3", {})],
    "api_balance.sections": ["/api/sections?wait_s=60", "/api/sections?parent=DB&wait_s=60"],
    "api_exposure.exposure": ["/api/exposure?wait_s=60"],
    "api_exposure.exposure_status": ["/api/exposure/status"],
    "api_exposure.exposure_start": [("POST", "/api/exposure/start", {})],
    "api_exposure.exposure_cancel": [("POST", "/api/exposure/cancel", {})],
    "api_alerts.listed": ["/api/alerts", "/api/alerts?limit=1"],
    "api_alerts.acknowledge": [("POST", "/api/alerts/3/acknowledge", {"by": "duty desk"}),
                               ("POST", "/api/alerts/1/acknowledge", {"by": f"{CANARY} team"})],
    "api_files.imports": ["/api/imports"],
    "api_files.rejects": [f"/api/imports/{number}/rejects.csv" for number in (1, 4, 11)],
    "api_files.export": [*EXPORTS, "/api/export/incidents.xlsx", "/api/export/grids.fgb", "/api/export/streets.csv"],
    "api_public.facts": ["/api/public"],
    "api_public.file": ["/api/public/counts.csv", "/api/public/points.geojson"],
    "takeaway.table": [f"/api/tables/{name}.csv?level=grid&code=A1&from=2024-02-01&to=2024-05-01" for name in NAMES]
        + [f"/api/tables/{name}.xlsx" for name in ("density", "grids", "cameras", "live", "alerts")]
        + ["/api/tables/profile.csv?code=B1", "/api/tables/displacement.csv?code=A1&date=2024-04-01",
           "/api/tables/displacement.csv?code=B1&date=2024-04-01"],
    "takeaway.map_picture": [f"/api/picture.png?width=480&height=360&{what}" for what in (
        "layers=density,incidents,cameras,zones,places&zoom=13&centre={1},{0}".format(*degrees(2000, 900)),
        "layers=heat,grids&zoom=14&centre={1},{0}".format(*OUT))],
    "takeaway.bulletin": ["/api/bulletin.xlsx?month=2024-05&level=grid",
                          "/api/bulletin.xlsx?month=2024-05&level=city",
                          *(["/api/bulletin.pdf?month=2024-05&level=grid"] if ALL else [])],
    "api_drafts.drafts": ["/api/drafts"],
    "api_division.history": ["/api/division/history"],
    "api_division.difference": [f"/api/division/history/{number}" for number in range(1, 13)]
        + ["/api/division/history/10?since=3", "/api/division/history/10?since=4"],
    "api_scenarios.listed": ["/api/scenarios"],
    "api_scenarios.compare": ["/api/scenarios/compare", "/api/scenarios/compare?id=NOT"],
    "api_scenarios.compare_own": [("POST", "/api/scenarios/compare", {"changes": [PLACED]})],
}  # fmt: skip
# What an account does with itself, and what is asked before there is one.
OF_ITSELF = {
    name
    for name in NEEDS
    if name.split(".")[0] in ("sign_in", "my_account", "oidc") and name.split(".")[1] not in ("show", "first", "link")
}
# Asked in steps by the tests named here, each by its module.
ELSEWHERE = {
    **{f"api_scenarios.{name}": "test_plans.test_scenarios_of_elsewhere_are_not_there"
       for name in ("one", "add", "change", "delete", "restore", "export", "apply")},
    **{f"api_drafts.{name}": "test_plans.test_drafts_of_elsewhere_are_not_there"
       for name in ("one", "add", "step", "undo", "redo", "submit", "withdraw", "reject", "approve", "delete",
                    "borders", "effect", "export")},
    **{f"uploads.{name}": "test_imports.test_imports_touch_the_area_only"
       for name in ("upload", "look", "start", "forget", "job_state", "job_rejects")},
    **{f"api_worklist.{name}": "test_plans.test_findings_of_elsewhere_are_not_there"
       for name in ("repairs", "noted", "note", "gone", "progress")},
    "api_live.receive": "test_live.test_a_token_of_an_area_sends_what_lies_in_it",
    "api_live.stream": "test_live.test_a_stream_tells_of_its_area",
    "tiles.vector.base": "test_routes.test_the_base_map_is_everybody_s",
    "tiles.vector.base_facts": "test_routes.test_the_base_map_is_everybody_s",
    "assets.asset": "test_routes.test_every_route_is_asked",
    **{name: "test_accounts.test_an_area_looks_after_no_accounts_and_reads_no_trail"
       for name, needed in NEEDS.items() if needed in WHOLE_CITY},
    **dict.fromkeys(OF_ITSELF, "test_accounts.test_what_an_account_does_with_itself_reads_no_data"),
}  # fmt: skip
# What is the same for everybody: it must not differ between readers. All the rest must, where it is asked rightly.
EVERYBODYS = {
    "static", "health.healthz", "health.readyz", "metrics.metrics", "uploads.csrf", "openapi.openapi", "pages.index",
    "pages.import_page", "tiles.base", "api_coverage.coverage_start", "api_coverage.coverage_cancel",
    "api_balance.divide_cancel",
    "api_coverage.standards", "api_coverage.coverage_status", "api_drafts.drafts", "api_exposure.exposure_status",
    "api_exposure.exposure_start", "api_exposure.exposure_cancel", "api_scenarios.listed", "my_account.show",
    "sign_in.show", "sign_in.first", "sign_in.link",
}  # fmt: skip
LEVELS = ("grid", "district", "city") if ALL else ("grid",)
# Worked out behind the answers: until then they say how far it is.
WORKED_OUT = (*(f"/api/coverage?level={level}" for level in LEVELS), "/api/audit", "/api/exposure")
