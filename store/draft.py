"""One draft of the division: its steps, where in them it stands, its state, its rows in the store."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from geo.errors import N_
from geo.grid_changes import GridChange
from store.errors import ConflictError, DraftStateError, UnknownDraftError
from store.grid_states import unpacked

EDITABLE = frozenset({"draft", "withdrawn", "rejected"})
STATES = ("draft", "submitted", "approved", "rejected", "withdrawn", "applied")
FIELDS = (
    "id, name, state, version, base_revision, step, created_at, created_by, updated_at, submitted_at, submitted_by,"
    " decided_at, decided_by, reason, applied_revision, deleted_at"
)


@dataclass(frozen=True)
class Step:
    """One step: what was asked, and what it changes.

    Attributes
    ----------
    number
        From 1.
    op, params
        As the service was asked.
    grids
        How many grids it changes.
    changes
        Each with the grid before and after; empty where the step was read without them.
    """

    number: int
    op: str
    params: Mapping[str, Any]
    grids: int
    at: str
    by: str
    changes: tuple[GridChange, ...] = ()


@dataclass(frozen=True)
class Draft:
    """One draft.

    Attributes
    ----------
    state
        One of `STATES`. "approved" is a moment only: who approves applies, in the same transaction.
    version
        Counts the changes of the draft from 1.
    base_revision
        Of the layer of grids when the draft was begun.
    step
        How many of the steps are in force; those after it were undone and can be done again.
    reason
        What was said when it was submitted, approved, rejected or withdrawn last.
    applied_revision
        That approval made, None before.
    """

    id: str
    name: str
    state: str
    version: int
    base_revision: int
    step: int
    created_at: str
    created_by: str
    updated_at: str
    submitted_at: str | None = None
    submitted_by: str | None = None
    decided_at: str | None = None
    decided_by: str | None = None
    reason: str | None = None
    applied_revision: int | None = None
    deleted_at: str | None = None
    steps: tuple[Step, ...] = ()

    @property
    def changes(self) -> tuple[GridChange, ...]:
        """The changes of the steps in force, one after the other."""
        return tuple(change for step in self.steps[: self.step] for change in step.changes)

    @property
    def editable(self) -> bool:
        """Whether steps may be made."""
        return self.state in EDITABLE

    @property
    def can_undo(self) -> bool:
        """Whether a step can be undone."""
        return self.editable and self.step > 0

    @property
    def can_redo(self) -> bool:
        """Whether an undone step can be done again."""
        return self.editable and self.step < len(self.steps)


def find(connection: sqlite3.Connection, draft_id: str, *, whole: bool = True) -> Draft:
    """Return a draft; without `whole` the changes of its steps are not read. Raises UnknownDraftError."""
    sql = f"SELECT {FIELDS} FROM atlas_drafts WHERE id = ? AND deleted_at IS NULL"
    row = connection.execute(sql, (draft_id,)).fetchone()
    if row is None:
        raise UnknownDraftError(
            N_("There is no such draft."),
            N_("It may have been deleted, or not be of your area; open the list of drafts."),
            draft=draft_id[:80],
        )  # fmt: skip
    changes = "changes" if whole else "NULL"
    sql = f"SELECT number, op, params, grids, at, by, {changes} FROM atlas_draft_steps WHERE draft = ? ORDER BY number"
    steps = tuple(
        Step(number, op, json.loads(params), grids, at, by, () if data is None else unpacked(data))
        for number, op, params, grids, at, by, data in connection.execute(sql, (draft_id,))
    )
    return replace(Draft(*row), steps=steps)


def require_version(found: Draft, version: int) -> Draft:
    """Return `found` if it is the version that was seen; ConflictError with both versions else."""
    if found.version != version:
        raise ConflictError(
            N_("“{name}” was changed by somebody else meanwhile: it is at version {present}, you saw {seen}."),
            N_("Open it again to see the change; nothing of it is lost."),
            name=found.name, draft=found.id, present=found.version, seen=version,
        )  # fmt: skip
    return found


def require_state(found: Draft, states: frozenset[str]) -> Draft:
    """Return `found` if it is in one of `states`; DraftStateError else."""
    if found.state not in states:
        raise DraftStateError(
            N_("The draft “{name}” is {what}; this cannot be done with it now."),
            N_("Withdraw it first, or begin another draft."),
            name=found.name, what=STATE_WORDS[found.state], draft=found.id,
        )  # fmt: skip
    return found


# In the sentence above; `what` is translated by itself.
STATE_WORDS: Mapping[str, str] = {
    "draft": N_("being worked on"),
    "submitted": N_("submitted for review"),
    "approved": N_("approved"),
    "rejected": N_("rejected"),
    "withdrawn": N_("withdrawn"),
    "applied": N_("applied"),
}
