"""The grids of all levels as the audit takes them: what each is, whose it is, and the area it is read as."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from geo.audit_cover import Sheet
from geo.audit_edges import Edges, areal, edges_of, moved, origin_at
from geo.audit_rules import Layout
from geo.hierarchy import Hierarchy, build_hierarchy

Floats = NDArray[np.float64]
Objects = NDArray[Any]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Division:
    """Grids of all levels, arrays (n,).

    Attributes
    ----------
    code, level, parent, team
        Text or None.
    population
        float64, NaN where missing.
    drawn
        Polygons or multipolygons as they came, in one metric CRS; None where there is none.
    tree
        How the levels hang together.
    """

    code: Objects
    level: Objects
    parent: Objects
    team: Objects
    population: Floats
    drawn: Objects
    tree: Hierarchy

    def __len__(self) -> int:
        return len(self.code)

    @cached_property
    def valid(self) -> NDArray[np.bool_]:
        """Bool (n,): the rings are what the standard allows."""
        return np.asarray(shapely.is_valid(self.drawn), dtype=np.bool_)

    @cached_property
    def shapes(self) -> Objects:
        """Valid areas (n,), moved by `origin`: the even parts of a ring that is not valid, an empty one for none."""
        found = moved(self.drawn, -self.origin)
        wrong = np.flatnonzero(~self.valid)
        found[wrong] = shapely.make_valid(found[wrong])
        return areal(found)

    @cached_property
    def area(self) -> Floats:
        """float64 (n,), m2, of `shapes`."""
        return np.asarray(shapely.area(self.shapes), np.float64)

    @cached_property
    def origin(self) -> Floats:
        """float64 (2,): from where all is measured, so that small areas are exact."""
        return origin_at(self.bounds)

    @cached_property
    def bounds(self) -> Floats:
        """float64 (n, 4): of `drawn`, NaN where there is nothing."""
        return np.asarray(shapely.bounds(self.drawn), np.float64).reshape(-1, 4)

    @cached_property
    def edges(self) -> Edges:
        """The edges of all grids."""
        return edges_of(self.shapes)

    @cached_property
    def sheets(self) -> Mapping[str, Sheet]:
        """The grids of each level, coarse to fine."""
        found = {}
        for level in self.tree.levels:
            rows = self.tree.at_level(level)
            shapes = self.shapes[rows]
            found[level] = Sheet(level, rows, shapes, shapely.STRtree(shapes))
        return found

    @cached_property
    def by_code(self) -> Mapping[Any, list[int]]:
        """The grids that have each code."""
        found: dict[Any, list[int]] = {}
        for row, code in enumerate(self.code.tolist()):
            found.setdefault(code, []).append(row)
        return found

    @cached_property
    def chained(self) -> bool:
        """Whether every level but the coarsest has a grid that is linked to its parent."""
        linked = set(self.level[self.tree.parent_index >= 0].tolist())
        return len(self.tree.levels) - len(linked) <= 1

    @cached_property
    def layouts(self) -> dict[str, Layout | None]:
        """The code layouts that were found, by the level of unit grids."""
        return {}

    @cached_property
    def spots(self) -> Objects:
        """A point inside each of `shapes`."""
        return np.asarray(shapely.point_on_surface(self.shapes), dtype=object)


def division(
    code: ArrayLike,
    level: ArrayLike,
    parent: ArrayLike,
    polygons: ArrayLike,
    team: ArrayLike | None = None,
    population: ArrayLike | None = None,
    tree: Hierarchy | None = None,
) -> Division:
    """Return grids as a division; columns that are not given are missing throughout.

    Examples
    --------
    >>> found = division(["a", "b"], ["grid"] * 2, [None, None], [shapely.box(0, 0, 1, 1), None])
    >>> found.area.tolist(), found.tree.levels
    ([1.0, 0.0], ('grid',))
    """
    codes, levels, parents = (np.asarray(one, dtype=object) for one in (code, level, parent))
    shapes = np.asarray(polygons, dtype=object)
    blank = np.full(len(codes), None, dtype=object)
    teams = blank if team is None else np.asarray(team, dtype=object)
    people = np.full(len(codes), np.nan) if population is None else np.asarray(population, np.float64)
    if not len(codes) == len(teams) == len(people):
        raise ValueError("the columns differ in length")
    known = tree or build_hierarchy(codes, levels, parents, shapes)
    return Division(codes, levels, parents, teams, people, shapes, known)


def redrawn(before: Division, drawn: Objects, team: Objects, population: Floats, changed: Rows) -> Division:
    """Return the same grids of which `changed` are drawn anew; all that was worked out for the others is taken over.

    The links between grids stay as they are, and so does the origin.
    """
    after = Division(before.code, before.level, before.parent, team, population, drawn, before.tree)
    part = Division(
        before.code[changed], before.level[changed], before.parent[changed], team[changed], population[changed],
        drawn[changed], before.tree,
    )  # fmt: skip
    known = vars(after)  # where cached properties are kept
    known["origin"] = vars(part)["origin"] = before.origin
    for name in ("layouts", "by_code", "chained"):  # of the names alone
        known[name] = getattr(before, name)
    for name in ("bounds", "valid", "shapes", "area", "spots"):
        values = getattr(before, name).copy()
        values[changed] = getattr(part, name)
        known[name] = values
    known["edges"] = before.edges.replaced(changed, part.shapes)
    sheets = dict(before.sheets)
    for level in dict.fromkeys(before.level[changed].tolist()):
        shapes = after.shapes[sheets[level].rows]
        sheets[level] = Sheet(level, sheets[level].rows, shapes, shapely.STRtree(shapes))
    known["sheets"] = sheets
    return after
