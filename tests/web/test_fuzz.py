"""Whatever a query says, the answer is a result or a refusal in the one shape, never a fault."""

from __future__ import annotations

import json

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from layers import REGISTRY
from web.api_takeaway import MEDIA

URLS = [
    "/api/status", "/api/density", "/api/grids", "/api/assignment", "/api/coverage", "/api/cameras", "/api/imports",
    "/api/coverage/status", "/api/blindspots", "/api/views", "/api/seen-by", "/api/inventory", "/api/fragility",
    "/api/rhythm", "/api/profile", "/api/heat/value", "/api/heat/bandwidth",
    "/api/picture.png",
    "/api/rhythm", "/api/profile",
    "/api/picture.png", "/api/bulletin.xlsx", "/api/tables/density.csv", "/api/tables/assignment.xlsx",
    "/api/tables/profile.csv",
    "/api/tables/displacement.xlsx", "/api/tables/live.csv", "/api/tables/alerts.xlsx",
    "/api/compare", "/api/score", "/api/hotspots",
    "/api/displacement",
    "/api/incidents/since", "/api/alerts",
    "/tiles/heat/3/4/2.png", "/tiles/base/3/4/2.png", *(f"/api/layers/{name}" for name in REGISTRY),
]  # fmt: skip
FILES = ("image/png", *MEDIA.values())
NUMBERS = st.one_of(
    st.floats().map(str), st.integers().map(str), st.sampled_from(["", "1e400", "-0", "٣", " 5 ", "0x10"])
)
TEXTS = st.text(max_size=30)
TIMES = st.one_of(
    TEXTS, st.datetimes().map(str), st.dates().map(str), st.sampled_from(["0001-01-01", "9999-12-31T23:59"])
)
QUERY = st.fixed_dictionaries(
    {},
    optional={
        "level": st.one_of(TEXTS, st.sampled_from(["grid", "district"])),
        "parent": TEXTS,
        "code": st.one_of(TEXTS, st.sampled_from(["G1", "D1"])),
        "from": TIMES,
        "to": TIMES,
        "scale_from": TIMES,
        "scale_to": TIMES,
        "category": st.lists(TEXTS, max_size=3),
        "bbox": st.one_of(TEXTS, st.lists(NUMBERS, min_size=3, max_size=5).map(",".join)),
        "zoom": NUMBERS,
        "near_m": NUMBERS,
        "assumed_range_m": st.sampled_from(["50", "-1", "x", "1001"]),
        "edition": st.one_of(TEXTS, st.sampled_from(["2014", "2025"])),
        "task": st.one_of(TEXTS, st.sampled_from(["detect", "range"])),
        "target_height_m": st.sampled_from(["1.6", "100.1", "x", "nan"]),
        "target_online": NUMBERS,
        "wait_s": st.sampled_from(["0", "20", "-1", "nan"]),
        "camera": st.one_of(TEXTS, st.just("c1")),
        "lon": st.one_of(NUMBERS, st.just("24.94")),
        "lat": st.one_of(NUMBERS, st.just("60.16")),
        "line": st.one_of(TEXTS, st.lists(st.lists(NUMBERS, min_size=1, max_size=3).map(",".join)).map(";".join)),
        "radius_m": NUMBERS,
        "limit": NUMBERS,
        "unit": st.one_of(TEXTS, st.sampled_from(["grid", "hex", "square"])),
        "size_m": st.one_of(NUMBERS, st.sampled_from(["50", "250", "10000"])),
        "step": st.one_of(TEXTS, st.sampled_from(["week", "month"])),
        "steps": st.one_of(NUMBERS, st.sampled_from(["1", "12", "120"])),
        "q": st.one_of(NUMBERS, st.sampled_from(["0.001", "0.1", "0.25"])),
        "scale": st.sampled_from(["1", "2", "3"]),
        "against": st.one_of(TEXTS, st.sampled_from(["previous", "last_year", "custom"])),
        "against_from": TIMES,
        "against_to": TIMES,
        "control": TEXTS,
        "date": TIMES,
        "days_before": NUMBERS,
        "days_after": NUMBERS,
        "ring_m": NUMBERS,
        "place_m": NUMBERS,
        "surface": st.sampled_from(["heat", "grids", "x"]),
        "by": st.one_of(TEXTS, st.sampled_from(["categories", "pairs", "level"])),
        "metric": st.one_of(TEXTS, st.just("count")),
        "method": st.one_of(TEXTS, st.sampled_from(["equal", "fisher_jenks"])),
        "hours": st.one_of(TEXTS, st.sampled_from(["8", "22-5", "24"])),
        "weekdays": st.one_of(TEXTS, st.sampled_from(["6,7", "1-5", "0"])),
        "lang": TEXTS,
        "layers": st.one_of(TEXTS, st.just("density,heat")),
        "centre": st.one_of(TEXTS, st.just("60.16,24.94")),
        "title": TEXTS,
        "month": st.one_of(TEXTS, st.sampled_from(["2024-05", "2024-13", "0001-01"])),
        "sort": st.one_of(TEXTS, st.just("code")),
    },
)


@pytest.mark.parametrize("url", URLS)
@given(query=QUERY)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_query_is_answered(town: FlaskClient, url: str, query: dict[str, str]) -> None:
    small = {"width": "480", "height": "360"} if url == "/api/picture.png" else {}
    answer = town.get(url, query_string={**small, **query})
    assert answer.status_code in (200, 202, 400, 404), answer.get_data(as_text=True)
    if answer.mimetype in FILES:
        assert answer.status_code == 200 and answer.data
    else:
        found = json.loads(answer.data, parse_constant=lambda text: pytest.fail(f"{text} is not JSON"))
        assert ("error" in found) == (answer.status_code >= 400 or (url.endswith("/status") and "state" in found))
