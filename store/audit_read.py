"""The part of a store that tells its audit trail: entries by filter, the head, the check; and that notes an export."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from store.audit_trail import FIELDS, LIVE, Entry, record
from store.audit_verify import Head, Verdict, entries, head_of, verify
from store.connection import transaction
from store.pool import Pool

MOST_ENTRIES = 50_000  # of one answer


@dataclass(frozen=True)
class Wish:
    """Which entries are asked for; "" and None: all. `start` and `end` are DATETIME texts in UTC, start <= at < end.

    `action` also names a family: "scenario" is "scenario.add", "scenario.delete" and so on.
    """

    start: str = ""
    end: str = ""
    actor: str = ""
    action: str = ""
    target: str = ""


class Trail(Pool):
    """Mixed into the store."""

    def note(self, action: str, target: str = "", before: Any = None, after: Any = None) -> int:
        """Write down what makes no change of its own: an export, a sign-in; durable on return. Return its number."""
        with self._writing() as connection:
            return record(connection, action, target, before, after)

    def trail(self, wish: Wish, limit: int, before_seq: int | None = None) -> list[Entry]:
        """Return the newest entries of a wish, those before the entry `before_seq` only, newest first."""
        where, values = _where(wish)
        if before_seq is not None:
            where, values = [*where, "seq < ?"], [*values, before_seq]
        sql = f"SELECT {', '.join(FIELDS)}, hash FROM atlas_trail WHERE {' AND '.join(where)} ORDER BY seq DESC LIMIT ?"
        with self._reading() as connection:
            return [Entry(*row) for row in connection.execute(sql, (*values, min(limit, MOST_ENTRIES)))]

    def trail_count(self, wish: Wish) -> int:
        """Return how many entries a wish has."""
        where, values = _where(wish)
        with self._reading() as connection:
            sql = f"SELECT count(*) FROM atlas_trail WHERE {' AND '.join(where)}"
            return int(connection.execute(sql, values).fetchone()[0])

    def trail_actions(self) -> list[str]:
        """Return every action that was ever noted."""
        # One step along the index for each action, not one for each entry.
        noted = f"SELECT min(action) FROM atlas_trail WHERE action <> '{LIVE}'"
        sql = (
            f"WITH RECURSIVE found(action) AS ({noted} UNION ALL SELECT ({noted} AND action > found.action) FROM found"
            " WHERE found.action NOTNULL) SELECT action FROM found WHERE action NOTNULL"
        )
        with self._reading() as connection:
            actions = {str(action) for (action,) in connection.execute(sql)}
            live = connection.execute("SELECT EXISTS (SELECT 1 FROM atlas_live)").fetchone()[0]
        return sorted(actions | ({LIVE} if live else set()))

    def trail_head(self) -> Head | None:
        """Return the last entry's number, hash and time: to be kept where nobody who writes the store can."""
        with self._reading() as connection:
            return head_of(connection)

    def verify_trail(self, kept: Head | None = None) -> Verdict:
        """Check the whole trail; see `store.audit_verify.verify`."""
        with self._reading() as connection, transaction(connection, write=False):
            return verify(connection, kept)

    def whole_trail(self) -> Iterator[Entry]:
        """Yield every entry as of one moment, oldest first."""
        with self._reading() as connection, transaction(connection, write=False):
            yield from entries(connection)


def _where(wish: Wish) -> tuple[list[str], list[Any]]:
    where, values = ["1"], list[Any]()
    for sql, text in (("at >= ?", wish.start), ("at < ?", wish.end), ("actor = ?", wish.actor)):
        if text:
            where.append(sql)
            values.append(text)
    if wish.action and wish.action != LIVE:
        where.append(f"action <> '{LIVE}'")  # as the index says
    if wish.action:
        where.append("(action = ? OR (action > ? AND action < ?))")  # "." and the sign after it
        values += [wish.action, f"{wish.action}.", f"{wish.action}/"]
    if wish.target:
        where.append("instr(lower(target), lower(?)) > 0")
        values.append(wish.target)
    return where, values
