"""Tokens of programs that may send: made once, shown once, kept as a digest, revoked for good.

A token is 32 random bytes, so its SHA-256 needs no salt and no slow hash: there is nothing to guess.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from geo.errors import N_, ParameterError
from store.errors import ConflictError
from store.migrations import now
from store.pool import Pool

PREFIX = "ga_"
INCIDENTS_WRITE = "incidents:write"
MAX_NAME = 60
_LONGEST = 200  # of what a request may send as a token


@dataclass(frozen=True)
class Token:
    """What is known of a token; never the token itself. Times are ISO 8601 in UTC."""

    name: str
    scope: str
    created_at: str
    revoked_at: str | None


class Tokens(Pool):
    """Mixed into the store."""

    def add_token(self, name: str, scope: str = INCIDENTS_WRITE) -> str:
        """Make a token for the system `name` and return it: the only time that it can be seen.

        Raises
        ------
        ParameterError
            The name is empty, too long, or not printable.
        ConflictError
            A token of that name is in use.
        """
        if not 0 < len(name) <= MAX_NAME or not name.isprintable() or name != name.strip():
            raise ParameterError(
                N_("“{value}” cannot be the name of a token."),
                N_("Name the system that sends, in 1 to {limit} letters."),
                field="name", value=name[:80], limit=MAX_NAME,
            )  # fmt: skip
        text = PREFIX + secrets.token_urlsafe(32)
        with self._writing() as connection:
            known = "SELECT 1 FROM atlas_tokens WHERE name = ? AND revoked_at IS NULL"
            if connection.execute(known, (name,)).fetchone():
                raise ConflictError(
                    N_("There is a token named “{name}” already."), N_("Revoke it first, or choose another name."),
                    name=name,
                )  # fmt: skip
            connection.execute(
                "INSERT INTO atlas_tokens (name, digest, scope, created_at) VALUES (?, ?, ?, ?)",
                (name, _digest(text), scope, now()),
            )
        return text

    def tokens(self) -> list[Token]:
        """Return all tokens that were ever made, the oldest first."""
        with self._reading() as connection:
            rows = connection.execute("SELECT name, scope, created_at, revoked_at FROM atlas_tokens ORDER BY id")
            return [Token(*row) for row in rows]

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

    def token_of(self, text: str, scope: str) -> str | None:
        """Return the name of the token `text` if it is in use and has `scope`, else None.

        Asked of the file each time, so that a revoked token ends with the next request.
        """
        if not text.startswith(PREFIX) or len(text) > _LONGEST or not text.isascii():
            return None
        digest, found = _digest(text), None
        with self._reading() as connection:
            rows = connection.execute("SELECT name, digest, scope FROM atlas_tokens WHERE revoked_at IS NULL")
            for name, known, allowed in rows:  # every one, in the same time
                if hmac.compare_digest(bytes(known), digest) and allowed == scope:
                    found = str(name)
        return found


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
