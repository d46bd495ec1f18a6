"""Seeded towns with cameras of all kinds, for tests of coverage."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
import shapely

from geo.columns import LayerColumns, Snapshot
from tests.layers.factory import CRS, X0, Y0, layer

KINDS = ("fixed", "ptz", "dome", "panoramic", None)


def town(seed: int, cameras: int = 12, side: int = 3, houses: int = 14, incidents: int = 60) -> Snapshot:
    """Return `side` x `side` grids of 100 m with houses, cameras, incidents, streets and places, from `seed`."""
    rng = np.random.default_rng(seed)
    cells = [
        shapely.MultiPolygon([shapely.box(X0 + 100 * i, Y0 + 100 * j, X0 + 100 * (i + 1), Y0 + 100 * (j + 1))])
        for i in range(side)
        for j in range(side)
    ]
    size = 100.0 * side
    corner = rng.uniform(0, size, (houses, 2)) + np.array([X0, Y0])
    sides = rng.uniform(5, 25, (houses, 2))
    shapes = [shapely.MultiPolygon([shapely.box(*at, *(at + by))]) for at, by in zip(corner, sides, strict=True)]

    def some(low: float, high: float, share: float, count: int = cameras) -> Any:
        return np.where(rng.random(count) < share, rng.uniform(low, high, count), np.nan)

    def places(count: int) -> Any:
        return rng.uniform(0, size, (2, count)) + np.array([[X0], [Y0]])

    x, y = places(cameras)
    ix, iy = places(incidents)
    ends = np.stack([places(6).T, places(6).T], axis=1)
    layers = {
        "grids": layer(
            "grids",
            len(cells),
            geometry=cells,
            code=[f"G{i:02d}" for i in range(len(cells))],
            name=[f"Grid {i}" for i in range(len(cells))],
            level=["grid"] * len(cells),
            parent=["P1" if i < side else "P2" for i in range(len(cells))],
        ),
        "buildings": layer(
            "buildings", houses, geometry=shapes, id=[f"b{i}" for i in range(houses)],
            height_m=some(3, 30, 0.5, houses),
        ),
        "cameras": layer(
            "cameras", cameras, x=x, y=y, id=[f"c{i}" for i in range(cameras)],
            name=[f"Camera {i}" for i in range(cameras)], kind=rng.choice(np.array(KINDS, dtype=object), cameras),
            azimuth_deg=some(0, 360, 0.7), azimuth_tolerance_deg=np.where(rng.random(cameras) < 0.3, 22.5, np.nan),
            hfov_deg=some(30, 120, 0.7), range_m=some(20, 80, 0.8), height_m=some(2, 20, 0.5),
            tilt_deg=some(5, 40, 0.4), vfov_deg=some(20, 60, 0.4),
            pixels_h=np.where(rng.random(cameras) < 0.6, 1920, np.nan), online=rng.choice([1, 0, -1], cameras),
        ),
        "incidents": layer(
            "incidents", incidents, x=ix, y=iy, id=[f"i{i}" for i in range(incidents)],
            category=rng.choice(np.array(["theft", "noise"], dtype=object), incidents),
            occurred_at=np.datetime64("2024-01-01", "ms") + rng.integers(0, 1000, incidents) * np.timedelta64(1, "h"),
        ),
        "streets": layer("streets", 6, geometry=shapely.multilinestrings(shapely.linestrings(ends).reshape(-1, 1))),
        "places": layer("places", 4, geometry=shapely.points(places(4).T), id=list("abcd")),
        "zones": layer("zones", 0),
    }  # fmt: skip
    return Snapshot(1, CRS, "UTC", MappingProxyType(layers))


def changed(before: Snapshot, name: str, rows: LayerColumns) -> Snapshot:
    """Return the snapshot of the next revision, with another layer `name`."""
    revision = before.revision + 1
    layers = {**before.layers, name: replace(rows, revision=revision)}
    return replace(before, revision=revision, layers=MappingProxyType(layers))


def moved(before: Snapshot, row: int, by: float = 7.0) -> Snapshot:
    """Return the snapshot after one camera was moved to the east."""
    cameras = before["cameras"]
    assert cameras.x is not None
    x = cameras.x.copy()
    x[row] += by
    return changed(before, "cameras", replace(cameras, x=x))


def without(before: Snapshot, name: str, rows: list[int]) -> Snapshot:
    """Return the snapshot after some rows of a layer were deleted."""
    layer_ = before[name]
    keep = np.setdiff1d(np.arange(len(layer_)), rows)
    columns = {key: _take(values, keep) for key, values in layer_.columns.items()}

    def part(values: Any) -> Any:
        return None if values is None else values[keep]

    rest = replace(
        layer_, fid=layer_.fid[keep], columns=columns, geometry=part(layer_.geometry), x=part(layer_.x),
        y=part(layer_.y),
    )  # fmt: skip
    return changed(before, name, rest)


def _take(values: Any, keep: Any) -> Any:
    return replace(values, codes=values.codes[keep]) if hasattr(values, "codes") else values[keep]
