"""`flask COMMAND`: results, exit statuses, languages; one real process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from app import create_app
from settings import Settings
from store.store import Store
from tests.web.conftest import SCRIPT
from tests.web.test_uploads import GRIDS, INCIDENTS

ROOT = Path(__file__).resolve().parents[2]
REPORT = {"layer", "accepted", "rejected", "revision", "crs", "encoding", "rejects_file", "notes"}


def run(app: Flask, *arguments: str, status: int = 0) -> Result:
    result = app.test_cli_runner().invoke(args=[str(argument) for argument in arguments])
    assert result.exit_code == status, result.output
    assert "Traceback" not in result.output
    return result


def as_json(result: Result) -> Any:
    return json.loads(result.stdout)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "grids.geojson").write_text(GRIDS)
    (tmp_path / "incidents.csv").write_text(INCIDENTS)
    return tmp_path


def grids(app: Flask, files: Path, *more: str, status: int = 0) -> Result:
    return run(app, "import", "grids", str(files / "grids.geojson"), "--map", "code=CODE", "--const", "level=grid",
               *more, status=status)  # fmt: skip


def test_import_answers_by_the_contract(app: Flask, files: Path) -> None:
    found = as_json(grids(app, files, "--format", "json"))
    assert set(found) == REPORT
    assert (found["layer"], found["accepted"], found["rejected"], found["revision"]) == ("grids", 2, 0, 1)
    assert found["rejects_file"] is None
    assert all(isinstance(note, str) for note in found["notes"])


def test_import_writes_rejects(app: Flask, files: Path) -> None:
    target = files / "rejects.csv"
    found = as_json(
        run(app, "import", "incidents", str(files / "incidents.csv"), "--rejects", str(target), "--format", "json")
    )
    assert (found["accepted"], found["rejected"], found["rejects_file"]) == (2, 1, str(target))
    assert target.read_text("utf-8-sig").splitlines()[0].startswith("row,field,value,reason,remedy")


def test_a_dry_run_and_a_refusal_change_nothing(app: Flask, files: Path) -> None:
    assert as_json(grids(app, files, "--dry-run", "--format", "json"))["revision"] == 0
    refused = run(app, "import", "incidents", str(files / "incidents.csv"), "--strict", "--format", "json", status=1)
    assert refused.stdout == ""
    assert refused.stderr.strip()
    assert app.extensions["atlas"].store.revision() == 0


def test_texts_are_for_people(app: Flask, files: Path) -> None:
    text = run(app, "import", "incidents", str(files / "incidents.csv")).stdout
    assert "2 rows accepted, 1 rejected" in text
    assert "row 3" in text
    run(app, "import", "incidents", str(files / "incidents.csv"), "--mode", "upsert")


@pytest.mark.parametrize(
    "arguments",
    [
        ("import",), ("import", "people", "x.csv"), ("import", "grids"), ("import", "grids", "x", "--mode", "merge"),
        ("import", "grids", "x", "--map", "code"), ("import", "grids", "x", "--map", "=CODE"),
        ("import", "grids", "x", "--map", "code=A", "--map", "code=B"), ("import", "grids", "x", "--date-order", "ydm"),
        ("export", "grids"), ("export", "none", "x.csv"), ("density", "--format", "xml"), ("density", "--from", "soon"),
        ("density", "--from", "2024-02-01", "--to", "2024-01-01"), ("density", "extra"), ("demo", "--what"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_usage_is_status_2(app: Flask, arguments: tuple[str, ...]) -> None:
    result = run(app, *arguments, status=2)
    assert result.stdout == ""
    assert "Usage" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("import", "grids", "none.geojson"), ("import", "grids", "none.geojson", "--crs", "EPSG:0"),
        ("export", "grids", "grids.exe"), ("export", "grids", "/none/such/grids.csv"),
        ("export", "grids", "/proc/grids.csv"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_refusal_is_status_1_with_a_sentence(app: Flask, arguments: tuple[str, ...]) -> None:
    result = run(app, *arguments, "--format", "json", status=1)
    assert result.stdout == ""
    assert result.stderr.strip()


def test_density_agrees_with_the_page(town_app: Flask) -> None:
    found = as_json(run(town_app, "density", "--format", "json"))
    assert list(found) == ["level", "outside", "total", "grids"]
    assert list(found["grids"][0]) == ["code", "name", "incidents", "area_km2", "per_km2", "per_10k"]
    page = town_app.test_client().get("/api/density").get_json()
    page.pop("meta")
    assert found == page
    part = as_json(run(town_app, "density", "--level", "district", "--from", "2024-05-31", "--to", "2024-06-03",
                       "--category", "theft", "--category", "noise", "--format", "json"))  # fmt: skip
    assert (part["total"], part["outside"], part["grids"][0]["incidents"]) == (3, 0, 3)


def test_density_is_a_table_for_people(town_app: Flask) -> None:
    lines = run(town_app, "density").stdout.splitlines()
    assert lines[0].startswith("Level grid: 6 incidents, 1 in no grid")
    assert lines[2].startswith("G1")
    assert SCRIPT in lines[3]


def test_density_of_nothing(app: Flask) -> None:
    found = as_json(run(app, "density", "--format", "json"))
    assert found == {"level": None, "outside": 0, "total": 0, "grids": []}


def test_density_of_a_level_that_is_not_there(town_app: Flask) -> None:
    assert "district, grid" in run(town_app, "density", "--level", "none", status=1).stderr


@pytest.mark.parametrize("suffix", [".geojson", ".csv", ".gpkg"])
def test_export_writes_the_layer(town_app: Flask, tmp_path: Path, suffix: str) -> None:
    target = tmp_path / f"cameras{suffix}"
    found = as_json(run(town_app, "export", "cameras", str(target), "--format", "json"))
    assert found == {"layer": "cameras", "rows": 2, "file": str(target)}
    assert target.stat().st_size > 0


def test_messages_follow_the_setting(settings: Settings, files: Path) -> None:
    app = create_app(replace(settings, lang="zh"))
    assert "采纳 2 行" in grids(app, files).stdout
    assert "没有网格层级" in run(app, "density", "--level", "none", status=1).stderr
    app.extensions["atlas"].close()


def test_the_demo_fills_an_empty_store_once(app: Flask) -> None:
    found = as_json(run(app, "demo", "--if-empty", "--format", "json"))
    assert found["loaded"] is True and found["simulated"] == ["incidents"]
    assert min(found["layers"].values()) > 0
    again = as_json(run(app, "demo", "--if-empty", "--format", "json"))
    assert (again["loaded"], again["revision"]) == (False, found["revision"])


def test_the_demo_stays_away_from_real_data(town_app: Flask) -> None:
    revision = town_app.extensions["atlas"].store.revision()
    assert run(town_app, "demo", status=1).stderr.strip()
    assert as_json(run(town_app, "demo", "--if-empty", "--format", "json"))["loaded"] is False
    assert town_app.extensions["atlas"].store.revision() == revision


def test_a_store_that_is_none_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "atlas.gpkg").write_bytes(b"not a store" * 500)
    app = create_app(Settings(store=str(tmp_path / "atlas.gpkg"), instance=tmp_path))
    assert "atlas.gpkg" in run(app, "density", status=1).stderr
    server = create_app(Settings(store="postgresql://host/db", instance=tmp_path))
    assert run(server, "density", status=1).stderr.strip()


def flask(store: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "flask", *arguments], cwd=ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, "ATLAS_STORE": str(store), **environment},
    )  # fmt: skip


def test_a_real_process(files: Path) -> None:
    store = files / "real" / "atlas.gpkg"
    store.parent.mkdir()
    done = flask(store, "import", "grids", str(files / "grids.geojson"), "--map", "code=CODE", "--const", "level=grid",
                 "--format", "json")  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert set(json.loads(done.stdout)) == REPORT
    assert len(done.stdout.strip().splitlines()) == 1
    with Store.open(store) as opened:
        assert opened.revision() == 1
    refused = flask(store, "density", ATLAS_LANG="fr")
    assert refused.returncode == 2
    assert "ATLAS_LANG" in refused.stderr and "Traceback" not in refused.stderr


def test_text_of_a_file_cannot_command_the_terminal(app: Flask, tmp_path: Path) -> None:
    escape = "\u009b2J\u202ex\u2028"
    (tmp_path / "x.csv").write_text(f'id,lon,lat,kind\n1,500,1,"{escape}"\n2,25,60,"{escape}"\n')
    printed = run(app, "import", "places", str(tmp_path / "x.csv")).output
    refused = run(app, "import", "places", str(tmp_path / "x.csv"), "--map", f"name={escape}", status=1).output
    for text in (printed, refused):
        assert not set("\u009b\u202e\u2028") & set(text)


def test_a_level_of_an_empty_store_is_refused(app: Flask) -> None:
    result = app.test_cli_runner().invoke(args=["density", "--level", "ward", "--format", "json"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert "ward" in result.stderr and "Import grids" in result.stderr
    assert app.test_cli_runner().invoke(args=["density", "--format", "json"]).exit_code == 0
