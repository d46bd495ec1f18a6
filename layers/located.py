"""The grids of every level by place, kept in step with the store grid by grid, for one incident at a time."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from geo.columns import LayerColumns
from geo.live import GridIndex
from layers.base import levels_of, rows_of_level

BETWEEN = "\x1f"  # level and code: no text of the store holds it


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
        self._tree = GridIndex()  # one for all levels: a place is looked up once
        self._shapes: dict[str, Any] = {}
        self._facts: dict[str, LocatedGrid] = {}

    def at(self, grids: LayerColumns, x: float, y: float) -> list[LocatedGrid]:
        """Return the grids that hold a place (metres), coarse level first; a level without one is left out."""
        self.follow(grids)
        facts = self._facts
        found: dict[str, LocatedGrid] = {}
        for key in self._tree.all_at(x, y):
            if key in facts:
                found.setdefault(facts[key].level, facts[key])
        return [found[level] for level in levels_of(grids) if level in found]

    def follow(self, grids: LayerColumns) -> None:
        """Bring the index to the state of `grids`: only grids that came, went or moved are touched."""
        if grids is self._grids:
            return
        with self._lock:
            if grids is self._grids:
                return
            rows = np.concatenate([np.zeros(0, np.int64), *(rows_of_level(grids, level) for level in levels_of(grids))])
            columns = (grids.text(name)[rows].tolist() for name in ("level", "code", "name", "team"))
            told = [LocatedGrid(*one) for one in zip(*columns, strict=True)]
            keys = [f"{one.level}{BETWEEN}{one.code}" for one in told]
            shapes = [] if grids.geometry is None else grids.geometry[rows].tolist()
            now = dict(zip(keys, shapes, strict=True))
            _follow(self._tree, self._shapes, now)
            self._facts, self._shapes, self._grids = dict(zip(keys, told, strict=True)), now, grids

    def __len__(self) -> int:
        return len(self._tree)


def _follow(tree: GridIndex, before: dict[str, Any], now: dict[str, Any]) -> None:
    """Change `tree` from the polygons `before` to those of `now`."""
    for key in before.keys() - now.keys():
        tree.delete(key)
    both = [key for key in now if key in before]
    same = shapely.equals_identical([before[key] for key in both], [now[key] for key in both]) if both else []
    for key, still in zip(both, same, strict=True):
        if not still:
            tree.move(key, now[key])
    for key in now.keys() - before.keys():
        tree.insert(key, now[key])
