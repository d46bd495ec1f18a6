"""Refused sign-ins in the audit trail, gathered so that whoever guesses fills neither the disk nor the chain.

The first one on an account from an address has its entry at once; those that follow are counted, and told by one more
entry when a minute is over, and so on: at most one entry a minute of each account and address, and of no more than
`MOST_OPEN` of them at a time; what comes from more is gathered into one. All names that no account has count as one: a
password may have been typed as a name, so neither it nor a digest of it, which could be tried out, is kept. An attempt
that had to wait was not made, and counts in the log and the metrics only.

What is counted lies in the table of attempts, under names that no attempt has, so that a restart loses none of it. It
is told by the next refusal of anybody, or when the trail is read.
"""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta

from store.actor import Actor
from store.audit_trail import record

ACTION = "session.refused"
EVERY = timedelta(minutes=1)
MOST_OPEN = 30  # accounts and addresses with an entry of their own in a minute
PREFIX = "refused "
_OTHERS = f"{PREFIX}others"
_DUE = f"who GLOB '{PREFIX}*' AND (until <= ? OR until > ?)"  # the latter: the clock was set back


def note(connection: sqlite3.Connection, account: tuple[int, str] | None, net: str, at: datetime) -> None:
    """Write an entry of a refused sign-in, or count it for the next one; in the caller's writing transaction.

    Parameters
    ----------
    account
        Number and name of the account it was on, None of a name that none has.
    net
        What counts as one address, see `store.attempts.net_of`.
    at
        Now, UTC.
    """
    tell_due(connection, at)
    number, name = account or (0, "")
    key = f"{PREFIX}{number} {net}"
    if not _known(connection, key):
        sql = f"SELECT count(*) FROM atlas_attempts WHERE who GLOB '{PREFIX}*'"
        if connection.execute(sql).fetchone()[0] < MOST_OPEN:
            _tell(connection, name, net, 1, None)
            _put(connection, key, 0, at, at + EVERY)
            return
        key = _OTHERS
        if not _known(connection, key):
            _put(connection, key, 0, at, at + EVERY)
    sql = "UPDATE atlas_attempts SET last_at = CASE failed WHEN 0 THEN ? ELSE last_at END, failed = failed + 1"
    connection.execute(f"{sql} WHERE who = ?", (_text(at), key))


def due(connection: sqlite3.Connection, at: datetime) -> bool:
    """Return whether counted refusals wait to be told."""
    sql = f"SELECT 1 FROM atlas_attempts WHERE {_DUE} AND failed > 0"
    return connection.execute(sql, _span(at)).fetchone() is not None


def tell_due(connection: sqlite3.Connection, at: datetime) -> None:
    """Write the entries of counted refusals whose minute is over; in the caller's writing transaction."""
    rows = connection.execute(f"SELECT who, failed, last_at FROM atlas_attempts WHERE {_DUE}", _span(at)).fetchall()
    for key, count, since in rows:
        if not count:
            connection.execute("DELETE FROM atlas_attempts WHERE who = ?", (key,))
            continue
        number, _, net = ("0", "", "others") if key == _OTHERS else key.removeprefix(PREFIX).partition(" ")
        row = connection.execute("SELECT name FROM atlas_accounts WHERE id = ?", (int(number),)).fetchone()
        _tell(connection, row[0] if row else "", net, count, since)
        _put(connection, key, 0, at, at + EVERY)


def _tell(connection: sqlite3.Connection, name: str, net: str, count: int, since: str | None) -> None:
    after = {"count": count} if since is None else {"count": count, "since": since}
    record(connection, ACTION, name, None, after, who=Actor("nobody", "", net))


def _known(connection: sqlite3.Connection, key: str) -> bool:
    return connection.execute("SELECT 1 FROM atlas_attempts WHERE who = ?", (key,)).fetchone() is not None


def _put(connection: sqlite3.Connection, key: str, count: int, since: datetime, until: datetime) -> None:
    sql = "INSERT OR REPLACE INTO atlas_attempts VALUES (?, ?, ?, ?)"
    connection.execute(sql, (key, count, _text(since), _text(until)))


def _span(at: datetime) -> tuple[str, str]:
    return _text(at), _text(at + EVERY)


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
