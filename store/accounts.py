"""Accounts: posts and teams that may sign in, what they may do and where. Asked of the file at every request.

An account is never deleted, so that what it did can still be told; it is disabled.
"""

from __future__ import annotations

from collections.abc import Iterable

from geo.area import Area
from store import account_rows, passwords
from store.account_rows import ADMINISTRATOR, Account, State
from store.pool import Pool


class Accounts(Pool):
    """Mixed into the store. Nothing here makes a revision: accounts are no layer."""

    _any_account = False

    def has_accounts(self) -> bool:
        """Return whether anybody has to sign in. Accounts are never deleted, so a yes stays one."""
        if not self._any_account:
            with self._reading() as connection:
                self._any_account = account_rows.any_account(connection)
        return self._any_account

    def has_administrator(self) -> bool:
        """Return whether an account may look after the others."""
        with self._reading() as connection:
            return account_rows.administrators(connection) > 0

    def accounts(self) -> list[Account]:
        """Return all accounts by name."""
        with self._reading() as connection:
            rows = connection.execute(f"SELECT {account_rows.COLUMNS} FROM atlas_accounts a ORDER BY sign")
            return [account_rows.account_of(row) for row in rows]

    def account(self, account_id: int) -> Account:
        """Return the account of this number.

        Raises
        ------
        UnknownAccountError
            There is none.
        """
        with self._reading() as connection:
            return account_rows.one(connection, "a.id = ?", account_id)

    def account_named(self, name: str) -> Account:
        """Return the account of this sign-in name.

        Raises
        ------
        UnknownAccountError
            There is none.
        """
        with self._reading() as connection:
            return account_rows.one(connection, "a.sign = ?", account_rows.sign_of(name))

    def account_of_subject(self, subject: str) -> Account | None:
        """Return the account that an OpenID provider's subject signs in to."""
        with self._reading() as connection:
            row = connection.execute(
                f"SELECT {account_rows.COLUMNS} FROM atlas_accounts a WHERE subject = ?", (subject,)
            ).fetchone()
            return None if row is None else account_rows.account_of(row)

    def add_account(
        self, name: str, roles: Iterable[str], area: Area | None = None, *, subject: str = "", managed: bool = False
    ) -> Account:
        """Make an account without a password.

        Raises
        ------
        ParameterError
            The name, the roles or the area cannot be taken.
        ConflictError
            The name or the subject is taken.
        """
        with self._writing() as connection:
            return account_rows.add(connection, name, roles, area, subject=subject, managed=managed)

    def set_roles(self, account_id: int, roles: Iterable[str]) -> Account:
        """Let an account do what `roles` allow from its next request on."""
        text = account_rows.roles_text(roles)
        with self._writing() as connection:
            if ADMINISTRATOR not in text.split():
                account_rows.keep_one_administrator(connection, account_id)
            return account_rows.change(connection, account_id, "roles", text)

    def set_area(self, account_id: int, area: Area | None) -> Account:
        """Let an account see and edit `area` from its next request on; None: the whole city."""
        with self._writing() as connection:
            account_rows.check_area(connection, area)
            if area is not None:
                account_rows.keep_one_administrator(connection, account_id)
            return account_rows.change(connection, account_id, "area", account_rows.area_text(area))

    def set_state(self, account_id: int, state: State) -> Account:
        """Lock, disable or let in an account; its sessions and links end where it is not let in."""
        with self._writing() as connection:
            if state != "active":
                account_rows.keep_one_administrator(connection, account_id)
                account_rows.end_all(connection, account_id)
            return account_rows.change(connection, account_id, "state", state)

    def set_subject(self, account_id: int, subject: str) -> Account:
        """Let `subject` of an OpenID provider sign in to an account; "": nobody of the provider any more.

        Raises
        ------
        ConflictError
            Another account has it.
        """
        with self._writing() as connection:
            account_rows.check_subject(connection, subject, account_id)
            return account_rows.change(connection, account_id, "subject", subject or None)

    def check_password(self, name: str, password: str) -> Account | None:
        """Return the account of `name` if the password is right and it may sign in; as slow where it is not there."""
        with self._reading() as connection:
            sql = f"SELECT {account_rows.COLUMNS}, a.hash FROM atlas_accounts a WHERE sign = ?"
            row = connection.execute(sql, (account_rows.sign_of(name),)).fetchone()
        kept = None if row is None else row[-1]
        right = passwords.matches(kept, password)  # outside the block: it takes long and needs no connection
        if row is None or kept is None or not right:
            return None
        found = account_rows.account_of(row[:-1])
        if found.state != "active":
            return None
        if passwords.outdated(kept):
            fresh = passwords.hashed(password)
            with self._writing(bookkeeping=True) as connection:
                sql = "UPDATE atlas_accounts SET hash = ? WHERE id = ? AND hash = ?"
                connection.execute(sql, (fresh, found.id, kept))
        return found

    def set_password(self, account_id: int, password: str, *, keep: bytes | None = None) -> Account:
        """Give an account a new password; all its sessions end but the one of digest `keep`, and its links too.

        Raises
        ------
        ParameterError
            The password is too short or easily guessed.
        """
        passwords.check(password, self.account(account_id).name)
        made = passwords.hashed(password)
        with self._writing() as connection:
            return account_rows.put_password(connection, account_id, made, keep=keep)
