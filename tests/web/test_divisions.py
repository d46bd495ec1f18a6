"""A past period is counted by today's grids or by those in force when it ended, as loops over the shapes count."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import shapely
from flask.testing import FlaskClient

from app import create_app
from geo.area import Area
from geo.grid_changes import GridChange, GridState
from settings import Settings
from store.store import Store
from tests.web.conftest import X0, Y0, fill, square
from web import identity
from web.identity import Reader
from web.permissions import ROLES

MOVED = 600.0  # the border of G1 and G2 from 1000 m to 600 m, on 2 June
OLD = {"G1": square(0, 0), "G2": square(1, 0)}
NEW = {"G1": square(0, 0, 0.6), "G2": square(0.6, 0, 1.4)}
PLACES = {"a": (100, 100), "b": (200, 200), "c": (1500, 500), "edge": (1000, 500), "far": (5000, 500),
          "undated": (700, 700)}  # fmt: skip


@pytest.fixture
def client(compiled: None, tmp_path: Path) -> Iterator[FlaskClient]:
    path = tmp_path / "atlas.gpkg"
    with Store.open(path) as store:
        fill(store, "UTC")
        states = store.grid_states()
        changes = []
        for code in ("G1", "G2"):
            was = states["grid", code]
            changes.append(GridChange("grid", code, was, GridState(NEW[code], was.name, was.parent, was.team,
                                                                   was.population)))  # fmt: skip
        store.change_division(changes, "moved")
        revisions = [one.revision for one in store.division_changes()]
    with sqlite3.connect(path) as base:
        for revision, at in zip(revisions, ("2024-06-02T00:00:00.000Z", "2024-01-01T00:00:00.000Z"), strict=True):
            base.execute("UPDATE atlas_divisions SET at = ? WHERE revision = ?", (at, revision))
    app = create_app(Settings(store=str(path), instance=tmp_path, lang="en"))
    yield app.test_client()
    app.extensions["atlas"].close()


def counts(shapes: dict[str, Any], ids: str) -> dict[str, int]:
    found = dict.fromkeys(shapes, 0)
    for name in ids.split():
        at = shapely.Point(X0 + PLACES[name][0], Y0 + PLACES[name][1])
        holding = [code for code in sorted(shapes) if shapes[code].intersects(at)]
        if holding:
            found[holding[0]] += 1
    return found


def density(client: FlaskClient, **query: Any) -> tuple[dict[str, int], Any]:
    found = client.get("/api/density", query_string=query).get_json()
    assert sum(one["incidents"] for one in found["grids"]) + found["outside"] == found["total"]
    return {one["code"]: one["incidents"] for one in found["grids"]}, found["meta"]["division"]


def test_a_period_before_the_change_has_both_divisions(client: FlaskClient) -> None:
    window = {"from": "2024-05-01", "to": "2024-06-02"}
    then, facts = density(client, **window, division="then")
    assert then == counts(OLD, "a b c")
    assert (facts["by"], facts["since"], facts["changes"]) == ("then", "2024-01-01T00:00:00.000Z", [])
    today, facts = density(client, **window)
    assert today == counts(NEW, "a b c")
    assert (facts["by"], facts["since"]) == ("today", "2024-06-02T00:00:00.000Z")


def test_a_period_with_the_change_is_counted_by_its_end_and_says_so(client: FlaskClient) -> None:
    window = {"from": "2024-05-01", "to": "2024-06-04"}
    for division in ("then", "today"):
        found, facts = density(client, **window, division=division)
        assert found == counts(NEW, "a b c edge far")
        (change,) = facts["changes"]
        assert (change["at"], change["grids"]) == ("2024-06-02T00:00:00.000Z", 2)
        assert not facts["before_history"]


def test_before_the_history_the_first_division_is_taken_and_that_is_said(client: FlaskClient) -> None:
    _, facts = density(client, **{"from": "2023-01-01", "to": "2023-02-01"}, division="then")
    assert facts["before_history"] and facts["history_from"] == facts["since"] == "2024-01-01T00:00:00.000Z"
    found, facts = density(client, division="then")  # no period: until now
    assert found == counts(NEW, "a b c edge far undated") and facts["by"] == "then"


def test_profile_compare_layer_and_tables_follow(client: FlaskClient) -> None:
    query = {"from": "2024-05-01", "to": "2024-06-02", "division": "then", "level": "grid"}
    profile = client.get("/api/profile", query_string={**query, "code": "G1"}).get_json()
    assert profile["incidents"] == counts(OLD, "a b c")["G1"] and profile["meta"]["division"]["by"] == "then"
    compared = client.get("/api/compare", query_string=query).get_json()
    assert compared["meta"]["division"]["by"] == "then"
    layer = client.get("/api/layers/density", query_string=query).get_json()
    areas = {one["properties"]["code"]: one["properties"]["area_km2"] for one in layer["features"]}
    assert areas["G1"] == pytest.approx(1.0)
    now = client.get("/api/layers/density", query_string={**query, "division": "today"}).get_json()
    assert {one["properties"]["code"]: one["properties"]["area_km2"] for one in now["features"]}["G1"] == (
        pytest.approx(0.6))  # fmt: skip
    csv = client.get("/api/tables/density.csv", query_string=query).get_data(as_text=True)
    assert csv != client.get("/api/tables/density.csv", query_string={**query, "division": "today"}).get_data(True)
    assert client.get("/api/density?division=tomorrow").status_code == 400


def test_the_bulletin_says_by_which_division_it_counts(client: FlaskClient) -> None:
    said = {}
    for division in ("then", "today"):
        answer = client.get(f"/api/bulletin.xlsx?month=2024-05&level=grid&division={division}")
        assert answer.status_code == 200
        book = openpyxl.load_workbook(io.BytesIO(answer.data))
        said[division] = "\n".join(
            str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row
        )
    assert "division in force at the end of the month" in said["then"]
    assert "division in force at the end of the month" not in said["today"]


def test_an_area_is_told_of_its_own_grids_only(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "SINGLE", Reader("account", "east", frozenset(ROLES), Area((("grid", "G2"),))))
    window = {"from": "2024-05-01", "to": "2024-06-02"}
    then, facts = density(client, **window, division="then")
    assert then == {"G2": 1} and facts["by"] == "then"
    _, facts = density(client, **{"from": "2024-05-01", "to": "2024-06-04"})
    assert [one["grids"] for one in facts["changes"]] == [1]
