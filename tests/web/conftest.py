"""A small town with figures known by hand, and clients of the application that serves it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from layers.warming import warm
from settings import Settings
from store.batch import Batch, Provenance
from store.schema import LAYERS, Kind
from store.store import Store

CRS = "EPSG:32635"
X0, Y0 = 385_000.0, 6_671_000.0  # central Helsinki
SCRIPT = '<img src=x onerror="alert(1)">${alert(2)}`'

Write = Callable[..., None]


def batch(layer: str, geometry: list[Any] | None = None, x: Any = None, y: Any = None, **columns: list[Any]) -> Batch:
    """Return a batch of canonical columns; absent ones are missing."""
    rows = len(next(iter(columns.values())))
    arrays: dict[str, Any] = {}
    for column in LAYERS[layer].columns:
        given = columns.get(column.name)
        match column.kind:
            case Kind.TEXT | Kind.CODE:
                arrays[column.name] = np.array(given or [None] * rows, dtype=object)
            case Kind.BOOL:
                arrays[column.name] = np.array(given or [-1] * rows, dtype=np.int8)
            case Kind.TIME:
                arrays[column.name] = np.array(given or ["NaT"] * rows, dtype="datetime64[ms]")
            case _:
                arrays[column.name] = np.array(given or [np.nan] * rows, dtype=np.float64)
    shapes = None
    if geometry is not None:
        shapes = np.array(geometry, dtype=object)
    point = [None if values is None else np.array(values, dtype=np.float64) for values in (x, y)]
    return Batch(layer, CRS, arrays, shapes, point[0], point[1])


def square(column: float, row: float, width: float = 1.0, height: float = 1.0) -> shapely.MultiPolygon:
    """Return a rectangle in kilometres from the corner of the town."""
    x, y = X0 + 1000 * column, Y0 + 1000 * row
    return shapely.MultiPolygon([shapely.box(x, y, x + 1000 * width, y + 1000 * height)])


def fill(store: Store, timezone: str = "Asia/Shanghai") -> None:
    """Write the town: one district of two square kilometres, two grids, six incidents, two cameras."""

    def write(found: Batch, **facts: Any) -> None:
        store.write(found, "append", Provenance(f"{found.layer}.csv", timezone=timezone, **facts))

    write(batch(
        "grids", [square(0, 0, 2, 1), square(0, 0), square(1, 0)], code=["D1", "G1", "G2"],
        name=["District", "West", SCRIPT], level=["district", "grid", "grid"], parent=[None, "D1", "D1"],
        team=[None, "Team 1", None], population=[np.nan, 5000, 0],
    ))  # fmt: skip
    write(
        batch(
            "incidents", x=[X0 + 100, X0 + 200, X0 + 1500, X0 + 1000, X0 + 5000, X0 + 700],
            y=[Y0 + 100, Y0 + 200, Y0 + 500, Y0 + 500, Y0 + 500, Y0 + 700],
            id=["a", "b", "c", "edge", "far", "undated"], category=["theft", "noise", "theft", "theft", "theft", None],
            occurred_at=["2024-05-30T16:00", "2024-05-30T15:59:59.999", "2024-06-01", "2024-06-02", "2024-06-03",
                         "NaT"],
            grid_code=["G1", "G2", "G2", "G1", None, "G1"], status=["open", None, None, None, None, None],
        ),
        simulated=True,
    )  # fmt: skip
    write(batch(
        "cameras", x=[X0 + 500, X0 + 1500], y=[Y0 + 500, Y0 + 500], id=["c1", "c2"], name=["Gate", SCRIPT],
        kind=["fixed", "ptz"], azimuth_deg=[90, np.nan], hfov_deg=[60, np.nan], range_m=[100, np.nan], online=[1, 0],
    ))  # fmt: skip
    write(batch("buildings", [square(0.52, 0.48, 0.02, 0.04)], id=["b1"], height_m=[12.0]))
    line = shapely.MultiLineString([[(X0, Y0 + 500), (X0 + 2000, Y0 + 500)]])
    write(batch("streets", [line], id=["s1"], name=["主街"], kind=["primary"]))
    write(batch("places", [shapely.Point(X0 + 300, Y0 + 300)], id=["p1"], name=[SCRIPT], kind=["school"]))
    write(batch("zones", [square(0.1, 0.1, 0.1, 0.1)], id=["z1"], name=["Pond"], kind=["water"]))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(store=str(tmp_path / "atlas.gpkg"), instance=tmp_path, upload_limit_bytes=4 << 20)


def _serve(settings: Settings) -> Iterator[Flask]:
    app = create_app(settings)
    yield app
    app.extensions["atlas"].close()


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """The application over a store that does not exist yet."""
    yield from _serve(settings)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture(scope="session")
def compiled() -> None:
    """Let no test of a request wait for the compiler."""
    warm()


@pytest.fixture(scope="session")
def town_app(compiled: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The application over the town; tests that change it take `changing`."""
    folder = tmp_path_factory.mktemp("town")
    with Store.open(folder / "atlas.gpkg") as store:
        fill(store)
    yield from _serve(Settings(store=str(folder / "atlas.gpkg"), instance=folder))


@pytest.fixture
def town(town_app: Flask) -> FlaskClient:
    return town_app.test_client()


@pytest.fixture
def english(compiled: None, settings: Settings) -> Iterator[Flask]:
    """The application over a town of its own, in English."""
    with Store.open(settings.store) as store:
        fill(store)
    yield from _serve(replace(settings, lang="en"))


@pytest.fixture
def user(english: Flask) -> FlaskClient:
    return english.test_client()


def token(client: FlaskClient) -> dict[str, str]:
    """Return the headers of a changing request."""
    return {"X-CSRF-Token": client.get("/api/csrf").get_json()["token"]}
