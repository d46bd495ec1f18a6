"""The audit trail: one entry for every change and every export, each tied to the one before by its hash.

An entry is written in the transaction of the change it tells of: both are there, or neither. Its hash is the SHA-256 of
its own fields and of the hash before it, so that nothing in the middle can be changed, taken out or moved unseen. Who
keeps the hash of the last entry elsewhere (`store.audit_read.Trail.trail_head`) also sees when the end was cut off, or
all of it written anew (`store.audit_verify`).
"""

from __future__ import annotations

import hashlib
import json
import math
import secrets
import sqlite3
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from store.actor import Actor, actor
from store.clock import now

FIRST_HASH = bytes(32)  # what comes before the first entry
LONGEST_TARGET = 200
LONGEST_FACTS = 4_000  # letters of the JSON in `before` and `after`; what is longer is kept as its digest
FIELDS = ("seq", "at", "kind", "actor", "address", "action", "target", "before", "after", "revision")

TABLE = """CREATE TABLE atlas_trail (
    seq INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, at DATETIME NOT NULL, kind TEXT NOT NULL, actor TEXT NOT NULL,
    address TEXT NOT NULL, action TEXT NOT NULL, target TEXT NOT NULL, before TEXT, after TEXT,
    revision INTEGER NOT NULL, hash BLOB NOT NULL)"""
# Most entries are of incidents received live: they must cost little, and are not looked for one by one.
LIVE = "live"
INDEX = f"CREATE INDEX atlas_trail_by_action ON atlas_trail (action, seq) WHERE action <> '{LIVE}'"
# They stop mistakes and programs that know no better; whoever takes them off is found by the chain.
GUARDS = {
    "atlas_trail_no_update": "CREATE TRIGGER atlas_trail_no_update BEFORE UPDATE ON atlas_trail"
    " BEGIN SELECT RAISE(ABORT, 'entries of the trail are not changed'); END",
    "atlas_trail_no_delete": "CREATE TRIGGER atlas_trail_no_delete BEFORE DELETE ON atlas_trail"
    " BEGIN SELECT RAISE(ABORT, 'entries of the trail are not deleted'); END",
    # Also against INSERT OR REPLACE, which deletes without a trigger.
    "atlas_trail_only_next": "CREATE TRIGGER atlas_trail_only_next BEFORE INSERT ON atlas_trail"
    " WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM atlas_trail)"
    " BEGIN SELECT RAISE(ABORT, 'entries of the trail are only added at its end'); END",
}

_WRITTEN: ContextVar[int] = ContextVar("entries", default=0)


@dataclass(frozen=True)
class Entry:
    """One entry as it is stored.

    Attributes
    ----------
    seq
        Counts up from 1 without a gap.
    at
        When, DATETIME text in UTC.
    kind, actor, address
        Who, as in `store.actor.Actor`.
    action, target
        What was done to what: "import" "cameras", "scenario.delete" "Option A".
    before, after
        JSON texts of the facts that changed, None where there are none.
    revision
        Of the store when the entry was written.
    """

    seq: int
    at: str
    kind: str
    actor: str
    address: str
    action: str
    target: str
    before: str | None
    after: str | None
    revision: int
    hash: bytes

    def fields(self) -> tuple[Any, ...]:
        """Return what the hash is about, in order."""
        return tuple(getattr(self, name) for name in FIELDS)


def chained(fields: Sequence[Any], previous: bytes) -> bytes:
    """Return the hash of an entry with these `FIELDS` after one whose hash is `previous`.

    The encoding is a JSON list without spaces, in ASCII: every list of texts, numbers and None has one and no other.
    """
    text = json.dumps([*fields, previous.hex()], ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).digest()


def record(
    connection: sqlite3.Connection, action: str, target: str = "", before: Any = None, after: Any = None,
    *, revision: int | None = None, who: Actor | None = None,
) -> int:  # fmt: skip
    """Add an entry inside the caller's writing transaction; return its number.

    Parameters
    ----------
    before, after
        Small facts, JSON-ready. Of a change of many rows: how many, and a digest, never the rows.
    revision
        That the change made; None: the present one.
    who
        None: who acts now (`store.actor`).
    """
    one = who or actor()
    last = connection.execute("SELECT seq, hash FROM atlas_trail ORDER BY seq DESC LIMIT 1").fetchone()
    seq, previous = (1, FIRST_HASH) if last is None else (int(last[0]) + 1, bytes(last[1]))
    if revision is None:
        revision = int(connection.execute("SELECT coalesce(max(revision), 0) FROM atlas_revisions").fetchone()[0])
    fields = (
        seq, now(), _clean(one.kind), _clean(one.name), _clean(one.address), _clean(action),
        _clean(target)[:LONGEST_TARGET], facts_text(before), facts_text(after), int(revision),
    )  # fmt: skip
    connection.execute(
        "INSERT INTO atlas_trail VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (*fields, chained(fields, previous))
    )
    _WRITTEN.set(_WRITTEN.get() + 1)
    return seq


def written() -> int:
    """Return how many entries this thread has written."""
    return _WRITTEN.get()


def digest_of(facts: Any) -> str:
    """Return the SHA-256 of JSON-ready facts, for what is too long to be kept itself."""
    return hashlib.sha256(json.dumps(_plain(facts), separators=(",", ":")).encode()).hexdigest()


def facts_text(facts: Any) -> str | None:
    """Return facts as the trail keeps them: JSON, or its digest where it is long."""
    if facts is None:
        return None
    text = json.dumps(_plain(facts), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    if len(text) > LONGEST_FACTS:
        short = {"characters": len(text), "sha256": hashlib.sha256(text.encode()).hexdigest()}
        if isinstance(facts, (list, tuple)):
            short["count"] = len(facts)
        text = json.dumps(short, separators=(",", ":"))
    return text


def _plain(value: Any) -> Any:
    """Return `value` with nothing in it that JSON or UTF-8 does not know."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {_clean(str(key)): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in value]
    return _plain(value.item()) if hasattr(value, "item") else _clean(str(value))


def _clean(text: str) -> str:
    """Return `text` with what UTF-8 cannot hold (lone surrogates) replaced."""
    return text.encode("utf-8", "replace").decode("utf-8")


def present(connection: sqlite3.Connection) -> bool:
    """Return whether the store has a trail; one of an older version has none before its migration."""
    sql = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'atlas_trail'"
    return connection.execute(sql).fetchone() is not None


def begin(connection: sqlite3.Connection) -> None:
    """Make the trail of a store; its first entry says what was there already.

    A number of its own makes the chains of two stores differ from their first entry on.
    """
    for statement in (TABLE, INDEX, *GUARDS.values()):
        connection.execute(statement)
    names = [name for (name,) in connection.execute("SELECT name FROM atlas_migrations ORDER BY name")]
    rows = dict(connection.execute("SELECT layer, revision FROM atlas_layers").fetchall())
    record(connection, "trail.begin", secrets.token_hex(16), None, {"migrations": names, "layers": rows})
