"""Who is responsible for a place: what plain loops over the town say, and nothing of what lies outside an area."""

from __future__ import annotations

from typing import Any

import pytest
import shapely
from flask.testing import FlaskClient

from geo.area import Area
from geo.crs import lonlat
from tests.web.conftest import CRS, X0, Y0, square
from web import identity
from web.identity import Reader
from web.permissions import ROLES


def degrees(east: float, north: float) -> tuple[float, float]:
    lon, lat = lonlat([X0 + east], [Y0 + north], CRS)
    return round(float(lon[0]), 7), round(float(lat[0]), 7)


def ask(client: FlaskClient, **query: Any) -> Any:
    answer = client.get("/api/responsible", query_string=query)
    assert answer.status_code == 200, answer.get_json()
    return answer.get_json()["results"]


@pytest.mark.parametrize(("east", "north"), [(300, 400), (1500, 10), (999.0, 999.0), (20, 730)])
def test_a_point_has_the_grid_of_every_level(town: FlaskClient, east: float, north: float) -> None:
    lon, lat = degrees(east, north)
    (one,) = ask(town, lon=lon, lat=lat)
    shapes = {"D1": square(0, 0, 2, 1), "G1": square(0, 0), "G2": square(1, 0)}
    at = shapely.Point(X0 + east, Y0 + north)
    holding = [code for code, shape in shapes.items() if shape.intersects(at)]
    assert [grid["code"] for grid in one["grids"]] == holding
    for grid in one["grids"]:
        assert grid["border_m"] == pytest.approx(shapes[grid["code"]].boundary.distance(at), abs=0.02)
    assert one["parents"] == ["D1"] and one["border_m"] == one["grids"][-1]["border_m"]
    assert one["team"] == ({"team": "Team 1", "level": "grid", "code": "G1"} if holding[-1] == "G1" else None)
    typed = ask(town, q=f" {lon}, {lat} ")
    assert typed == [one]


def test_a_point_in_no_grid_has_no_answer(town: FlaskClient) -> None:
    assert ask(town, **dict(zip(("lon", "lat"), degrees(9000, 100), strict=True))) == []
    for wrong in ({"lon": 1}, {"lon": 24, "lat": "x"}, {}, {"q": " "}, {"q": "500,1"[:0]}, {"lon": 120, "lat": 30}):
        assert town.get("/api/responsible", query_string=wrong).status_code == 400


def test_texts_of_the_data_are_found_the_best_first(town: FlaskClient) -> None:
    codes = ask(town, q="g1")
    assert (codes[0]["kind"], codes[0]["text"], codes[0]["team"]["team"]) == ("grid", "G1", "Team 1")
    (street,) = ask(town, q="主街")
    assert (street["kind"], {grid["code"] for grid in street["through"]}, street["through_count"]) == (
        "street", {"G1", "G2"}, 2)  # fmt: skip
    (team,) = ask(town, q="team 1")
    assert (team["kind"], [grid["code"] for grid in team["through"]]) == ("team", ["G1"])
    assert [one["kind"] for one in ask(town, q="b1")] == ["building"]
    (pond,) = ask(town, q="POND")
    assert (pond["kind"], pond["grids"][-1]["code"]) == ("zone", "G1")
    west = ask(town, q="est")
    assert [one["text"] for one in west] == ["West"]
    assert ask(town, q="nowhere at all") == []
    first = town.get("/api/responsible?q=1&limit=1").get_json()
    assert first["more"] and len(first["results"]) == 1


def test_what_lies_outside_an_area_is_as_if_it_did_not_exist(
    town: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity, "SINGLE", Reader("account", "east", frozenset(ROLES), Area((("grid", "G2"),))))
    for text in ("G1", "D1", "West", "Team 1", "b1", "Pond", ",".join(map(str, degrees(300, 400)))):
        assert ask(town, q=text) == [], text
    (street,) = ask(town, q="主街")
    assert street["through_count" if "through_count" in street else "parents"] in (1, [])
    assert [grid["code"] for grid in street["grids"]] == ["G2"]
    lon, lat = street["lon"], street["lat"]
    assert [grid["code"] for grid in ask(town, lon=lon, lat=lat)[0]["grids"]] == ["G2"]
