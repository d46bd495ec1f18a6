"""The exposure audit by command, API, table, file and map: figures known by hand, forbidden places, missing fields."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from math import atan2, degrees, pi
from pathlib import Path
from typing import Any

import geopandas
import pytest
import shapely
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from layers import exposure_audit
from settings import Settings
from store.batch import Provenance
from store.store import Store
from tests.web.conftest import X0, Y0, batch, square
from tests.web.test_cli import as_json, run

# The convergence of the town's grid, so that directions can be given from grid north.
CONVERGENCE = 1.79


def box(x0: float, y0: float, x1: float, y1: float) -> shapely.MultiPolygon:
    return shapely.MultiPolygon([shapely.box(X0 + x0, Y0 + y0, X0 + x1, Y0 + y1)])


def fill(store: Store) -> None:
    """A camera that looks north at a garden, one at a house in a quarter, one in a changing room, one turning."""

    def add(found: Any) -> None:
        store.write(found, "append", Provenance("x.csv", timezone="Asia/Shanghai"))

    add(batch("grids", [square(0, 0)], code=["G"], level=["grid"]))
    add(batch(
        "cameras", x=[X0 + x for x in (100, 300, 502, 700)], y=[Y0 + y for y in (100, 100, 102, 100)],
        id=["garden", "house", "changing", "turning"], name=["A", "B", "C", "D"],
        kind=["fixed", "fixed", "fixed", "ptz"],
        azimuth_deg=[360 - CONVERGENCE] * 2 + [180, float("nan")], hfov_deg=[60, 90, 60, float("nan")],
        range_m=[50, 50, 1, 50], pixels_h=[1920, float("nan"), float("nan"), float("nan")],
        purpose=["traffic", None, "theft", None], owner=["Bureau", "Bureau", None, None], sign=[1, 0, -1, -1],
        retention_days=[30, 7, float("nan"), float("nan")],
    ))  # fmt: skip
    add(
        batch(
            "buildings",
            [box(290, 120, 310, 130), box(900, 900, 910, 910)],
            id=["home", "office"],
            kind=[None, "office"],
        )
    )
    add(batch(
        "zones", [box(110, 120, 112, 122), box(280, 90, 320, 140), box(500, 100, 510, 110), box(697, 70, 703, 80),
                  box(690, 75, 710, 95), box(100, 900, 200, 950)],
        id=["z1", "z2", "z3", "z4", "z5", "z6"], name=["Rose garden", "Quarter", "Pool", "Yard", "turning", "Lake"],
        kind=["garden", "residential", "Changing Room", "courtyard", "mask", "water"],
    ))  # fmt: skip
    add(batch("places", [shapely.Point(X0 + 100, Y0 + 140)], id=["p1"], name=["Toilets"], kind=["toilets"]))


@pytest.fixture(scope="module")
def served(compiled: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    folder = tmp_path_factory.mktemp("exposure")
    with Store.open(folder / "atlas.gpkg") as store:
        fill(store)
    app = create_app(Settings(store=str(folder / "atlas.gpkg"), instance=folder))
    yield app
    app.extensions["atlas"].close()


@pytest.fixture
def client(served: Flask) -> FlaskClient:
    return served.test_client()


@pytest.fixture
def told(client: FlaskClient) -> dict[str, Any]:
    answer = client.get("/api/exposure").get_json()
    return {one["id"]: one for one in answer["cameras"]} | {"": answer}


def test_a_garden_in_view_and_the_turn_that_takes_it_away(told: dict[str, Any]) -> None:
    garden, left = told["garden"], degrees(atan2(10, 22))
    assert garden["certain_m2"] == pytest.approx(3.82, abs=0.05)  # a corner lies beyond 30 degrees
    assert garden["possible_m2"] == 0
    assert garden["certain_share"] == pytest.approx(3.82 / (pi / 6 * 2500), rel=0.01)
    assert garden["by_class_m2"]["observe"] == pytest.approx(garden["certain_m2"], abs=0.02)
    assert [zone["id"] for zone in garden["zones"]] == ["z1"]
    helps = garden["remedies"]
    assert helps["turn"]["deg"] == pytest.approx(left - 30, abs=0.11)
    assert helps["turn"]["loss"] <= 0.02
    assert helps["range"]["m"] == pytest.approx(22.3)
    assert helps["mask"]["from_deg"] == pytest.approx(left - CONVERGENCE, abs=0.15)


def test_the_strip_before_a_dwelling_in_a_quarter(told: dict[str, Any]) -> None:
    assert told["house"]["certain_m2"] == pytest.approx(24 * 2 + 8, rel=0.01)
    assert told["house"]["by_class_m2"]["unknown"] == told["house"]["certain_m2"]
    assert told[""]["meta"]["private"] == {"zones": 2, "dwellings": 1, "masks": 1}


def test_a_mask_of_the_camera_hides_the_half_of_the_yard_that_it_covers(told: dict[str, Any]) -> None:
    assert told["turning"]["possible_m2"] == pytest.approx(30, rel=0.01)
    assert told["turning"]["remedies"]["turn"] is None
    assert told["turning"]["remedies"]["mask"] is not None


def test_places_where_no_camera_may_be(told: dict[str, Any]) -> None:
    (inside,) = told["changing"]["forbidden"]
    assert (inside["how"], inside["id"], inside["layer"]) == ("in", "z3", "zones")
    (seen,) = told["garden"]["forbidden"]
    assert (seen["how"], seen["id"], seen["layer"]) == ("sees", "p1", "places")
    assert told[""]["cameras"][0]["id"] == "changing"
    assert told[""]["totals"]["forbidden_in"] == 1


def test_what_is_not_recorded_is_told_by_camera(told: dict[str, Any]) -> None:
    assert told["garden"]["missing"] == []
    house, changing = told["house"], told["changing"]
    assert (house["missing"], house["without_sign"], house["retention_short"]) == (["purpose"], True, True)
    assert changing["missing"] == ["owner", "sign", "retention_days"]
    assert told["turning"]["missing"] == ["purpose", "owner", "sign", "retention_days"]
    totals = told[""]["totals"]
    assert (totals["no_purpose"], totals["no_owner"], totals["no_sign"], totals["no_retention_days"]) == (2, 2, 2, 2)


def test_command_file_table_and_layer_say_the_same(served: Flask, client: FlaskClient, tmp_path: Path) -> None:
    answer = client.get("/api/exposure").get_json()
    found = as_json(run(served, "exposure", "--format", "json"))
    assert found["cameras"] == answer["cameras"] and found["totals"] == answer["totals"]
    assert "3 of 4 cameras see private ground" in run(served, "exposure").stdout
    target = tmp_path / "exposure.gpkg"
    run(served, "exposure", "-o", str(target))
    frame = geopandas.read_file(target)
    by_id = {one["id"]: one for one in answer["cameras"]}
    assert set(frame["camera"]) == set(by_id)
    for row in frame.itertuples():
        assert row.certain_m2 == by_id[row.camera]["certain_m2"]
    metric = frame.to_crs("EPSG:32635").set_index("camera").geometry.area
    for name, one in by_id.items():
        assert metric[name] == pytest.approx(one["certain_m2"] + one["possible_m2"], abs=0.05)
    with client.get("/api/export/exposure.geojson") as sent:
        assert len(json.loads(sent.data)["features"]) == len(by_id)
    for edition in ("2014", "2025"):  # names of columns that a Shapefile can hold
        with client.get(f"/api/export/exposure.shp.zip?edition={edition}") as sent:
            assert sent.status_code == 200
    table = client.get("/api/tables/exposure.csv?lang=zh")
    assert table.status_code == 200 and "garden" in table.get_data(as_text=True)
    layer = client.get("/api/layers/exposure").get_json()
    assert {(one["properties"]["camera"], one["properties"]["state"]) for one in layer["features"]} == {
        ("garden", "certain"), ("house", "certain"), ("turning", "possible"),
    }  # fmt: skip
    assert [item["count"] for item in layer["legend"]["items"]] == [2, 1]


def test_rules_of_the_reader_count(client: FlaskClient) -> None:
    found = client.get("/api/exposure?task=identify&edition=2014").get_json()
    assert "garden" not in {one["id"] for one in found["cameras"]}  # too far away to be identified
    assert found["totals"]["certain_m2"] == 0
    assert found["meta"]["task"] == "identify"


def test_nothing_private_known_and_nothing_at_all(town: FlaskClient, app: Flask) -> None:
    found = town.get("/api/exposure").get_json()
    assert found["meta"]["private"] == {"zones": 0, "dwellings": 0, "masks": 0}
    assert found["totals"]["exposed"] == 0
    empty = app.test_client().get("/api/exposure").get_json()
    assert (empty["cameras"], empty["totals"]) == ([], None)
    for path in ("/api/layers/exposure", "/api/tables/exposure.xlsx", "/api/export/exposure.csv"):
        with app.test_client().get(path) as answer:
            assert answer.status_code == 200
    assert "No private places are known" in run(app, "exposure").stdout


def test_a_failure_is_told_until_it_is_started_again(
    served: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*given: object) -> None:
        raise MemoryError

    monkeypatch.setattr(exposure_audit, "audited", broken)
    asked = "/api/exposure?target_height_m=1.234"
    for _ in range(2):
        meta = client.get(asked).get_json()["meta"]
        assert (meta["state"], meta["error"]["code"]) == ("failed", "internal")
    assert client.get("/api/export/exposure.csv?target_height_m=1.234").status_code == 500, (
        "an empty file says too little"
    )
    monkeypatch.undo()
    headers = {"X-CSRF-Token": client.get("/api/csrf").get_json()["token"]}
    assert client.post("/api/exposure/start?target_height_m=1.234", headers=headers).status_code in (200, 202)
    assert client.get(asked).get_json()["meta"]["state"] == "ready"
    assert client.get("/api/exposure/status?target_height_m=1.234").get_json()["state"] == "ready"


def test_progress_is_told_and_the_audit_can_be_cancelled(
    served: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, begun = exposure_audit.remedies, threading.Event()

    def slow(*given: Any, progress: Any, cancelled: Any, **more: Any) -> Any:
        progress(0.5)
        begun.set()
        while not cancelled():
            time.sleep(0.01)
        return told(*given, progress=progress, cancelled=cancelled, **more)

    monkeypatch.setattr(exposure_audit, "remedies", slow)
    headers = {"X-CSRF-Token": client.get("/api/csrf").get_json()["token"]}
    rules = "target_height_m=1.237"
    assert client.get(f"/api/exposure?{rules}&wait_s=0").status_code == 202
    assert begun.wait(60)
    stand = client.get(f"/api/exposure/status?{rules}&lang=en").get_json()
    assert (stand["state"], stand["progress"]) == ("computing", 0.575)
    assert stand["step"] == "Looking for turns and masks that help"
    assert client.post(f"/api/exposure/cancel?{rules}", headers=headers).get_json()["state"] == "cancelled"
    assert client.get(f"/api/exposure?{rules}").get_json()["meta"]["state"] == "cancelled"
    assert client.get(f"/api/export/exposure.csv?{rules}").status_code == 409
    monkeypatch.undo()
    client.post(f"/api/exposure/start?{rules}", headers=headers)
    assert client.get(f"/api/exposure?{rules}").get_json()["meta"]["state"] == "ready"
