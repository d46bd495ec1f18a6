"""SQL text of what migration 0011 adds: decisions about the grid of single incidents."""

from __future__ import annotations

DECISION_TABLES = (
    # grid: NULL for in no grid. x, y: where the incident stood (m). recorded, located: its grids as they were then.
    # seen: revision that was decided on; revision: the one that the decision made. A decision that no longer holds
    # stays, with who ended it, why ("superseded" or "undone") and in which revision.
    """CREATE TABLE atlas_decisions (
        id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, incident TEXT NOT NULL, level TEXT NOT NULL, grid TEXT,
        recorded TEXT, located TEXT, x REAL NOT NULL, y REAL NOT NULL, reason TEXT NOT NULL, by TEXT NOT NULL,
        at DATETIME NOT NULL, seen INTEGER NOT NULL, revision INTEGER NOT NULL, ended_at DATETIME, ended_by TEXT,
        ended_why TEXT CHECK (ended_why IN ('superseded', 'undone')), ended_revision INTEGER)""",
    "CREATE UNIQUE INDEX atlas_decisions_now ON atlas_decisions (incident, level) WHERE ended_at IS NULL",
    "CREATE INDEX atlas_decisions_of ON atlas_decisions (incident, id)",
)
