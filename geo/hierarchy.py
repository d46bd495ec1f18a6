"""The grid hierarchy: levels of any number, parents found by code, faults reported instead of followed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from geo.errors import N_, UnknownLevelError

_SAME_OVERLAP = 0.01  # overlaps that differ by less than this share of the child's area count as equal


@dataclass(frozen=True)
class Problem:
    """Something wrong with one grid's place in the hierarchy; `message` is a template like an error's.

    `kind` is one of "unknown_parent", "same_level_parent", "cycle", "level_order", "duplicate_code".
    """

    index: int
    kind: str
    message: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Hierarchy:
    """Grids of all levels and how they hang together; grids are named by their index in the input.

    Attributes
    ----------
    code, level
        Object arrays (n,) of str.
    levels
        Names from coarse to fine.
    parent_index
        int64 (n,): index of the parent, -1 for none. A parent's level is always coarser, so every path ends.
    problems
        In the order of the grids.
    """

    code: NDArray[Any]
    level: NDArray[Any]
    levels: tuple[str, ...]
    parent_index: NDArray[np.int64]
    problems: tuple[Problem, ...]
    _children: Mapping[int, NDArray[np.int64]] = field(repr=False)

    def __len__(self) -> int:
        return len(self.code)

    def at_level(self, level: str) -> NDArray[np.int64]:
        """Return the indices of the grids of a level.

        Raises
        ------
        UnknownLevelError
            There is no such level.
        """
        if level not in self.levels:
            raise UnknownLevelError(
                N_("There is no grid level “{level}”."),
                N_("The levels are: {levels}."),
                level=level,
                levels=", ".join(self.levels) or "–",
            )
        return np.flatnonzero(self.level == level).astype(np.int64)

    def children(self, index: int) -> NDArray[np.int64]:
        """Return the indices of the grids whose parent is `index`."""
        return self._children.get(index, np.zeros(0, np.int64))

    def roots(self) -> NDArray[np.int64]:
        """Return the indices of the grids without a parent."""
        return np.flatnonzero(self.parent_index < 0).astype(np.int64)

    def path(self, index: int) -> tuple[int, ...]:
        """Return the indices from the root down to `index`, both included."""
        up = [index]
        while (above := int(self.parent_index[up[-1]])) >= 0:
            up.append(above)
        return tuple(reversed(up))

    def descendants(self, index: int) -> NDArray[np.int64]:
        """Return the indices of all grids below `index`, sorted, itself not included."""
        found: list[int] = []
        front = [index]
        while front:
            front = [int(child) for parent in front for child in self.children(parent)]
            found.extend(front)
        return np.array(sorted(found), dtype=np.int64)


def build_hierarchy(code: ArrayLike, level: ArrayLike, parent: ArrayLike, geometry: ArrayLike) -> Hierarchy:
    """Link grids to their parents.

    A `parent` is the code of a grid of another level. Where several levels hold that code, the parent is the grid
    whose polygon overlaps the child's most (within 1 % of the child's area), then the one of the smallest area, so
    that the nearest level wins. A parent that is not there, is of the child's own level, or closes a circle is
    reported and left out; nothing is guessed in its place.

    Levels are ordered coarse to fine by the parent links (majority of links between two levels); levels that no link
    orders, by median area.

    Parameters
    ----------
    code, level
        Text (n,).
    parent
        Text (n,), None or "" for none.
    geometry
        Polygons (n,) in one metric CRS; None is allowed and overlaps nothing.

    Examples
    --------
    >>> city, block = shapely.box(0, 0, 9, 9), shapely.box(0, 0, 1, 1)
    >>> tree = build_hierarchy(["A1", "A", "B1"], ["block", "city", "block"], ["A", None, "B"], [block, city, block])
    >>> tree.levels, tree.parent_index.tolist(), tree.problems[0].kind
    (('city', 'block'), [1, -1, -1], 'unknown_parent')
    """
    codes, names = np.asarray(code, dtype=object), np.asarray(level, dtype=object)
    parents, polygons = np.asarray(parent, dtype=object), np.asarray(geometry, dtype=object)
    if not len(codes) == len(names) == len(parents) == len(polygons):
        raise ValueError("code, level, parent and geometry differ in length")
    area = np.nan_to_num(np.asarray(shapely.area(polygons), np.float64))
    problems: list[Problem] = []
    rows: dict[str, list[int]] = defaultdict(list)
    seen: set[tuple[str, str]] = set()
    for i, text in enumerate(codes):
        if (names[i], text) in seen:
            message = N_("The code “{code}” occurs more than once in the level “{level}”.")
            problems.append(Problem(i, "duplicate_code", message, {"code": text, "level": names[i]}))
        seen.add((names[i], text))
        rows[text].append(i)

    link = np.full(len(codes), -1, np.int64)
    for i, text in enumerate(parents):
        if text is None or text == "":
            continue
        holders = rows.get(text, [])
        others = [j for j in holders if names[j] != names[i]]
        if others:
            link[i] = nearest_parent(i, others, polygons, area)
        elif holders:
            message = N_("The parent “{parent}” of “{code}” is a grid of the same level.")
            problems.append(Problem(i, "same_level_parent", message, {"code": codes[i], "parent": text}))
        else:
            message = N_("The parent “{parent}” of “{code}” does not exist.")
            problems.append(Problem(i, "unknown_parent", message, {"code": codes[i], "parent": text}))

    for i in _in_cycles(link):
        message = N_("“{code}” is its own ancestor: its parent “{parent}” lies below it.")
        problems.append(Problem(i, "cycle", message, {"code": codes[i], "parent": parents[i]}))
        link[i] = -1

    levels = _order_levels(names, link, area)
    depth = {name: place for place, name in enumerate(levels)}
    for i in np.flatnonzero(link >= 0).tolist():
        above = names[link[i]]
        if depth[above] >= depth[names[i]]:
            message = N_("The parent “{parent}” of “{code}” is of the finer level “{level}”.")
            params = {"code": codes[i], "parent": parents[i], "level": above}
            problems.append(Problem(i, "level_order", message, params))
            link[i] = -1

    below: dict[int, list[int]] = defaultdict(list)
    for i, above in enumerate(link):
        if above >= 0:
            below[int(above)].append(i)
    link.flags.writeable = False
    return Hierarchy(
        codes,
        names,
        levels,
        link,
        tuple(sorted(problems, key=lambda problem: problem.index)),
        {above: np.array(children, dtype=np.int64) for above, children in below.items()},
    )


def nearest_parent(child: int, candidates: Sequence[int], polygons: NDArray[Any], area: NDArray[np.float64]) -> int:
    """Return which of several grids of one code is the parent of a grid: see `build_hierarchy`."""
    if len(candidates) == 1:
        return candidates[0]
    overlap = {j: _overlap(polygons[child], polygons[j]) for j in candidates}
    enough = max(overlap.values()) - _SAME_OVERLAP * area[child]
    return min((j for j in candidates if overlap[j] >= enough), key=lambda j: (area[j], j))


def _overlap(left: Any, right: Any) -> float:
    if left is None or right is None or not shapely.intersects(left, right):
        return 0.0
    return float(shapely.area(shapely.intersection(shapely.make_valid(left), shapely.make_valid(right))))


def _in_cycles(link: NDArray[np.int64]) -> list[int]:
    """Indices that reach themselves by following `link`."""
    state = np.zeros(len(link), np.int8)  # 0 new, 1 on the present walk, 2 done
    found: list[int] = []
    for start in range(len(link)):
        walk: list[int] = []
        here = start
        while here >= 0 and state[here] == 0:
            state[here] = 1
            walk.append(here)
            here = int(link[here])
        if here >= 0 and state[here] == 1:
            found.extend(walk[walk.index(here) :])
        state[walk] = 2
    return sorted(found)


def _order_levels(names: NDArray[Any], link: NDArray[np.int64], area: NDArray[np.float64]) -> tuple[str, ...]:
    """Coarse to fine: no level before one that most of its links name as coarser; ties by median area, then name."""
    net: dict[tuple[str, str], int] = defaultdict(int)
    for child in np.flatnonzero(link >= 0).tolist():
        above, below = names[link[child]], names[child]
        net[above, below] += 1
        net[below, above] -= 1
    left = {name: float(np.median(area[names == name])) for name in set(names.tolist())}
    order: list[str] = []
    while left:
        free = [name for name in left if not any(net.get((other, name), 0) > 0 for other in left if other != name)]
        chosen = min(free or left, key=lambda name: (-left[name], name))
        order.append(chosen)
        del left[chosen]
    return tuple(order)
