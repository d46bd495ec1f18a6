"""/api/rhythm and /api/profile agree with the figures of /api/density, whatever the filters."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.web.test_api import get

CHOICES = st.fixed_dictionaries(
    {},
    optional={
        "from": st.sampled_from(["2024-05-30", "2024-05-31", "2024-06-02T08:00"]),
        "to": st.sampled_from(["2024-06-03", "2024-06-02T09:00"]),
        "category": st.lists(st.sampled_from(["theft", "noise", "none"]), max_size=2),
        "hours": st.sampled_from(["8", "22-5", "0", "23"]),
        "weekdays": st.sampled_from(["1-5", "6,7", "4"]),
        "level": st.sampled_from(["grid", "district"]),
    },
)
FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(query=CHOICES)
@FEW
def test_the_matrix_and_its_unknown_are_all_that_is_selected(town: FlaskClient, query: dict[str, Any]) -> None:
    found = get(town, "/api/rhythm", **query)
    without = {name: value for name, value in query.items() if name not in ("hours", "weekdays")}
    assert sum(map(sum, found["matrix"]["counts"])) + found["matrix"]["unknown"] == found["matrix"]["total"]
    assert found["matrix"]["total"] == get(town, "/api/density", **without)["total"]
    assert sum(row["incidents"] for row in found["months"]) + found["unknown"] == found["total"]
    assert found["total"] == get(town, "/api/density", **query)["total"]


@given(query=CHOICES)
@FEW
def test_a_profile_counts_as_the_density_s_row(town: FlaskClient, query: dict[str, Any]) -> None:
    every = get(town, "/api/density", **query)
    for row in every["grids"]:
        found = get(town, "/api/profile", code=row["code"], **query)
        for name in ("code", "name", "incidents", "per_km2", "per_10k"):
            assert found[name] == (pytest.approx(row[name]) if isinstance(row[name], float) else row[name])
        assert (found["total"], found["outside"]) == (every["total"], every["outside"])
        assert sum(one["count"] for one in found["categories"]) == row["incidents"]
        one = get(town, "/api/rhythm", code=row["code"], **query)
        assert one["total"] == row["incidents"]
        # The trend is of the whole record: the window only marks it.
        whole = {name: value for name, value in query.items() if name not in ("from", "to")}
        (same,) = [other for other in get(town, "/api/density", **whole)["grids"] if other["code"] == row["code"]]
        assert found["trend"]["total"] + found["trend"]["beyond"] == same["incidents"]


def test_the_matrix_of_the_town(town: FlaskClient) -> None:
    found = get(town, "/api/rhythm", hours="8")
    counts = found["matrix"]["counts"]
    # Shanghai: Friday 00 h, Thursday 23 h, then Saturday to Monday at 8 h.
    assert {(d + 1, h): counts[d][h] for d in range(7) for h in range(24) if counts[d][h]} == {
        (5, 0): 1, (4, 23): 1, (6, 8): 1, (7, 8): 1, (1, 8): 1}  # fmt: skip
    assert (found["matrix"]["unknown"], found["matrix"]["days"]) == (1, [1, 0, 0, 1, 1, 1, 1])
    assert [row["incidents"] for row in found["weekdays"]] == [1, 0, 0, 0, 0, 1, 1]
    assert found["weekdays"][1]["per_day"] is None
    assert [(row["month"], row["incidents"], row["days"], row["partial"]) for row in found["months"]] == [
        (5, 0, 2, True), (6, 3, 3, True)]  # fmt: skip
    assert found["mean_year"][5] == pytest.approx(1.0)
    assert found["meta"]["hours"] == [8]


def test_the_profile_of_a_grid(town: FlaskClient) -> None:
    found = get(town, "/api/profile", code="G1", wait_s=0)
    assert (found["team"], found["parent"]["code"], found["population"]) == ("Team 1", "D1", 5000)
    assert (found["incidents"], found["rank"], found["grids"], found["share"]) == (4, 1, 2, pytest.approx(4 / 6))
    area = found["against"]["area"]
    assert (area["expected"], area["ratio"]) == (pytest.approx(2.5), pytest.approx(1.6))
    assert area["low"] == pytest.approx(1.0899 / 2.5, abs=1e-3)
    assert [one["code"] for one in found["neighbours"]] == ["G2"]
    assert (found["cameras"]["count"], found["cameras"]["listed"][0]["id"]) == (1, "c1")
    assert found["findings"] == {"near_m": 15.0, "differs": 1, "recorded_here": 0, "near_border": 1, "incidents": 2}
    west, south, east, north = found["bounds"]
    assert 24.9 < west < east < 25.05 and 60.1 < south < north < 60.2
    other = get(town, "/api/profile", code="G2")
    assert (other["findings"]["recorded_here"], other["against"]["population"], other["team"]) == (1, None, None)
    above = get(town, "/api/profile", level="district", code="D1")
    assert (above["neighbours"], above["parent"], above["children"]) == ([], None, 2)


def test_the_profile_says_how_its_coverage_stands(town: FlaskClient) -> None:
    before = get(town, "/api/profile", code="G1", assumed_range_m="61")["coverage"]
    assert (before["state"], before["areas"]) == ("none", None)
    get(town, "/api/coverage", assumed_range_m="61", wait_s="60")
    after = get(town, "/api/profile", code="G1", assumed_range_m="61")["coverage"]
    row = get(town, "/api/coverage", assumed_range_m="61")["grids"][0]
    assert (after["state"], after["stale"]) == ("ready", False)
    for name in ("open_m2", "certain_m2", "possible_m2", "blind_m2"):
        assert after["areas"][name] == pytest.approx(row[name], abs=1e-2)


@pytest.mark.parametrize(
    ("url", "status", "code"),
    [
        ("/api/profile", 400, "parameter"),
        ("/api/profile?code=G9", 404, "unknown_grid"),
        ("/api/profile?code=D1", 404, "unknown_grid"),
        ("/api/profile?code=G1&level=none", 404, "unknown_level"),
        ("/api/rhythm?code=G9", 404, "unknown_grid"),
    ],
)
def test_an_unknown_grid_is_told_with_a_remedy(town: FlaskClient, url: str, status: int, code: str) -> None:
    answer = town.get(url)
    assert answer.status_code == status
    assert answer.get_json()["error"]["code"] == code
    assert answer.get_json()["error"]["remedy"]


def test_an_empty_store_has_an_empty_rhythm(client: FlaskClient) -> None:
    found = get(client, "/api/rhythm")
    assert (found["matrix"]["total"], found["months"], found["total"]) == (0, [], 0)
    assert client.get("/api/profile?code=x").status_code == 404
