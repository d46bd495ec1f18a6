"""The audit by API, command, table and file: the same findings everywhere."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from flask import Flask
from flask.testing import FlaskClient

from store.batch import Batch, Provenance
from store.records import WriteResult
from tests.web.conftest import X0, Y0
from web.state import atlas

KEYS = ("kind", "severity", "grids", "measure", "unit", "message", "remedy")


@pytest.fixture
def faulty(app: Flask, client: FlaskClient) -> FlaskClient:
    """Three grids: the first two overlap by 10 m x 100 m, the third has no team and leaves a sliver of 0.5 m."""
    import numpy as np

    boxes = [(0, 0, 110, 100), (100, 0, 200, 100), (200.5, 0, 300, 100), (0, 100, 300, 200), (0, -100, 300, 0)]
    shapes = [shapely.MultiPolygon([shapely.box(X0 + a, Y0 + b, X0 + c, Y0 + d)]) for a, b, c, d in boxes]
    columns: dict[str, Any] = {
        "code": ["a", "b", "c", "d", "e"], "name": [None] * 5, "level": ["grid"] * 5, "parent": [None] * 5,
        "team": ["post 1", "post 1", None, "post 1", "post 1"],
    }  # fmt: skip
    columns = {name: np.array(values, dtype=object) for name, values in columns.items()}
    columns["population"] = np.full(5, 10.0)
    with app.app_context():
        made = np.empty(5, dtype=object)
        made[:] = shapes
        atlas().store.write(Batch("grids", "EPSG:32635", columns, geometry=made), "append", Provenance("test"))
    return client


def get(client: FlaskClient, url: str, **query: Any) -> Any:
    answer = client.get(url, query_string={"lang": "en", **query})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer


def test_the_api_lists_the_gravest_and_largest_first(faulty: FlaskClient) -> None:
    found = get(faulty, "/api/audit").get_json()
    assert [(one["kind"], one["severity"], one["grids"]) for one in found["findings"]] == [
        ("overlap", "error", ["a", "b"]), ("sliver", "error", ["b", "c", "d", "e"]), ("team_missing", "warning", ["c"])
    ]  # fmt: skip
    assert [one["measure"] for one in found["findings"][:2]] == pytest.approx([1000, 50], abs=1e-6)
    assert all(list(one)[: len(KEYS)] == list(KEYS) for one in found["findings"])
    assert found["findings"][0]["message"] == "a, b overlap: both claim the same 1,000.00 m²."
    assert found["kinds"] == {"overlap": 1, "sliver": 1, "team_missing": 1} and found["total"] == 3
    assert found["meta"]["rules"]["negligible_m2"] == 0.01 and found["meta"]["state"] == "ready"
    west, south, east, north = found["findings"][0]["bounds"]
    assert west < found["findings"][0]["lon"] < east and south < found["findings"][0]["lat"] < north
    chinese = get(faulty, "/api/audit", lang="zh").get_json()["findings"][0]
    assert chinese["title"] == "重叠" and chinese["id"] == found["findings"][0]["id"]


def test_filters_narrow_what_is_listed_and_not_what_there_is(faulty: FlaskClient) -> None:
    found = get(faulty, "/api/audit", kind=["overlap", "sliver"], severity="error", limit=1).get_json()
    assert len(found["findings"]) == 1 and found["total"] == 2 and found["all"]["total"] == 3
    assert get(faulty, "/api/audit", level="grid").get_json()["total"] == 3
    for wrong in ({"kind": "crack"}, {"severity": "grave"}):
        assert faulty.get("/api/audit", query_string=wrong).status_code == 400
    assert faulty.get("/api/audit?level=parish").status_code == 404


def test_without_grids_there_is_no_finding(client: FlaskClient) -> None:
    found = get(client, "/api/audit").get_json()
    assert found["findings"] == [] and found["meta"]["state"] == "none"


def test_the_map_layer_shows_the_same(faulty: FlaskClient) -> None:
    shown = get(faulty, "/api/layers/findings").get_json()
    assert [one["properties"]["kind"] for one in shown["features"]] == ["overlap", "sliver", "team_missing"]
    assert [item["count"] for item in shown["legend"]["items"]] == [2, 1, 0]
    only = get(faulty, "/api/layers/findings", kind="sliver", bbox="-10,50,40,70").get_json()
    assert [one["properties"]["symbol"] for one in only["features"]] == ["finding-error"]
    assert get(faulty, "/api/layers/findings", bbox="0,0,1,1").get_json()["features"] == []


def test_the_table_and_the_file_hold_the_same(faulty: FlaskClient, tmp_path: Path) -> None:
    listed = get(faulty, "/api/audit").get_json()["findings"]
    data = get(faulty, "/api/tables/findings.csv").data.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(data)))
    assert [row[1] for row in rows[1:4]] == [one["title"] for one in listed]
    file = tmp_path / "findings.gpkg"
    answer = get(faulty, "/api/export/findings.gpkg")
    file.write_bytes(answer.data)
    answer.close()
    frame = gpd.read_file(file).to_crs(32635)
    assert frame["id"].tolist() == [one["id"] for one in listed]
    assert frame.area.tolist()[:2] == pytest.approx([1000, 50], rel=1e-6)


def test_the_command_prints_and_writes_them(faulty: FlaskClient, app: Flask, tmp_path: Path) -> None:
    run = app.test_cli_runner().invoke
    found = run(args=["audit", "--format", "json"])
    assert found.exit_code == 0, found.output
    listed = json.loads(found.stdout)["findings"]
    assert [one["kind"] for one in listed] == ["overlap", "sliver", "team_missing"]
    asked = ["--kind", "sliver", "--level", "grid", "-o", str(tmp_path / "f.geojson")]
    only = run(args=["audit", *asked, "--format", "json"])
    assert json.loads(only.stdout)["rows"] == 1
    written = json.loads((tmp_path / "f.geojson").read_text("utf-8"))["features"]
    assert {name: written[0]["properties"][name] for name in ("kind", "severity", "grids", "unit")} == {
        "kind": "sliver", "severity": "error", "grids": "b, c, d, e", "unit": "m²"
    }  # fmt: skip
    text = run(args=["audit"])
    assert "3 findings: 2 errors, 1 warnings, 0 remarks." in text.output
    refused = run(args=["audit", "--level", "parish"])
    assert (refused.exit_code, refused.stdout) == (1, "") and "parish" in refused.stderr
    assert run(args=["audit", "--kind", "crack"]).exit_code == 2
    unwritten = run(args=["audit", "-o", str(tmp_path / "f.txt")])
    assert unwritten.exit_code == 1 and not (tmp_path / "f.txt").exists()


def give_team(app: Flask) -> WriteResult:
    """Give the third grid, which has no team, to one."""
    with app.app_context():
        store = atlas().store
        grids = store.snapshot()["grids"]
        columns: dict[str, Any] = {name: grids.text(name)[2:3] for name in ("code", "name", "level", "parent")}
        columns |= {"team": np.array(["post 1"], dtype=object), "population": grids.number("population")[2:3]}
        assert grids.geometry is not None
        team = Batch("grids", "EPSG:32635", columns, geometry=grids.geometry[2:3])
        return store.write(team, "upsert", Provenance("test"))


def test_an_edit_makes_a_new_audit(faulty: FlaskClient, app: Flask) -> None:
    before = {one["id"] for one in get(faulty, "/api/audit").get_json()["findings"]}
    give_team(app)
    after = {one["id"] for one in get(faulty, "/api/audit").get_json()["findings"]}
    assert len(before - after) == 1 and after < before
