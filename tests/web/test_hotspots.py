"""The answer of /api/hotspots: the figures of the map, a sentence for each place, a reason and a remedy."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from flask.testing import FlaskClient

from app import create_app
from layers.base import Params
from layers.hotspot_params import HotspotParams
from settings import Settings
from store.batch import Provenance
from store.store import Store
from tests.layers.factory import X0 as FX
from tests.layers.factory import Y0 as FY
from tests.layers.factory import layer, snapshot, town
from tests.web.conftest import X0, Y0, batch, square
from web.hotspots import PATTERNS, hotspots_answer, odds, rounded

SIDE = 6


def fill(store: Store) -> None:
    """Write a city of 36 square kilometres, whose middle is on fire in the last two weeks."""
    rng = np.random.default_rng(3)
    at = [(c, r) for c in range(SIDE) for r in range(SIDE)]
    grids = batch(
        "grids",
        [square(0, 0, SIDE, SIDE), *(square(c, r) for c, r in at)],
        code=["C", *(f"G{c}{r}" for c, r in at)],
        name=["City", *(f"Grid {c}{r}" for c, r in at)],
        level=["city", *["grid"] * len(at)],
        parent=[None, *["C"] * len(at)],
        population=[np.nan, *rng.integers(50, 5000, len(at)).astype(float).tolist()],
    )
    store.write(grids, "append", Provenance("grids.csv", timezone="Asia/Shanghai"))
    n, more = 700, 260
    place = rng.integers(0, SIDE * SIDE, n)
    x = np.concatenate([X0 + 1000 * (place % SIDE + rng.random(n)), X0 + 2100 + 1800 * rng.random(more)])
    y = np.concatenate([Y0 + 1000 * (place // SIDE + rng.random(n)), Y0 + 2100 + 1800 * rng.random(more)])
    end = np.datetime64("2025-06-01T00:00", "ms")
    days = np.concatenate([rng.random(n) * 83.0, rng.random(more) * 13.5])
    when = end - (days * 86_400_000).astype("timedelta64[ms]")
    incidents = batch("incidents", x=x.tolist(), y=y.tolist(), id=[str(k) for k in range(n + more)],
                      category=["noise"] * (n + more), occurred_at=when.tolist())  # fmt: skip
    store.write(incidents, "append", Provenance("incidents.csv", timezone="Asia/Shanghai"))


@pytest.fixture(scope="module")
def city(compiled: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    folder = tmp_path_factory.mktemp("hotspots")
    with Store.open(folder / "atlas.gpkg") as store:
        fill(store)
    app = create_app(Settings(store=str(folder / "atlas.gpkg"), instance=folder))
    yield app.test_client()
    app.extensions["atlas"].close()


def ask(client: FlaskClient, **query: Any) -> dict[str, Any]:
    answer = client.get("/api/hotspots", query_string={"lang": "en", **query})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    found: dict[str, Any] = json.loads(answer.data)
    return found


def test_the_fire_stands_first_and_is_told_in_words(city: FlaskClient) -> None:
    found = ask(city, unit="grid")
    first = found["places"][0]
    assert first["code"] in {"G22", "G23", "G32", "G33"}
    assert first["kind"] == "hot-consecutive"
    assert first["significant"]
    assert re.fullmatch(
        r"\d+ in 12 weeks where [\d.]+ were expected\. With the 8 places around it \d+ where [\d.]+ were expected\. "
        r"Unlikely by chance \(about 1 in [\d,]+\+?\): a hot spot\. "
        r"Consecutive: a hot spot in the last 2 steps without a break, never before\.",
        first["explanation"],
    )
    assert first["explanation"].startswith(f"{first['count']} in 12 weeks where {rounded(first['expected'])} were")


def test_it_speaks_the_readers_language(city: FlaskClient) -> None:
    first = ask(city, unit="grid", lang="zh")["places"][0]
    assert re.fullmatch(
        r"12 周内 \d+ 起，预期 [\d.]+ 起。连同相邻的 8 个单元共 \d+ 起，预期 [\d.]+ 起。"
        r"不像是偶然（约 [\d,]+\+? 次中 1 次）：热点。连续：最近 2 步一直是热点，此前从未出现。",
        first["explanation"],
    )


@pytest.mark.parametrize("unit", ["grid", "hex", "square"])
def test_the_map_shows_the_same_figures(city: FlaskClient, unit: str) -> None:
    query = {"unit": unit, "lang": "en"}
    found = ask(city, **query)
    shown = city.get("/api/layers/hotspots", query_string=query).get_json()
    features = {feature["properties"]["code"]: feature["properties"] for feature in shown["features"]}
    assert len(features) == len(found["places"]) == found["listed"]
    for place in found["places"]:
        same = features[place["code"]]
        assert all(same[name] == place[name] for name in place if name not in ("lon", "lat", "explanation"))
    for name in ("tested", "significant", "hot", "cold", "expected_false", "total", "outside", "patterns"):
        assert shown["meta"][name] == found[name]


def test_totals_are_those_of_the_places(city: FlaskClient) -> None:
    found = ask(city, q="0.1")
    places = found["places"]
    assert found["significant"] == sum(place["significant"] for place in places) == found["hot"] + found["cold"]
    assert found["expected_false"] == pytest.approx(0.1 * found["significant"])
    assert found["total"] == sum(place["count"] for place in places) + found["outside"] == 960
    assert found["size_m"] == 300.0
    assert all((place["q"] <= 0.1) == place["significant"] for place in places)
    assert sum(place["expected"] for place in places) == pytest.approx(sum(place["count"] for place in places))


def test_a_stricter_level_finds_no_more(city: FlaskClient) -> None:
    found = [ask(city, q=q)["significant"] for q in (0.001, 0.01, 0.05, 0.25)]
    assert found == sorted(found)
    assert found[-1] > 0


def test_rates_are_steadied(city: FlaskClient) -> None:
    places = ask(city, unit="grid", metric="per_10k")["places"]
    assert all(place["eb_per_10k"] > 0 and place["eb_local_per_10k"] > 0 for place in places)
    assert all(place["eb_per_10k"] is None for place in ask(city, unit="hex")["places"])


def test_few_are_listed_when_few_are_wanted(city: FlaskClient) -> None:
    every, few = ask(city)["places"], ask(city, limit=5)
    assert few["places"] == every[:5]
    assert few["listed"] == len(every)
    assert ask(city, limit=0)["places"] == []


def test_a_place_lies_in_its_polygon(city: FlaskClient) -> None:
    places = {place["code"]: place for place in ask(city, unit="hex", size_m=800)["places"]}
    for feature in city.get("/api/layers/hotspots?unit=hex&size_m=800").get_json()["features"]:
        place = places[feature["properties"]["code"]]
        assert shapely.contains_xy(shapely.geometry.shape(feature["geometry"]), place["lon"], place["lat"])


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"unit": "grid", "level": "city"}, "few_units"),
        ({"from": "2025-05-30", "to": "2025-06-01"}, "short_window"),
        ({"category": "none such"}, "few_incidents"),
    ],
)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_cannot_be_tested_says_what_to_do(
    city: FlaskClient, query: dict[str, str], reason: str, lang: str
) -> None:
    found = ask(city, **{**query, "lang": lang})
    assert found["reason"]["code"] == reason
    assert found["reason"]["message"] and found["reason"]["remedy"]
    assert bool(re.search("[\u4e00-\u9fff]", found["reason"]["remedy"])) == (lang == "zh")
    assert found["tested"] == found["significant"] == 0
    assert all(place["z"] is place["p"] is place["expected"] is None for place in found["places"])


def test_an_empty_store_says_what_to_do(client: FlaskClient) -> None:
    found = ask(client)
    assert found["reason"]["code"] == "no_grids"
    assert found["places"] == []


def test_a_new_hot_spot_is_listed_before_what_could_be_chance() -> None:
    """One week of eleven makes a place new, though over all of them it is not out of the ordinary."""
    rng = np.random.default_rng(2)
    end, n, more = np.datetime64("2026-11-01", "ms"), 2600, 70
    days = np.concatenate([rng.random(n) * 77, rng.random(more) * 6.9])
    x = np.concatenate([FX + rng.random(n) * 400, FX + 180 + rng.random(more) * 100])
    y = np.concatenate([FY + rng.random(n) * 400, FY + 180 + rng.random(more) * 100])
    incidents = layer("incidents", n + more, x=x, y=y, id=[str(k) for k in range(n + more)],
                      category=["noise"] * (n + more),
                      occurred_at=end - (days * 86_400_000).astype("timedelta64[ms]"))  # fmt: skip
    now = snapshot({"grids": town(0)["grids"], "incidents": incidents})
    params = Params(end=end, hotspots=HotspotParams("square", 50.0, steps=11, q=0.01))
    places = hotspots_answer(now, params, 100, str)["places"]
    kinds = [place["kind"] for place in places]
    first_none = kinds.index("none")
    assert "hot-new" in kinds
    assert set(kinds[first_none:]) == {"none"}
    assert max(place["p"] for place in places[:first_none]) > places[first_none]["p"]


def test_few_steps_have_no_patterns(city: FlaskClient) -> None:
    found = ask(city, steps=4)
    assert not found["patterns"]
    assert {place["category"] for place in found["places"]} == {"none"}
    assert all(place["tau"] is None for place in found["places"])
    assert any(place["kind"] == "hot" for place in found["places"])


def test_fewer_steps_than_asked_are_told(city: FlaskClient) -> None:
    found = ask(city, **{"steps": 100})
    assert (found["steps"], found["steps_asked"]) == (12, 100)
    assert len(found["edges"]) == 13


@pytest.mark.parametrize(
    "query",
    [{"unit": "circle"}, {"size_m": "49"}, {"size_m": "nan"}, {"steps": "0"}, {"steps": "1.5"}, {"q": "0"},
     {"q": "0.3"}, {"step": "day"}, {"limit": "-1"}],
)  # fmt: skip
def test_a_wrong_wish_is_refused_with_its_name(city: FlaskClient, query: dict[str, str]) -> None:
    answer = city.get("/api/hotspots", query_string=query)
    assert answer.status_code == 400
    assert json.loads(answer.data)["error"]["field"] == next(iter(query))


def test_cells_that_would_be_too_many_are_refused_with_a_size(tmp_path: Path) -> None:
    with Store.open(tmp_path / "atlas.gpkg") as store:
        store.write(batch("grids", [square(0, 0, 60, 60)], code=["C"], name=["C"], level=["city"]), "append",
                    Provenance("grids.csv", timezone="UTC"))  # fmt: skip
    app = create_app(Settings(store=str(tmp_path / "atlas.gpkg"), instance=tmp_path))
    try:
        answer = app.test_client().get("/api/hotspots?size_m=50&lang=en")
        assert answer.status_code == 400
        assert "Give a size of at least" in answer.get_json()["error"]["remedy"]
    finally:
        app.extensions["atlas"].close()


def test_every_pattern_has_its_sentence() -> None:
    from geo.emerging import PATTERNS as WORDS

    assert set(PATTERNS) == {f"{side}-{one}" for side in ("hot", "cold") for one in WORDS}


@pytest.mark.parametrize(
    ("p", "said"), [(1.0, "1"), (0.3, "3"), (0.011, "91"), (0.00247, "400"), (1e-6, "1,000,000+"), (0, "1,000,000+")]
)
def test_chances_are_told_in_two_digits(p: float, said: str) -> None:
    assert odds(p) == said
