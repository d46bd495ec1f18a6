"""By which division a past period is counted: today's, or the one that was in force then."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.columns import LayerColumns, Snapshot, freeze
from geo.hierarchy import build_hierarchy
from geo.scope import members, rows_of, without_parents
from layers.base import Params
from store.history_read import DivisionChange
from store.schema import LAYERS
from store.values import from_sql
from web.state import Atlas

Json = dict[str, Any]
TODAY, THEN = DIVISIONS = ("today", "then")
MOST = 10_000


@dataclass(frozen=True)
class Counted:
    """What a period is counted from.

    Attributes
    ----------
    snapshot
        With the grids of the division.
    facts
        Which one, since when, and its changes within the period; JSON-ready.
    """

    snapshot: Snapshot
    facts: Json


def counted(state: Atlas, snapshot: Snapshot, params: Params) -> Counted:
    """Return the grids by which `params` wants its period counted.

    "then" is the division that was in force when the period ended: a report of the period would have been made by it.
    Where the history begins later, it is the first one that is known, and the facts say so.
    """
    changes = _changes(state, snapshot)
    if not changes:
        return Counted(snapshot, {"by": TODAY, "revision": snapshot["grids"].revision, "since": None,
                                  "history_from": None, "before_history": False, "changes": []})  # fmt: skip
    times = np.array([_time(one.at) for one in changes])
    last = len(changes) - 1
    place = last if params.end is None else int(np.searchsorted(times, params.end, side="left")) - 1
    early = place < 0
    chosen = max(place, 0) if params.division == THEN else last
    within = [
        one
        for one, at in zip(changes[1:], times[1:], strict=True)
        if (params.start is None or at >= params.start) and (params.end is None or at < params.end)
    ]
    facts = {
        "by": THEN if chosen != last else params.division,
        "revision": changes[chosen].revision,
        "since": changes[chosen].at,
        "history_from": changes[0].at,
        "before_history": early or (params.start is not None and params.start < times[0]),
        "changes": [{"revision": one.revision, "at": one.at, "grids": _size(one)} for one in within],
    }
    return Counted(snapshot if chosen == last else _then(state, snapshot, changes[chosen].revision), facts)


def _size(one: DivisionChange) -> int:
    return one.added + one.changed + one.removed


def _time(text: str) -> np.datetime64:
    return np.datetime64(text.rstrip("Z"), "ms")


def _changes(state: Atlas, snapshot: Snapshot) -> list[DivisionChange]:
    """Return the changes of the division that the reader may know of, the first first."""

    def make() -> list[DivisionChange]:
        found = state.store.division_changes(MOST)[::-1]
        if snapshot.scope is None:
            return found
        known = set(_keys(snapshot["grids"]))
        mine = []
        for one in found:
            changed = state.store.division_change(one.revision)[1]
            own = [change for change in changed if change.key in known or change.key in snapshot.scope.grids]
            if own:
                new = sum(change.before is None for change in own)
                gone = sum(change.after is None for change in own)
                mine.append(replace(one, added=new, removed=gone, changed=len(own) - new - gone))
        return mine

    # Every change of the division is a revision of the grids.
    return state.prepared.get(("division changes", state.whole()["grids"].revision), make)  # type: ignore[no-any-return]


def _keys(grids: LayerColumns) -> list[tuple[str, str]]:
    return list(zip(grids.text("level").tolist(), grids.text("code").tolist(), strict=True))


def _then(state: Atlas, snapshot: Snapshot, revision: int) -> Snapshot:
    def make() -> LayerColumns:
        grids = _columns(state, revision)
        if snapshot.scope is None:
            return grids
        shapes = np.zeros(0, dtype=object) if grids.geometry is None else grids.geometry
        tree = build_hierarchy(grids.text("code"), grids.text("level"), grids.text("parent"), shapes)
        mine = members(snapshot.scope, tree)
        rows = np.flatnonzero(mine)
        above = tree.parent_index[rows]
        return without_parents(rows_of(grids, rows, revision), np.flatnonzero((above < 0) | ~mine[above]))

    grids = state.prepared.get(("division", revision), make)
    return replace(snapshot, layers=MappingProxyType({**snapshot.layers, "grids": grids}))


def _columns(state: Atlas, revision: int) -> LayerColumns:
    """Return the grids of a division as columns, in the order of level and code."""
    states = state.store.division_at(revision)
    keys = sorted(states)
    values: dict[str, list[Any]] = {"level": [key[0] for key in keys], "code": [key[1] for key in keys]}
    for name in ("name", "parent", "team", "population"):
        values[name] = [getattr(states[key], name) for key in keys]
    columns = {column.name: from_sql(column.kind, values[column.name]) for column in LAYERS["grids"].columns}
    shapes: NDArray[Any] = np.empty(len(keys), dtype=object)
    shapes[:] = [states[key].geometry for key in keys]
    fid = freeze(np.arange(1, len(keys) + 1, dtype=np.int64))
    return LayerColumns("grids", revision, fid, MappingProxyType(columns), freeze(shapes))
