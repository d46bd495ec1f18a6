"""A reader of an area is told of nothing outside it, on every route: what lies outside changes no answer.

Two stores hold the same inside; one of them the outside too. Whatever is asked by a reader of the inside, both must
answer alike (`areas_town` says how they are made so), and no answer may hold a word that only rows outside have. A
route that is not asked here fails the test.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pypdf
import pytest
from flask import Flask, url_for
from PIL import Image

from app import create_app
from geo.area import Area
from geo.crs import lonlat
from layers import REGISTRY
from layers.base import Params
from layers.engine import rules_of
from layers.sight import sight
from settings import ROOT
from store.batch import Provenance
from tests.web.areas_town import CANARY, COUNT, INSIDE, OUTSIDE, area_header, readers, served
from tests.web.conftest import CRS, X0, Y0, batch, square
from web import identity
from web.base_tiles import base_tiles
from web.permissions import NEEDS, WHOLE_CITY

OF_ENVIRON = identity.of_environ
ALL = bool(os.environ.get("ATLAS_FULL"))  # of each question all forms, also those that take long
# Of the moment; and the live cursor, which counts through the city (docs/areas.md says what that gives away).
KEYS = ("job", "at", "since", "history_from", "created", "received_at", "updated_at", "raised_at", "acknowledged_at",
        "ended_at", "ms", "cursor")  # fmt: skip
NOW = re.compile(
    rb"20(2[5-9]|[3-9]\d)-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?(\.\d+)?(Z|[+-]\d\d:\d\d)?)?"
    rb"|datetime\(20(2[5-9]|[3-9]\d), [\d, ]*\)"
)
NONCE = re.compile(rb'nonce="[^"]*"|csrf_token" value="[^"]*"|"csrf": "[^"]*"|csrf-token" content="[^"]*"|[0-9a-f]{32}')
COUNTED = re.compile(rf"(?<![\d.]){COUNT}(?![\d.])")


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
# Asked in steps by the tests named here.
ELSEWHERE = {
    **{f"api_scenarios.{name}": "test_scenarios_of_elsewhere_are_not_there"
       for name in ("one", "add", "change", "delete", "restore", "export", "apply")},
    **{f"api_drafts.{name}": "test_drafts_of_elsewhere_are_not_there"
       for name in ("one", "add", "step", "undo", "redo", "submit", "withdraw", "reject", "approve", "delete",
                    "borders", "effect", "export")},
    **{f"uploads.{name}": "test_imports_touch_the_area_only"
       for name in ("upload", "look", "start", "forget", "job_state", "job_rejects")},
    **{f"api_worklist.{name}": "test_findings_of_elsewhere_are_not_there"
       for name in ("repairs", "noted", "note", "gone", "progress")},
    "api_live.receive": "test_a_token_of_an_area_sends_what_lies_in_it",
    "api_live.stream": "test_a_stream_tells_of_its_area",
    "tiles.vector.base": "test_the_base_map_is_everybody_s",
    "tiles.vector.base_facts": "test_the_base_map_is_everybody_s",
    "assets.asset": "test_every_route_is_asked",
    **{name: "test_an_area_looks_after_no_accounts_and_reads_no_trail"
       for name, needed in NEEDS.items() if needed in WHOLE_CITY},
    **dict.fromkeys(OF_ITSELF, "test_what_an_account_does_with_itself_reads_no_data"),
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


@pytest.fixture(scope="module")
def patch() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as found:
        yield found


@pytest.fixture(scope="module")
def full(compiled: None, tmp_path_factory: pytest.TempPathFactory, patch: pytest.MonkeyPatch) -> Iterator[Flask]:
    with served(tmp_path_factory.mktemp("full") / "store", patch, outside=True) as app:
        prime(app, None, INSIDE)
        yield app


@pytest.fixture(scope="module")
def alone(compiled: None, tmp_path_factory: pytest.TempPathFactory, patch: pytest.MonkeyPatch) -> Iterator[Flask]:
    with served(tmp_path_factory.mktemp("alone") / "store", patch, outside=False) as app:
        prime(app, INSIDE)
        yield app


LEVELS = ("grid", "district", "city") if ALL else ("grid",)
WORKED_OUT = (
    *(f"/api/coverage?level={level}&wait_s=60" for level in LEVELS), "/api/audit?wait_s=60", "/api/exposure?wait_s=60"
)  # fmt: skip


def prime(app: Flask, *areas: Area | None) -> None:
    """Wait for what is worked out behind the answers: until then they say how far it is."""
    for area in areas:
        assert all(ask(app, one, area)[0] in (200, 400, 404) for one in WORKED_OUT)  # no such level in the area


def ask(app: Flask, asked: Any, area: Area | None) -> tuple[int, str, Any]:
    """Return status, media type and what an answer says: texts, cells, pixels."""
    method, url, body = asked if isinstance(asked, tuple) else ("GET", asked, None)
    client = app.test_client()
    headers = area_header(area)
    if method != "GET":
        headers["X-CSRF-Token"] = client.get("/api/csrf", headers=headers).get_json()["token"]
    for _ in range(200):
        answer = client.open(url, method=method, json=body, headers=headers)
        making = b'"computing"' in answer.data and ("since" in url or "live" in url)  # the cameras are being made ready
        if not making and answer.status_code != 429:
            break
        time.sleep(0.05 if making else 1.0)
    said = (answer.status_code, answer.mimetype, content(answer.data, answer.mimetype))
    answer.close()
    return said


def content(body: bytes, media: str) -> Any:
    """Return what a body says, without what is of the moment: nonces, the clock."""
    if media == "image/png":
        return np.asarray(Image.open(io.BytesIO(body))).tobytes() if body else b""
    if media.endswith("spreadsheetml.sheet"):
        book = openpyxl.load_workbook(io.BytesIO(body))
        cells = [[list(row) for row in sheet.iter_rows(values_only=True)] for sheet in book]
        hidden = [sheet.sheet_state for sheet in book]
        return NOW.sub(b"NOW", repr((book.sheetnames, hidden, cells)).encode())
    if media == "application/pdf":
        pages = [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(body)).pages]
        return NOW.sub(b"NOW", "\n".join(pages).encode())
    if media == "application/vnd.mapbox-vector-tile":
        return gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
    if media.endswith("json"):
        return plain(json.loads(body))
    return NONCE.sub(b"NONCE", NOW.sub(b"NOW", body))


def plain(value: Any) -> Any:
    """Return a JSON value without what is of the moment or of a file's history."""
    if isinstance(value, dict):
        return {name: "·" if name in KEYS and one is not None else plain(one) for name, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list) else value


