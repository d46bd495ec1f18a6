"""Changes of the division: a list of grids before and after, in one transaction that makes one revision.

Every grid is checked against what it was when the change was planned. One that is no longer that was changed by
somebody else meanwhile: the whole change is refused with both versions, so that nobody's work is overwritten unseen.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from geo.errors import N_, ReshapeError
from geo.grid_changes import GridChange, GridState, Key, folded
from store import history, indexes, records, revisions
from store.audit_trail import digest_of, record
from store.blobs import encode_geometries
from store.errors import DivisionConflictError
from store.grid_states import as_stored, present
from store.migrations import now
from store.pool import Pool
from store.rows import next_fid

KIND = "division"  # of a revision
MOST_TOLD = 10  # grids of one change that the audit trail names


@dataclass(frozen=True)
class Changed:
    """What a change of the division did, in grids."""

    revision: int
    added: int
    changed: int
    removed: int


class Division(Pool):
    """The part of a store that changes grids."""

    def grid_states(self) -> dict[Key, GridState]:
        """Return every grid of the store by level and code."""
        with self._reading() as connection:
            return present(connection)

    def change_division(self, changes: Iterable[GridChange], why: str) -> Changed:
        """Change grids, and say why; one revision.

        Raises
        ------
        DivisionConflictError
            A grid is no longer what a change begins with.
        ReshapeError
            Nothing would change, a shape cannot be kept, or the store is empty.
        """
        with self._writing() as connection:
            return apply_changes(connection, changes, why)


def apply_changes(
    connection: sqlite3.Connection, changes: Iterable[GridChange], why: str, draft: str | None = None
) -> Changed:
    """Change grids inside the caller's writing transaction, with history and trail; raises like `change_division`."""
    wanted = folded(as_stored(one) for one in changes)
    srs_id = records.get_meta(connection, "srs_id")
    if not wanted or srs_id is None:
        raise ReshapeError(N_("There is nothing to change in the division."), N_("Change a grid first."))
    require_present(present(connection, [one.key for one in wanted]), wanted)
    at = now()
    ended = [one for one in wanted if one.after is None]
    kept = [one for one in wanted if one.before is not None and one.after is not None]
    begun = [one for one in wanted if one.before is None]
    connection.executemany("DELETE FROM grids WHERE level = ? AND code = ?", [one.key for one in ended])
    connection.executemany(
        "UPDATE grids SET geom = ?, name = ?, parent = ?, team = ?, population = ? WHERE level = ? AND code = ?",
        [(*row, *one.key) for one, row in zip(kept, _rows(kept, int(srs_id)), strict=True)],
    )
    first = next_fid(connection, "grids")
    connection.executemany(
        "INSERT INTO grids (fid, level, code, geom, name, parent, team, population) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (first + i, *one.key, *row)
            for i, (one, row) in enumerate(zip(begun, _rows(begun, int(srs_id)), strict=True))
        ],
    )
    indexes.set_extent(connection, "grids", indexes.stored_boxes(connection, "grids")[1], at)
    revision = revisions.add(connection, at, "grids", KIND, len(wanted))
    revisions.mark(connection, "grids", revision, at, rewritten=True)
    history.explain(connection, revision, why, draft)
    target = ", ".join(f"{level} {code}" for level, code in [one.key for one in wanted][:MOST_TOLD])
    before, after = (_told(side, wanted) for side in ("before", "after"))
    record(connection, "division.change", target, before, after, revision=revision)
    return Changed(revision, len(begun), len(kept), len(ended))


def require_present(there: Mapping[Key, GridState], changes: Sequence[GridChange]) -> None:
    """Raise `DivisionConflictError` where a grid is not what its (folded) change begins with."""
    stale = [one for one in changes if there.get(one.key) != one.before]
    if stale:
        raise DivisionConflictError(
            N_("Grids were changed by somebody else meanwhile: {grids}."),
            N_("Compare both versions, then make your steps anew on what the grids are now."),
            grids=", ".join(one.code for one in stale[:MOST_TOLD])[:200],
            conflicts=tuple((one, there.get(one.key)) for one in stale),
        )


def _rows(changes: Sequence[GridChange], srs_id: int) -> list[tuple[Any, ...]]:
    states = [one.after for one in changes if one.after is not None]
    shapes = np.empty(len(states), dtype=object)
    shapes[:] = [state.geometry for state in states]
    blobs = encode_geometries(shapes, srs_id)
    return [
        (blob, state.name, state.parent, state.team, None if state.population is None else round(state.population))
        for blob, state in zip(blobs, states, strict=True)
    ]


def _told(side: str, changes: Sequence[GridChange]) -> Any:
    """Return one side of a change as the audit trail keeps it: how many grids, and a digest of all of them."""
    states = [(one.key, getattr(one, side)) for one in changes]
    known = [
        (*key, state.geometry.wkb_hex, state.name, state.parent, state.team, state.population)
        for key, state in states
        if state is not None
    ]
    return {"grids": len(known), "sha256": digest_of(known)} if known else None
