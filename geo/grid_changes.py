"""Changes of a division: what a grid was and what it is to be. Every way to change grids ends in a list of these."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Key = tuple[str, str]  # level, code


@dataclass(frozen=True)
class GridState:
    """A grid without its name: everything that a change may change.

    Attributes
    ----------
    geometry
        Polygon or MultiPolygon in the store's projected CRS, metres.
    name, parent, team
        Text; None: not recorded.
    population
        People; None: not recorded.
    """

    geometry: Any
    name: str | None = None
    parent: str | None = None
    team: str | None = None
    population: float | None = None


@dataclass(frozen=True)
class GridChange:
    """One grid before and after; `before` is None for a new grid, `after` for one that ends."""

    level: str
    code: str
    before: GridState | None
    after: GridState | None

    @property
    def key(self) -> Key:
        """Level and code."""
        return self.level, self.code


def inverse(changes: Iterable[GridChange]) -> tuple[GridChange, ...]:
    """Return what undoes `changes`, last change first."""
    return tuple(GridChange(one.level, one.code, one.after, one.before) for one in reversed(tuple(changes)))


def folded(changes: Iterable[GridChange]) -> tuple[GridChange, ...]:
    """Return one change for each grid that is not in the end what it was; in the order of their first change.

    Raises
    ------
    ValueError
        A change does not begin where the one before it ended.
    """
    found: dict[Key, GridChange] = {}
    for one in changes:
        before = found.get(one.key)
        if before is None:
            found[one.key] = one
            continue
        if before.after != one.before:
            raise ValueError(f"the change of {one.key} does not begin where the one before it ended")
        found[one.key] = GridChange(one.level, one.code, before.before, one.after)
    return tuple(one for one in found.values() if one.before != one.after)


def applied(states: Mapping[Key, GridState], changes: Iterable[GridChange]) -> dict[Key, GridState]:
    """Return the division after `changes`.

    Raises
    ------
    KeyError
        A grid is not what a change begins with; its argument is the grid's key.
    """
    after = dict(states)
    for one in changes:
        if after.get(one.key) != one.before:
            raise KeyError(one.key)
        if one.after is None:
            after.pop(one.key, None)
        else:
            after[one.key] = one.after
    return after
