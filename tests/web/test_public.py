"""Public files: nothing in them tells of few, of persons, or of a place that is somebody's address."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pyogrio
import pytest
import shapely
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from geo.area import Area
from geo.assign import Locator
from geo.crs import WGS84, transform_xy
from geo.suppress import Shown
from settings import Settings
from store.batch import Provenance
from store.store import Store
from tests.geo.test_suppress import intervals
from tests.web.conftest import CRS, X0, Y0, batch, square
from tests.web.test_cli import as_json, run
from web import identity
from web.identity import Reader

K = 8
CATEGORIES = ["theft", "noise", "arson"]
PHONE, PERSON, FREE = "13800138000", "王小明", "called by the neighbour in flat 4"
GRIDS = [f"G{i}" for i in range(8)]
SHAPES = [square(0.2 * (i % 4), 0.2 * (i // 4), 0.2, 0.2) for i in range(8)]


def incidents(rng: np.random.Generator, **more: list[Any]) -> Any:
    """Many in some grids, few in others, in May and June 2024 and in the month that is running."""
    per_grid = [60, 40, 3, 30, 45, 9, 1, 55]
    grid = np.repeat(np.arange(8), per_grid)
    n = len(grid)
    x = X0 + 200 * (grid % 4) + rng.uniform(1, 199, n)
    y = Y0 + 200 * (grid // 4) + rng.uniform(1, 199, n)
    months = rng.choice(["2024-05-11T12:34:56.789", "2024-06-12T01:02:03.456"], n).tolist()
    months[:3] = ["2999-01-01T00:00"] * 3
    return batch(
        "incidents", x=x.tolist(), y=y.tolist(), id=[f"case-{i}" for i in range(n)],
        category=rng.choice(CATEGORIES, n, p=[0.55, 0.4, 0.05]).tolist(), occurred_at=months,
        status=[FREE] * n, **more,
    )  # fmt: skip


def buildings() -> list[Any]:
    """Thirty in every grid but the last, which has seven."""
    found = []
    for i in range(8):
        for j in range(7 if i == 7 else 30):
            x, y = X0 + 200 * (i % 4) + 5 + 30 * (j % 6), Y0 + 200 * (i // 4) + 5 + 35 * (j // 6)
            found.append(shapely.MultiPolygon([shapely.box(x, y, x + 12, y + 12)]))
    return found


def write(store: Store) -> None:
    def add(found: Any) -> None:
        made = found.layer == "incidents"
        store.write(found, "append", Provenance("x.csv", timezone="Asia/Shanghai", simulated=made))

    parents = [square(0, 0, 0.8, 0.2), square(0, 0.2, 0.8, 0.2)]
    add(batch(
        "grids", [square(0, 0, 0.8, 0.4), *parents, *SHAPES], code=["C", "T0", "T1", *GRIDS],
        level=["city", "town", "town", *["grid"] * 8], parent=[None, "C", "C", *["T0"] * 4, *["T1"] * 4],
        name=["=1+1", *["Town"] * 2, *["Block"] * 8], team=[PERSON] * 11, population=[1000] * 11,
    ))  # fmt: skip
    add(incidents(np.random.default_rng(3)))
    add(batch("buildings", buildings(), id=[f"b{i}" for i in range(len(buildings()))]))
    line = shapely.MultiLineString([[(X0, Y0 + 100), (X0 + 800, Y0 + 100)]])
    add(batch("streets", [line], name=["主街"]))
    add(batch("cameras", x=[X0 + 5], y=[Y0 + 5], id=["c"], owner=[f"{PERSON} {PHONE}"], name=[PERSON]))


def serve(folder: Path) -> Iterator[Flask]:
    app = create_app(Settings(store=str(folder / "atlas.gpkg"), instance=folder))
    yield app
    app.extensions["atlas"].close()


@pytest.fixture(scope="module")
def served(compiled: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    folder = tmp_path_factory.mktemp("public")
    with Store.open(folder / "atlas.gpkg") as store:
        write(store)
    yield from serve(folder)


@pytest.fixture
def client(served: Flask) -> FlaskClient:
    return served.test_client()


def fetch(client: FlaskClient, path: str) -> bytes:
    with client.get(path) as answer:
        assert answer.status_code == 200, answer.data[:300]
        return answer.data


def table(client: FlaskClient, path: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(fetch(client, path).decode("utf-8-sig"))))


def test_a_linear_solver_cannot_undo_what_the_file_leaves_out(client: FlaskClient) -> None:
    """Reads the file alone, as anybody outside can, and knows how grids and totals add up."""
    rows = table(client, "/api/public/counts.csv")
    parent = np.array([-1, 0, 1, 1, *[2] * 4, *[3] * 4])
    names = ["", "C", "T0", "T1", *GRIDS]
    hidden = 0
    for month in ("2024-05", "2024-06"):
        found = {(row["code"], row["category"]): row for row in rows if row["month"] == month}
        known = np.array([[found[code, c]["suppressed"] == "false" for c in (*CATEGORIES, "*")] for code in names])
        values = np.array([[int(found[code, c]["incidents"] or 0) for c in (*CATEGORIES, "*")] for code in names])
        assert (values[known] >= K).all()
        shown = Shown(known[:, :3], known[:, 3])
        # Totals that are shown are values of their own; what is left out counts for nothing here.
        counts = values[:, :3].copy()
        ends = intervals_of(counts, values[:, 3], parent, shown)
        hidden += len(ends)
        assert all(high - low >= K - 1e-6 for low, high in ends)
        assert all(row[name] == "" for row in rows if row["suppressed"] == "true" for name in ("per_km2", "per_10k"))
    assert hidden > 10
    assert {row["month"] for row in rows} == {"2024-05", "2024-06"}  # the running month and later ones are not told


def intervals_of(counts: Any, totals: Any, parent: Any, shown: Shown) -> list[tuple[float, float]]:
    """As the auditor of `geo.suppress`, with totals from the file, which may not be the sums of what it shows."""
    rest = np.where(shown.totals, totals - np.where(shown.counts, counts, 0).sum(axis=1), 0)
    for row in np.flatnonzero(shown.totals):  # put what is not told of a row anywhere among what is left out
        free = np.flatnonzero(~shown.counts[row])
        if len(free):
            counts[row, free[0]] = rest[row]
        else:
            assert rest[row] == 0
    return list(intervals(counts, parent, shown).values())


def test_points_have_k_buildings_behind_them_and_stay_in_their_grid(client: FlaskClient) -> None:
    rows = table(client, "/api/public/points.csv?alone=1")
    assert len(rows) > 100
    assert set(rows[0]) == {"month", "category", "grid", "addresses", "lon", "lat", "k", "method", "revision",
                            "simulated"}  # fmt: skip
    x, y = transform_xy([float(row["lon"]) for row in rows], [float(row["lat"]) for row in rows], WGS84, CRS)
    place = Locator(SHAPES, GRIDS)
    assert [GRIDS[i] for i in place.locate(x, y)] == [row["grid"] for row in rows]
    middles = shapely.get_coordinates(shapely.centroid(np.array(buildings(), dtype=object)))
    home = place.locate(middles[:, 0], middles[:, 1])
    for grid in set(place.locate(x, y).tolist()):
        shared = np.unique(np.column_stack([x, y])[place.locate(x, y) == grid].round(2), axis=0)
        near = ((middles[home == grid][:, None] - shared) ** 2).sum(axis=2).argmin(axis=1)
        assert (np.bincount(near, minlength=len(shared)) >= K).all()
    assert "G7" not in {row["grid"] for row in rows}  # seven buildings offer no point
    about = client.get("/api/public?alone=1").get_json()["points"]
    assert about["not_shown_point"] == 55


def test_points_beside_counts_tell_nothing_that_the_counts_leave_out(client: FlaskClient) -> None:
    counts = {(row["month"], row["code"], row["category"]): row for row in table(client, "/api/public/counts.csv")}
    points = table(client, "/api/public/points.csv")
    assert len(points) > 50
    for month, grid in {(row["month"], row["grid"]) for row in points}:
        assert counts[month, grid, "*"]["suppressed"] == "false"
    told = Counter((row["month"], row["grid"], row["category"]) for row in points if row["category"])
    for key, number in told.items():
        assert counts[key]["suppressed"] == "false" and int(counts[key]["incidents"]) == number
    assert any(row["category"] == "" for row in points)
    alone = table(client, "/api/public/points.csv?alone=1")
    assert len(alone) > len(points) and all(row["category"] for row in alone)


@pytest.mark.parametrize("name", ["counts", "points"])
@pytest.mark.parametrize("suffix", ["geojson", "csv", "xlsx", "gpkg"])
def test_no_file_holds_ids_times_free_text_or_persons(
    client: FlaskClient, tmp_path: Path, name: str, suffix: str
) -> None:
    body = fetch(client, f"/api/public/{name}.{suffix}")
    file = tmp_path / f"file.{suffix}"
    file.write_bytes(body)
    match suffix:
        case "xlsx":
            book = openpyxl.load_workbook(file)
            text = "\n".join(str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row)
            about = dict(book["about"].iter_rows(values_only=True))
            assert (about["k"], about["method"]) == ("8", f"gridatlas-{name}-1")
        case "gpkg":
            frame = pyogrio.read_dataframe(file)
            text = frame.to_csv()
            assert "k 8" in str(pyogrio.read_info(file, layer=f"public_{name}")["layer_metadata"])
        case _:
            text = body.decode("utf-8")
    for secret in (PHONE, PERSON, FREE, "case-", "12:34", "34:56", "T01:02", "2999"):
        assert secret not in text
    assert f"gridatlas-{name}-1" in text
    if suffix == "geojson":
        found = json.loads(text)
        properties = found["features"][0]["properties"]
        assert (properties["k"], properties["simulated"]) == (8, True)
        assert "simulated incidents" in found["description"]


@pytest.mark.parametrize("leak", [f"robbery, call {PHONE}", "li.wei@example.org", "11010519491231002X"])
def test_a_category_that_holds_a_person_never_leaves(compiled: None, tmp_path: Path, leak: str) -> None:
    """Written past the intake, as another program could."""
    with Store.open(tmp_path / "atlas.gpkg") as store:
        write(store)
        found = incidents(np.random.default_rng(4))
        found.columns["category"][:] = leak
        store.write(found, "upsert", Provenance("x.csv", timezone="Asia/Shanghai"))
    for app in serve(tmp_path):
        for name in ("counts", "points"):
            answer = app.test_client().get(f"/api/public/{name}.csv?alone=1")
            assert (answer.status_code, answer.get_json()["error"]["code"]) == (422, "personal_data")
            assert leak not in answer.get_data(as_text=True)
        target = tmp_path / "out.csv"
        refused = run(app, "publish", "counts", str(target), status=1)
        assert leak not in refused.output and not target.exists()


def test_the_command_writes_what_the_api_sends(served: Flask, client: FlaskClient, tmp_path: Path) -> None:
    target = tmp_path / "counts.csv"
    answer = as_json(run(served, "publish", "counts", str(target), "--level", "town", "--format", "json"))
    assert target.read_bytes() == fetch(client, "/api/public/counts.csv?level=town")
    assert answer["rows"] == 2 * 2 * 4
    assert {"method", "k", "revision", "simulated", "protection", "months"} <= set(answer["about"])
    points = tmp_path / "points.gpkg"
    assert "k 8" in run(served, "publish", "points", str(points)).stdout
    assert pyogrio.read_info(points)["features"] > 50
    run(served, "publish", "counts", str(tmp_path / "x.shp"), status=1)
    run(served, "publish", "counts", str(target), "--k", "2", status=2)


def test_a_level_says_no_more_than_the_whole(client: FlaskClient) -> None:
    whole = table(client, "/api/public/counts.csv")
    for level in ("city", "town", "grid"):
        part = table(client, f"/api/public/counts.csv?level={level}")
        assert part == [row for row in whole if row["level"] == level]


@pytest.mark.parametrize("query", ["k=2", "k=x", "from_month=May", "level=nowhere"])
def test_what_cannot_be_used_is_refused(client: FlaskClient, query: str) -> None:
    assert 400 <= client.get(f"/api/public/counts.csv?{query}").status_code < 500


def test_who_has_a_part_of_the_city_publishes_nothing(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two tables that leave out different things give both away."""
    part = Reader("account", "town", frozenset({"steward"}), Area((("town", "T0"),)))
    monkeypatch.setattr(identity, "SINGLE", part)
    answer = client.get("/api/public/counts.csv")
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (403, "whole_city_only")


def test_an_empty_store_makes_empty_files(app: Flask, tmp_path: Path) -> None:
    for name in ("counts", "points"):
        assert len(fetch(app.test_client(), f"/api/public/{name}.csv").splitlines()) == 1
