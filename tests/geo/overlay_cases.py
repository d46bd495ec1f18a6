"""Random small cities, hostile ones among them: what the overlays of a grid are held against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.camera_facts import CameraFacts, ViewRules
from geo.obstacles import build_obstacles
from tests.geo import zoo

CRS = "EPSG:32650"
OFFSETS = ((0.0, 0.0), (440_000.0, 3_540_000.0))


@dataclass(frozen=True)
class Town:
    """Arrays as `geo.city.compute_city` takes them."""

    facts: CameraFacts
    footprints: NDArray[Any]
    height_m: NDArray[np.float64]
    cells: NDArray[Any]


def facts(rng, x, y) -> CameraFacts:
    """Cameras of every kind at places, with gaps in what is known."""
    n = len(x)

    def some(values, share=0.7):
        return np.where(rng.random(n) < share, values, np.nan)

    return CameraFacts(
        id=np.array([f"c{i}" for i in range(n)], dtype=object),
        x=np.asarray(x, float),
        y=np.asarray(y, float),
        kind=rng.choice(np.array(["fixed", "ptz", "dome", "panoramic", None], dtype=object), n),
        azimuth_deg=some(rng.choice([rng.uniform(0, 360), 0.0, 90.0, 359.9999, 45.0], n)),
        azimuth_tolerance_deg=some(rng.choice([0.0, 22.5], n)),
        hfov_deg=some(rng.choice([0.0, 5.0, 60.0, 90.0, 180.0, 359.9, 360.0], n)),
        range_m=some(rng.choice([0.0, 15.0, 40.0, 70.0, 10_000.0], n, p=[0.05, 0.3, 0.4, 0.2, 0.05])),
        height_m=some(rng.uniform(2, 30, n), 0.5),
        tilt_deg=some(rng.uniform(0, 60, n), 0.5),
        vfov_deg=some(rng.uniform(20, 90, n), 0.5),
        pixels_h=some(rng.choice([640.0, 1920.0], n)),
        online=rng.choice([1, 0, -1], n).astype(np.int8),
    )


def town(seed: int, cameras: int = 6, houses: int = 10, on_walls: bool = True) -> Town:
    """Return a town of about 100 m: touching, crossing, doubled buildings, cameras on walls and corners."""
    rng = np.random.default_rng(seed)
    offset = np.array(OFFSETS[int(rng.integers(len(OFFSETS)))])
    shapes = []
    for _ in range(int(rng.integers(0, houses + 1))):
        x, y = rng.uniform(0, 100, 2)
        kind = rng.integers(0, 7)
        if kind == 0:
            shapes.append(zoo.wedge(rng, x, y, rng.uniform(2, 20)))
        elif kind == 1:  # upright, on whole metres: collinear and touching walls
            x, y = np.round([x, y])
            shapes.append(shapely.box(x, y, x + rng.integers(1, 12), y + rng.integers(1, 12)))
        elif kind == 2:  # with a courtyard
            ring = shapely.box(x, y, x + 14, y + 14)
            shapes.append(ring.difference(shapely.box(x + 3, y + 3, x + 11, y + 11)))
        elif kind == 3 and shapes:
            shapes.append(shapes[int(rng.integers(len(shapes)))])  # twice the same
        elif kind == 4 and shapes:  # a hair beside another
            gap = rng.choice([0.0, 1e-9, 1e-7, 1e-5, 1e-3])
            other = shapes[int(rng.integers(len(shapes)))]
            left, _, right, _ = other.bounds
            shapes.append(shapely.transform(other, lambda xy, by=right - left + gap: xy + np.array([by, 0.0])))
        elif kind == 5:  # thin
            shapes.append(shapely.box(x, y, x + rng.uniform(5, 40), y + rng.choice([0.01, 0.3])))
        else:
            turned = shapely.affinity.rotate(shapely.box(x, y, x + 10, y + 6), float(rng.uniform(0, 90)))
            shapes.append(turned)
    shapes = np.array([*shapes, None], dtype=object)[:-1]
    shapes = np.asarray(shapely.transform(shapes, lambda xy: xy + offset), dtype=object)
    n = int(rng.integers(1, cameras + 1))
    xy = rng.uniform(-5, 105, (n, 2)) + offset
    if len(shapes) and on_walls:
        corners = shapely.get_coordinates(shapes)
        on = rng.random(n) < 0.3
        pick = corners[rng.integers(len(corners), size=n)]
        other = corners[rng.integers(len(corners), size=n)]
        xy = np.where(on[:, None], np.where(rng.random((n, 1)) < 0.5, pick, (pick + other) / 2), xy)
    height = np.where(rng.random(len(shapes)) < 0.5, rng.choice([3.0, 8.0, 20.0], len(shapes)), np.nan)
    cells = zoo.mosaic(rng, int(rng.integers(1, 7)), 0.0, bool(rng.random() < 0.3))
    cells = np.asarray(shapely.transform(cells, lambda xy: xy + offset), dtype=object)
    return Town(facts(rng, xy[:, 0], xy[:, 1]), shapes, height, cells)


def rules(seed: int) -> ViewRules:
    """Return rules of several kinds."""
    return (ViewRules(), ViewRules(30.0, online_only=True), ViewRules(task="identify"), ViewRules(80.0))[seed % 4]


def obstacles(made: Town):
    """Return the dissolved buildings of a town."""
    return build_obstacles(made.footprints, made.height_m)
