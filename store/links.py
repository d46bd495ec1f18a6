"""One-time links: the first administrator, an invitation, a new password. Kept as digests; each works once."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from geo.errors import N_
from store import passwords
from store.account_rows import COLUMNS, Account, account_of, add_first, one, put_password
from store.audit_trail import record
from store.clock import now
from store.errors import ConflictError, LinkError
from store.passwords import digest, new_secret
from store.pool import Pool
from store.sessions import put_session

LASTS = timedelta(hours=24)
_LONGEST = 100


@dataclass(frozen=True)
class Link:
    """What a one-time link is for. `account` is None for the first administrator's."""

    kind: str
    account: Account | None


class Links(Pool):
    """Mixed into the store."""

    def make_first_link(self) -> str:
        """Return the secret of a link that makes the first administrator; an earlier one ends.

        Raises
        ------
        ConflictError
            The store has accounts.
        """
        with self._writing() as connection:
            if connection.execute("SELECT 1 FROM atlas_accounts LIMIT 1").fetchone():
                raise ConflictError(N_("This service has accounts already."), N_("Name the account that needs a link."))
            connection.execute("DELETE FROM atlas_links WHERE kind = 'first'")
            return _make(connection, "first", None)

    def make_link(self, account_id: int) -> str:
        """Return the secret of a link by which the holder of an account sets its password; an earlier one ends.

        Raises
        ------
        ConflictError
            The account is locked or disabled.
        """
        with self._writing() as connection:
            row = connection.execute("SELECT state FROM atlas_accounts WHERE id = ?", (account_id,)).fetchone()
            if row is None or row[0] != "active":
                raise ConflictError(N_("This account is not let in."), N_("Unlock it first."))
            connection.execute("DELETE FROM atlas_links WHERE account = ?", (account_id,))
            return _make(connection, "password", account_id)

    def link_of(self, text: str) -> Link:
        """Return what a link is for, without using it.

        Raises
        ------
        LinkError
            Used, expired or never made; which of these is not told.
        """
        with self._reading() as connection:
            return _link(connection, text)

    def use_first_link(self, text: str, name: str, password: str, address: str) -> tuple[Account, str]:
        """Make the first administrator; return it with the id of its first session.

        Raises
        ------
        LinkError
            Used, expired or never made.
        ParameterError
            The name or the password cannot be taken; the link stays.
        """
        self.link_of(text)
        passwords.check(password, name)
        made, session = passwords.hashed(password), new_secret()
        with self._writing() as connection:
            _use(connection, text, "first")
            account = add_first(connection, name)
            account = put_password(connection, account.id, made)
            put_session(connection, session, account.id, address)
        return account, session

    def use_link(self, text: str, password: str, address: str) -> tuple[Account, str]:
        """Set the password of the link's account, end its other sessions, and return it with a new session's id.

        Raises
        ------
        LinkError
            Used, expired or never made.
        ParameterError
            The password cannot be taken; the link stays.
        """
        account = self.link_of(text).account
        passwords.check(password, account.name if account else "")
        made, session = passwords.hashed(password), new_secret()
        with self._writing() as connection:
            held = _use_for_account(connection, text)
            account = put_password(connection, held.id, made)
            put_session(connection, session, account.id, address)
        return account, session

    def use_link_by_subject(self, text: str, subject: str) -> Account:
        """Let `subject` of an OpenID provider sign in to the link's account.

        Raises
        ------
        LinkError
            Used, expired or never made.
        ConflictError
            Another account has the subject; the link stays.
        """
        with self._writing() as connection:
            held = _use_for_account(connection, text)
            row = connection.execute("SELECT name FROM atlas_accounts WHERE subject = ?", (subject,)).fetchone()
            if row is not None and row[0] != held.name:
                raise ConflictError(
                    N_("This sign-in belongs to the account “{name}” already."), N_("Take it from that account first."),
                    name=row[0],
                )  # fmt: skip
            sql = "UPDATE atlas_accounts SET subject = ?, changed_at = ? WHERE id = ?"
            connection.execute(sql, (subject, now(), held.id))
            record(connection, "account.subject", held.name, held.subject, subject)
            return one(connection, "a.id = ?", held.id)


def _make(connection: sqlite3.Connection, kind: str, account_id: int | None) -> str:
    text, at = new_secret(), datetime.now(UTC)
    ends = (at + LASTS).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    connection.execute("DELETE FROM atlas_links WHERE expires_at < ?", (now(),))
    connection.execute("INSERT INTO atlas_links VALUES (?, ?, ?, ?, ?)", (digest(text), kind, account_id, now(), ends))
    record(connection, f"link.{kind}", "" if account_id is None else one(connection, "a.id = ?", account_id).name)
    return text


def _link(connection: sqlite3.Connection, text: str) -> Link:
    row = None
    if 0 < len(text) <= _LONGEST:
        sql = "SELECT kind, account FROM atlas_links WHERE digest = ? AND expires_at > ?"
        row = connection.execute(sql, (digest(text), now())).fetchone()
    account = None
    if row is not None and row[1] is not None:
        sql = f"SELECT {COLUMNS} FROM atlas_accounts a WHERE id = ? AND state = 'active'"
        found = connection.execute(sql, (row[1],)).fetchone()
        account = None if found is None else account_of(found)
    if row is None or (row[0] == "password" and account is None):
        raise _ended()
    return Link(row[0], account)


def _use(connection: sqlite3.Connection, text: str, kind: str) -> Link:
    link = _link(connection, text)
    if link.kind != kind:
        raise _ended()
    connection.execute("DELETE FROM atlas_links WHERE digest = ?", (digest(text),))
    return link


def _use_for_account(connection: sqlite3.Connection, text: str) -> Account:
    account = _use(connection, text, "password").account
    assert account is not None  # `_link` refuses a link whose account is not let in
    return account


def _ended() -> LinkError:
    return LinkError(
        N_("This link does not work any more."),
        N_("Each link works once and for a day. Ask the administrator for a new one."),
    )
