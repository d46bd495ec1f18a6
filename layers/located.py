"""The grids of every level by place, kept in step with the store grid by grid, for one incident at a time."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

import shapely

from geo.columns import LayerColumns
from geo.live import GridIndex
from layers.base import levels_of, rows_of_level


@dataclass(frozen=True)
class LocatedGrid:
    """The grid of a level that a place lies in; `name` and `team` None where not recorded."""

    level: str
    code: str
    name: str | None
    team: str | None


class LocatedGrids:
    """Answers for one place on every level, by the tie rule of `geo.assign`; safe to share between threads.

    `follow` takes the grids of a snapshot: of grids that stayed as they were nothing is built anew.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._grids: LayerColumns | None = None
        self._trees: dict[str, GridIndex] = {}
        self._shapes: dict[str, dict[str, Any]] = {}
        self._facts: dict[str, dict[str, LocatedGrid]] = {}

    def at(self, grids: LayerColumns, x: float, y: float) -> list[LocatedGrid]:
        """Return the grids that hold a place (metres), coarse level first; a level without one is left out."""
        self.follow(grids)
        found = []
        for level, tree in tuple(self._trees.items()):
            code = tree.locate(x, y)
            if code is not None and code in self._facts[level]:
                found.append(self._facts[level][code])
        return found

    def follow(self, grids: LayerColumns) -> None:
        """Bring the index to the state of `grids`: only grids that came, went or moved are touched."""
        if grids is self._grids:
            return
        with self._lock:
            if grids is self._grids:
                return
            levels = levels_of(grids)
            for gone in set(self._trees) - set(levels):
                del self._trees[gone], self._shapes[gone], self._facts[gone]
            trees, facts = {}, {}
            for level in levels:
                trees[level], facts[level] = self._trees.get(level, GridIndex()), _facts(grids, level)
                self._shapes[level] = _follow(trees[level], self._shapes.get(level, {}), grids, level)
            self._facts, self._trees, self._grids = facts, trees, grids

    def __len__(self) -> int:
        return sum(len(tree) for tree in self._trees.values())


def _facts(grids: LayerColumns, level: str) -> dict[str, LocatedGrid]:
    rows = rows_of_level(grids, level)
    columns = (grids.text(name)[rows] for name in ("code", "name", "team"))
    return {code: LocatedGrid(level, code, name, team) for code, name, team in zip(*columns, strict=True)}


def _follow(tree: GridIndex, before: dict[str, Any], grids: LayerColumns, level: str) -> dict[str, Any]:
    """Change `tree` from the polygons `before` to those of `level`, and return these by code."""
    rows = rows_of_level(grids, level)
    shapes = [] if grids.geometry is None else grids.geometry[rows].tolist()
    now = dict(zip(grids.text("code")[rows].tolist(), shapes, strict=True))
    for code in before.keys() - now.keys():
        tree.delete(code)
    both = [code for code in now if code in before]
    same = shapely.equals_identical([before[code] for code in both], [now[code] for code in both]) if both else []
    for code, still in zip(both, same, strict=True):
        if not still:
            tree.move(code, now[code])
    for code in now.keys() - before.keys():
        tree.insert(code, now[code])
    return now
