"""Who is responsible for a place: grids and teams of a point, or of what a text of the data names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.columns import Codes, Column, Snapshot
from geo.crs import WGS84, lonlat, transform_xy
from geo.find_text import TextIndex
from layers.base import hierarchy_of, levels_of
from layers.joins import grid_at, grid_tree
from layers.memo import Memo
from web.jsonio import DECIMALS

Json = dict[str, Any]
NEEDS = ("grids", "places", "streets", "buildings", "zones")
# What is searched: layer, column, and which goes first among equally good ones.
COLUMNS = (
    ("grids", "code", 0), ("grids", "name", 1), ("places", "name", 2), ("grids", "team", 3), ("streets", "name", 4),
    ("zones", "name", 5), ("buildings", "id", 6), ("places", "id", 7),
)  # fmt: skip
MOST_PIECES = 500  # of a street
MOST_GRIDS = 12  # that a street is told to run through
POINT = re.compile(r"\s*(-?\d{1,3}(?:\.\d+)?)\s*[,，;；\s]\s*(-?\d{1,3}(?:\.\d+)?)\s*", re.ASCII)
_memo = Memo(48)


@dataclass(frozen=True)
class Candidate:
    """Something whose text was found: its rank (`geo.find_text`), layer, text and rows."""

    rank: int
    order: int
    text: str
    layer: str
    column: str
    rows: tuple[int, ...]


def point_of(text: str) -> tuple[float, float] | None:
    """Return longitude and latitude where a text is such a pair ("116.39, 39.9"), else None."""
    found = POINT.fullmatch(text)
    if not found:
        return None
    lon, lat = float(found[1]), float(found[2])
    return (lon, lat) if abs(lon) <= 180 and abs(lat) <= 90 else None


def at_lonlat(snapshot: Snapshot, lon: float, lat: float) -> list[Json]:
    """Return who is responsible for a point: one answer, or none where no grid of the reader's holds it."""
    if snapshot.crs is None or not len(snapshot["grids"]):
        return []
    x, y = transform_xy([lon], [lat], WGS84, snapshot.crs)
    facts = _at(snapshot, float(x[0]), float(y[0]))
    if not facts["grids"]:
        return []
    return [{"kind": "point", "text": None, "matched": None, "lon": lon, "lat": lat, **facts}]


def search(snapshot: Snapshot, text: str, limit: int) -> tuple[list[Json], bool]:
    """Return the answers for what a text names, the best first, and whether there are more.

    Only what lies in the reader's area is looked at.
    """
    found: list[Json] = []
    if not len(snapshot["grids"]):
        return found, False
    for one in _candidates(snapshot, text):
        if len(found) == limit:
            return found, True
        found.append(_answer(snapshot, one))
    return found, False


def _candidates(snapshot: Snapshot, text: str) -> Iterator[Candidate]:
    hits: list[Candidate] = []
    for layer, column, order in COLUMNS:
        rows, index = _index(snapshot, layer, column)
        names = snapshot[layer].text(column) if len(rows) else rows
        grouped: dict[tuple[int, str], list[int]] = {}
        for rank, place in index.find(text):
            row = int(rows[place])
            # Pieces of a street that have one name are one street; so are the grids of a team.
            key = str(names[row]) if column == "team" or layer == "streets" else str(row)
            grouped.setdefault((rank, key), []).append(row)
        hits += [
            Candidate(rank, order, str(names[members[0]]), layer, column, tuple(members))
            for (rank, _), members in grouped.items()
        ]
    told: set[tuple[str, tuple[int, ...]]] = set()
    for one in sorted(hits, key=lambda hit: (hit.rank, hit.order, len(hit.text), hit.text, hit.rows)):
        if (one.layer, one.rows) not in told:  # a grid whose code and name both hold the text
            told.add((one.layer, one.rows))
            yield one


def _index(snapshot: Snapshot, layer: str, column: str) -> tuple[NDArray[np.int64], TextIndex]:
    """Return the rows of a layer that lie in the reader's area, and the index of their texts."""
    columns, grids = snapshot[layer], snapshot["grids"]
    scoped = snapshot.scope is not None and layer in ("streets", "buildings", "zones")

    def make() -> tuple[NDArray[np.int64], TextIndex]:
        rows = np.arange(len(columns))
        if scoped:
            trees = [grid_tree(snapshot, level) for level in levels_of(grids)]
            shapes = np.zeros(0, dtype=object) if columns.geometry is None else columns.geometry
            inside = [tree.query(shapes, predicate="intersects")[0] for tree in trees if tree is not None]
            rows = np.unique(np.concatenate(inside)) if inside else rows[:0]
        return rows, TextIndex(columns.text(column)[rows])

    return _memo.get((columns, grids) if scoped else (columns,), (column, scoped), make)


