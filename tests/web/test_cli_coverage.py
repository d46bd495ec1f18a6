"""The commands about coverage: the contract's JSON, tables in both languages, files, exit statuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyogrio
import pytest
from flask import Flask

from app import create_app
from geo.crs import WGS84, transform_xy
from settings import Settings
from tests.web.conftest import CRS, SCRIPT, X0, Y0
from tests.web.test_cli import as_json, run

ROOT = Path(__file__).resolve().parents[2]


def place(east: float, north: float) -> list[str]:
    lon, lat = transform_xy([X0 + east], [Y0 + north], CRS, WGS84)
    return [repr(float(lon[0])), repr(float(lat[0]))]


def test_coverage_says_what_the_api_says(town_app: Flask) -> None:
    found = as_json(run(town_app, "coverage", "--format", "json"))
    answer = town_app.test_client().get("/api/coverage").get_json()
    assert found["grids"] == answer["grids"]
    assert found["totals"] == answer["totals"]
    ruled = as_json(
        run(town_app, "coverage", "--task", "observe", "--edition", "2014", "--online-only", "--format", "json")
    )
    assert (ruled["meta"]["task"], ruled["meta"]["online_only"], ruled["totals"]["certain_m2"]) == ("observe", True, 0)
    window = as_json(run(town_app, "coverage", "--from", "2024-06-01", "--category", "theft", "--format", "json"))
    assert sum(grid["incidents"] for grid in window["grids"]) == 2


def test_coverage_for_readers(town_app: Flask) -> None:
    shown = run(town_app, "coverage").stdout
    assert "Level grid: 2 grids." in shown
    assert "Cameras without a range: 1; 50 m is assumed" in shown
    assert SCRIPT in shown
    assert "All" in shown.splitlines()[-1]


def test_tables_are_in_the_language_of_the_settings(town_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    atlas = town_app.extensions["atlas"]
    monkeypatch.setattr(atlas, "settings", replace(atlas.settings, lang="zh"))
    for command in (["coverage"], ["blindspots"], ["seen-by", *place(510, 500)]):
        shown = run(town_app, *command).stdout
        assert "{" not in shown.replace(SCRIPT, "")


def test_coverage_goes_into_a_file(town_app: Flask, tmp_path: Path) -> None:
    found = as_json(run(town_app, "coverage", "-o", str(tmp_path / "c.gpkg"), "--format", "json"))
    assert (found["rows"], found["file"]) == (2, str(tmp_path / "c.gpkg"))
    assert pyogrio.read_dataframe(tmp_path / "c.gpkg")["code"].tolist() == ["G1", "G2"]


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg"])
def test_views_go_into_a_file(town_app: Flask, tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"v{suffix}"
    found = as_json(run(town_app, "views", "--camera", "c1", "-o", str(file), "--format", "json"))
    assert (found["cameras"], found["rows"]) == (1, 1)
    (view,) = pyogrio.read_dataframe(file).to_dict("records")
    assert (view["camera"], view["state"], view["reach_m"]) == ("c1", "certain", 100.0)
    assert view["area_m2"] > 0
    assert "2 rows of views" in run(town_app, "views", "-o", str(file)).stdout


def test_blind_spots_are_listed_and_go_into_a_file(town_app: Flask, tmp_path: Path) -> None:
    found = as_json(run(town_app, "blindspots", "--format", "json"))
    assert [spot["rank"] for spot in found["spots"]] == list(range(1, found["count"] + 1))
    assert {"grid", "blind_m2", "incidents_unseen", "rank"} <= set(found["spots"][0])
    file = tmp_path / "b.geojson"
    run(town_app, "blindspots", "--limit", "1", "-o", str(file))
    (spot,) = pyogrio.read_dataframe(file).to_dict("records")
    assert (spot["rank"], spot["grid"]) == (1, found["spots"][0]["grid"])
    assert "blind spots" in run(town_app, "blindspots").stdout


def test_seen_by_a_place(town_app: Flask) -> None:
    found = as_json(run(town_app, "seen-by", *place(510, 500), "--format", "json"))
    (camera,) = found["cameras"]
    assert {"id", "distance_m", "px_per_m", "state", "online"} <= set(camera)
    assert (camera["id"], camera["state"], camera["online"]) == ("c1", "certain", True)
    shown = run(town_app, "seen-by", *place(560, 500)).stdout
    assert "a building is in the way" in shown


def test_a_longitude_may_be_west(town_app: Flask) -> None:
    assert "far outside" in run(town_app, "seen-by", "-77.03", "38.9", status=2).stderr


@pytest.mark.parametrize(
    "arguments",
    [["coverage", "--edition", "1999"], ["coverage", "--task", "magic"], ["coverage", "--assumed-range-m", "nan"],
     ["coverage", "--target-height-m", "x"], ["coverage", "--from", "soon"], ["views"], ["seen-by"], ["seen-by", "25"],
     ["seen-by", "x", "60"], ["seen-by", "nan", "60"], ["seen-by", "25", "60", "--bogus"],
     ["blindspots", "--limit", "-1"]],
    ids=" ".join,
)  # fmt: skip
def test_wrong_usage_is_two(town_app: Flask, arguments: list[str]) -> None:
    assert run(town_app, *arguments, status=2).stderr


@pytest.mark.parametrize(
    "arguments",
    [["coverage", "--level", "nation"], ["blindspots", "--level", "nation"],
     ["views", "--camera", "nobody", "-o", "x.gpkg"], ["views", "-o", "x.docx"],
     ["coverage", "-o", "no/such/folder/x.gpkg"]],
    ids=" ".join,
)  # fmt: skip
def test_a_refusal_is_one_with_a_remedy_and_no_file(
    town_app: Flask, arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(town_app, *arguments, status=1)
    assert len(result.stderr.split(".")) >= 2
    assert result.stdout == ""
    assert [path.name for path in tmp_path.iterdir() if path.suffix in (".gpkg", ".docx") and path.name[0] == "x"] == []


def test_an_empty_store_has_empty_answers(app: Flask, tmp_path: Path) -> None:
    assert as_json(run(app, "coverage", "--format", "json"))["grids"] == []
    assert as_json(run(app, "blindspots", "--format", "json"))["spots"] == []
    assert as_json(run(app, "views", "-o", str(tmp_path / "v.geojson"), "--format", "json"))["rows"] == 0
    assert as_json(run(app, "seen-by", "25", "60", "--format", "json"))["cameras"] == []
    for command in ("coverage", "blindspots"):
        assert run(app, command).stdout
        assert "no grids" in run(app, command, "--level", "grid", status=1).stderr


def test_a_second_process_takes_what_the_first_worked_out(town_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    first = as_json(run(town_app, "coverage", "--format", "json"))
    settings: Settings = town_app.extensions["atlas"].settings
    environ = {**os.environ, "ATLAS_STORE": settings.store, "ATLAS_LANG": "en"}
    program = [sys.executable, "-m", "flask", "coverage", "--format", "json"]
    ended = subprocess.run(program, cwd=ROOT, env=environ, capture_output=True, text=True, check=True)
    assert json.loads(ended.stdout)["grids"] == first["grids"]
    assert ended.stderr == ""
    again = create_app(settings)

    def never(*args: Any, **given: Any) -> None:
        raise AssertionError("worked out again")

    monkeypatch.setattr("layers.engine.Engine.compute", never)
    assert as_json(run(again, "coverage", "--format", "json"))["grids"] == first["grids"]
    again.extensions["atlas"].close()
