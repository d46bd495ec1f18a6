"""Answers of the API and the commands, as JSON-ready values computed from one snapshot.

Nothing here knows HTTP. What is costly is kept in the process's cache under the revisions it was derived from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.columns import Codes, Snapshot
from geo.density import Density, density
from geo.extent import city_box, opening_extent, opening_radius_m
from geo.hierarchy import Hierarchy
from layers.base import Params, chosen_level, hierarchy_of, rows_of_level
from layers.extent import MOST
from layers.joins import Assigned, assigned, selected
from store.schema import LAYERS
from web.cache import Caching, Revisions
from web.jsonio import DECIMALS, iso

Json = dict[str, Any]


def revisions(snapshot: Snapshot, needs: Sequence[str]) -> Revisions:
    """Return what a result that reads the layers `needs` depends on."""
    return Revisions((snapshot.scope, snapshot.crs, snapshot.timezone, *(snapshot[name].revision for name in needs)))


@dataclass(frozen=True)
class LevelData:
    """The grids of one level: `rows` are positions in the grids layer, `codes` and `placed` follow them."""

    level: str | None
    rows: NDArray[np.int64]
    codes: NDArray[Any]
    placed: Assigned


def level_data(snapshot: Snapshot, level: str | None) -> LevelData:
    """Return the grids of `level` (None: the finest) with the incidents assigned to them."""
    grids = snapshot["grids"]
    chosen = chosen_level(grids, level)
    placed = assigned(snapshot, chosen)
    return LevelData(chosen, placed.rows, grids.text("code")[placed.rows], placed)


def hierarchy(cache: Caching, snapshot: Snapshot) -> Hierarchy:
    """Return how the grids of all levels hang together."""
    return hierarchy_of(snapshot["grids"])


def cameras_index(cache: Caching, snapshot: Snapshot, data: LevelData) -> NDArray[np.int64]:
    """Return in which grid of `data` each camera stands, -1 in none."""
    cameras, grids = snapshot["cameras"], snapshot["grids"]
    if len(data.rows) == 0 or len(cameras) == 0 or cameras.x is None or cameras.y is None or grids.geometry is None:
        return np.full(len(cameras), -1, dtype=np.int64)
    from geo.assign import assign  # brings in the compiler; only where there is something to assign

    x, y, polygons = cameras.x, cameras.y, grids.geometry[data.rows]
    key = ("cameras placed", data.level, revisions(snapshot, ("grids", "cameras")))
    return cache.get(key, lambda: assign(x, y, polygons, data.codes))


def cameras_placed(cache: Caching, snapshot: Snapshot, data: LevelData) -> NDArray[np.int64]:
    """Return how many cameras stand in each grid of `data`."""
    index = cameras_index(cache, snapshot, data)
    return np.bincount(index[index >= 0], minlength=len(data.rows))


def area_of(snapshot: Snapshot) -> list[dict[str, str]] | None:
    """Return the grids that name the area whose figures are told; None: the whole city."""
    if snapshot.scope is None:
        return None
    return [{"level": level, "code": code} for level, code in snapshot.scope.grids]


def origin(snapshot: Snapshot, needs: Sequence[str], params: Params | None = None) -> Json:
    """Return where figures come from: revision of what was read, CRS, time window, what is simulated."""
    meta: Json = {
        "revision": max(snapshot[name].revision for name in needs),
        "crs": snapshot.crs,
        "timezone": snapshot.timezone,
        "simulated": [name for name in needs if snapshot[name].simulated and len(snapshot[name])],
        "area": area_of(snapshot),
    }
    if params is not None:
        meta |= {
            "from": None if params.start is None else iso(params.start),
            "to": None if params.end is None else iso(params.end),
            "categories": list(params.categories),
            "hours": list(params.hours),
            "weekdays": list(params.weekdays),
        }
    return meta


def status(cache: Caching, snapshot: Snapshot, *, demo: bool) -> Json:
    """Return what the store holds."""

    def make() -> Json:
        incidents = snapshot["incidents"]
        category, occurred_at = incidents.columns["category"], incidents.columns["occurred_at"]
        assert isinstance(category, Codes) and isinstance(occurred_at, np.ndarray)
        counts = np.bincount(category.codes[category.codes >= 0], minlength=len(category.values))
        order = sorted(range(len(category.values)), key=lambda i: (-int(counts[i]), category.values[i]))
        known = occurred_at[~np.isnat(occurred_at)]
        levels = hierarchy(cache, snapshot).levels
        return {
            "revision": snapshot.revision,
            "crs": snapshot.crs,
            "timezone": snapshot.timezone,
            "demo": demo,
            "area": area_of(snapshot),
            "simulated": [name for name in LAYERS if snapshot[name].simulated and len(snapshot[name])],
            "layers": {
                name: {
                    "rows": len(snapshot[name]),
                    "revision": snapshot[name].revision,
                    "updated_at": snapshot.updated_at.get(name),
                    "simulated": snapshot[name].simulated,
                }
                for name in LAYERS
            },
            "levels": list(levels),
            "opens": opening_level(snapshot, levels),
            "categories": [{"name": category.values[i], "count": int(counts[i])} for i in order],
            "time": {
                "first": iso(known.min()) if len(known) else None,
                "last": iso(known.max()) if len(known) else None,
            },
            "bounds": bounds(snapshot),
            "heat_radius_m": opening_radius_m(city_box(snapshot)),
            "sources": {name: list(texts) for name, texts in snapshot.sources.items() if texts},
        }

    read = Revisions((*revisions(snapshot, tuple(LAYERS)), snapshot.revision))
    return cache.get(("status", demo, read), make)


def opening_level(snapshot: Snapshot, levels: Sequence[str]) -> str | None:
    """Return the level that pages open with: the finest a map can show as a whole, else the coarsest."""
    for level in reversed(levels):
        if len(rows_of_level(snapshot["grids"], level)) <= MOST:
            return level
    return levels[0] if levels else None


def bounds(snapshot: Snapshot) -> list[float] | None:
    """Return west, south, east, north that a map opens on, None while the store is empty."""
    box = opening_extent(snapshot)
    return None if box is None else [round(value, DECIMALS) for value in box]


def level_density(snapshot: Snapshot, params: Params) -> tuple[LevelData, Density]:
    """Return the grids of a level and the selected incidents counted in them."""
    data = level_data(snapshot, params.level)
    population = snapshot["grids"].number("population")[data.rows]
    return data, density(data.placed.index, data.placed.area_m2, population, selected(snapshot, params))


def density_answer(snapshot: Snapshot, params: Params) -> Json:
    """Return the answer of `flask density`: incidents per grid of a level."""
    data, found = level_density(snapshot, params)
    names = snapshot["grids"].text("name")[data.rows]
    grids = [
        {"code": code, "name": name, "incidents": int(count), "area_km2": area, "per_km2": per_km2, "per_10k": per_10k}
        for code, name, count, area, per_km2, per_10k in zip(
            data.codes, names, found.counts, found.area_km2, found.per_km2, found.per_10k, strict=True
        )
    ]
    return {"level": data.level, "outside": found.outside, "total": found.total, "grids": grids}


def grids_answer(cache: Caching, snapshot: Snapshot, params: Params) -> Json:
    """Return the grids of a level (of one parent when asked) with what lies in them."""
    grids = snapshot["grids"]
    data, found = level_density(snapshot, params)
    cameras = cameras_placed(cache, snapshot, data)
    tree = hierarchy(cache, snapshot)
    finer = None
    if data.level is not None and data.level != tree.levels[-1]:
        finer = tree.levels[tree.levels.index(data.level) + 1]
    text = {name: grids.text(name) for name in ("name", "parent", "team")}
    population = grids.number("population")
    listed = [
        {
            "code": data.codes[i],
            "name": text["name"][row],
            "level": data.level,
            "parent": text["parent"][row],
            "team": text["team"][row],
            "population": None if np.isnan(population[row]) else int(population[row]),
            "area_km2": float(found.area_km2[i]),
            "incidents": int(found.counts[i]),
            "cameras": int(cameras[i]),
            "children": len(tree.children(int(row))),
        }
        for i, row in enumerate(data.rows)
        if params.parent is None or text["parent"][row] == params.parent
    ]
    return {"level": data.level, "finer": finer, "grids": listed}
