"""What is noted of findings: whose work they are, what was said of them, which are accepted as they are and why.

Notes belong to a finding's id (`geo.audit_findings`), which outlasts everything but the repair, and so do they: a
finding that comes back has its notes. Noting something makes no revision, because no layer changes.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from geo.errors import N_, ParameterError
from store.actor import actor
from store.audit_trail import digest_of, record
from store.errors import ConflictError
from store.migrations import now
from store.pool import Pool

ACTIONS = ("assign", "comment", "accept", "reopen")
OPEN, ACCEPTED = "open", "accepted"
MAX_TEXT = 500
MOST_AT_ONCE = 5_000
MOST_TOLD = 10  # findings that an entry of the trail names one by one


@dataclass(frozen=True)
class Named:
    """A finding as notes know it; `grids` are codes."""

    finding: str
    kind: str
    level: str | None
    grids: tuple[str, ...]


@dataclass(frozen=True)
class Said:
    """One thing that was noted; `at` is DATETIME text in UTC."""

    action: str
    text: str | None
    at: str
    by: str


@dataclass(frozen=True)
class Note:
    """What is noted of one finding.

    Attributes
    ----------
    state
        "open" or "accepted".
    team
        Whose work it is: a post or team of the grids; None: nobody's yet.
    reason
        Why it is accepted as it is.
    version
        Counts what was noted.
    """

    finding: str
    kind: str
    level: str | None
    grids: tuple[str, ...]
    state: str
    team: str | None
    reason: str | None
    version: int
    updated_at: str
    updated_by: str


class FindingNotes(Pool):
    """The part of a store that keeps what is noted of findings."""

    def finding_notes(self) -> dict[str, Note]:
        """Return what is noted, by finding."""
        with self._reading() as connection:
            rows = connection.execute(f"SELECT {_FIELDS} FROM atlas_finding_notes").fetchall()
        return {row[0]: _note(row) for row in rows}

    def finding_mark(self) -> int:
        """Return a number that grows with everything that is noted."""
        with self._reading() as connection:
            return int(connection.execute("SELECT coalesce(max(id), 0) FROM atlas_finding_said").fetchone()[0])

    def finding_said(self, finding: str) -> list[Said]:
        """Return all that was noted of one finding, the oldest first."""
        with self._reading() as connection:
            sql = "SELECT action, text, at, by FROM atlas_finding_said WHERE finding = ? ORDER BY id"
            return [Said(*row) for row in connection.execute(sql, (finding,))]

    def note_findings(
        self, findings: Sequence[Named], action: str, text: str | None, versions: Mapping[str, int] | None = None
    ) -> list[Note]:
        """Note the same of some findings: all of them or none.

        Parameters
        ----------
        action
            "assign" to the team `text` (None: to nobody), "comment" `text`, "accept" as it is because of `text`,
            "reopen", with or without a `text`.
        versions
            Of notes as they were seen, 0 where there was none; findings that are not in it are not checked.

        Raises
        ------
        ParameterError
            An unknown action, too many findings, or a text that is missing or too long.
        ConflictError
            Somebody noted something else meanwhile.
        """
        kept = _checked(findings, action, text)
        with self._writing() as connection:
            by, at = actor().name, now()
            known = {row[0]: _note(row) for row in _found(connection, [one.finding for one in findings])}
            for one in findings:
                _require(known.get(one.finding), one, (versions or {}).get(one.finding))
            after = [_after(known.get(one.finding), one, action, kept, at, by) for one in findings]
            marks = ", ".join("?" * len(_FIELDS.split(", ")))
            connection.executemany(
                f"INSERT OR REPLACE INTO atlas_finding_notes ({_FIELDS}) VALUES ({marks})", [_row(one) for one in after]
            )
            connection.executemany(
                "INSERT INTO atlas_finding_said (finding, action, text, at, by) VALUES (?, ?, ?, ?, ?)",
                [(one.finding, action, kept, at, by) for one in findings],
            )
            before = [known[one.finding] for one in findings if one.finding in known]
            record(
                connection, f"finding.{action}", _target(findings), _facts(before) if before else None,
                {**_facts(after), "text": kept},
            )  # fmt: skip
        return after


_FIELDS = "finding, kind, level, grids, state, team, reason, version, updated_at, updated_by"


def _checked(findings: Sequence[Named], action: str, text: str | None) -> str | None:
    if action not in ACTIONS:
        raise ParameterError(
            N_("“{value}” cannot be noted of a finding."), N_("Use one of: {known}."), field="action",
            value=action[:40], known=", ".join(ACTIONS),
        )  # fmt: skip
    if not 0 < len(findings) <= MOST_AT_ONCE:
        raise ParameterError(
            N_("{count} findings cannot be noted at once."), N_("Choose 1 to {limit}."), field="findings",
            count=len(findings), limit=MOST_AT_ONCE,
        )  # fmt: skip
    kept = (text or "").strip() or None
    if kept is None and action in ("comment", "accept"):
        raise ParameterError(
            N_("A text is missing."), N_("Say in a few words why, so that others understand it later."), field="text"
        )
    if kept is not None and len(kept) > MAX_TEXT:
        raise ParameterError(
            N_("The value of {field} is too long."),
            N_("Give at most {limit} characters."),
            field="text",
            limit=MAX_TEXT,
        )
    return kept


def _require(known: Note | None, one: Named, version: int | None) -> None:
    present = 0 if known is None else known.version
    if version is not None and version != present:
        raise ConflictError(
            N_("Somebody else noted something of this finding meanwhile: {grids}."),
            N_("Read it, then note yours again."),
            grids=", ".join(one.grids)[:80], finding=one.finding, version=present,
        )  # fmt: skip


def _after(known: Note | None, one: Named, action: str, text: str | None, at: str, by: str) -> Note:
    state, team, reason, version = (OPEN, None, None, 0) if known is None else (
        known.state, known.team, known.reason, known.version
    )  # fmt: skip
    if action == "assign":
        team = text
    elif action == "accept":
        state, reason = ACCEPTED, text
    elif action == "reopen":
        state, reason = OPEN, None
    return Note(one.finding, one.kind, one.level, one.grids, state, team, reason, version + 1, at, by)


def _found(connection: sqlite3.Connection, findings: Iterable[str]) -> list[tuple[Any, ...]]:
    sql = f"SELECT {_FIELDS} FROM atlas_finding_notes WHERE finding IN (SELECT value FROM json_each(?))"
    return connection.execute(sql, (json.dumps(list(findings)),)).fetchall()


def _note(row: Sequence[Any]) -> Note:
    finding, kind, level, grids, *others = row
    return Note(finding, kind, level, tuple(json.loads(grids)), *others)


def _row(one: Note) -> tuple[Any, ...]:
    return (
        one.finding, one.kind, one.level, json.dumps(list(one.grids)), one.state, one.team, one.reason, one.version,
        one.updated_at, one.updated_by,
    )  # fmt: skip


def _target(findings: Sequence[Named]) -> str:
    named = "; ".join(f"{one.kind} {', '.join(one.grids[:3])}" for one in findings[:MOST_TOLD])
    return named if len(findings) <= MOST_TOLD else f"{named}; …"


def _facts(notes: Sequence[Note]) -> dict[str, Any]:
    """What the audit trail keeps of notes."""
    states = {state: sum(one.state == state for one in notes) for state in (OPEN, ACCEPTED)}
    named = [{"finding": one.finding, "state": one.state, "team": one.team} for one in notes]
    return {"count": len(notes), **states, "findings": named[:MOST_TOLD], "sha256": digest_of(named)}