def text_of(said: Any) -> str:
    return json.dumps(said, ensure_ascii=False) if not isinstance(said, bytes) else said.decode("utf-8", "replace")


def test_every_route_is_asked(full: Flask) -> None:
    routes = {rule.endpoint for rule in full.url_map.iter_rules()}
    assert routes - set(ASKED) - set(ELSEWHERE) == set()
    assert all(name in globals() for name in ELSEWHERE.values())


@pytest.mark.parametrize("endpoint", sorted(ASKED))
def test_what_lies_outside_changes_no_answer(full: Flask, alone: Flask, endpoint: str) -> None:
    for asked in ASKED[endpoint]:
        mine, same = ask(full, asked, INSIDE), ask(alone, asked, INSIDE)
        own = json.dumps(asked)  # what the reader wrote may be said back
        said = text_of(mine[2])
        if CANARY not in own:
            assert CANARY not in said and not COUNTED.search(said), asked
        if endpoint not in ("metrics.metrics", "health.healthz", "uploads.csrf"):
            assert mine == same, asked


@pytest.mark.parametrize("endpoint", sorted(set(ASKED) - EVERYBODYS))
def test_the_question_could_have_told(full: Flask, endpoint: str) -> None:
    """A reader of the whole city is told otherwise: else the test above would show nothing."""
    if ASKED[endpoint]:
        assert any(ask(full, asked, None) != ask(full, asked, INSIDE) for asked in ASKED[endpoint])


# --- what is the same for everybody ----------------------------------------------------------------------------


