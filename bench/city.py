"""A large synthetic city: 33,216 grids in five levels, 300,000 buildings, 60,000 cameras, 2 million incidents.

Seeded, in UTM metres, 20 x 15 km, written as any import is. Make one by `python -m bench.city FILE.gpkg`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from store.batch import Batch, Provenance
from store.store import Store

CRS = "EPSG:32650"
COLUMNS, ROWS, CELL_M = 200, 150, 100.0  # the finest grids
LEFT, BOTTOM = 440_000.0, 3_540_000.0
BUILDINGS_PER_CELL = 10
CAMERAS, INCIDENTS = 60_000, 2_000_000
SOURCE = Provenance("synthetic city", timezone="Asia/Shanghai", simulated=True)
# Level, grids across and down: 1 + 15 + 200 + 3,000 + 30,000.
LEVELS = (("city", 1, 1), ("district", 1, 15), ("street", 8, 25), ("community", 40, 75), ("cell", COLUMNS, ROWS))

Floats = NDArray[np.float64]
Objects = NDArray[Any]


def _nodes(rng: np.random.Generator) -> Floats:
    """Corners of the finest grids (rows + 1, columns + 1, 2), moved a little inside the city."""
    x, y = np.meshgrid(LEFT + CELL_M * np.arange(COLUMNS + 1), BOTTOM + CELL_M * np.arange(ROWS + 1))
    nodes = np.stack([x, y], axis=-1)
    nodes[1:-1, 1:-1] += rng.uniform(-20, 20, nodes[1:-1, 1:-1].shape)
    return nodes


def _cuts(count: int, parts: int) -> NDArray[np.int64]:
    """Where `parts` nearly equal pieces of `count` begin and end."""
    return np.arange(parts + 1) * count // parts


def grids(rng: np.random.Generator) -> Batch:
    """Return the grids of all levels: each one's border runs along the corners of the finest."""
    nodes = _nodes(rng)
    names: dict[str, list[Any]] = {"code": [], "level": [], "parent": [], "population": []}
    rings = []
    above = (np.zeros(1, np.int64), np.zeros(1, np.int64), "")
    strips = _cuts(25, 15) * (ROWS // 25)  # districts are whole rows of streets
    for level, across, down in LEVELS:
        left, low = _cuts(COLUMNS, across), strips if level == "district" else _cuts(ROWS, down)
        for j in range(down):
            for i in range(across):
                x0, x1, y0, y1 = left[i], left[i + 1], low[j], low[j + 1]
                ring = [nodes[y0, x0:x1], nodes[y0:y1, x1], nodes[y1, x1:x0:-1], nodes[y1 : (y0 or None) : -1, x0]]
                if y0 == 0:
                    ring[-1] = nodes[y1:0:-1, x0]
                if x0 == 0:
                    ring[2] = nodes[y1, x1:0:-1]
                rings.append(np.concatenate(ring))
                parent = f"{above[2]}{_at(above[1], y0):03d}{_at(above[0], x0):03d}" if above[2] else None
                for name, value in (("code", f"{level[0]}{j:03d}{i:03d}"), ("level", level), ("parent", parent)):
                    names[name].append(value)
                names["population"].append(float(rng.integers(20, 200) * (x1 - x0) * (y1 - y0)))
        above = (left, low, level[0])
    shapes = [shapely.MultiPolygon([shapely.Polygon(ring)]) for ring in rings]
    columns = {name: np.array(values, dtype=object) for name, values in names.items() if name != "population"}
    columns["name"] = columns["code"].copy()
    columns["team"] = np.array([f"team {n % 300}" for n in range(len(rings))], dtype=object)
    columns["population"] = np.array(names["population"])
    return Batch("grids", CRS, columns, geometry=np.array(shapes, dtype=object))


def _at(cuts: NDArray[np.int64], position: int) -> int:
    return int(np.searchsorted(cuts, position, side="right")) - 1


def buildings(rng: np.random.Generator) -> Batch:
    """Return ten turned rectangles in each of the finest grids, none touching another."""
    count = COLUMNS * ROWS * BUILDINGS_PER_CELL
    cell, place = np.divmod(np.arange(count), BUILDINGS_PER_CELL)
    x = LEFT + CELL_M * (cell % COLUMNS) + 12.5 + 25.0 * (place % 4)
    y = BOTTOM + CELL_M * (cell // COLUMNS) + 17.0 + 33.0 * (place // 4)
    half = rng.uniform([4, 4], [9, 9], (count, 2))
    turn = rng.uniform(0, np.pi, count)
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half[:, None, :]
    cos, sin = np.cos(turn)[:, None], np.sin(turn)[:, None]
    rings = np.stack([
        x[:, None] + corners[..., 0] * cos - corners[..., 1] * sin,
        y[:, None] + corners[..., 0] * sin + corners[..., 1] * cos,
    ], axis=-1)  # fmt: skip
    shapes = shapely.multipolygons(shapely.polygons(rings), indices=np.arange(count))
    unknown = np.full(count, None, dtype=object)
    columns = {"id": _ids("b", count), "height_m": rng.uniform(3, 100, count), "kind": unknown}
    return Batch("buildings", CRS, columns, geometry=np.asarray(shapes, dtype=object))


def cameras(rng: np.random.Generator, count: int = CAMERAS) -> Batch:
    """Return cameras of all kinds; of a third only the place is known."""
    x, y = _spread(rng, count)
    bare = rng.random(count) < 1 / 3
    blank = np.full(count, None, dtype=object)
    unknown = np.full(count, np.nan)
    kinds = np.array(["fixed", "fixed", "ptz", "dome", "panoramic"], dtype=object)[rng.integers(0, 5, count)]
    fixed = (kinds == "fixed") & ~bare
    columns: dict[str, Any] = dict.fromkeys(("hfov_deg", "height_m", "tilt_deg", "vfov_deg", "pixels_h"), unknown)
    columns |= {
        "id": _ids("c", count), "name": blank, "kind": np.where(bare, None, kinds), "owner": blank,
        "azimuth_deg": np.where(fixed, rng.uniform(0, 360, count), np.nan),
        "azimuth_tolerance_deg": np.where(fixed, 0.0, np.nan),
        "range_m": np.where(bare, np.nan, rng.uniform(20, 80, count)),
        "online": rng.integers(-1, 2, count).astype(np.int8),
        "networked": np.full(count, -1, np.int8), "smart": np.full(count, -1, np.int8),
        "sign": np.full(count, -1, np.int8), "purpose": blank, "retention_days": unknown, "masks": blank,
    }  # fmt: skip
    columns["hfov_deg"] = np.where(fixed, rng.uniform(40, 110, count), np.nan)
    return Batch("cameras", CRS, columns, x=x, y=y)


def incidents(rng: np.random.Generator, count: int = INCIDENTS) -> Batch:
    """Return five years of incidents around some centres, most with the code of their (unmoved) finest grid."""
    x, y = _spread(rng, count)
    row, column = ((y - BOTTOM) // CELL_M).astype(np.int64), ((x - LEFT) // CELL_M).astype(np.int64)
    codes = np.array([f"c{j:03d}{i:03d}" for j in range(ROWS) for i in range(COLUMNS)], dtype=object)
    categories = np.array([f"category {n}" for n in range(25)], dtype=object)
    since = rng.integers(0, 5 * 365 * 86_400_000, count)
    columns = {
        "id": _ids("i", count),
        "category": categories[np.minimum(rng.geometric(0.15, count), 25) - 1],
        "occurred_at": np.datetime64("2019-01-01", "ms") + since.astype("m8[ms]"),
        "grid_code": codes[row * COLUMNS + column],
        "status": np.full(count, None, dtype=object),
        "severity": np.full(count, np.nan),
    }
    return Batch("incidents", CRS, columns, x=x, y=y)


def streets() -> Batch:
    """Return a street along every second line of corners."""
    right, top = LEFT + COLUMNS * CELL_M, BOTTOM + ROWS * CELL_M
    lines = [[[LEFT, y], [right, y]] for y in np.arange(BOTTOM, top, 2 * CELL_M)]
    lines += [[[x, BOTTOM], [x, top]] for x in np.arange(LEFT, right, 2 * CELL_M)]
    kinds = np.array(["primary" if n % 10 == 0 else "residential" for n in range(len(lines))], dtype=object)
    columns = {"id": _ids("s", len(lines)), "name": _ids("Street ", len(lines)), "kind": kinds}
    shapes = [shapely.MultiLineString([line]) for line in lines]
    return Batch("streets", CRS, columns, geometry=np.array(shapes, dtype=object))


def _spread(rng: np.random.Generator, count: int) -> tuple[Floats, Floats]:
    """Places: a third anywhere, the others around forty centres; all inside the city."""
    size = np.array([COLUMNS, ROWS]) * CELL_M
    centres = rng.uniform(0, 1, (40, 2)) * size
    near = centres[rng.integers(0, 40, count)] + rng.normal(0, 700, (count, 2))
    xy = np.where(rng.random((count, 1)) < 1 / 3, rng.uniform(0, 1, (count, 2)) * size, near)
    xy = np.clip(xy, 1.0, size - 1.0)
    return LEFT + xy[:, 0], BOTTOM + xy[:, 1]


def _ids(prefix: str, count: int) -> Objects:
    return np.array([f"{prefix}{n:07d}" for n in range(count)], dtype=object)


def batches(seed: int = 0) -> Iterator[Batch]:
    """Yield the layers of the city, the same for the same seed."""
    rng = np.random.default_rng(seed)
    yield grids(rng)
    yield buildings(rng)
    yield streets()
    yield cameras(rng)
    yield incidents(rng)


def write_city(store: Store, seed: int = 0) -> None:
    """Write the city into an empty store."""
    for batch in batches(seed):
        store.write(batch, "append", SOURCE)


if __name__ == "__main__":
    started = time.perf_counter()
    with Store.open(Path(sys.argv[1])) as made:
        write_city(made)
    print(f"{time.perf_counter() - started:.1f} s")
