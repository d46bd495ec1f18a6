"""Sessions of accounts: an id of 256 random bits, kept as its digest, asked of the file at every request."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from store.account_rows import COLUMNS, Account, account_of
from store.actor import Actor
from store.audit_trail import record
from store.clock import now
from store.passwords import digest, new_secret
from store.pool import Pool

SEEN_EVERY_S = 60  # the file is told so often that a session is in use
KEPT = timedelta(days=30)  # ended sessions are told of so long
_LONGEST = 100  # of what a request may send as an id


@dataclass(frozen=True)
class Limits:
    """When a session ends by itself: so long after its beginning, so long after its last use."""

    absolute: timedelta = timedelta(hours=12)
    idle: timedelta = timedelta(minutes=60)


@dataclass(frozen=True)
class Session:
    """One session; never its id. Times are DATETIME texts in UTC."""

    digest: bytes
    account: Account
    address: str
    created_at: str
    last_seen_at: str

    @property
    def mark(self) -> str:
        """What a page calls the session by; no id can be made from it."""
        return self.digest[:8].hex()


def ago(span: timedelta) -> str:
    """Return the DATETIME text of the moment that lies `span` back."""
    return (datetime.now(UTC) - span).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Sessions(Pool):
    """Mixed into the store."""

    def begin_session(self, account_id: int, address: str) -> str:
        """Begin a session of an account that proved who it is and return its id: the only time that it can be seen."""
        text = new_secret()
        with self._writing() as connection:
            put_session(connection, text, account_id, address)
        return text

    def session_of(self, text: str, limits: Limits) -> Session | None:
        """Return the session of id `text` while it lasts and its account is let in, else None.

        Asked of the file each time, so that what was revoked ends with the next request.
        """
        if not text or len(text) > _LONGEST:
            return None
        sql = (
            f"SELECT s.digest, s.address, s.created_at, s.last_seen_at, {COLUMNS} FROM atlas_sessions s"
            " JOIN atlas_accounts a ON a.id = s.account WHERE s.digest = ? AND s.ended_at IS NULL"
            " AND s.created_at > ? AND s.last_seen_at > ? AND a.state = 'active'"
        )
        with self._reading() as connection:
            found = connection.execute(sql, (digest(text), ago(limits.absolute), ago(limits.idle))).fetchone()
        return None if found is None else _session(found)

    def sessions_of(self, account_id: int, limits: Limits) -> list[Session]:
        """Return the sessions of an account that last, the newest first."""
        sql = (
            f"SELECT s.digest, s.address, s.created_at, s.last_seen_at, {COLUMNS} FROM atlas_sessions s"
            " JOIN atlas_accounts a ON a.id = s.account WHERE s.account = ? AND s.ended_at IS NULL"
            " AND s.created_at > ? AND s.last_seen_at > ? ORDER BY s.created_at DESC"
        )
        with self._reading() as connection:
            rows = connection.execute(sql, (account_id, ago(limits.absolute), ago(limits.idle)))
            return [_session(row) for row in rows]

    def see_session(self, session: Session) -> None:
        """Remember that a session is in use, once a minute, and only where nobody is writing.

        A request never waits for it: what could not be told now is told by the next one.
        """
        if session.last_seen_at > ago(timedelta(seconds=SEEN_EVERY_S)):
            return
        if not self._write_lock.acquire(blocking=False):
            return
        try:
            self._writer.execute("PRAGMA busy_timeout = 0")
            sql = "UPDATE atlas_sessions SET last_seen_at = ? WHERE digest = ? AND ended_at IS NULL"
            self._writer.execute(sql, (now(), session.digest))
        except sqlite3.OperationalError:
            return  # another process writes, or the disk is full: the session then counts from its last mark
        finally:
            self._writer.execute(f"PRAGMA busy_timeout = {int(self._wait_s * 1000)}")
            self._write_lock.release()

    def end_session(self, account_id: int, mark: bytes) -> bool:
        """End the session of an account whose digest begins with `mark`; return whether there was one."""
        sql = (
            "UPDATE atlas_sessions SET ended_at = ? WHERE account = ? AND substr(digest, 1, ?) = ? AND ended_at IS NULL"
        )
        with self._writing() as connection:
            ended = connection.execute(sql, (now(), account_id, len(mark), mark)).rowcount > 0
            if ended:
                record(connection, "session.end", _name(connection, account_id))
            return ended

    def end_sessions(self, account_id: int, keep: bytes | None = None) -> int:
        """End all sessions of an account but the one of digest `keep`; return how many."""
        sql = "UPDATE atlas_sessions SET ended_at = ? WHERE account = ? AND ended_at IS NULL AND digest IS NOT ?"
        with self._writing() as connection:
            ended = connection.execute(sql, (now(), account_id, keep)).rowcount
            if ended:
                record(connection, "session.end", _name(connection, account_id), None, {"sessions": ended})
            return ended


def put_session(connection: sqlite3.Connection, text: str, account_id: int, address: str) -> None:
    """Store a new session, and forget those that ended long ago."""
    at = now()
    connection.execute("DELETE FROM atlas_sessions WHERE created_at < ? AND last_seen_at < ?", (ago(KEPT), ago(KEPT)))
    sql = "INSERT INTO atlas_sessions (digest, account, address, created_at, last_seen_at) VALUES (?, ?, ?, ?, ?)"
    connection.execute(sql, (digest(text), account_id, address, at, at))
    name = _name(connection, account_id)
    record(connection, "session.begin", name, who=Actor("account", name, address))


def _name(connection: sqlite3.Connection, account_id: int) -> str:
    return str(connection.execute("SELECT name FROM atlas_accounts WHERE id = ?", (account_id,)).fetchone()[0])


def _session(row: tuple[Any, ...]) -> Session:
    found, address, created, seen, *account = row
    return Session(bytes(found), account_of(tuple(account)), address, created, seen)
