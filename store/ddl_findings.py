"""SQL text of what is noted of findings of the audit, and of what audits of past revisions found."""

from __future__ import annotations

FINDING_TABLES = (
    # What people say of a finding: what state it is in. One row for each finding that anything was said of.
    """CREATE TABLE atlas_finding_notes (
        finding TEXT NOT NULL PRIMARY KEY, kind TEXT NOT NULL, level TEXT, grids TEXT NOT NULL, state TEXT NOT NULL,
        team TEXT, reason TEXT, version INTEGER NOT NULL, updated_at DATETIME NOT NULL, updated_by TEXT NOT NULL)
        WITHOUT ROWID""",
    """CREATE TABLE atlas_finding_said (
        id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, finding TEXT NOT NULL, action TEXT NOT NULL, text TEXT,
        at DATETIME NOT NULL, by TEXT NOT NULL)""",
    "CREATE INDEX atlas_finding_said_of ON atlas_finding_said (finding, id)",
    # What audits of the whole city saw: the revision in which a finding came and the one in which it was gone.
    """CREATE TABLE atlas_finding_seen (
        finding TEXT NOT NULL PRIMARY KEY, kind TEXT NOT NULL, level TEXT, grids TEXT NOT NULL,
        first_revision INTEGER NOT NULL, gone_revision INTEGER) WITHOUT ROWID""",
    "CREATE INDEX atlas_finding_gone ON atlas_finding_seen (gone_revision) WHERE gone_revision IS NOT NULL",
    # How many of each kind an audit found: the division's progress.
    """CREATE TABLE atlas_finding_counts (
        revision INTEGER NOT NULL, kind TEXT NOT NULL, severity TEXT NOT NULL, findings INTEGER NOT NULL,
        at DATETIME NOT NULL, PRIMARY KEY (revision, kind, severity)) WITHOUT ROWID""",
)
