"""The heat map's figures follow the choice, agree with the picture's scale, and say what is left out."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from PIL import Image

from geo.crs import lonlat
from geo.heat import surface
from geo.heat_boundary import Boundary, city_boundary
from tests import oracles
from tests.web.conftest import CRS, X0, Y0, square
from tests.web.test_api import get

TILE = "/tiles/heat/13/4663/2371.png"
INSIDE = np.array([X0, Y0]) + np.array([[100, 100], [200, 200], [1500, 500], [1000, 500], [700, 700]])


def at(x: float, y: float) -> dict[str, float]:
    lon, lat = lonlat(np.array([x]), np.array([y]), CRS)
    return {"lon": float(lon[0]), "lat": float(lat[0])}


@pytest.mark.parametrize("kernel", ["quartic", "gaussian"])
@pytest.mark.parametrize("place", [(X0 + 150, Y0 + 160), (X0 + 3, Y0 + 500), (X0 + 1010, Y0 + 505)])
def test_the_value_is_the_corrected_sum_of_kernels(town: FlaskClient, kernel: str, place: tuple[float, float]) -> None:
    found = get(town, "/api/heat/value", **at(*place), kernel=kernel, radius_m=300)
    area = square(0, 0, 2, 1)
    exact = oracles.heat_at(*INSIDE.T, *(np.array([one]) for one in place), name=kernel, radius_m=300, area=area)
    assert found["per_km2"] == pytest.approx(exact[0], rel=0.005, abs=1e-6)
    assert found["inside"] and found["unit"] == "incidents per km2"
    legend = get(town, "/api/layers/heat", kernel=kernel, radius_m=300)
    assert found["share_of_peak"] == pytest.approx(found["per_km2"] / legend["meta"]["highest_per_km2"])


def test_outside_the_city_nothing_is_claimed(town: FlaskClient) -> None:
    found = get(town, "/api/heat/value", **at(X0 + 5000, Y0 + 500))  # where an incident outside lies
    assert (found["per_km2"], found["inside"], found["share_of_peak"]) == (None, False, None)
    meta = get(town, "/api/layers/heat")["meta"]
    assert (meta["selected"], meta["outside"], meta["shown"], meta["edge_corrected"]) == (6, 1, 5, True)


def test_every_filter_changes_value_scale_and_picture_alike(town: FlaskClient) -> None:
    place = at(X0 + 150, Y0 + 160)
    for query in ({"category": "theft"}, {"from": "2024-05-31"}, {"hours": "0"}, {"weekdays": "5"}, {}):
        value = get(town, "/api/heat/value", **place, **query)["per_km2"]
        shown = get(town, "/api/layers/heat", **query)["meta"]["shown"]
        picture = np.asarray(Image.open(io.BytesIO(town.get(TILE, query_string=query).data)))
        assert (picture.max() > 0) == (shown > 0)
        if shown:
            assert picture.max() == 255  # the peak lies in this tile
        chosen = town.get("/api/density", query_string={"level": "district", **query}).get_json()["grids"][0]
        assert shown == chosen["incidents"]
        assert value >= 0


def test_a_store_without_severity_says_so(town: FlaskClient) -> None:
    found = get(town, "/api/layers/heat", weight="severity", lang="en")
    assert (found["meta"]["shown"], found["meta"]["without_severity"], found["meta"]["highest_per_km2"]) == (0, 5, None)
    assert "5 without one are left out" in found["legend"]["note"]
    assert found["legend"]["unit"] == "severity per km²"
    assert get(town, "/api/heat/value", **at(X0 + 150, Y0 + 160), weight="severity")["per_km2"] == 0
    plain = Image.open(io.BytesIO(town.get(TILE, query_string={"weight": "severity"}).data))
    assert np.asarray(plain).max() == 0


def test_the_note_says_kernel_window_and_edge(town: FlaskClient) -> None:
    query = {"kernel": "gaussian", "radius_m": 75, "from": "2024-05-01", "to": "2024-06-02", "lang": "en"}
    note = get(town, "/api/layers/heat", **query)["legend"]["note"]
    assert "Gaussian kernel, standard deviation 75 m." in note
    assert "from 2024-05-01 until before 2024-06-02" in note
    assert "Corrected at the edge" in note


def test_the_bandwidth_of_too_few_incidents_is_not_chosen(town: FlaskClient, client: FlaskClient) -> None:
    for who in (town, client):
        found = get(who, "/api/heat/bandwidth")
        assert (found["state"], found["radius_m"], found["fewest"]) == ("too_few", None, 30)
    assert get(client, "/api/heat/value", lon=24.9, lat=60.1)["per_km2"] is None


@pytest.mark.parametrize(
    ("url", "field"),
    [
        ("/api/heat/value", "lon"),
        ("/api/heat/value?lon=24.9&lat=91", "lat"),
        ("/api/heat/value?lon=24.9&lat=60.1&kernel=box", "kernel"),
        ("/api/heat/bandwidth?kernel=cone", "kernel"),
        (f"{TILE}?ramp=jet", "ramp"),
        (f"{TILE}?weight=age", "weight"),
    ],
)
def test_what_cannot_be_asked_is_refused(town: FlaskClient, url: str, field: str) -> None:
    answer: Any = town.get(url)
    assert answer.status_code == 400
    assert answer.get_json()["error"]["field"] == field


def test_others_get_the_shown_surface(town: FlaskClient) -> None:
    """What another module evaluates with `geo.heat.surface` is what the page tells."""
    city = Boundary(city_boundary([square(0, 0, 2, 1)]))
    place = (X0 + 1010.0, Y0 + 505.0)
    value = surface(*INSIDE.T, *place, radius_m=300, boundary=city, exact=True)
    told = get(town, "/api/heat/value", **at(*place), radius_m=300)["per_km2"]
    assert told == pytest.approx(float(value), rel=1e-3)
