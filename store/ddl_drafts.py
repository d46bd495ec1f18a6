"""SQL text of drafts of the division and of the history of grids; see `store.drafts` and `store.history`."""

from __future__ import annotations

DRAFT_TABLES = (
    """CREATE TABLE atlas_drafts (
        id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL, state TEXT NOT NULL, version INTEGER NOT NULL,
        base_revision INTEGER NOT NULL, step INTEGER NOT NULL, created_at DATETIME NOT NULL, created_by TEXT NOT NULL,
        updated_at DATETIME NOT NULL, submitted_at DATETIME, submitted_by TEXT, decided_at DATETIME, decided_by TEXT,
        reason TEXT, applied_revision INTEGER, deleted_at DATETIME) WITHOUT ROWID""",
    """CREATE TABLE atlas_draft_steps (
        draft TEXT NOT NULL REFERENCES atlas_drafts(id) ON DELETE CASCADE, number INTEGER NOT NULL, op TEXT NOT NULL,
        params TEXT NOT NULL, changes BLOB NOT NULL, grids INTEGER NOT NULL, at DATETIME NOT NULL, by TEXT NOT NULL,
        PRIMARY KEY (draft, number))""",
)

HISTORY_TABLES = (
    # One row for each version of each grid; to_revision is missing while it is in force.
    """CREATE TABLE atlas_grid_history (
        id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, level TEXT NOT NULL, code TEXT NOT NULL, geom BLOB, name TEXT,
        parent TEXT, team TEXT, population INTEGER, from_revision INTEGER NOT NULL, to_revision INTEGER)""",
    "CREATE UNIQUE INDEX atlas_grid_in_force ON atlas_grid_history (level, code) WHERE to_revision IS NULL",
    "CREATE INDEX atlas_grid_versions ON atlas_grid_history (level, code, from_revision)",
    "CREATE INDEX atlas_grid_from ON atlas_grid_history (from_revision)",
    "CREATE INDEX atlas_grid_to ON atlas_grid_history (to_revision) WHERE to_revision IS NOT NULL",
    # One row for each revision that changed the division: who, when, why.
    """CREATE TABLE atlas_divisions (
        revision INTEGER PRIMARY KEY NOT NULL, at DATETIME NOT NULL, by TEXT NOT NULL, why TEXT NOT NULL, draft TEXT,
        begin INTEGER NOT NULL DEFAULT 0)""",
)
