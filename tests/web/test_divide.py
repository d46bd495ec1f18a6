"""New divisions and road sections by API: drafted behind the page, beside today's, cancelled, taken away."""

from __future__ import annotations

import csv
import io
import threading
from typing import Any

import pytest
import shapely
from flask.testing import FlaskClient

from layers import divided
from tests.web.conftest import token
from tests.web.test_drafts import begin


def get(client: FlaskClient, url: str, status: int = 200, **query: Any) -> Any:
    answer = client.get(url, query_string={"lang": "en", **query})
    assert answer.status_code == status, answer.get_data(as_text=True)
    return answer.get_json()


def test_a_division_stands_beside_todays(town: FlaskClient) -> None:
    found = get(town, "/api/divide", parent="D1", count=4, w_incidents=0, w_population=0, w_streets=0)
    draft, today = found["draft"], found["today"]
    assert (today["count"], draft["count"]) == (2, 4)
    assert [one["code"] for one in today["grids"]] == ["G1", "G2"]
    assert [one["code"] for one in draft["grids"]] == ["G3", "G4", "G5", "G6"]
    assert draft["inequality"]["gini"] < 0.05
    # No grid of today has two heirs.
    heirs = [one["heir"] for one in draft["grids"] if one["heir"]]
    assert sorted(heirs) == ["G1", "G2"]
    assert found["incidents"] == 5 == sum(one["incidents"] for one in draft["grids"])
    assert sum(one["area_m2"] for one in draft["grids"]) == pytest.approx(2e6, rel=1e-6)
    # Shared out by area to compare; the grids themselves have no figure where nobody has counted.
    assert sum(one["population"] for one in draft["grids"]) == pytest.approx(5000, abs=2)
    assert sum(one["streets_m"] for one in draft["grids"]) == pytest.approx(2000, rel=1e-6)
    assert {one["team"] for one in draft["grids"]} == {"Team 1", None}
    shapes = [shapely.geometry.shape(one["geometry"]) for one in found["features"]]
    assert len(shapes) == 4 and all(shape.is_valid for shape in shapes)
    assert [one["properties"]["code"] for one in found["features"]] == [one["code"] for one in draft["grids"]]
    assert found["moved"] <= found["incidents"] and found["moved_team"] is not None


def test_without_a_number_there_are_as_many_as_today(town: FlaskClient) -> None:
    assert get(town, "/api/divide", parent="D1")["draft"]["count"] == 2
    assert get(town, "/api/divide", parent="D1", target_m2=400_000)["draft"]["count"] == 5


@pytest.mark.parametrize(
    ("query", "status"),
    [({}, 400), ({"parent": "nowhere"}, 404), ({"level": "district"}, 400), ({"parent": "D1", "count": -1}, 400),
     ({"parent": "D1", "count": "x"}, 400), ({"parent": "D1", "target_m2": "1e99"}, 400)],
)  # fmt: skip
def test_what_cannot_be_drafted_is_refused_at_once(town: FlaskClient, query: dict[str, Any], status: int) -> None:
    assert "error" in get(town, "/api/divide", status, **query)


def test_a_long_draft_tells_how_far_it_is_and_can_be_cancelled(
    town: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(*given: Any) -> Any:
        from geo.parallel import Cancelled

        *_, progress, cancelled = given
        progress(0.25, "blocks")
        begun.set()
        while not go_on.wait(0.02):
            if cancelled():
                raise Cancelled
        raise AssertionError

    monkeypatch.setattr(divided, "_draft", slow)
    query = {"parent": "D1", "count": 3, "wait_s": 0}
    get(town, "/api/divide", 202, **query)
    assert begun.wait(30)
    told = get(town, "/api/divide", 202, **query)["meta"]
    assert (told["state"], told["computing"]["progress"]) == ("computing", 0.25)
    assert "blocks" in told["computing"]["step"]
    assert town.post("/api/divide/cancel", query_string=query).status_code == 403
    ended = town.post("/api/divide/cancel", query_string=query, headers=token(town))
    assert ended.get_json() == {"state": "cancelled"}
    # It is not begun again unless somebody asks for that.
    assert get(town, "/api/divide", **query)["meta"]["state"] == "cancelled"
    monkeypatch.undo()
    assert get(town, "/api/divide", **(query | {"wait_s": 60, "again": 1}))["draft"]["count"] == 3


def test_an_empty_store_has_nothing_to_divide(client: FlaskClient) -> None:
    assert "error" in get(client, "/api/divide", 400)
    assert get(client, "/api/sections")["sections"] == []


def test_sections_name_the_grids_they_run_along(town: FlaskClient) -> None:
    found = get(town, "/api/sections", section_m=500)
    assert found["total"] == 1  # one street without a crossing is not cut
    one = found["sections"][0]
    assert one["name"] == "主街" and one["length_m"] == pytest.approx(2000, abs=0.1)
    assert [(grid["code"], grid["metres"]) for grid in one["grids"]] == [("G1", 1000.0), ("G2", 1000.0)]
    assert one["incidents"] == 0 or one["incidents"] <= 5
    rows = list(csv.DictReader(io.StringIO(
        town.get("/api/tables/sections.csv?lang=en").get_data(as_text=True).lstrip("\ufeff"))))  # fmt: skip
    assert [row["Grid"] for row in rows] == ["G1", "G2"]
    layer = get(town, "/api/layers/sections")
    assert layer["features"][0]["properties"]["length_m"] == pytest.approx(2000, abs=0.1)


def test_the_division_becomes_a_step_of_a_draft_and_then_todays(user: FlaskClient) -> None:
    query = {"level": "grid", "parent": "D1", "count": 3, "w_incidents": 0, "w_population": 0}
    shown = get(user, "/api/divide", **query)["draft"]["grids"]
    work = begin(user)
    work.step("divide", **query)
    assert set(work.sides("before")) == {"G1", "G2"}
    after = work.sides("after")
    assert sorted(after) == [one["code"] for one in shown]
    assert all(one["properties"]["population"] is None for one in after.values())
    work.act("undo")
    assert not work.found["grids"]["features"]
    work.act("redo")
    work.act("submit", reason="even work")
    work.act("approve", reason="agreed")
    listed = get(user, "/api/grids", level="grid")["grids"]
    assert sorted(one["code"] for one in listed) == ["G3", "G4", "G5"]
    assert sum(one["incidents"] for one in listed) == 5
