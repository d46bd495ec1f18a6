"""Attempts to sign in: after some that failed the next one waits, longer each time. Kept in the file, so that a restart
forgives nothing.

Counted before the password is looked at: a hundred attempts at once are a hundred attempts. What was typed as the name
of an account that is not there may be a password, so it is counted in one of 4,096 drawers and not kept.
"""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, ip_address, ip_network

from store import refused
from store.account_rows import sign_of
from store.clock import now
from store.errors import StoreError
from store.pool import Pool
from store.sessions import KEPT, ago

FREE_ACCOUNT, FREE_ADDRESS = 5, 20  # so many may fail before the next one waits
FIRST_WAIT_S, LONGEST_WAIT_S = 15, 3600
FORGOTTEN = timedelta(hours=24)


def wait_after(failed: int, free: int) -> int:
    """Return how many seconds the next attempt waits after `failed` ones, of which `free` cost nothing."""
    return 0 if failed < free else min(FIRST_WAIT_S << min(failed - free, 12), LONGEST_WAIT_S)


def net_of(address: str) -> str:
    """Return what counts as one address: an IPv4 address, or the /64 that one IPv6 line has."""
    try:
        found = ip_address(address)
    except ValueError:
        return "none"
    found = getattr(found, "ipv4_mapped", None) or found
    return str(found) if isinstance(found, IPv4Address) else str(ip_network((found, 64), strict=False))


class Attempts(Pool):
    """Mixed into the store."""

    def begin_attempt(self, name: str, address: str) -> int:
        """Count an attempt to sign in; return 0 if it may be made, else the seconds to wait, and nothing is counted."""
        at = datetime.now(UTC)
        with self._writing(bookkeeping=True) as connection:
            sql = f"DELETE FROM atlas_attempts WHERE last_at < ? AND who NOT GLOB '{refused.PREFIX}*'"
            connection.execute(sql, (ago(FORGOTTEN),))
            counted = _counted(connection, name, address)
            wait = 0
            for who, _ in counted:
                row = connection.execute("SELECT until FROM atlas_attempts WHERE who = ?", (who,)).fetchone()
                if row is not None:
                    left = (datetime.fromisoformat(row[0]) - at).total_seconds()
                    # A clock that was set back must not lock anybody out for longer than the longest wait.
                    wait = max(wait, min(int(left) + 1, LONGEST_WAIT_S) if left > 0 else 0)
            if wait:
                return wait
            for who, free in counted:
                row = connection.execute("SELECT failed FROM atlas_attempts WHERE who = ?", (who,)).fetchone()
                failed = (row[0] if row else 0) + 1
                until = (at + timedelta(seconds=wait_after(failed, free))).isoformat(timespec="milliseconds")
                sql = "INSERT OR REPLACE INTO atlas_attempts VALUES (?, ?, ?, ?)"
                connection.execute(sql, (who, failed, now(), until.replace("+00:00", "Z")))
        return 0

    def attempt_failed(self, name: str, address: str) -> None:
        """Tell the audit trail that an attempt failed (`store.refused`); of a name no account has nothing is kept."""
        with self._writing(bookkeeping=True) as connection:
            row = connection.execute("SELECT id, name FROM atlas_accounts WHERE sign = ?", (sign_of(name),)).fetchone()
            refused.note(connection, row, net_of(address), datetime.now(UTC))

    def tell_refused(self) -> None:
        """Let the audit trail tell of failed attempts that were only counted; later where the store is busy."""
        with suppress(StoreError):
            at = datetime.now(UTC)
            with self._reading() as connection:
                if not refused.due(connection, at):
                    return
            with self._writing(bookkeeping=True) as connection:
                refused.tell_due(connection, at)

    def forgive(self, name: str, address: str) -> None:
        """Forget the failed attempts on an account that was just signed in to; its address keeps all but this one."""
        with self._writing(bookkeeping=True) as connection:
            (account, _), (place, _) = _counted(connection, name, address)
            connection.execute("DELETE FROM atlas_attempts WHERE who = ?", (account,))
            sql = "UPDATE atlas_attempts SET failed = failed - 1, until = last_at WHERE who = ?"
            connection.execute(sql, (place,))

    def forgive_account(self, account_id: int) -> None:
        """Forget the failed attempts on an account, from wherever: its administrator unlocked it."""
        with self._writing(bookkeeping=True) as connection:
            for like in (f"account {account_id}", f"account {account_id} from %"):
                connection.execute("DELETE FROM atlas_attempts WHERE who LIKE ?", (like,))


def _counted(connection: sqlite3.Connection, name: str, address: str) -> tuple[tuple[str, int], tuple[str, int]]:
    """Return under what an attempt is counted, with what is free there."""
    net = net_of(address)
    row = connection.execute("SELECT id FROM atlas_accounts WHERE sign = ?", (sign_of(name),)).fetchone()
    if row is None:
        drawer = int.from_bytes(hashlib.blake2b(sign_of(name).encode("utf-8", "surrogatepass"), digest_size=2).digest())
        account = f"nobody {drawer & 0xFFF}"
    else:
        account = f"account {row[0]}"
        # Who guesses from elsewhere must not lock out the post that signed in from this address before.
        sql = "SELECT 1 FROM atlas_sessions WHERE account = ? AND address = ? AND created_at > ?"
        if connection.execute(sql, (row[0], address, ago(KEPT))).fetchone():
            account += f" from {net}"
    return (account, FREE_ACCOUNT), (f"address {net}", FREE_ADDRESS)
