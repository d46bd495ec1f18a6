"""Decisions as readers are told of them: those of their area, and whether they still hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.columns import LayerColumns, Snapshot
from store.decisions import Decision, Decisions

Json = dict[str, Any]


def rows_of(store: Decisions, incidents: LayerColumns, names: Sequence[str]) -> NDArray[np.int64]:
    """Return the row of each incident among those that the reader may see, -1 for none."""
    fids = np.array(store.incident_fids(names), dtype=np.int64)
    if len(incidents) == 0:
        return np.full(len(names), -1, np.int64)
    place = np.minimum(np.searchsorted(incidents.fid, fids), len(incidents) - 1)
    return np.where((fids > 0) & (incidents.fid[place] == fids), place, -1).astype(np.int64)


def held(incidents: LayerColumns, level: str) -> dict[int, int]:
    """Return the number of the decision that holds at `level`, by row of the incident."""
    if incidents.decided is None:
        return {}
    rows = incidents.decided.rows_in(incidents.fid)
    here = (incidents.decided.level == level) & (rows >= 0)
    return dict(zip(rows[here].tolist(), incidents.decided.number[here].tolist(), strict=True))


def listed(store: Decisions, snapshot: Snapshot, *, ended: bool) -> list[Decision]:
    """Return the decisions about incidents that the reader may see, the last first.

    A reader of the whole city also sees those about incidents that are not there any more.
    """
    found = store.decisions(ended=ended)
    if snapshot.scope is None or not found:
        return found
    levels = set(snapshot["grids"].text("level").tolist())
    rows = rows_of(store, snapshot["incidents"], [one.incident for one in found])
    return [one for one, row in zip(found, rows.tolist(), strict=True) if row >= 0 and one.level in levels]


def changeable(store: Decisions, snapshot: Snapshot) -> set[int]:
    """Return which decisions the reader may take back: not those for a grid outside the reader's area."""
    known = _grids(snapshot)
    return {
        one.id
        for one in listed(store, snapshot, ended=True)
        if snapshot.scope is None or one.grid is None or (one.level, one.grid) in known
    }


def told(decisions: Sequence[Decision], snapshot: Snapshot) -> list[Json]:
    """Return decisions as JSON; of a grid outside the reader's area only that it is elsewhere."""
    known = _grids(snapshot)
    decided = snapshot["incidents"].decided
    holding = set() if decided is None else set(decided.number.tolist())
    rows = []
    for one in decisions:
        there = one.grid is None or (one.level, one.grid) in known
        out = not there and snapshot.scope is not None
        state = one.ended_why or ("holds" if one.id in holding and (there or out) else "lapsed")
        facts = plain(one) | {"state": state, "elsewhere": out}
        for name in ("grid", "recorded", "located") if snapshot.scope is not None else ():
            if facts[name] is not None and (one.level, facts[name]) not in known:
                facts[name] = None
        rows.append(facts)
    return rows


def plain(one: Decision) -> Json:
    """Return one decision as JSON, without the metres."""
    return {name: value for name, value in asdict(one).items() if name not in ("x", "y")}


def _grids(snapshot: Snapshot) -> set[tuple[str, str]]:
    grids = snapshot["grids"]
    return set(zip(grids.text("level").tolist(), grids.text("code").tolist(), strict=True))
