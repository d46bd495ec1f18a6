"""Decisions about which grid single incidents belong to: made, superseded, undone; none is ever deleted.

A decision holds while its incident is there, at the place where it was decided. Whoever decides says what was seen:
the decision that held then, the recorded grid, the place, the division. Where the store holds something else by now,
nothing at all is decided (`ConflictError`). A decision changes the figures, so it makes a revision of the incidents,
though no row of theirs changes (docs/decisions/0031).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from geo.decided import Decided
from geo.errors import N_
from store import revisions
from store.actor import actor
from store.audit_trail import digest_of, record
from store.blobs import decode_points
from store.errors import ConflictError
from store.migrations import now
from store.pool import Pool
from store.rows import find_rows
from store.schema import LAYERS

MOST = 1_000  # incidents of one decision
MOST_TOLD = 10
_FIELDS = (
    "id", "incident", "level", "grid", "recorded", "located", "x", "y", "reason", "by", "at", "seen", "revision",
    "ended_at", "ended_by", "ended_why", "ended_revision",
)  # fmt: skip
_SELECT = f"SELECT {', '.join(_FIELDS)} FROM atlas_decisions"


@dataclass(frozen=True)
class Seen:
    """One incident as whoever decides saw it.

    Attributes
    ----------
    incident
        Its id.
    before
        Number of the decision that held, None for none.
    recorded, located
        Codes, None for none.
    x, y
        Metres in the store's CRS.
    """

    incident: str
    before: int | None
    recorded: str | None
    located: str | None
    x: float
    y: float


@dataclass(frozen=True)
class Decision:
    """One decision as it is stored; see `store.ddl_decisions`."""

    id: int
    incident: str
    level: str
    grid: str | None
    recorded: str | None
    located: str | None
    x: float
    y: float
    reason: str
    by: str
    at: str
    seen: int
    revision: int
    ended_at: str | None
    ended_by: str | None
    ended_why: str | None
    ended_revision: int | None


class Decisions(Pool):
    """The part of a store that keeps decisions."""

    def decide(
        self, level: str, grid: str | None, incidents: Sequence[Seen], reason: str, *, revision: int, grids: int
    ) -> list[Decision]:
        """Decide that `incidents` belong to a grid of `level` (None: to none), all of them or none of them.

        Parameters
        ----------
        revision, grids
            Of the store and of the layer of grids, as they were seen.

        Raises
        ------
        ConflictError
            The division, an incident or its decision is no longer what was seen; the error names the incident.
        """
        with self._writing() as connection:
            if _layer_revision(connection, "grids") != grids:
                raise ConflictError(
                    N_("The division was changed meanwhile."), N_("Look at the queue as it is now, and decide again.")
                )
            at, who = now(), _who()
            old = [_require_seen(connection, level, one) for one in incidents]
            made = _revise(connection, at, len(incidents))
            _end(connection, [one.id for one in old if one is not None], at, who, "superseded", made)
            ids = [
                _insert(connection, (one.incident, level, grid, one.recorded, one.located, one.x, one.y, reason, who,
                                     at, revision, made))
                for one in incidents
            ]  # fmt: skip
            done = [_one(connection, number) for number in ids]
            told = {"level": level, "grid": grid, "reason": reason}
            before = [_told(one) for one in old if one is not None]
            after = told | _names([one.incident for one in done])
            record(connection, "decision.add", _target(level, grid), before[:MOST_TOLD] or None, after, revision=made)
        return done

    def undo_decisions(self, numbers: Sequence[int]) -> tuple[int, list[Decision], list[Decision]]:
        """End decisions that hold; where one took the place of another, that one is decided anew.

        Returns
        -------
        revision, ended, again
            What was ended, and the new decisions that repeat earlier ones.

        Raises
        ------
        ConflictError
            One of them does not hold any more.
        """
        with self._writing() as connection:
            at, who = now(), _who()
            found = [_one(connection, number) for number in dict.fromkeys(numbers)]
            for one in found:
                if one.ended_at is not None:
                    raise ConflictError(
                        N_("The decision about the incident {incident} no longer holds."),
                        N_("Look at the queue as it is now."), incident=one.incident[:80], decision=one.id,
                    )  # fmt: skip
            made = _revise(connection, at, len(found))
            _end(connection, [one.id for one in found], at, who, "undone", made)
            again = []
            for one in found:
                last = connection.execute(
                    f"{_SELECT} WHERE incident = ? AND level = ? AND ended_why = 'superseded' AND ended_revision = ?",
                    (one.incident, one.level, one.revision),
                ).fetchone()
                if last is not None:
                    earlier = Decision(*last)
                    values = (earlier.incident, earlier.level, earlier.grid, earlier.recorded, earlier.located,
                              earlier.x, earlier.y, earlier.reason, who, at, one.revision, made)  # fmt: skip
                    again.append(_one(connection, _insert(connection, values)))
            told = [_told(one) for one in found]
            before = told if len(told) <= MOST_TOLD else {"decisions": len(told), "sha256": digest_of(told)}
            target = ", ".join(one.incident for one in found[:MOST_TOLD])
            record(connection, "decision.undo", target, before, {"again": len(again)}, revision=made)
            return made, [_one(connection, one.id) for one in found], again

    def decisions(self, *, ended: bool = False, limit: int = 100_000) -> list[Decision]:
        """Return the decisions that were not ended (`ended`: all that ever were made), the last one first."""
        where = "" if ended else " WHERE ended_at IS NULL"
        sql = f"{_SELECT}{where} ORDER BY id DESC LIMIT ?"
        with self._reading() as connection:
            return [Decision(*row) for row in connection.execute(sql, (limit,))]

    def incident_fids(self, names: Sequence[str]) -> list[int]:
        """Return the row number of each incident by its id, 0 for none."""
        with self._reading() as connection:
            return find_rows(connection, LAYERS["incidents"], [(name,) for name in names])

    def decisions_of(self, numbers: Sequence[int]) -> dict[int, Decision]:
        """Return decisions by their number; those that are not there are left out."""
        with self._reading() as connection:
            rows = [connection.execute(f"{_SELECT} WHERE id = ?", (number,)).fetchone() for number in numbers]
        return {row[0]: Decision(*row) for row in rows if row is not None}


def read_decided(connection: sqlite3.Connection, rewritten: int, last: Decided | None) -> Decided | None:
    """Return the decisions that hold, for the columns of the incidents; None without any.

    Parameters
    ----------
    rewritten
        Last revision in which rows of the incidents were more than added.
    last
        What was read before: handed out again while nothing changed, so that it is told by identity.
    """
    table = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'atlas_decisions'"
    if connection.execute(table).fetchone() is None:  # a damaged store of an older version is only read
        return None
    sql = "SELECT count(*), coalesce(max(id), 0) FROM atlas_decisions WHERE ended_at IS NULL"
    count, newest = connection.execute(sql).fetchone()
    if not count:
        return None
    basis = (count, newest, rewritten)
    if last is not None and last.basis == basis and len(last) == count:
        return last
    rows = connection.execute(
        "SELECT d.id, i.fid, d.level, d.grid, d.x, d.y, i.geom FROM atlas_decisions d JOIN incidents i"
        " ON i.id = d.incident WHERE d.ended_at IS NULL ORDER BY i.fid, d.id"
    ).fetchall()
    if not rows:
        return None
    number, fid, level, grid, at_x, at_y, blobs = zip(*rows, strict=True)
    x, y = decode_points(list(blobs))
    there = np.flatnonzero((x == np.array(at_x)) & (y == np.array(at_y)))
    if len(there) == 0:
        return None
    found = Decided(
        np.array(number, dtype=np.int64)[there], np.array(fid, dtype=np.int64)[there],
        np.array(level, dtype=object)[there], np.array(grid, dtype=object)[there], np.zeros(len(there), dtype=bool),
        basis,
    )  # fmt: skip
    return last if last is not None and found.same(last) and last.basis == basis else found


def _who() -> str:
    one = actor()
    return one.name or one.kind  # the single user of this machine has no name


def _layer_revision(connection: sqlite3.Connection, layer: str) -> int:
    return int(connection.execute("SELECT revision FROM atlas_layers WHERE layer = ?", (layer,)).fetchone()[0])


def _revise(connection: sqlite3.Connection, at: str, rows: int) -> int:
    """Make the revision: figures change, but no datum is newer than it was."""
    made = revisions.add(connection, at, "incidents", "decision", rows)
    age = connection.execute("SELECT updated_at FROM atlas_layers WHERE layer = 'incidents'").fetchone()[0]
    revisions.mark(connection, "incidents", made, age or at)
    return made


def _require_seen(connection: sqlite3.Connection, level: str, seen: Seen) -> Decision | None:
    """Return the decision that holds for an incident; raise where incident or decision is not what was seen."""
    row = connection.execute("SELECT geom, grid_code FROM incidents WHERE id = ?", (seen.incident,)).fetchone()
    held = connection.execute(
        f"{_SELECT} WHERE incident = ? AND level = ? AND ended_at IS NULL", (seen.incident, level)
    ).fetchone()
    found = None if held is None else Decision(*held)
    same = row is not None and (None if found is None else found.id) == seen.before
    if same:
        x, y = decode_points([row[0]])
        same = (float(x[0]), float(y[0]), row[1]) == (seen.x, seen.y, seen.recorded)
    if not same:
        raise ConflictError(
            N_("The incident {incident} is no longer as you saw it: it was changed, or somebody else decided."),
            N_("Look at the queue as it is now, and decide again."),
            incident=seen.incident[:80], decision=None if found is None else found.id,
            by=None if found is None else found.by,
        )  # fmt: skip
    return found


def _insert(connection: sqlite3.Connection, values: tuple[Any, ...]) -> int:
    names = ", ".join(_FIELDS[1:13])
    sql = f"INSERT INTO atlas_decisions ({names}) VALUES ({', '.join('?' * 12)})"
    return int(connection.execute(sql, values).lastrowid or 0)


def _end(connection: sqlite3.Connection, numbers: Sequence[int], at: str, who: str, why: str, revision: int) -> None:
    connection.executemany(
        "UPDATE atlas_decisions SET ended_at = ?, ended_by = ?, ended_why = ?, ended_revision = ? WHERE id = ?",
        [(at, who, why, revision, number) for number in numbers],
    )


def _one(connection: sqlite3.Connection, number: int) -> Decision:
    row = connection.execute(f"{_SELECT} WHERE id = ?", (number,)).fetchone()
    if row is None:
        raise ConflictError(N_("There is no such decision."), N_("Look at the queue as it is now."), decision=number)
    return Decision(*row)


def _target(level: str, grid: str | None) -> str:
    return f"{level} {grid if grid is not None else '–'}"


def _told(one: Decision) -> dict[str, Any]:
    facts = asdict(one)
    return {name: facts[name] for name in ("id", "incident", "level", "grid", "reason", "by")}


def _names(incidents: Sequence[str]) -> dict[str, Any]:
    if len(incidents) <= MOST_TOLD:
        return {"incidents": list(incidents)}
    return {"incidents": len(incidents), "sha256": digest_of(list(incidents))}