def test_the_base_map_is_everybody_s(full: Flask) -> None:
    """Streets, buildings and water are no secret: every reader gets the same tiles, of outside the area too."""
    client = full.test_client()
    client.get("/tiles/base.json", headers=area_header(INSIDE))
    base_tiles(full.extensions["atlas"]).wait()
    facts = [client.get("/tiles/base.json", headers=area_header(area)).get_json() for area in (None, INSIDE, OUTSIDE)]
    assert facts[0]["state"] == "ready" and facts[0] == facts[1] == facts[2]
    for at in (TILES[0], tile(2900, 900, 14)):
        for url in (f"/tiles/base/{at}.png", f"/tiles/base/{at}.mvt?v={facts[0]['key']}", f"/tiles/base/{at}.mvt"):
            said = [ask(full, url, area) for area in (None, INSIDE, OUTSIDE)]
            assert said[0] == said[1] == said[2] and said[0][2] and CANARY not in text_of(said[0][2])


# --- what is kept is kept by area ------------------------------------------------------------------------------

OWN = ("health.", "metrics.", "pages.", "uploads.", "static")  # of the moment, or of no reader
KEPT = [
    one
    for name, some in ASKED.items()
    for one in some[: None if ALL else 1]
    if not name.startswith(OWN) and not isinstance(one, tuple) and (ALL or "bulletin" not in one)
]
AREAS = (None, INSIDE, OUTSIDE, *((Area((("grid", "A1"), ("grid", "B3"))),) if ALL else ()))


def test_no_answer_of_one_area_is_handed_to_another(full: Flask, patch: pytest.MonkeyPatch) -> None:
    """Whoever asks first, and whatever is kept of it: each reader is told what a service of his own would tell him."""
    apart: dict[Any, Any] = {}
    for area in AREAS:
        own = create_app(full.extensions["atlas"].settings)
        readers(own, patch)
        prime(own, area)
        apart |= {(area, one): ask(own, one, area) for one in KEPT}
        own.extensions["atlas"].close()
    together = create_app(full.extensions["atlas"].settings)
    readers(together, patch)
    prime(together, *AREAS)
    for one in KEPT:
        for area in AREAS + AREAS[::-1]:
            assert ask(together, one, area) == apart[area, one], (area, one)
    together.extensions["atlas"].close()


# --- scenarios -------------------------------------------------------------------------------------------------


def keep(app: Flask, name: str, changes: list[Any], area: Area | None, **more: Any) -> tuple[int, Any]:
    said = ask(app, ("POST", "/api/scenarios", {"name": name, "changes": changes, **more}), area)
    return said[0], said[2]


def test_drafts_of_elsewhere_are_not_there(full: Flask) -> None:
    def begun(area: Area | None, code: str) -> str:
        made = ask(full, ("POST", "/api/drafts", {"name": f"of {code}"}), None if area is None else area)[2]
        step = {"version": 1, "op": "team", "level": "grid", "codes": [code], "team": "Post"}
        assert ask(full, ("POST", f"/api/drafts/{made['id']}/steps", step), area)[0] == 200
        return str(made["id"])

    own, foreign = begun(INSIDE, "A1"), begun(None, "B1")
    assert {one["id"] for one in ask(full, "/api/drafts", INSIDE)[2]["drafts"]} == {own}
    assert {one["id"] for one in ask(full, "/api/drafts", OUTSIDE)[2]["drafts"]} == {foreign}
    for what in ("", "/borders", "/effect?wait_s=30", "/export.geojson"):
        status, *_, body = ask(full, f"/api/drafts/{own}{what}", INSIDE)
        assert status == 200 and CANARY not in text_of(body), what
    acts = ("steps", "undo", "redo", "submit", "withdraw", "reject", "approve")
    for form in (
        *(f"/api/drafts/{{}}{what}" for what in ("", "/borders", "/effect", "/export.geojson")),
        *(("POST", f"/api/drafts/{{}}/{act}", {"version": 1, "op": "team"}) for act in acts),
        ("DELETE", "/api/drafts/{}?version=2", {}),
    ):
        refused, nobody = (
            ask(full, form.format(one) if isinstance(form, str) else (form[0], form[1].format(one), form[2]), INSIDE)
            for one in (foreign, "0123456789abcdef")
        )
        assert refused == nobody and refused[0] == 404, form


