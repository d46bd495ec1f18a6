"""Rows of accounts inside a transaction: what one is, and the changes that have rules of their own."""

from __future__ import annotations

import json
import sqlite3
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, get_args

from geo.area import Area
from geo.errors import N_, ParameterError
from store.audit_trail import record
from store.clock import now
from store.errors import ConflictError, UnknownAccountError

ADMINISTRATOR = "administrator"
MAX_NAME = 60
# What is looked at of a name: one sign may stand for eighteen. To put marks in order takes the square of their number,
# for which the whole process stands still.
_LONGEST = 20 * MAX_NAME
State = Literal["active", "locked", "disabled"]
STATES: tuple[State, ...] = get_args(State)
COLUMNS = "a.id, a.name, a.roles, a.area, a.state, a.hash IS NOT NULL, a.subject, a.managed, a.created_at, a.changed_at"


@dataclass(frozen=True)
class Account:
    """What is known of an account; never its password. Times are DATETIME texts in UTC.

    Attributes
    ----------
    name
        Of a post or a team.
    roles
        What it may do, see `web.permissions`.
    area
        The grids it sees and edits; None: the whole city.
    has_password
        False while an invitation was not followed, or where an OpenID provider signs in.
    subject
        Issuer and subject at the OpenID provider, "" without.
    managed
        Whether the roles follow what the provider says.
    """

    id: int
    name: str
    roles: frozenset[str]
    area: Area | None
    state: State
    has_password: bool
    subject: str
    managed: bool
    created_at: str
    changed_at: str


def sign_of(name: str) -> str:
    """Return a sign-in name as it is compared: width, case and form of its letters do not count."""
    name = name[:_LONGEST]
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


@lru_cache(maxsize=256)
def area_of(text: str | None) -> Area | None:
    """Return the area that is stored as `text`."""
    return None if text is None else Area(tuple((str(level), str(code)) for level, code in json.loads(text)))


def area_text(area: Area | None) -> str | None:
    """Return how an area is stored."""
    return None if area is None else json.dumps([list(grid) for grid in area.grids], ensure_ascii=False)


@lru_cache(maxsize=256)
def roles_of(text: str) -> frozenset[str]:
    """Return the roles that are stored as `text`."""
    return frozenset(text.split())


def account_of(row: tuple[Any, ...]) -> Account:
    """Return the account of a row of `COLUMNS`."""
    number, name, roles, area, state, has_password, subject, managed, created, changed = row
    return Account(
        number, name, roles_of(roles), area_of(area), state, bool(has_password), subject or "", bool(managed),
        created, changed,
    )  # fmt: skip


def put_password(connection: sqlite3.Connection, account_id: int, made: str, *, keep: bytes | None = None) -> Account:
    """Store the hash of a new password and end what was signed in by the old one."""
    end_all(connection, account_id, keep=keep)
    sql = "UPDATE atlas_accounts SET hash = ?, password_at = ?, changed_at = ? WHERE id = ?"
    at = now()
    connection.execute(sql, (made, at, at, account_id))
    found = one(connection, "a.id = ?", account_id)
    record(connection, "account.password", found.name)
    return found


def end_all(connection: sqlite3.Connection, account_id: int, *, keep: bytes | None = None) -> None:
    """End the sessions of an account, all or all but one, and the links to it."""
    sql = "UPDATE atlas_sessions SET ended_at = ? WHERE account = ? AND ended_at IS NULL AND digest IS NOT ?"
    connection.execute(sql, (now(), account_id, keep))
    connection.execute("DELETE FROM atlas_links WHERE account = ?", (account_id,))


def add_first(connection: sqlite3.Connection, name: str) -> Account:
    """Make the administrator of a store without accounts.

    Raises
    ------
    ConflictError
        There is an account already.
    """
    if any_account(connection):
        raise ConflictError(
            N_("This service has accounts already."), N_("Sign in, or ask its administrator for an account.")
        )
    return add(connection, name, (ADMINISTRATOR,), None)


def check_area(connection: sqlite3.Connection, area: Area | None) -> None:
    """Refuse an area that names no grid, or a grid that is not there."""
    if area is None:
        return
    if not area.grids:
        raise ParameterError(N_("An area names one grid at least."), N_("Name grids, or the whole city."), field="area")
    for level, code in area.grids:
        if not connection.execute("SELECT 1 FROM grids WHERE level = ? AND code = ?", (level, code)).fetchone():
            raise ParameterError(
                N_("There is no grid “{code}” of level “{level}”."),
                N_("Name grids of the store as LEVEL:CODE."),
                field="area", code=code[:80], level=level[:80],
            )  # fmt: skip


