"""Small snapshots for the tests of the layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely

from geo.columns import Codes, LayerColumns, Snapshot
from store.schema import LAYERS, Kind

CRS = "EPSG:32635"
X0, Y0, CELL = 385_000.0, 6_671_000.0, 100.0


def codes(values: Sequence[str | None]) -> Codes:
    """Encode texts."""
    known = sorted({value for value in values if value is not None})
    place = {value: index for index, value in enumerate(known)}
    return Codes(tuple(known), np.array([-1 if value is None else place[value] for value in values], dtype=np.int32))


def layer(
    name: str, n: int = 0, /, *, geometry: Any = None, x: Any = None, y: Any = None, **given: Any
) -> LayerColumns:
    """Return a layer of `n` rows; columns that are not given are missing everywhere."""
    columns: dict[str, Any] = {}
    for column in LAYERS[name].columns:
        values = given.get(column.name)
        if column.kind is Kind.CODE:
            columns[column.name] = codes([None] * n if values is None else list(values))
        elif column.kind is Kind.TEXT:
            columns[column.name] = np.array([None] * n if values is None else list(values), dtype=object)
        elif column.kind is Kind.TIME:
            missing = np.full(n, "NaT", dtype="datetime64[ms]")
            columns[column.name] = missing if values is None else np.asarray(values, dtype="datetime64[ms]")
        elif column.kind is Kind.BOOL:
            columns[column.name] = (
                np.full(n, -1, dtype=np.int8) if values is None else np.asarray(values, dtype=np.int8)
            )
        else:
            columns[column.name] = np.full(n, np.nan) if values is None else np.asarray(values, dtype=np.float64)
    points = LAYERS[name].pure_points
    shapes = np.empty(n, dtype=object)
    if geometry is not None:
        shapes[:] = geometry
    return LayerColumns(
        name,
        1,
        np.arange(1, n + 1),
        columns,
        geometry=None if points else shapes,
        x=np.asarray(np.zeros(0) if x is None else x, dtype=np.float64) if points else None,
        y=np.asarray(np.zeros(0) if y is None else y, dtype=np.float64) if points else None,
    )


def snapshot(
    layers: Mapping[str, LayerColumns] | None = None, *, crs: str | None = CRS, timezone: str = "Asia/Shanghai"
) -> Snapshot:
    """Return a snapshot of the given layers, the others empty."""
    given = dict(layers or {})
    return Snapshot(1, crs if given else None, timezone, {name: given.get(name, layer(name)) for name in LAYERS})


def town(incidents: int = 500, seed: int = 7) -> Snapshot:
    """Return a town of 4 x 4 grids under 2 parents with buildings, cameras of every sort, and incidents."""
    random = np.random.default_rng(seed)
    column, row = (part.ravel() for part in np.meshgrid(np.arange(4), np.arange(4)))
    boxes = shapely.box(X0 + column * CELL, Y0 + row * CELL, X0 + (column + 1) * CELL, Y0 + (row + 1) * CELL)
    parents = [shapely.box(X0, Y0, X0 + 200, Y0 + 400), shapely.box(X0 + 200, Y0, X0 + 400, Y0 + 400)]
    grids = layer(
        "grids",
        18,
        geometry=[shapely.MultiPolygon([shape]) for shape in [*parents, *boxes]],
        code=["W", "E", *(f"{'W' if c < 2 else 'E'}{r}{c}" for c, r in zip(column, row, strict=True))],
        level=["community"] * 2 + ["grid"] * 16,
        parent=[None, None, *("W" if c < 2 else "E" for c in column)],
        team=[None] * 2 + [f"post {index}" for index in range(16)],
        population=[np.nan, np.nan, *([0.0, np.nan] + [1000.0] * 14)],
    )
    x, y = X0 - 20 + random.random(incidents) * 440, Y0 - 20 + random.random(incidents) * 440
    when = np.datetime64("2025-01-01T00:00", "ms") + (random.random(incidents) * 700 * 86_400_000).astype(
        "timedelta64[ms]"
    )
    if incidents:
        when[0] = np.datetime64("NaT")
    events = layer(
        "incidents",
        incidents,
        x=x,
        y=y,
        occurred_at=when,
        id=[f"i{index}" for index in range(incidents)],
        category=[("noise", "waste", None)[index % 3] for index in range(incidents)],
        grid_code=[("W00", "E33", None, "no such")[index % 4] for index in range(incidents)],
    )
    buildings = layer(
        "buildings",
        16,
        geometry=[
            shapely.MultiPolygon(
                [shapely.box(X0 + c * CELL + 30, Y0 + r * CELL + 30, X0 + c * CELL + 60, Y0 + r * CELL + 70)]
            )
            for c, r in zip(column, row, strict=True)
        ],
        id=[f"b{index}" for index in range(16)],
    )
    cameras = layer(
        "cameras",
        5,
        x=X0 + np.array([20.0, 120, 220, 320, 25]),
        y=Y0 + np.array([20.0, 120, 220, 320, 225]),
        id=[f"c{index}" for index in range(5)],
        kind=["fixed", "ptz", "panoramic", "dome", None],
        azimuth_deg=[45.0, np.nan, np.nan, np.nan, 90.0],
        hfov_deg=[90.0, np.nan, np.nan, np.nan, np.nan],
        range_m=[60.0, 80.0, 40.0, np.nan, np.nan],
        online=[1, 0, -1, 1, -1],
        azimuth_tolerance_deg=[5.0] + [np.nan] * 4,
    )
    places = layer(
        "places", 2, geometry=[shapely.Point(X0 + 5, Y0 + 5), boxes[3]], id=["p0", "p1"], name=["Gate", None]
    )
    zones = layer("zones", 1, geometry=[shapely.MultiPolygon([boxes[5]])], id=["z0"], kind=["water"])
    return snapshot(
        {
            "grids": grids,
            "incidents": events,
            "buildings": buildings,
            "cameras": cameras,
            "places": places,
            "zones": zones,
        }
    )