def _answer(snapshot: Snapshot, one: Candidate) -> Json:
    layer = snapshot[one.layer]
    kinds = {"grids": "team" if one.column == "team" else "grid", "places": "place", "streets": "street",
             "zones": "zone", "buildings": "building"}  # fmt: skip
    shapes = layer.geometry[list(one.rows[:MOST_PIECES])]  # type: ignore[index]
    answer: Json = {"kind": kinds[one.layer], "text": one.text, "matched": one.column}
    if one.layer == "grids":
        row = one.rows[0]
        at = shapely.point_on_surface(shapes[0])
        facts = _chain(snapshot, row, at.x, at.y)
        if one.column == "team":
            facts["through"] = [_grid(snapshot, other) for other in one.rows[:MOST_GRIDS]]
            facts["through_count"] = len(one.rows)
    else:
        at, through = _middle(snapshot, shapes)
        facts = _at(snapshot, at.x, at.y)
        if len(through) > 1:
            facts["through"] = [_grid(snapshot, row) for row in through[:MOST_GRIDS]]
            facts["through_count"] = len(through)
    lon, lat = lonlat([at.x], [at.y], str(snapshot.crs))
    return {**answer, "lon": round(float(lon[0]), DECIMALS), "lat": round(float(lat[0]), DECIMALS), **facts}


def _middle(snapshot: Snapshot, shapes: NDArray[Any]) -> tuple[Any, list[int]]:
    """Return a place on the shapes in the finest grid that has the most of them, and all finest grids they touch."""
    grids = snapshot["grids"]
    level = levels_of(grids)[-1]
    tree, rows = grid_tree(snapshot, level), np.flatnonzero(grids.text("level") == level)
    assert grids.geometry is not None
    which, place = (np.zeros(0, np.int64),) * 2 if tree is None else tree.query(shapes, predicate="intersects")
    if len(which) == 0:  # in no grid of the finest level: a coarser one may hold a part
        every = shapely.STRtree(grids.geometry)
        which, place = every.query(shapes, predicate="intersects")
        rows = np.arange(len(grids))
    if len(which) == 0:
        return shapely.point_on_surface(shapes[0]), []
    # A broken ring is mended before it is cut.
    parts = shapely.intersection(shapely.make_valid(shapes[which]), shapely.make_valid(grids.geometry[rows[place]]))
    size = np.where(shapely.area(parts) > 0, shapely.area(parts), shapely.length(parts))
    most = int(np.lexsort((place, -size))[0])
    share = np.zeros(int(place.max()) + 1)
    np.add.at(share, place, size)
    touched = sorted(set(place.tolist()), key=lambda i: (-share[i], i))
    return shapely.point_on_surface(parts[most]), [int(rows[i]) for i in touched]


def _at(snapshot: Snapshot, x: float, y: float) -> Json:
    """The grids of a place at every level, coarse to fine; the chain above the finest; team and distance."""
    grids = snapshot["grids"]
    rows = [row for row in (grid_at(snapshot, level, x, y) for level in levels_of(grids)) if row >= 0]
    if not rows:
        return {"grids": [], "parents": [], "team": None, "border_m": None}
    return _chain(snapshot, rows[-1], x, y) | {"grids": [_grid(snapshot, row, (x, y)) for row in rows]}


def _chain(snapshot: Snapshot, row: int, x: float, y: float) -> Json:
    """A grid with those above it as recorded: coarse to fine."""
    above = hierarchy_of(snapshot["grids"]).parent_index
    rows = [row]
    while above[rows[0]] >= 0:
        rows.insert(0, int(above[rows[0]]))
    listed = [_grid(snapshot, one, (x, y)) for one in rows]
    named = next((one for one in reversed(listed) if one["team"]), None)
    return {
        "grids": listed,
        "parents": [one["code"] for one in listed[:-1]],
        "team": None if named is None else {name: named[name] for name in ("team", "level", "code")},
        "border_m": listed[-1]["border_m"],
    }


def _one(column: Column | Codes, row: int) -> Any:
    if not isinstance(column, Codes):
        return column[row]
    code = int(column.codes[row])
    return None if code < 0 else column.values[code]


def _grid(snapshot: Snapshot, row: int, place: tuple[float, float] | None = None) -> Json:
    grids = snapshot["grids"]
    text = {name: grids.columns[name] for name in ("level", "code", "name", "team")}
    found: Json = {name: _one(column, row) for name, column in text.items()}
    if place is not None:
        assert grids.geometry is not None
        border = shapely.boundary(grids.geometry[row])
        found["border_m"] = round(float(shapely.distance(border, shapely.Point(*place))), 2)
    return found