def test_findings_of_elsewhere_are_not_there(full: Flask) -> None:
    def listed(area: Area | None) -> dict[str, Any]:
        return {one["id"]: one for one in ask(full, "/api/audit?wait_s=60", area)[2]["findings"]}

    city, own = listed(None), listed(INSIDE)
    foreign = next(name for name in city if name not in own)
    mine = next(iter(own))
    for what in ("repairs", "notes"):
        status, *_, body = ask(full, f"/api/findings/{mine}/{what}", INSIDE)
        assert status == 200 and CANARY not in text_of(body), what
    note = {"action": "comment", "text": "looked at"}
    for form in (
        "/api/findings/{}/repairs",
        "/api/findings/{}/notes",
        ("POST", "/api/findings/notes", {**note, "findings": [mine, "{}"]}),
    ):
        refused, nobody = (
            ask(
                full,
                form.format(one) if isinstance(form, str) else (*form[:2], {**note, "findings": [mine, one]}),
                INSIDE,
            )
            for one in (foreign, "0123456789abcdef")
        )
        assert refused[0] == nobody[0] == 404 and CANARY not in text_of(refused), form
    assert ask(full, ("POST", "/api/findings/notes", {**note, "findings": [mine]}), INSIDE)[0] == 200
    assert ask(full, f"/api/findings/{foreign}/notes", None)[2]["said"] == []
    gone = ask(full, f"/api/findings/gone?finding={foreign}", INSIDE)
    assert gone[0] == 200 and gone[2]["gone"] == []
    assert CANARY not in text_of(ask(full, "/api/findings/progress", INSIDE))


def test_scenarios_of_elsewhere_are_not_there(full: Flask) -> None:
    out = {**PLACED, "lon": OUT[0], "lat": OUT[1]}
    both = keep(full, f"{CANARY} both", [PLACED, {**out, "key": "two"}], None)[1]["id"]
    moved = keep(full, f"{CANARY} moved", [{"op": "set", "id": f"{CANARY} c1", "range_m": 50}], None)[1]["id"]
    inside = keep(full, "inside", [PLACED], None, category=[CANARY, "theft"], level="city")[1]["id"]
    own = keep(full, "own", [{"op": "set", "id": "c2", "range_m": 70}], INSIDE)[1]["id"]
    listed = ask(full, "/api/scenarios", INSIDE)[2]["scenarios"]
    assert {one["id"] for one in listed} == {inside, own}
    assert {one["id"] for one in ask(full, "/api/scenarios", OUTSIDE)[2]["scenarios"]} == {moved}
    seen = ask(full, f"/api/scenarios/{inside}", INSIDE)[2]
    assert seen["options"] == {"category": ["theft"]} and CANARY not in text_of(seen)
    nobody = ask(full, "/api/scenarios/0123456789abcdef", INSIDE)
    for one in (both, moved):
        for asked in (
            f"/api/scenarios/{one}", f"/api/scenarios/{one}/export?format=csv", f"/api/scenarios/compare?id={one}",
            ("PUT", f"/api/scenarios/{one}", {"name": "mine", "version": 1}),
            ("DELETE", f"/api/scenarios/{one}?version=1", {}), ("POST", f"/api/scenarios/{one}/restore", {}),
            ("POST", f"/api/scenarios/{one}/apply", {"version": 1}),
        ):  # fmt: skip
            refused = ask(full, asked, INSIDE)
            assert refused == nobody, asked
    for changes in ([out], [{"op": "set", "id": "c1", "lon": OUT[0], "lat": OUT[1]}], []):
        assert keep(full, "no", changes, INSIDE)[0] == 400
    gone = keep(full, "no", [{"op": "remove", "id": f"{CANARY} c1"}], INSIDE)
    unknown = keep(full, "no", [{"op": "remove", "id": "never was"}], INSIDE)
    assert gone[0] == unknown[0] == 400
    assert text_of(gone[1]).replace(f"{CANARY} c1", "never was") == text_of(unknown[1])
    assert ask(full, ("PUT", f"/api/scenarios/{own}", {"changes": [out], "version": 1}), INSIDE)[0] == 400
    assert ask(full, ("DELETE", f"/api/scenarios/{own}?version=1", {}), INSIDE)[0] == 200
    assert ask(full, ("POST", f"/api/scenarios/{own}/restore", {}), OUTSIDE) == nobody
    assert ask(full, ("POST", f"/api/scenarios/{own}/restore", {}), INSIDE)[0] == 200
    for one in (both, moved, inside):
        ask(full, ("DELETE", f"/api/scenarios/{one}?version=1", {}), None)
    assert ask(full, ("DELETE", f"/api/scenarios/{own}?version=2", {}), INSIDE)[0] == 200


