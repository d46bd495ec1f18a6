"""SQL text of what migration 0007 adds: accounts, their sessions, one-time links, and attempts to sign in.

Secrets are kept as digests only. Times are DATETIME texts in UTC with milliseconds, so that they sort as text.
"""

from __future__ import annotations

ACCOUNT_TABLES = (
    # sign: the name as it is compared. area: JSON list of [level, code], NULL for the whole city. subject: issuer and
    # subject at an OpenID provider. managed: its roles follow what the provider says.
    """CREATE TABLE atlas_accounts (
        id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, name TEXT NOT NULL, sign TEXT NOT NULL UNIQUE,
        roles TEXT NOT NULL, area TEXT, state TEXT NOT NULL CHECK (state IN ('active', 'locked', 'disabled')),
        hash TEXT, subject TEXT UNIQUE, managed INTEGER NOT NULL DEFAULT 0, created_at DATETIME NOT NULL,
        changed_at DATETIME NOT NULL, password_at DATETIME)""",
    """CREATE TABLE atlas_sessions (
        digest BLOB NOT NULL PRIMARY KEY, account INTEGER NOT NULL REFERENCES atlas_accounts(id),
        address TEXT NOT NULL, created_at DATETIME NOT NULL, last_seen_at DATETIME NOT NULL, ended_at DATETIME
        ) WITHOUT ROWID""",
    "CREATE INDEX atlas_sessions_of ON atlas_sessions (account, created_at)",
    """CREATE TABLE atlas_links (
        digest BLOB NOT NULL PRIMARY KEY, kind TEXT NOT NULL CHECK (kind IN ('first', 'password')),
        account INTEGER REFERENCES atlas_accounts(id), created_at DATETIME NOT NULL, expires_at DATETIME NOT NULL
        ) WITHOUT ROWID""",
    """CREATE TABLE atlas_attempts (
        who TEXT NOT NULL PRIMARY KEY, failed INTEGER NOT NULL, last_at DATETIME NOT NULL, until DATETIME NOT NULL
        ) WITHOUT ROWID""",
    "ALTER TABLE atlas_tokens ADD COLUMN area TEXT",
    "ALTER TABLE atlas_tokens ADD COLUMN expires_at DATETIME",
)
