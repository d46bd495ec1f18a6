"""Batches of every layer, made of a seed."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from store.batch import Batch, Provenance
from store.schema import LAYERS, Kind

CRS = "EPSG:32635"
X0, Y0, SIZE = 380_000.0, 6_670_000.0, 5_000.0
SOURCE = Provenance("file.csv", timezone="Europe/Helsinki", attribution="© Somebody")
DEMO = Provenance("demo", timezone="Europe/Helsinki", attribution="© Demo", demo=True, simulated=True)


def _column(kind: Kind, count: int, rng: np.random.Generator) -> Any:
    missing = rng.random(count) < 0.1
    if kind in (Kind.TEXT, Kind.CODE):
        words = np.array(["路灯", "井盖", "Ünïcode", "it's", 'a "b"', "x,y\nz"], dtype=object)
        return np.where(missing, None, words[rng.integers(0, len(words), count)])
    if kind is Kind.TIME:
        times = np.datetime64("2015-01-01", "ms") + rng.integers(0, 4_000 * 86_400_000, count).astype("m8[ms]")
        return np.where(missing, np.datetime64("NaT"), times)
    if kind is Kind.BOOL:
        return rng.integers(-1, 2, count).astype(np.int8)
    numbers = rng.integers(0, 90, count).astype(np.float64)
    if kind is Kind.REAL:
        numbers += rng.random(count)
    return np.where(missing, np.nan, numbers)


def batch(layer: str, count: int, seed: int = 0, *, crs: str = CRS, **columns: Any) -> Batch:
    """Return `count` rows of `layer`; ids and codes are unique per seed."""
    rng = np.random.default_rng(seed)
    schema = LAYERS[layer]
    values = {column.name: _column(column.kind, count, rng) for column in schema.columns}
    unique = np.array([f"n{seed}-{index}" for index in range(count)], dtype=object)
    values["code" if layer == "grids" else "id"] = unique
    if layer == "grids":
        values["level"] = np.full(count, "grid", dtype=object)
    values |= columns
    x, y = X0 + rng.random(count) * SIZE, Y0 + rng.random(count) * SIZE
    if schema.pure_points:
        return Batch(layer, crs, values, x=x, y=y)
    size = 5.0 + rng.random(count) * 20.0
    shapes = shapely.box(x, y, x + size, y + size)
    if schema.geometry == "MULTIPOLYGON":
        shapes = shapely.multipolygons(shapes, indices=np.arange(count)) if count else np.empty(0, object)
    elif schema.geometry == "MULTILINESTRING":
        ends = np.column_stack([x, y, x + size, y + 2 * size]).reshape(-1, 2, 2)
        lines = shapely.linestrings(ends)
        shapes = shapely.multilinestrings(lines, indices=np.arange(count)) if count else np.empty(0, object)
    elif count:
        shapes = np.where(np.arange(count) % 2 == 0, shapely.points(x, y), shapes)
    return Batch(layer, crs, values, geometry=np.asarray(shapes, dtype=object))