# --- the stream ------------------------------------------------------------------------------------------------


def test_a_stream_tells_of_its_area(full: Flask) -> None:
    told = {}
    for area in (None, INSIDE, OUTSIDE):
        answer = full.test_client().get("/api/stream?cursor=0", headers=area_header(area), buffered=False)
        parts, said = iter(answer.response), b""
        while said.count(b"event: incident") < {None: 7, INSIDE: 2, OUTSIDE: 5}[area]:
            said += next(parts)
        told[area] = re.findall(rb'"id": ?"([^"]*)"', said)
        answer.close()
        if area == INSIDE:
            assert CANARY.encode() not in said
    ids = {area: {one for one in some if one in (b"n1", b"n2") or (CANARY.encode() in one and b" n" in one)}
           for area, some in told.items()}  # fmt: skip
    assert ids[INSIDE] == {b"n1", b"n2"} and len(ids[OUTSIDE]) == 5 and ids[None] == ids[INSIDE] | ids[OUTSIDE]


def test_pages_of_an_area_are_not_told_that_something_changed_elsewhere(full: Flask) -> None:
    state = full.extensions["atlas"]
    before = [state.live._state(area) for area in (INSIDE, OUTSIDE)]
    status = ask(full, "/api/status", INSIDE)
    outside = batch("zones", [square(3.4, 1, 0.1, 0.1)], id=["later"], name=[CANARY], kind=["private"])
    state.store.write(outside, "append", Provenance("later.csv"))
    after = [state.live._state(area) for area in (INSIDE, OUTSIDE)]
    assert before[0] == after[0] and before[1]["data"] < after[1]["data"]
    assert ask(full, "/api/status", INSIDE) == status


# --- imports -----------------------------------------------------------------------------------------------------


def send(app: Flask, name: str, text: str, layer: str, area: Area | None, **options: Any) -> dict[str, Any]:
    """Import a file as a page does; return what its job says in the end."""
    client = app.test_client()
    headers = area_header(area)
    headers["X-CSRF-Token"] = client.get("/api/csrf", headers=headers).get_json()["token"]
    file = {"file": (io.BytesIO(text.encode()), name)}
    kept = client.post("/api/uploads", data=file, headers=headers).get_json()["upload"]
    looked = client.post(f"/api/uploads/{kept}/preview", json={"layer": layer}, headers=headers)
    assert looked.status_code == 200
    foreign = area_header(OUTSIDE if area == INSIDE else INSIDE) | {"X-CSRF-Token": headers["X-CSRF-Token"]}
    wish = {"layer": layer, "options": {"crs": CRS, "map": {}, **options}}
    for url in (f"/api/uploads/{kept}/preview", f"/api/uploads/{kept}/import"):
        assert client.post(url, json=wish, headers=foreign).status_code == 404  # another one's upload
    assert client.delete(f"/api/uploads/{kept}", headers=foreign).status_code == 404
    job = client.post(f"/api/uploads/{kept}/import", json=wish, headers=headers).get_json()["job"]
    for _ in range(3000):
        found = client.get(f"/api/jobs/{job}", headers=headers).get_json()
        if found["state"] in ("done", "failed"):
            break
        time.sleep(0.02)
    assert client.get(f"/api/jobs/{job}", headers=foreign).status_code == 404  # another one's job
    assert client.get(f"/api/jobs/{job}/rejects.csv", headers=foreign).status_code == 404
    found["csv"] = client.get(f"/api/jobs/{job}/rejects.csv", headers=headers).get_data(as_text=True)
    assert client.delete(f"/api/uploads/{kept}", headers=headers).status_code == 200
    return dict(found)


