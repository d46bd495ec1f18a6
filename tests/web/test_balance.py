"""The balance by API, command, table and map layer: the same figures everywhere, missing ones missing."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient


def get(client: FlaskClient, url: str, status: int = 200, **query: Any) -> Any:
    answer = client.get(url, query_string={"lang": "en", **query})
    assert answer.status_code == status, answer.get_data(as_text=True)
    return answer


ONLY = {f"w_{name}": 0 for name in ("incidents", "area", "population", "streets", "places", "cameras")}


def test_loads_follow_the_weights(town: FlaskClient) -> None:
    # West has 3 of the 5 incidents in grids (with the one on the border), and one of two km2.
    found = get(town, "/api/balance", **(ONLY | {"w_incidents": 3, "w_area": 1})).get_json()
    assert [(one["code"], one["incidents"]) for one in found["grids"]] == [("G1", 4), ("G2", 1)]
    assert found["grids"][0]["share"] == pytest.approx(0.75 * 4 / 5 + 0.25 / 2)
    assert sum(one["share"] for one in found["grids"]) == pytest.approx(1)
    assert found["grids"][0]["load"] == pytest.approx(2 * found["grids"][0]["share"])
    assert found["inequality"]["grids"]["gini"] == pytest.approx(found["grids"][0]["share"] - 0.5)
    assert found["outside"] == {"below": 0, "above": 0}
    tight = get(town, "/api/balance", **(ONLY | {"w_incidents": 1, "load_low": 0.9, "load_high": 1.1})).get_json()
    assert [one["beyond"] for one in tight["grids"]] == ["above", "below"]


def test_what_nobody_recorded_does_not_count_and_is_said(town: FlaskClient) -> None:
    found = get(town, "/api/balance", level="district").get_json()
    assert {one["measure"]: one["why"] for one in found["left_out"]} == {"population": "missing"}
    assert found["grids"][0]["population"] is None and "population" not in found["weights"]
    assert sum(found["weights"].values()) == pytest.approx(1)


def test_a_team_has_the_sum_of_its_grids_and_the_teamless_are_counted(town: FlaskClient) -> None:
    found = get(town, "/api/balance").get_json()
    assert [(one["team"], one["grids"], one["incidents"]) for one in found["teams"]] == [("Team 1", 1, 4)]
    assert found["teamless"] == 1


def test_the_map_layer_says_the_same(town: FlaskClient) -> None:
    query = ONLY | {"w_incidents": 1, "load_low": 0.9, "load_high": 1.1}
    listed = {one["code"]: one for one in get(town, "/api/balance", **query).get_json()["grids"]}
    layer = get(town, "/api/layers/balance", **query).get_json()
    for feature in layer["features"]:
        row = feature["properties"]
        assert row["load"] == pytest.approx(listed[row["code"]]["load"])
    symbols = {one["properties"]["code"]: one["properties"]["symbol"] for one in layer["features"]}
    assert symbols == {"G1": "change-up-2", "G2": "change-down-2"}
    assert layer["legend"]["unit"] == "× even share"
    assert sum(item["count"] for item in layer["legend"]["items"]) == 2


@pytest.mark.parametrize(
    "query", [{"w_area": "-1"}, {"w_area": "nan"}, {"load_low": 2}, {"load_high": 0.5}, {"level": "nowhere"}]
)
def test_what_cannot_be_used_is_refused(town: FlaskClient, query: dict[str, Any]) -> None:
    assert "error" in get(town, "/api/balance", 400 if "level" not in query else 404, **query).get_json()


def test_table_and_command_print_the_same(town: FlaskClient, town_app: Flask, tmp_path: Path) -> None:
    listed = get(town, "/api/balance").get_json()["grids"]
    rows = list(
        csv.DictReader(io.StringIO(get(town, "/api/tables/balance.csv").get_data(as_text=True).lstrip("\ufeff")))
    )
    assert [row["Code"] for row in rows] == [one["code"] for one in listed]
    assert get(town, "/api/tables/balance_teams.xlsx").data[:2] == b"PK"
    run = town_app.test_cli_runner().invoke
    told = run(args=["balance", "--format", "json"])
    assert told.exit_code == 0 and json.loads(told.stdout)["grids"] == listed
    file = tmp_path / "balance.csv"
    assert run(args=["balance", "--weight", "area=1", "-o", str(file)]).exit_code == 0
    assert len(file.read_text("utf-8-sig").splitlines()) == 3
    assert run(args=["balance", "--weight", "beauty=1"]).exit_code == 2
    text = run(args=["balance"])
    assert text.exit_code == 0 and "Gini" in text.output


def test_an_empty_store_has_nothing_to_balance(client: FlaskClient) -> None:
    found = get(client, "/api/balance").get_json()
    assert found["grids"] == [] and found["inequality"]["grids"]["gini"] is None
