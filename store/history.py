"""History of the division: every version of every grid, with the revisions it was in force between, who and why.

It is kept by comparing the layer with the versions in force wherever a revision of the layer is made
(`store.revisions.mark`), whatever made it: an approved draft, an import, the demo's going, another program. So nothing
that changes grids can forget it.
"""

from __future__ import annotations

import sqlite3

from store import ddl_drafts
from store.actor import Actor, actor
from store.clock import now
from store.grid_states import FIELDS

_SAME = " AND ".join(f"h.{name} IS g.{name}" for name in FIELDS.split(", "))


def begin(connection: sqlite3.Connection) -> None:
    """Make the tables; the present grids become the first versions, from the layer's present revision on."""
    for statement in ddl_drafts.HISTORY_TABLES:
        connection.execute(statement)
    revision, at = connection.execute("SELECT revision, updated_at FROM atlas_layers WHERE layer = 'grids'").fetchone()
    if connection.execute("SELECT 1 FROM grids LIMIT 1").fetchone():
        keep(connection, int(revision), at or now(), Actor("service", ""))
        connection.execute("UPDATE atlas_divisions SET begin = 1")


def keep(connection: sqlite3.Connection, revision: int, at: str, who: Actor | None = None) -> bool:
    """Inside a writing transaction: end the versions that are no longer the layer's rows, begin those that are new.

    Returns whether the division changed at all; a revision that changes nothing of it is no part of its history.
    """
    ended = connection.execute(
        "UPDATE atlas_grid_history AS h SET to_revision = ? WHERE h.to_revision IS NULL AND NOT EXISTS"
        f" (SELECT 1 FROM grids AS g WHERE g.level = h.level AND g.code = h.code AND {_SAME})",
        (revision,),
    ).rowcount
    begun = connection.execute(
        f"INSERT INTO atlas_grid_history (level, code, {FIELDS}, from_revision)"
        f" SELECT g.level, g.code, {', '.join(f'g.{name}' for name in FIELDS.split(', '))}, ? FROM grids AS g"
        " WHERE g.level NOTNULL AND g.code NOTNULL AND NOT EXISTS (SELECT 1 FROM atlas_grid_history AS h"
        " WHERE h.level = g.level AND h.code = g.code AND h.to_revision IS NULL)",
        (revision,),
    ).rowcount
    if not ended and not begun:
        return False
    by = (who or actor()).name
    connection.execute(
        "INSERT OR IGNORE INTO atlas_divisions (revision, at, by, why) VALUES (?, ?, ?, '')", (revision, at, by)
    )
    return True


def explain(connection: sqlite3.Connection, revision: int, why: str, draft: str | None) -> None:
    """Note why a revision changed the division, and by which draft."""
    connection.execute("UPDATE atlas_divisions SET why = ?, draft = ? WHERE revision = ?", (why, draft, revision))