def rows(app: Flask, layer: str) -> dict[str, tuple[Any, ...]]:
    """Return the rows of a layer by id, as the store holds them."""
    columns = app.extensions["atlas"].store.snapshot()[layer]
    key = "code" if layer == "grids" else "id"
    shapes = columns.geometry if columns.geometry is not None else np.column_stack([columns.x, columns.y])
    facts = zip(columns.text("name" if layer != "incidents" else "status"), shapes, strict=True)
    return {str(name): (text, str(shape)) for name, (text, shape) in zip(columns.text(key), facts, strict=True)}


def cameras_csv(*given: tuple[str, float, float, str]) -> str:
    return "id,x,y,name\n" + "".join(f"{name},{X0 + x},{Y0 + y},{text}\n" for name, x, y, text in given)


def test_imports_touch_the_area_only(
    compiled: None, tmp_path: Path, patch: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(tmp_path / "store", monkeypatch, outside=True, many=50) as app:
        before = rows(app, "cameras")
        theirs = {name: row for name, row in before.items() if CANARY in name}
        three = [("new", 300, 300, "mine"), ("far", 2500, 300, "no"), (f"{CANARY} c2", 400, 400, "no")]
        found = send(app, "c.csv", cameras_csv(*three, ("c1", 500, 500, "taken")), "cameras", INSIDE)
        assert (found["report"]["accepted"], found["report"]["rejected"]) == (1, 3)
        # In the same words whether the place is outside or the key is: only what was sent is said back.
        reasons = [(one["row"], one["reason"], one["remedy"]) for one in found["report"]["rejects"]]
        assert reasons[0][0] == 2 and reasons[1][0] == 3 and reasons[0][1:] == reasons[1][1:]
        assert "already holds" in reasons[2][1] and "not in your area" in found["csv"]
        found = send(app, "c.csv", cameras_csv(("only", 800, 800, "one")), "cameras", INSIDE, mode="replace")
        assert found["report"]["accepted"] == 1
        assert rows(app, "cameras") == {**theirs, "only": rows(app, "cameras")["only"]}
        mine = ask(app, "/api/imports", INSIDE)[2]["imports"]
        assert [one["accepted"] for one in mine] == [1, 1] and ask(app, "/api/imports", OUTSIDE)[2]["imports"] == []
        assert ask(app, f"/api/imports/{mine[0]['id']}/rejects.csv", OUTSIDE)[0] == 404
        assert ask(app, f"/api/imports/{mine[-1]['id']}/rejects.csv", INSIDE)[0] == 200
        assert len(ask(app, "/api/imports", None)[2]["imports"]) > 10


# --- tokens ------------------------------------------------------------------------------------------------------


def test_a_token_of_an_area_sends_what_lies_in_it(
    compiled: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(tmp_path / "store", monkeypatch, outside=True, many=50) as app:
        token = app.extensions["atlas"].store.add_token("gate", area=INSIDE)
        sent = {"occurred_at": "2024-06-20T09:00+08:00", "category": "theft"}

        def post(name: str, at: tuple[float, float]) -> Any:
            headers = {"Authorization": f"Bearer {token}"}
            body = {**sent, "id": name, "lon": at[0], "lat": at[1]}
            return app.test_client().post("/api/incidents", json=body, headers=headers)

        accepted = post("t1", IN)
        assert accepted.status_code == 201 and CANARY not in accepted.get_data(as_text=True)
        assert accepted.get_json()["grid"]["code"] == "A1"
        refused = post("t2", OUT)
        assert (refused.status_code, refused.get_json()["error"]["code"]) == (403, "outside_area")
        assert "t1" in rows(app, "incidents") and "t2" not in rows(app, "incidents")


# --- accounts ------------------------------------------------------------------------------------------------------


def test_an_area_looks_after_no_accounts_and_reads_no_trail(full: Flask) -> None:
    """Whatever its roles: who looks after accounts could give itself the city, and the trail tells of all of it."""
    asked = [rule for rule in full.url_map.iter_rules() if NEEDS[rule.endpoint] in WHOLE_CITY]
    assert asked
    for rule in asked:
        with full.test_request_context():
            url = url_for(rule.endpoint, **dict.fromkeys(rule.arguments, 1))
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            refused = ask(full, (method, url, None if method == "GET" else {}), INSIDE)
            assert (refused[0] == 403 and "not_allowed" in text_of(refused[2])) or b"may not" in refused[2], rule


def test_what_an_account_does_with_itself_reads_no_data() -> None:
    for module in ("sign_in", "my_account", "oidc"):
        assert not re.search(r"snapshot\(|whole\(|scoped\(", (ROOT / "web" / f"{module}.py").read_text())
    assert len(OF_ITSELF) >= 7


def test_real_accounts_are_told_of_their_area_from_the_next_request_on(
    full: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = full.extensions["atlas"]
    state.close()  # so that both begin with the present revision
    real = create_app(state.settings)
    store = real.extensions["atlas"].store
    asked = ["/api/status", "/api/grids", "/api/cameras", "/api/density", f"/api/layers/incidents?{BOX}&zoom=17",
             f"/tiles/heat/{TILES[0]}.png?radius_m=200", f"/tiles/cameras/{TILES[0]}.mvt", "/api/export/cameras.csv",
             "/api/tables/cameras.csv", "/api/alerts"]  # fmt: skip
    apart = {area: [ask(full, one, area) for one in asked] for area in (None, INSIDE, OUTSIDE)}
    assert apart[INSIDE] != apart[OUTSIDE]
    monkeypatch.setattr(identity, "of_environ", OF_ENVIRON)
    store.add_account("first", ["administrator"])
    people = {area: store.add_account(name, ["command"], area)
              for name, area in (("boss", None), ("west", INSIDE), ("east", OUTSIDE))}  # fmt: skip
    try:
        clients = {}
        for area, account in people.items():
            clients[area] = real.test_client()
            clients[area].set_cookie("atlas_session", store.begin_session(account.id, "127.0.0.1"))

        def told(client: Any) -> list[Any]:
            said = []
            for one in asked:
                with client.get(one) as answer:
                    said.append((answer.status_code, answer.mimetype, content(answer.data, answer.mimetype)))
            return said

        for _ in range(2):  # the second time from what is kept
            for area, client in clients.items():
                assert told(client) == apart[area]
        store.set_area(people[INSIDE].id, OUTSIDE)
        assert told(clients[INSIDE]) == apart[OUTSIDE]
        assert real.test_client().get("/api/grids").status_code == 401
        token = store.add_token("figures", ["read"], area=INSIDE)
        with_token = real.test_client()
        with_token.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        assert told(with_token)[:4] == apart[INSIDE][:4]
    finally:
        for account in people.values():
            store.set_state(account.id, "disabled")
        real.extensions["atlas"].close()


def test_facts_of_an_incident_are_kept_by_area(full: Flask) -> None:
    """Also where nothing but the area tells two states of the store apart."""
    state = full.extensions["atlas"]
    held = next(one for one in state.store.live_latest(50)[0] if one.incident.id == "n1")
    whole, scoped = state.whole(), state.scoped(INSIDE)
    layers = {name: replace(scoped[name], revision=whole[name].revision) for name in scoped.layers}
    alike = replace(scoped, layers=layers)
    for one in (whole, alike):
        sight(one, rules_of(Params()))  # ready in both: that too is in the key
    codes = [[grid["code"] for grid in state.live.facts.of(held, one)["grids"]] for one in (whole, alike, whole)]
    assert codes == [["CITY", "DA", "A1"], ["DA", "A1"], ["CITY", "DA", "A1"]]
