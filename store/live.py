"""Incidents as they happen: stored before they are acknowledged, once each by id, in a log with a cursor.

`atlas_live` holds one line for each incident received: its `seq` counts up and is never used again, so that it is a
cursor that outlives the process. What was sent is kept as a digest beside it: a sender that repeats itself is told
what is stored, whoever sends other content under the same id is refused.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from geo.errors import N_, AtlasError, NonFiniteError
from store import indexes, reader, records, revisions, writer
from store.actor import Actor, actor
from store.audit_trail import LIVE, record
from store.blobs import decode_points, encode_points
from store.errors import ConflictError
from store.migrations import now
from store.pool import Pool
from store.rows import next_fid
from store.schema import LAYERS
from store.values import parse_times, time_texts

LAYER = LAYERS["incidents"]
NEVER = np.datetime64("NaT", "ms")
MOST_AT_ONCE = 500  # incidents of one request
NEAR_M = 0.01  # the same place: less than two runs of a projection can differ by
_COLUMNS = "i.fid, i.id, i.geom, i.category, i.occurred_at, i.grid_code, i.status, i.severity"
_HELD = f"SELECT {_COLUMNS}, l.seq, l.at, l.revision, l.digest FROM incidents i LEFT JOIN atlas_live l ON l.fid = i.fid"


@dataclass(frozen=True)
class LiveIncident:
    """One incident as it was sent, its place in metres of the store's CRS, its time in UTC (NaT: not known)."""

    id: str
    x: float
    y: float
    category: str | None = None
    occurred_at: np.datetime64 = NEVER
    grid_code: str | None = None
    status: str | None = None
    severity: float | None = None

    def digest(self) -> bytes:
        """Return a short sign of the content, the id left out; worked out once."""
        known: bytes | None = self.__dict__.get("_digest")
        if known is None:
            known = self.__dict__["_digest"] = self._content_digest()
        return known

    def _content_digest(self) -> bytes:
        place = [round(self.x, 2), round(self.y, 2)]
        time = None if np.isnat(self.occurred_at) else int(self.occurred_at.astype("datetime64[ms]").astype(np.int64))
        content = [*place, time, self.category, self.grid_code, self.status, self.severity]
        return hashlib.blake2b(json.dumps(content).encode(), digest_size=16).digest()


@dataclass(frozen=True)
class HeldIncident:
    """One incident as it is stored. `seq`, `received_at` (ISO 8601, UTC) are None of one that was imported."""

    fid: int
    seq: int | None
    revision: int
    received_at: str | None
    incident: LiveIncident
    created: bool = False


