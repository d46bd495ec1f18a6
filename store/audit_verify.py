"""Checking the audit trail: whether every entry is as it was written, none is missing, and the end was not cut off."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from geo.errors import N_, ParameterError
from store.audit_trail import FIELDS, FIRST_HASH, GUARDS, Entry, chained

_STEP = 1_000
MOST_FAULTS = 20

CHANGED = N_("Entry {seq} is not as it was written, or was put in another place.")
MISSING = N_("Entries {first} to {last} are missing.")
CUT = N_("The end of the trail was cut off: entry {seq} was written, but the last one is {last}.")
REWRITTEN = N_("Entry {seq} is not the one whose hash was kept: the trail was written anew.")
UNGUARDED = N_("What forbids changes of the trail was taken off ({name}).")
EMPTY = N_("The trail has no entries.")


@dataclass(frozen=True)
class Head:
    """The last entry of a trail: kept elsewhere, it proves later that nothing up to it was changed."""

    seq: int
    hash: str
    at: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Fault:
    """What is wrong: a template with its parameters."""

    message: str
    params: dict[str, Any]

    def text(self) -> str:
        return self.message.format(**self.params)


@dataclass(frozen=True)
class Verdict:
    """What a check found. `entries` were read; `head` is the last of them; `compared` the kept one, if any."""

    entries: int
    head: Head | None
    compared: Head | None
    faults: tuple[Fault, ...]

    @property
    def whole(self) -> bool:
        return not self.faults


def entries(connection: sqlite3.Connection, after: int = 0) -> Iterator[Entry]:
    """Yield the entries in their order."""
    cursor = connection.execute(
        f"SELECT {', '.join(FIELDS)}, hash FROM atlas_trail WHERE seq > ? ORDER BY seq", (after,)
    )
    while rows := cursor.fetchmany(_STEP):
        yield from (Entry(*row) for row in rows)


def head_of(connection: sqlite3.Connection) -> Head | None:
    """Return the last entry's number, hash and time."""
    row = connection.execute("SELECT seq, hash, at FROM atlas_trail ORDER BY seq DESC LIMIT 1").fetchone()
    return None if row is None else Head(int(row[0]), bytes(row[1]).hex(), str(row[2]))


def read_head(text: str) -> Head:
    """Return a head from the JSON that was kept: of `flask trail head`, or the facts beside a backup.

    Raises
    ------
    ParameterError
        It is neither.
    """
    try:
        found = json.loads(text)
        found = found.get("trail", found)
        head = Head(int(found["seq"]), str(found["hash"]), str(found.get("at", "")))
        if head.seq < 1 or len(bytes.fromhex(head.hash)) != len(FIRST_HASH):
            raise ValueError
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise ParameterError(
            N_("The file holds no head of a trail."), N_("Give a file that `flask trail head` wrote."), field="head"
        ) from None
    return head


def verify(connection: sqlite3.Connection, kept: Head | None = None) -> Verdict:
    """Read the whole trail, in the caller's reading transaction, and return what is wrong with it.

    Without `kept` the end may be cut off, or everything written anew, by somebody who knows how; with it neither.
    """
    faults: list[Fault] = []
    previous, expected, count = FIRST_HASH, 1, 0
    last: Entry | None = None
    kept_found = False
    for entry in entries(connection):
        count += 1
        if entry.seq != expected:
            faults.append(Fault(MISSING, {"first": expected, "last": entry.seq - 1}))
        elif _hash_of(entry, previous) != entry.hash:
            faults.append(Fault(CHANGED, {"seq": entry.seq}))
        if kept is not None and entry.seq == kept.seq:
            kept_found = True
            if not isinstance(entry.hash, bytes) or entry.hash.hex() != kept.hash:
                faults.append(Fault(REWRITTEN, {"seq": kept.seq}))
        # From here on the chain is followed from what is stored, so that each fault is told once.
        previous = entry.hash if isinstance(entry.hash, bytes) else FIRST_HASH
        expected = entry.seq + 1
        last = entry
    ever = connection.execute("SELECT max(seq) FROM sqlite_sequence WHERE name = 'atlas_trail'").fetchone()[0] or 0
    written = max(int(ever), 0 if kept is None or kept_found else kept.seq)
    if last is None:
        faults.append(Fault(EMPTY, {}))
    elif written > last.seq:
        faults.append(Fault(CUT, {"seq": written, "last": last.seq}))
    known = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE tbl_name = 'atlas_trail'").fetchall())
    faults += [Fault(UNGUARDED, {"name": name}) for name, sql in GUARDS.items() if known.get(name) != sql]
    head = None if last is None else Head(last.seq, hex_of(last.hash), last.at)
    return Verdict(count, head, kept, tuple(faults[:MOST_FAULTS]))


def _hash_of(entry: Entry, previous: bytes) -> bytes:
    try:
        return chained(entry.fields(), previous)
    except (TypeError, ValueError):  # a value of a kind that was never written
        return b""


def hex_of(value: object) -> str:
    """Return a hash as text, "" where something else was put in its place."""
    return value.hex() if isinstance(value, bytes) else ""
