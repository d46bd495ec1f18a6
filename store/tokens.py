"""Tokens of programs: made once, shown once, kept as a digest, for some scopes and an area, until they end.

A token is 32 random bytes, so its SHA-256 needs no salt and no slow hash: there is nothing to guess.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from geo.area import Area
from geo.errors import N_, ParameterError
from store.account_rows import area_of, area_text, check_area
from store.audit_trail import record
from store.clock import now
from store.errors import ConflictError
from store.passwords import digest
from store.pool import Pool

PREFIX = "ga_"
INCIDENTS_WRITE = "incidents:write"
# What a token may be for. Accounts are looked after by persons who sign in, never by a token.
SCOPES = (INCIDENTS_WRITE, "metrics:read", "read", "export", "plan", "edit", "alert", "import", "review", "audit")
MAX_NAME = 60
_LONGEST = 200  # of what a request may send as a token


@dataclass(frozen=True)
class Token:
    """What is known of a token; never the token itself. Times are ISO 8601 in UTC.

    Attributes
    ----------
    scope
        Some of `SCOPES`, separated by blanks.
    area
        The grids that it is for; None: the whole city.
    expires_at
        When it ends by itself; None: never.
    """

    name: str
    scope: str
    created_at: str
    revoked_at: str | None
    expires_at: str | None = None
    area: Area | None = None

    @property
    def scopes(self) -> frozenset[str]:
        return frozenset(self.scope.split())

    @property
    def ended(self) -> bool:
        """Whether no request passes with it any more."""
        return self.revoked_at is not None or (self.expires_at is not None and self.expires_at <= now())


_COLUMNS = "name, scope, created_at, revoked_at, expires_at, area"


class Tokens(Pool):
    """Mixed into the store."""

    def add_token(
        self, name: str, scopes: str | Iterable[str] = INCIDENTS_WRITE, *, area: Area | None = None,
        expires_at: str | None = None,
    ) -> str:  # fmt: skip
        """Make a token for the system `name` and return it: the only time that it can be seen.

        Raises
        ------
        ParameterError
            The name, a scope, the area or the end cannot be taken.
        ConflictError
            A token of that name is in use.
        """
        if not 0 < len(name) <= MAX_NAME or not name.isprintable() or name != name.strip():
            raise ParameterError(
                N_("“{value}” cannot be the name of a token."),
                N_("Name the system that sends, in 1 to {limit} letters."),
                field="name", value=name[:80], limit=MAX_NAME,
            )  # fmt: skip
        scope, end = _scope_text(scopes), _end_text(expires_at)
        text = PREFIX + secrets.token_urlsafe(32)
        with self._writing() as connection:
            check_area(connection, area)
            known = f"SELECT {_COLUMNS} FROM atlas_tokens WHERE name = ? AND revoked_at IS NULL"
            row = connection.execute(known, (name,)).fetchone()
            if row is not None and not _token(row).ended:
                raise ConflictError(
                    N_("There is a token named “{name}” already."), N_("Revoke it first, or choose another name."),
                    name=name,
                )  # fmt: skip
            # One that ended by itself makes room for its follower.
            connection.execute(
                "UPDATE atlas_tokens SET revoked_at = ? WHERE name = ? AND revoked_at IS NULL", (now(), name)
            )
            sql = (
                "INSERT INTO atlas_tokens (name, digest, scope, created_at, expires_at, area) VALUES (?, ?, ?, ?, ?, ?)"
            )
            connection.execute(sql, (name, digest(text), scope, now(), end, area_text(area)))
            record(connection, "token.add", name, None, {"scope": scope, "area": area_text(area), "expires_at": end})
        return text

    def tokens(self) -> list[Token]:
        """Return all tokens that were ever made, the oldest first."""
        with self._reading() as connection:
            return [_token(row) for row in connection.execute(f"SELECT {_COLUMNS} FROM atlas_tokens ORDER BY id")]

    def revoke_token(self, name: str) -> None:
        """Let no request pass with the token of `name` any more.

        Raises
        ------
        ConflictError
            No token of that name is in use.
        """
        with self._writing() as connection:
            sql = "UPDATE atlas_tokens SET revoked_at = ? WHERE name = ? AND revoked_at IS NULL"
            if connection.execute(sql, (now(), name)).rowcount == 0:
                raise ConflictError(
                    N_("There is no token named “{name}” in use."), N_("`flask token list` shows them."), name=name[:80]
                )
            record(connection, "token.revoke", name)

    def token_of(self, text: str) -> Token | None:
        """Return the token `text` if it is in use, else None.

        Asked of the file each time, so that a revoked token ends with the next request. What is looked up is a digest
        of 256 random bits: how long that takes tells nothing.
        """
        if not text.startswith(PREFIX) or len(text) > _LONGEST or not text.isascii():
            return None
        with self._reading() as connection:
            sql = f"SELECT {_COLUMNS} FROM atlas_tokens WHERE digest = ?"
            row = connection.execute(sql, (digest(text),)).fetchone()
        found = None if row is None else _token(row)
        return None if found is None or found.ended else found


def _token(row: tuple[str, str, str, str | None, str | None, str | None]) -> Token:
    return Token(*row[:5], area_of(row[5]))


def _scope_text(scopes: str | Iterable[str]) -> str:
    chosen = set(scopes.split() if isinstance(scopes, str) else scopes)
    if not chosen or not chosen <= set(SCOPES):
        raise ParameterError(
            N_("A token is for one scope at least."),
            N_("Use some of: {known}."),
            field="scope",
            known=", ".join(SCOPES),
        )
    return " ".join(scope for scope in SCOPES if scope in chosen)


def _end_text(end: str | None) -> str | None:
    """Return the end of a token, a date or a moment of ISO 8601, as DATETIME text; without a zone it is UTC."""
    if end is None:
        return None
    try:
        moment = datetime.fromisoformat(end)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        moment = None
    if moment is None or moment <= datetime.now(UTC):
        raise ParameterError(
            N_("“{value}” cannot be the end of a token."),
            N_("Give a moment to come, such as 2030-01-31 or 2030-01-31T18:00+08:00."),
            field="expires", value=end[:80],
        )  # fmt: skip
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
