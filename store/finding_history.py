"""What audits of past revisions found: how many of each kind, and in which revision a finding came and was gone."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from store.finding_notes import Named
from store.migrations import now
from store.pool import Pool

MOST_SEEN = 20_000  # findings of one audit that are followed one by one
MOST_GONE = 50_000  # that are remembered, the last ones
MOST_REVISIONS = 2_000


@dataclass(frozen=True)
class Gone:
    """A finding that was there once; `revision`: the first one in which an audit did not find it."""

    finding: str
    kind: str
    level: str | None
    grids: tuple[str, ...]
    first_revision: int
    revision: int


@dataclass(frozen=True)
class Counted:
    """How many findings of a kind and severity the audit of a revision found; `at`: when it was looked at."""

    revision: int
    kind: str
    severity: str
    findings: int
    at: str


class FindingHistory(Pool):
    """The part of a store that keeps what audits found. Nothing here makes a revision, and nobody made a change."""

    def keep_findings(
        self, division: int, revision: int, found: Sequence[Named], counts: Mapping[tuple[str, str], int]
    ) -> bool:
        """Keep what an audit of the whole city found; return whether that was new.

        Parameters
        ----------
        division
            Revision that last changed the grids: counts are kept by it, not by every incident that comes in.
        revision
            Of all that was looked at: in which findings come and go.
        found
            The findings, the gravest first; the first 20,000 are followed.
        counts
            (kind, severity) -> how many.
        """
        with self._reading() as connection:
            last = connection.execute("SELECT coalesce(max(revision), -1) FROM atlas_finding_counts").fetchone()[0]
            known = _known(connection)
        here = {one.finding: one for one in found[:MOST_SEEN]}
        fresh = [one for name, one in here.items() if known.get(name, -1) != 0]
        # Of what is beyond the first 20,000 nobody knows whether it is gone.
        gone = (
            [] if len(found) > MOST_SEEN else [name for name, ended in known.items() if not ended and name not in here]
        )
        if division < last or (division == last and not fresh and not gone):
            return False
        with self._writing(bookkeeping=True) as connection:
            at = now()
            connection.execute("DELETE FROM atlas_finding_counts WHERE revision = ?", (division,))
            rows = [(division, kind, severity, count, at) for (kind, severity), count in counts.items() if count]
            # A division without fault has a row too.
            connection.executemany(
                "INSERT INTO atlas_finding_counts VALUES (?, ?, ?, ?, ?)", rows or [(division, "", "", 0, at)]
            )
            connection.executemany(
                "INSERT INTO atlas_finding_seen VALUES (?, ?, ?, ?, ?, NULL)"
                " ON CONFLICT (finding) DO UPDATE SET gone_revision = NULL",
                [(one.finding, one.kind, one.level, json.dumps(list(one.grids)), revision) for one in fresh],
            )
            connection.executemany(
                "UPDATE atlas_finding_seen SET gone_revision = ? WHERE finding = ?", [(revision, name) for name in gone]
            )
            _forget(connection)
        return True

    def gone_findings(self, findings: Iterable[str] | None = None, most: int = 200) -> list[Gone]:
        """Return findings that are gone, the last first: of some ids, None: of all."""
        where = ""
        values: tuple[str, ...] = ()
        if findings is not None:
            where, values = " AND finding IN (SELECT value FROM json_each(?))", (json.dumps(list(findings)),)
        sql = (
            "SELECT finding, kind, level, grids, first_revision, gone_revision FROM atlas_finding_seen"
            f" WHERE gone_revision NOTNULL{where} ORDER BY gone_revision DESC, kind, finding LIMIT ?"
        )
        with self._reading() as connection:
            rows: list[tuple[Any, ...]] = connection.execute(sql, (*values, most)).fetchall()
        return [Gone(one[0], one[1], one[2], tuple(json.loads(one[3])), one[4], one[5]) for one in rows]

    def finding_counts(self, most: int = 500) -> list[Counted]:
        """Return what the audits of the last revisions found, the oldest first."""
        sql = (
            "SELECT revision, kind, severity, findings, at FROM atlas_finding_counts WHERE revision IN"
            " (SELECT DISTINCT revision FROM atlas_finding_counts ORDER BY revision DESC LIMIT ?)"
            " ORDER BY revision, kind, severity"
        )
        with self._reading() as connection:
            return [Counted(*row) for row in connection.execute(sql, (most,))]


def _known(connection: sqlite3.Connection) -> dict[str, int]:
    """Finding -> the revision in which it was gone, 0 while it is there."""
    sql = "SELECT finding, coalesce(gone_revision, 0) FROM atlas_finding_seen"
    return dict(connection.execute(sql).fetchall())


def _forget(connection: sqlite3.Connection) -> None:
    connection.execute(
        "DELETE FROM atlas_finding_seen WHERE gone_revision NOTNULL AND finding NOT IN (SELECT finding FROM"
        " atlas_finding_seen WHERE gone_revision NOTNULL ORDER BY gone_revision DESC LIMIT ?)",
        (MOST_GONE,),
    )
    connection.execute(
        "DELETE FROM atlas_finding_counts WHERE revision NOT IN"
        " (SELECT DISTINCT revision FROM atlas_finding_counts ORDER BY revision DESC LIMIT ?)",
        (MOST_REVISIONS,),
    )
