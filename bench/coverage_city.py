"""A seeded city of arrays for the coverage benches: cameras of all kinds, buildings with and without height, grids.

300 km2 at full size: 60,000 cameras, 300,000 buildings, 5,000 grids; a smaller `share` is a part of the same density.
Nine in ten buildings are rectangles or L-shapes, the others have a courtyard or cross their neighbour; of half the
height is known. A quarter of the cameras are known only by place; the others are fixed (with azimuth, with one of
eight directions, without), turning (with and without a home sector) or panoramic.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

CRS = "EPSG:32650"
LEFT, BOTTOM = 440_000.0, 3_540_000.0
CELL_M = (200.0, 300.0)  # width and height of a grid
PLOTS = (6, 10)  # buildings across and down in a grid
CAMERAS_PER_CELL = 12
FULL = (100, 50)  # grids across and down

Floats = NDArray[np.float64]
Objects = NDArray[Any]


@dataclass(frozen=True)
class CityArrays:
    """`cameras` holds the columns of `geo.cameras.CameraFacts`; metres in `CRS`."""

    cameras: dict[str, Any]
    footprints: Objects
    height_m: Floats
    cells: Objects


def city(share: float = 1.0, seed: int = 0) -> CityArrays:
    """Return about `share` of the city, the same for the same seed."""
    rng = np.random.default_rng(seed)
    across, down = (max(1, round(side * share**0.5)) for side in FULL)
    footprints, height = _buildings(rng, across, down)
    return CityArrays(_cameras(rng, across, down), footprints, height, _cells(rng, across, down))


def _cells(rng: np.random.Generator, across: int, down: int) -> Objects:
    """Quadrilaterals whose corners are moved a little inside the city; neighbours share theirs."""
    x, y = np.meshgrid(LEFT + CELL_M[0] * np.arange(across + 1), BOTTOM + CELL_M[1] * np.arange(down + 1))
    nodes = np.stack([x, y], axis=-1)
    nodes[1:-1, 1:-1] += rng.uniform(-30, 30, nodes[1:-1, 1:-1].shape)
    rings = np.stack([nodes[:-1, :-1], nodes[:-1, 1:], nodes[1:, 1:], nodes[1:, :-1]], axis=2)
    return np.asarray(shapely.polygons(rings.reshape(-1, 4, 2)), dtype=object)


def _buildings(rng: np.random.Generator, across: int, down: int) -> tuple[Objects, Floats]:
    columns, rows = across * PLOTS[0], down * PLOTS[1]
    count = columns * rows
    width, depth = CELL_M[0] / PLOTS[0], CELL_M[1] / PLOTS[1]
    i, j = np.divmod(np.arange(count), rows)
    x = LEFT + width * (i + 0.5) + rng.uniform(-3, 3, count)
    y = BOTTOM + depth * (j + 0.5) + rng.uniform(-3, 3, count)
    half = rng.uniform([5, 5], [10, 10], (count, 2))
    turn = rng.normal(0, 0.2, count)
    kind = rng.choice(4, count, p=[0.6, 0.3, 0.05, 0.05])
    half[kind == 3] *= [2.0, 1.0]  # long enough to cross its neighbour
    shapes = np.empty(count, dtype=object)
    square = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], float)
    ell = np.array([[-1, -1], [1, -1], [1, 0.2], [0.1, 0.2], [0.1, 1], [-1, 1]], float)
    for corners, keep in ((square, (kind == 0) | (kind == 3)), (ell, kind == 1)):
        shapes[keep] = shapely.polygons(_placed(corners, half[keep], turn[keep], x[keep], y[keep]))
    yards = np.flatnonzero(kind == 2)
    outer = _placed(square, half[yards], turn[yards], x[yards], y[yards])
    inner = _placed(square * 0.5, half[yards], turn[yards], x[yards], y[yards])
    shapes[yards] = [shapely.Polygon(a, [b]) for a, b in zip(outer, inner, strict=True)]
    height = np.where(rng.random(count) < 0.5, rng.uniform(3, 60, count), np.nan)
    return shapes, height


def _placed(corners: Floats, half: Floats, turn: Floats, x: Floats, y: Floats) -> Floats:
    """Turned, scaled and moved copies of a ring, (n, corners, 2)."""
    at = corners[None] * half[:, None]
    cos, sin = np.cos(turn)[:, None], np.sin(turn)[:, None]
    return np.stack(
        [x[:, None] + at[..., 0] * cos - at[..., 1] * sin, y[:, None] + at[..., 0] * sin + at[..., 1] * cos], axis=-1
    )


def _cameras(rng: np.random.Generator, across: int, down: int) -> dict[str, Any]:
    count = across * down * CAMERAS_PER_CELL
    size = np.array([across, down]) * np.array(CELL_M)
    hubs = rng.uniform(0, 1, (max(1, count // 1500), 2)) * size
    near = hubs[rng.integers(0, len(hubs), count)] + rng.normal(0, 500, (count, 2))
    xy = np.where(rng.random((count, 1)) < 0.5, rng.uniform(0, 1, (count, 2)) * size, near)
    outside = ((xy < 1) | (xy > size - 1)).any(axis=1)
    xy[outside] = rng.uniform(0, 1, (int(outside.sum()), 2)) * (size - 2) + 1
    kinds = np.array(["fixed", "fixed", "fixed", "ptz", "dome", "panoramic"], dtype=object)[rng.integers(0, 6, count)]
    bare = rng.random(count) < 0.25
    aimed = ~bare & np.isin(kinds, ["fixed", "ptz"]) & (rng.random(count) < 0.75)
    vague = aimed & (rng.random(count) < 0.25)
    azimuth = np.where(vague, 45.0 * rng.integers(0, 8, count), rng.uniform(0, 360, count))

    def known(values: Floats, where: NDArray[np.bool_]) -> Floats:
        return np.where(where, values, np.nan)

    high = ~bare & (rng.random(count) < 0.5)
    return {
        "id": np.array([f"c{n:06d}" for n in range(count)], dtype=object),
        "x": LEFT + xy[:, 0],
        "y": BOTTOM + xy[:, 1],
        "kind": np.where(bare, None, kinds),
        "azimuth_deg": known(azimuth, aimed),
        "azimuth_tolerance_deg": known(np.where(vague, 22.5, 0.0), aimed),
        "hfov_deg": known(rng.uniform(40, 110, count), aimed),
        "range_m": known(rng.uniform(20, 80, count), ~bare),
        "height_m": known(rng.uniform(3, 12, count), high),
        "tilt_deg": known(rng.uniform(5, 30, count), high),
        "vfov_deg": known(rng.uniform(25, 60, count), high),
        "pixels_h": known(rng.choice([1280.0, 1920.0, 2560.0, 3840.0], count), ~bare & (rng.random(count) < 0.7)),
        "online": rng.choice([1, 1, 1, 0, -1], count).astype(np.int8),
    }