def add(
    connection: sqlite3.Connection, name: str, roles: Iterable[str], area: Area | None, *, subject: str = "",
    managed: bool = False,
) -> Account:  # fmt: skip
    """Store a new account without a password."""
    name = unicodedata.normalize("NFC", name) if len(name) <= _LONGEST else name
    if not 0 < len(name) <= MAX_NAME or not name.isprintable() or name != name.strip():
        raise ParameterError(
            N_("“{value}” cannot be a sign-in name."),
            N_("Name the post or the team, in 1 to {limit} letters."),
            field="name", value=name[:80], limit=MAX_NAME,
        )  # fmt: skip
    text = roles_text(roles)
    check_area(connection, area)
    if (ADMINISTRATOR not in text.split() or area is not None) and not any_account(connection):
        raise ConflictError(N_("The first account is that of an administrator."), N_("It lets in everybody else."))
    check_subject(connection, subject, None)
    if connection.execute("SELECT 1 FROM atlas_accounts WHERE sign = ?", (sign_of(name),)).fetchone():
        raise ConflictError(N_("There is an account named “{name}” already."), N_("Choose another name."), name=name)
    at = now()
    sql = (
        "INSERT INTO atlas_accounts (name, sign, roles, area, state, subject, managed, created_at, changed_at)"
        " VALUES (?, ?, ?, ?, 'active', ?, ?, ?, ?)"
    )
    row = (name, sign_of(name), text, area_text(area), subject or None, int(managed), at, at)
    made = one(connection, "a.id = ?", connection.execute(sql, row).lastrowid)
    record(connection, "account.add", made.name, None, facts(made))
    return made


def one(connection: sqlite3.Connection, where: str, value: object) -> Account:
    """Return the account where `where` holds for `value`."""
    row = connection.execute(f"SELECT {COLUMNS} FROM atlas_accounts a WHERE {where}", (value,)).fetchone()
    if row is None:
        raise UnknownAccountError(N_("There is no such account."), N_("`flask account list` shows all of them."))
    return account_of(row)


def change(connection: sqlite3.Connection, account_id: int, column: str, value: object) -> Account:
    """Change one column of an account and return it."""
    before = one(connection, "a.id = ?", account_id)
    sql = f"UPDATE atlas_accounts SET {column} = ?, changed_at = ? WHERE id = ?"
    connection.execute(sql, (value, now(), account_id))
    after = one(connection, "a.id = ?", account_id)
    record(connection, f"account.{column}", after.name, facts(before)[column], facts(after)[column])
    return after


def facts(account: Account) -> dict[str, Any]:
    """Return what the audit trail tells of an account."""
    area = None if account.area is None else [list(grid) for grid in account.area.grids]
    return {"roles": sorted(account.roles), "area": area, "state": account.state, "subject": account.subject}


def roles_text(roles: Iterable[str]) -> str:
    """Return how roles are stored."""
    names = sorted(set(roles))
    if not names or not all(name.isalpha() and name.isascii() for name in names):
        raise ParameterError(N_("An account has one role at least."), N_("Choose what it may do."), field="roles")
    return " ".join(names)


def any_account(connection: sqlite3.Connection) -> bool:
    """Return whether there is an account at all."""
    return connection.execute("SELECT 1 FROM atlas_accounts LIMIT 1").fetchone() is not None


def administrators(connection: sqlite3.Connection, but: int = 0) -> int:
    """Return how many administrators are let in, without the account `but`; one with an area looks after nobody."""
    sql = "SELECT roles FROM atlas_accounts WHERE state = 'active' AND area IS NULL AND id != ?"
    rows = connection.execute(sql, (but,))
    return sum(ADMINISTRATOR in roles_of(roles) for (roles,) in rows)


def keep_one_administrator(connection: sqlite3.Connection, account_id: int) -> None:
    """Refuse a change that would leave no administrator."""
    found = one(connection, "a.id = ?", account_id)
    counts = ADMINISTRATOR in found.roles and found.state == "active" and found.area is None
    if counts and not administrators(connection, account_id):
        raise ConflictError(
            N_("“{name}” is the only administrator."),
            N_("Make another account an administrator first."),
            name=found.name,
        )


def check_subject(connection: sqlite3.Connection, subject: str, account_id: int | None) -> None:
    """Refuse a subject that another account has."""
    sql = "SELECT name FROM atlas_accounts WHERE subject = ? AND id IS NOT ?"
    if subject and (row := connection.execute(sql, (subject, account_id)).fetchone()):
        raise ConflictError(
            N_("This sign-in belongs to the account “{name}” already."), N_("Take it from that account first."),
            name=row[0],
        )  # fmt: skip