class LiveIncidents(Pool):
    """Mixed into the store."""

    _settled = (0, 0)  # a revision that was looked at, and the last up to it that was not made live

    def receive(
        self,
        requests: Sequence[Sequence[LiveIncident]],
        *,
        simulated: Sequence[bool] | None = None,
        actors: Sequence[Actor] | None = None,
    ) -> list[list[HeldIncident] | AtlasError]:
        """Store the incidents of several requests in one transaction; durable on return.

        Each request is stored whole or not at all: one that is refused comes back as its error, the others stand.

        Parameters
        ----------
        simulated
            Of each request, whether its incidents are an exercise: the demo takes these only, other data none.
        actors
            Of each request, who sent it; None: who acts now.

        Raises
        ------
        StoreBusyError
            Another writer did not end in time; nothing was stored.
        """
        marks = [False] * len(requests) if simulated is None else simulated
        with self._writing() as connection:
            at = now()
            demo = records.get_meta(connection, "demo") == "1"
            srs_id = records.get_meta(connection, "srs_id")
            answers: list[list[HeldIncident] | AtlasError] = []
            fresh: list[LiveIncident] = []
            revision = reader.current_revision(connection) + 1
            for incidents, exercise in zip(requests, marks, strict=True):
                try:
                    _allowed(srs_id, demo=demo, exercise=exercise)
                    answers.append(_store(connection, incidents, int(srs_id or 0), revision, at, fresh))
                except AtlasError as error:
                    answers.append(error)
            if fresh:
                points = np.array([[one.x, one.y, one.x, one.y] for one in fresh], dtype=np.float64)
                indexes.widen_extent(connection, "incidents", points, at)
                made = revisions.add(connection, at, "incidents", "live", len(fresh))
                assert made == revision
                revisions.mark(connection, "incidents", revision, at, simulated=demo)
                _note(connection, answers, [actor()] * len(requests) if actors is None else actors, revision)
        return answers

    def live_cursor(self) -> int:
        """Return the cursor of the last incident received, 0 before the first."""
        with self._reading() as connection:
            return int(connection.execute("SELECT coalesce(max(seq), 0) FROM atlas_live").fetchone()[0])

    def live_after(self, cursor: int, limit: int) -> tuple[list[HeldIncident], int]:
        """Return the incidents received after `cursor`, oldest first, and the cursor to go on from.

        Incidents that were deleted since are left out; the cursor passes them.
        """
        with self._reading() as connection:
            last = connection.execute(
                "SELECT max(seq) FROM (SELECT seq FROM atlas_live WHERE seq > ? ORDER BY seq LIMIT ?)", (cursor, limit)
            ).fetchone()[0]
            if last is None:
                return [], cursor
            sql = f"{_HELD} WHERE l.seq > ? AND l.seq <= ? ORDER BY l.seq"
            return _held(connection.execute(sql, (cursor, last)).fetchall()), int(last)

    def live_latest(self, limit: int) -> tuple[list[HeldIncident], int]:
        """Return the last incidents received, newest first, and the cursor after them."""
        with self._reading() as connection:
            rows = connection.execute(f"{_HELD} WHERE l.seq NOTNULL ORDER BY l.seq DESC LIMIT ?", (limit,)).fetchall()
            last = connection.execute("SELECT coalesce(max(seq), 0) FROM atlas_live").fetchone()[0]
            return _held(rows), int(last)

    def only_live_since(self, revision: int) -> bool:
        """Return whether everything after `revision` were incidents received live."""
        with self._reading() as connection:
            self._adopt_edits(connection)
            sql = "SELECT 1 FROM atlas_revisions WHERE revision > ? AND kind != 'live' LIMIT 1"
            return connection.execute(sql, (revision,)).fetchone() is None

    def settled_revision(self) -> int:
        """Return the last revision that was not made by incidents received live."""
        with self._reading() as connection:
            self._adopt_edits(connection)
            # Only what came since is read: else each connection would soon hold every revision of a long feed.
            seen, settled = self._settled
            last = reader.current_revision(connection)
            found = settled_revision(connection, seen) or settled if last >= seen else settled_revision(connection)
            self._settled = (last, found)
            return found


def settled_revision(connection: sqlite3.Connection, after: int = 0) -> int:
    """Return the last revision after `after` that was not made by incidents received live, 0 without any."""
    sql = "SELECT revision FROM atlas_revisions WHERE revision > ? AND kind != 'live' ORDER BY revision DESC LIMIT 1"
    row = connection.execute(sql, (after,)).fetchone()
    return 0 if row is None else int(row[0])


def _note(
    connection: sqlite3.Connection, answers: Sequence[list[HeldIncident] | AtlasError], senders: Sequence[Actor],
    revision: int,
) -> None:  # fmt: skip
    """Write one entry of the audit trail for each sender: how many incidents, their places in the log, their digest."""
    fresh: dict[Actor, list[HeldIncident]] = {}
    for answer, sender in zip(answers, senders, strict=True):
        if not isinstance(answer, AtlasError):
            fresh.setdefault(sender, []).extend(one for one in answer if one.created)
    for sender, found in fresh.items():
        if found:
            content = hashlib.sha256()
            for one in found:
                content.update(one.incident.id.encode() + b"\0" + one.incident.digest())
            seqs = [one.seq or 0 for one in found]
            facts = {"count": len(found), "first": min(seqs), "last": max(seqs), "sha256": content.hexdigest()}
            record(connection, LIVE, "incidents", None, facts, revision=revision, who=sender)


