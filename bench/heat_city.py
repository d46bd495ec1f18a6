"""A city of incidents for the heat map's bench: half of them in clusters, at addresses that repeat, five years long."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import shapely

from geo.columns import Codes
from geo.heat_boundary import Boundary
from geo.heat_columns import HeatColumns, heat_columns

CRS = "EPSG:32635"
WEST, SOUTH, WIDE, HIGH = 375_000.0, 6_665_000.0, 20_000.0, 15_000.0
CATEGORIES = tuple(f"kind {number:02d}" for number in range(12))
FIRST, DAYS = np.datetime64("2019-01-01", "ms"), 5 * 365


@lru_cache(maxsize=2)
def places(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return x and y; a fifth of as many addresses as incidents."""
    random = np.random.default_rng(8)
    addresses = max(count // 5, 1)
    middle = random.uniform([0, 0], [WIDE, HIGH], (40, 2))
    near = middle[random.integers(0, 40, addresses // 2)] + random.normal(0, 500, (addresses // 2, 2))
    far = random.uniform([0, 0], [WIDE, HIGH], (addresses - addresses // 2, 2))
    at = np.clip(np.vstack([near, far]), 0, [WIDE, HIGH])[random.integers(0, addresses, count)]
    return at[:, 0] + WEST, at[:, 1] + SOUTH


def facts(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return time, category, hour and weekday of each incident."""
    random = np.random.default_rng(9)
    when = FIRST + random.integers(0, DAYS * 86_400_000, count).astype("timedelta64[ms]")
    return when, random.integers(0, 12, count, np.int32), random.integers(0, 24, count), random.integers(1, 8, count)


def boundary() -> Boundary:
    """Return a boundary of some thousand edges within the city."""
    turn = np.linspace(0, 2 * np.pi, 3000, endpoint=False)
    out = 1 + 0.05 * np.sin(23 * turn) + 0.01 * np.sin(211 * turn)
    ring = np.column_stack([WEST + WIDE / 2 + 9300 * out * np.cos(turn), SOUTH + HIGH / 2 + 6900 * out * np.sin(turn)])
    return Boundary(shapely.Polygon(ring))


def sorted_columns(count: int, city: Boundary) -> HeatColumns:
    """Return the incidents inside the boundary, sorted."""
    x, y = places(count)
    when, code, hour, weekday = facts(count)
    inside = city.contains(x, y)
    return heat_columns(
        x[inside], y[inside], occurred_at=when[inside], code=code[inside], hour=hour[inside], weekday=weekday[inside]
    )


def codes(count: int) -> Codes:
    """Return the categories as a store holds them."""
    return Codes(CATEGORIES, facts(count)[1])
