"""Clean towns of any size for the audit's tests, and the defects that are sown in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.audit_division import Division, division
from geo.audit_things import Incidents, Spots, Things

Objects = NDArray[Any]
LEFT, BOTTOM = 448_000.0, 3_541_000.0


@dataclass
class Town:
    """Columns of a town in three levels: 1 township, communities of 3 x 3 unit grids, and things in them."""

    code: list[Any]
    level: list[Any]
    parent: list[Any]
    team: list[Any]
    population: list[float]
    shape: list[Any]
    things: Things

    def division(self) -> Division:
        return division(self.code, self.level, self.parent, array(self.shape), self.team, self.population)

    def row(self, code: str) -> int:
        return self.code.index(code)

    def without(self, code: str) -> None:
        row = self.row(code)
        for column in (self.code, self.level, self.parent, self.team, self.population, self.shape):
            del column[row]


def array(values: Any) -> Objects:
    found = np.empty(len(values), dtype=object)
    found[:] = list(values)
    return found


def town(seed: int = 0, across: int = 2, *, jitter_m: float = 8.0) -> Town:
    """Return a town without a defect: corners moved a little, shared exactly, borders of parents along them."""
    rng = np.random.default_rng(seed)
    n = 3 * across
    x, y = np.meshgrid(LEFT + 100.0 * np.arange(n + 1), BOTTOM + 100.0 * np.arange(n + 1))
    nodes = np.stack([x, y], axis=-1)
    nodes += rng.uniform(-jitter_m, jitter_m, nodes.shape)
    made = Town([], [], [], [], [], [], Things())

    def add(code: str, level: str, parent: str | None, i: int, j: int, size: int) -> None:
        k, m = i + size, j + size
        ring = [*nodes[j, i:k], *nodes[j:m, k], *nodes[m, k:i:-1], *nodes[m:j:-1, i]]
        made.code.append(code)
        made.level.append(level)
        made.parent.append(parent)
        made.team.append(f"team {parent}" if level == "grid" else "town")
        made.population.append(float(900 * size * size))
        made.shape.append(shapely.MultiPolygon([shapely.Polygon(ring)]))

    add("420606001", "township", None, 0, 0, n)
    for b in range(across * across):
        ci, cj = b % across, across - 1 - b // across
        community = f"420606001{b + 1:03d}"
        add(community, "community", "420606001", 3 * ci, 3 * cj, 3)
        for s in range(9):
            add(f"{community}{s + 1:03d}", "grid", community, 3 * ci + s % 3, 3 * cj + 2 - s // 3, 1)
    centres = [(LEFT + 100 * i + 50, BOTTOM + 100 * j + 50) for j in range(n) for i in range(n)]
    houses = array([shapely.box(cx - 12, cy - 9, cx + 12, cy + 9) for cx, cy in centres])
    px, py = (np.array(one) + 3.0 for one in zip(*centres, strict=True))
    located = {tuple(np.floor([(sx - LEFT) / 100, (sy - BOTTOM) / 100]).astype(int)): code
               for code, level, shape in zip(made.code, made.level, made.shape, strict=True) if level == "grid"
               for sx, sy in [shapely.centroid(shape).coords[0]]}  # fmt: skip
    recorded = array([located[i, j] for j in range(n) for i in range(n)])
    names = array([f"b{k}" for k in range(len(houses))])
    made.things = Things(houses, names, Spots(names, px, py), Spots(names, px, py), Incidents(px, py, recorded))
    return made


def local(shape: Any, change: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> Any:
    return shapely.transform(shape, change)


def moved_corner(made: Town, code: str, dx: float, dy: float) -> float:
    """Move the first corner of a grid, and of no other; return the signed area by which it grows."""
    row = made.row(code)
    before = made.shape[row]
    ring = shapely.get_coordinates(before)[:-1]
    ring[0] += [dx, dy]
    made.shape[row] = shapely.MultiPolygon([shapely.Polygon(ring)])
    return float(made.shape[row].area - before.area)


def with_things(made: Town, **changes: Any) -> Town:
    made.things = replace(made.things, **changes)
    return made