def _allowed(srs_id: str | None, *, demo: bool, exercise: bool) -> None:
    if srs_id is None:
        raise ConflictError(
            N_("The store holds no data of a town yet."), N_("Import grids or incidents of your town first.")
        )
    if demo and not exercise:
        raise ConflictError(
            N_("The store holds the demo, which an observed incident must not be mixed with."),
            N_("Import data of your town first; or, for an exercise, send \"simulated\": true."),
        )  # fmt: skip
    if exercise and not demo:
        raise ConflictError(
            N_("A simulated incident must not be mixed with observed ones."),
            N_("Leave \"simulated\" out; or practise on a store that holds the demo."),
        )  # fmt: skip


def _store(
    connection: sqlite3.Connection, incidents: Sequence[LiveIncident], srs_id: int, revision: int, at: str,
    fresh: list[LiveIncident],
) -> list[HeldIncident]:  # fmt: skip
    """Store one request's incidents, those that are new; add these to `fresh`."""
    held: list[HeldIncident | None] = []
    seen: dict[str, LiveIncident] = {}
    for one in incidents:
        if not (np.isfinite(one.x) and np.isfinite(one.y)):
            raise NonFiniteError(N_("The incident has no finite coordinates."), N_("Give numbers."))
        twin = seen.setdefault(one.id, one)
        if twin.digest() != one.digest():
            raise _other_content(one.id)
        rows = connection.execute(f"{_HELD} WHERE i.id = ?", (one.id,)).fetchall()
        if rows and rows[0][-1] != one.digest() and not _same(_held(rows)[0].incident, one):
            raise _other_content(one.id)
        held.append(_held(rows)[0] if rows else None)
    answer: list[HeldIncident] = []
    made: dict[str, HeldIncident] = {}
    for one, known in zip(incidents, held, strict=True):
        if known is None and one.id not in made:
            made[one.id] = _insert(connection, one, srs_id, revision, at)
            fresh.append(one)
            answer.append(made[one.id])
        else:
            answer.append(known if known is not None else replace(made[one.id], created=False))
    return answer


def _insert(connection: sqlite3.Connection, one: LiveIncident, srs_id: int, revision: int, at: str) -> HeldIncident:
    fid = next_fid(connection, LAYER.name)
    blob = encode_points(np.array([one.x]), np.array([one.y]), srs_id)[0]
    time = time_texts(np.array([one.occurred_at]))[0]
    values = (one.id, one.category, time, one.grid_code, one.status, one.severity)
    writer.insert_point(connection, LAYER, fid, blob, values)
    cursor = connection.execute(
        "INSERT INTO atlas_live (fid, revision, digest, at) VALUES (?, ?, ?, ?)", (fid, revision, one.digest(), at)
    )
    return HeldIncident(fid, int(cursor.lastrowid or 0), revision, at, one, created=True)


def _other_content(name: str) -> ConflictError:
    return ConflictError(
        N_("There is another incident with the id “{id}”."),
        N_("Give each incident its own id; what is stored is corrected by an import with the mode upsert."),
        id=name[:80],
    )


def _same(first: LiveIncident, second: LiveIncident) -> bool:
    """Return whether two incidents of one id say the same."""
    if abs(first.x - second.x) > NEAR_M or abs(first.y - second.y) > NEAR_M:
        return False
    times = [one.occurred_at.astype("datetime64[ms]") for one in (first, second)]
    if np.isnat(times[0]) != np.isnat(times[1]) or (not np.isnat(times[0]) and times[0] != times[1]):
        return False
    facts = [(one.category, one.grid_code, one.status, one.severity) for one in (first, second)]
    return facts[0] == facts[1]


def _held(rows: Sequence[tuple[object, ...]]) -> list[HeldIncident]:
    """Return rows of `_HELD` as incidents."""
    if not rows:
        return []
    x, y = decode_points([row[2] for row in rows])  # type: ignore[misc]
    times = parse_times([row[4] for row in rows])  # type: ignore[misc]
    found = []
    for row, east, north, time in zip(rows, x.tolist(), y.tolist(), times, strict=True):
        fid, name, _, category, _, grid_code, status, severity, seq, at, revision, _ = row
        incident = LiveIncident(name, east, north, category, time, grid_code, status, severity)  # type: ignore[arg-type]
        found.append(HeldIncident(fid, seq, revision or 0, at, incident))  # type: ignore[arg-type]
    return found
