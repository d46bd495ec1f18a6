"""/api/compare: its rows add up to its total, whatever it is asked by; what is not recorded is no figure."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.web.test_api import get

JUNE = {"from": "2024-06-01", "to": "2024-06-03", "level": "grid"}  # records: 30 May to 3 June


def test_grids_of_the_town(town: FlaskClient) -> None:
    found = get(town, "/api/compare", **JUNE)
    assert found["state"] == "ok"
    assert (found["now"]["from"], found["before"]["from"]) == ("2024-05-31T16:00:00Z", "2024-05-29T16:00:00Z")
    assert [(row["code"], row["now"], row["before"], row["kind"]) for row in found["rows"]] == [
        ("G1", 1, 2, "chance"),
        ("G2", 1, 0, "chance"),
    ]
    assert (found["rows"][1]["percent"], found["rows"][0]["percent"]) == (None, -50.0)
    assert (found["total"]["now"], found["total"]["before"], found["tests"]) == (2, 2, 2)
    assert found["rows"][0]["now_per_km2"] == pytest.approx(1.0, rel=1e-3)
    assert (found["rows"][0]["before_per_10k"], found["rows"][1]["now_per_10k"]) == (4.0, None)


@pytest.mark.parametrize("by", ["grids", "categories", "pairs", "level"])
def test_rows_add_up(town: FlaskClient, by: str) -> None:
    found = get(town, "/api/compare", by=by, **JUNE)
    assert found["count"] == len(found["rows"])
    for side in ("now", "before"):
        outside = 0 if by == "categories" else found["outside"][side]
        rows = [row for row in found["rows"] if by != "level" or row["level"] == "grid"]
        assert sum(row[side] for row in rows) + outside == found["total"][side]


def test_categories_of_one_grid(town: FlaskClient) -> None:
    found = get(town, "/api/compare", by="categories", code="G1", **JUNE)
    assert {row["category"]: (row["now"], row["before"]) for row in found["rows"]} == {"theft": (1, 1), "noise": (0, 1)}
    answer = town.get("/api/compare", query_string={"by": "categories", "code": "none", "level": "grid"})
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (404, "unknown_grid")


def test_last_year_is_not_recorded(town: FlaskClient) -> None:
    found = get(town, "/api/compare", against="last_year", **JUNE)
    assert (found["state"], found["total"], found["rows"]) == ("before_not_covered", None, [])
    assert found["before"]["covered_days"] == 0


def test_the_first_window_is_covered_in_part(town: FlaskClient) -> None:
    found = get(town, "/api/compare", **{"from": "2024-05-31", "to": "2024-06-03"})
    assert found["before"]["partial"] and found["before"]["covered_days"] == 1.0
    assert found["total"]["expected"] == 3.0 * found["total"]["before"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"against": "custom"}, "against_from"),
        ({"against": "custom", "against_from": "2024-05-01"}, "against_to"),
        ({"against": "custom", "against_from": "2024-05-02", "against_to": "2024-05-01"}, "against_to"),
        ({"against": "tomorrow"}, "against"),
        ({"by": "people"}, "by"),
    ],
)
def test_what_cannot_be_compared_is_refused(town: FlaskClient, query: dict[str, Any], field: str) -> None:
    answer = town.get("/api/compare", query_string=query)
    assert answer.status_code == 400
    assert answer.get_json()["error"]["field"] == field


def test_the_map_shows_what_the_table_says(town: FlaskClient) -> None:
    rows = get(town, "/api/compare", **JUNE)["rows"]
    drawn = get(town, "/api/layers/change", **JUNE)
    assert [
        (one["properties"]["code"], one["properties"]["now"], one["properties"]["q"]) for one in drawn["features"]
    ] == [(row["code"], row["now"], row["q"]) for row in rows]


# Scores


@pytest.mark.parametrize("surface", ["heat", "grids"])
def test_a_town_with_six_incidents_has_no_score(town: FlaskClient, surface: str) -> None:
    found = get(town, "/api/score", surface=surface)
    assert (found["state"], found["at"], found["curve"]) == ("too_few", [], None)
    assert (found["build"]["incidents"], found["test"]["incidents"]) == (4, 0)
    assert found["test"]["outside"] == 1
    assert found["cells"]["area_km2"] == 2.0


def test_an_empty_store_has_nothing_to_compare_or_judge(client: FlaskClient) -> None:
    assert get(client, "/api/compare")["state"] == "no_dates"
    assert get(client, "/api/score")["state"] == "no_dates"
    assert get(client, "/api/score", surface="grids")["build"] is None


# Measures

MEASURE = {"code": "G1", "control": "G2", "date": "2024-06-01", "days_before": 2, "days_after": 2, "level": "grid"}


def test_a_measure_in_the_town(town: FlaskClient) -> None:
    # The grids share a border, so that the ring of one lies in the other: no control can be found or named.
    for control in ({}, {"control": "G2"}):
        query = {**{name: value for name, value in MEASURE.items() if name != "control"}, **control}
        answer = town.get("/api/displacement", query_string=query)
        assert answer.status_code == 400
        assert answer.get_json()["error"]["remedy"]


def test_a_measure_at_a_place(town: FlaskClient) -> None:
    query = {"lon": 24.9345, "lat": 60.1635, "place_m": 150, "ring_m": 50, "date": "2024-06-01", "level": "grid"}
    query |= {"days_before": 2, "days_after": 2}
    found = get(town, "/api/displacement", **query)
    assert (found["state"], found["control_by"], len(found["features"])) == ("ok", "similarity", 4)
    areas = {one["properties"]["area"]: one["properties"] for one in found["features"]}
    assert set(areas) == {"treated", "control", "ring", "control_ring"}
    assert areas["treated"]["area_km2"] == pytest.approx(0.0707, rel=0.01)
    signs = {"treated": 1, "control": -1, "ring": 1, "control_ring": -1}
    total = sum(sign * (areas[name]["after"] - areas[name]["before"]) for name, sign in signs.items())
    assert found["total"]["estimate"] == pytest.approx(total)
    assert (found["before"]["days"], found["after"]["days"]) == (2.0, 2.0)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"date": ""}, "date"),
        ({"date": "yesterday"}, "date"),
        ({"code": ""}, "code"),
        ({"code": [f"g{i}" for i in range(51)]}, "code"),
        ({"days_before": "0"}, "days_before"),
        ({"ring_m": "1e9"}, "ring_m"),
        ({"code": "", "lat": "60", "lon": "x"}, "lon"),
    ],
)
def test_a_measure_that_cannot_be_judged_is_refused(town: FlaskClient, change: dict[str, Any], field: str) -> None:
    answer = town.get("/api/displacement", query_string={**MEASURE, **change})
    assert (answer.status_code, answer.get_json()["error"]["field"]) == (400, field)
