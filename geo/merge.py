"""Merging grids, moving a grid to another parent, setting the team, and going back to an earlier division."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import shapely

from geo.errors import N_, ParameterError, ReshapeError, UnknownGridError
from geo.grid_changes import GridChange, GridState, Key
from geo.split import LEAST_M2, children_of, state_of

SLACK_M2 = 1e-4


def merge(
    states: Mapping[Key, GridState], levels: Sequence[str], level: str, codes: Sequence[str], into: str
) -> list[GridChange]:
    """Return the changes that make one grid of several; it keeps the code, name and team of `into`.

    The population is the sum where all are known, else missing. Children of the others become its children.

    Raises
    ------
    UnknownGridError, ReshapeError
        There is no such grid; they are fewer than two, have different parents, do not hang together, or overlap.
    """
    chosen = list(dict.fromkeys(codes))
    if len(chosen) < 2 or into not in chosen:
        raise ReshapeError(
            N_("Choose two grids or more, and which of them goes on."), N_("Choose grids that lie side by side."),
            field="codes",
        )  # fmt: skip
    old = {code: state_of(states, level, code) for code in chosen}
    if len({state.parent for state in old.values()}) > 1:
        raise ReshapeError(N_("The grids have different parents."), N_("Move them to one parent first."), field="codes")
    shapes = np.array([state.geometry for state in old.values()], dtype=object)
    whole = _multi(shapely.union_all(shapes))
    lost = float(shapely.area(shapes).sum() - whole.area)
    if lost > SLACK_M2:
        raise ReshapeError(
            N_("The grids overlap by {area} m²."), N_("Repair the overlap first."), area=f"{lost:.2f}", field="codes"
        )
    if len(whole.geoms) > 1 + sum(len(shape.geoms) - 1 for shape in map(_multi, shapes)):
        raise ReshapeError(
            N_("The grids do not hang together."), N_("Choose grids that lie side by side."), field="codes"
        )
    people = [state.population for state in old.values()]
    total = None if any(one is None for one in people) else float(sum(one for one in people if one is not None))
    changes = [GridChange(level, into, old[into], replace(old[into], geometry=whole, population=total))]
    for code in chosen:
        if code != into:
            changes.append(GridChange(level, code, old[code], None))
            for key, child in children_of(states, levels, level, code):
                changes.append(GridChange(*key, child, replace(child, parent=into)))
    return changes


def to_parent(
    states: Mapping[Key, GridState], levels: Sequence[str], level: str, code: str, parent: str
) -> list[GridChange]:
    """Return the changes that move a grid to another parent; where both parents have one parent, their ground follows.

    The old parent gives up the ground and the people of the grid and the new one gains them, as far as they are known.
    Where they lie in different parents themselves, only the record changes, and the audit shows what to redraw.

    Raises
    ------
    UnknownGridError, ReshapeError
        There is no such grid, no such parent, or the old parent would be left without ground.
    """
    grid = state_of(states, level, code)
    coarser = list(levels[: levels.index(level)]) if level in levels else []
    above = next((name for name in reversed(coarser) if (name, parent) in states), None)
    if above is None:
        raise UnknownGridError(
            N_("No coarser level has a grid “{code}”."), N_("Choose a grid of the level above."),
            code=parent[:80], field="parent",
        )  # fmt: skip
    if grid.parent == parent:
        raise ReshapeError(N_("The grid has this parent already."), N_("Choose another one."), field="parent")
    changes = [GridChange(level, code, grid, replace(grid, parent=parent))]
    old, new = states.get((above, grid.parent or "")), states[above, parent]
    if old is None or old.parent != new.parent:
        return changes
    given = shapely.intersection(old.geometry, grid.geometry)
    left = _large(shapely.difference(old.geometry, grid.geometry))
    if left is None:
        raise ReshapeError(
            N_("Grid {code} would be left without ground."), N_("Merge the two parents instead."), code=grid.parent
        )
    gained = _large(shapely.union(new.geometry, given))
    if given.area > LEAST_M2 and gained is not None:
        fewer, more = (_people(side.population, grid.population, sign) for side, sign in ((old, -1), (new, 1)))
        changes.append(GridChange(above, grid.parent or "", old, replace(old, geometry=left, population=fewer)))
        changes.append(GridChange(above, parent, new, replace(new, geometry=gained, population=more)))
    return changes


def _people(known: float | None, moved: float | None, sign: int) -> float | None:
    """Return how many people a parent has after a grid left (-1) or came (1); None where that is not known."""
    if known is None or moved is None or known + sign * moved < 0:
        return None
    return known + sign * moved


def to_team(states: Mapping[Key, GridState], level: str, codes: Sequence[str], team: str | None) -> list[GridChange]:
    """Return the changes that give grids to a team (None: to nobody); raises UnknownGridError."""
    found = [(code, state_of(states, level, code)) for code in dict.fromkeys(codes)]
    return [GridChange(level, code, old, replace(old, team=team)) for code, old in found if old.team != team]


def to_past(
    states: Mapping[Key, GridState], past: Mapping[Key, GridState], only: Iterable[Key] | None = None
) -> list[GridChange]:
    """Return the changes that bring back an earlier division, or of it the grids of `only`.

    Raises
    ------
    ParameterError
        A grid of `only` was not there either.
    """
    keys = sorted({*states, *past}) if only is None else sorted(set(only))
    unknown = [key for key in keys if key not in states and key not in past]
    if unknown:
        raise ParameterError(
            N_("The grid “{code}” was not there then, and is not now."), N_("Choose another one."),
            code=unknown[0][1][:80], field="codes",
        )  # fmt: skip
    pairs = [(key, states.get(key), past.get(key)) for key in keys]
    return [GridChange(*key, now, then) for key, now, then in pairs if now != then]


def _multi(shape: Any) -> Any:
    """Return an areal shape as a multipolygon, without lines and points."""
    parts = [part for part in shapely.get_parts(shapely.get_parts(shape)).tolist() if part.geom_type == "Polygon"]
    return shapely.MultiPolygon(parts)


def _large(shape: Any) -> Any:
    """Return the parts of a shape that are no rounding; None without any."""
    parts = [part for part in _multi(shape).geoms if part.area > LEAST_M2]
    return shapely.MultiPolygon(parts) if parts else None
