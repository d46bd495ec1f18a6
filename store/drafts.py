"""Drafts of the division: steps that can be undone and done again, review, and approval, which alone changes grids.

Whoever changes a draft says which version of it he saw; another one is a `ConflictError`. A draft that was withdrawn or
rejected can be worked on again. Approval applies the draft in the same transaction: one revision, or nothing.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from geo.errors import N_, ReshapeError
from geo.grid_changes import GridChange, folded
from store.actor import actor
from store.audit_trail import record
from store.division import Changed, apply_changes
from store.draft import EDITABLE, FIELDS, Draft, find, require_state, require_version
from store.errors import ConflictError, DraftStateError, OwnDraftError
from store.grid_states import as_stored, packed
from store.migrations import now
from store.pool import Pool
from store.scenario import clean_name

MAX_DRAFTS = 500
MAX_STEPS = 1_000
MAX_REASON = 500
MAX_PARAMS = 256 << 10
_SUBMITTED = frozenset({"submitted"})


class Drafts(Pool):
    """The part of a store that keeps drafts of the division."""

    def drafts(self) -> list[Draft]:
        """Return what is not deleted, the last changed first, without the changes of the steps."""
        with self._reading() as connection:
            sql = "SELECT id FROM atlas_drafts WHERE deleted_at IS NULL ORDER BY updated_at DESC, id"
            return [find(connection, one, whole=False) for (one,) in connection.execute(sql).fetchall()]

    def draft(self, draft_id: str) -> Draft:
        """Return one draft; raises UnknownDraftError."""
        with self._reading() as connection:
            return find(connection, draft_id)

    def add_draft(self, name: str) -> Draft:
        """Begin a draft on the present division.

        Raises
        ------
        ParameterError
            The name cannot be used.
        ConflictError
            There are too many drafts.
        """
        kept = clean_name(name, N_("A draft needs a name."))
        with self._writing() as connection:
            count = connection.execute("SELECT count(*) FROM atlas_drafts WHERE deleted_at IS NULL").fetchone()[0]
            if count >= MAX_DRAFTS:
                raise ConflictError(
                    N_("There are {count} drafts; more are not kept."), N_("Delete some first."), count=count
                )
            base = connection.execute("SELECT revision FROM atlas_layers WHERE layer = 'grids'").fetchone()[0]
            at = now()
            made = Draft(secrets.token_hex(8), kept, "draft", 1, int(base), 0, at, actor().name, at)
            values = [getattr(made, name) for name in FIELDS.split(", ")]
            connection.execute(f"INSERT INTO atlas_drafts ({FIELDS}) VALUES ({', '.join('?' for _ in values)})", values)
            record(connection, "draft.add", kept, None, _facts(made))
        return made

    def add_step(
        self, draft_id: str, version: int, op: str, params: Mapping[str, Any], changes: Sequence[GridChange]
    ) -> Draft:
        """Add a step after those in force; what was undone is forgotten.

        Raises
        ------
        ConflictError
            `version` is not the present one.
        DraftStateError
            The draft is being reviewed, or was applied.
        ReshapeError
            The step changes nothing, or makes what cannot be kept.
        """
        kept = tuple(as_stored(one) for one in changes)
        text = json.dumps(params, allow_nan=False)
        with self._writing() as connection:
            old = require_state(require_version(find(connection, draft_id), version), EDITABLE)
            if old.step >= MAX_STEPS or len(text) > MAX_PARAMS:
                raise ConflictError(N_("The draft is too long."), N_("Submit it, and go on in another one."))
            if not _goes_on(old, kept):
                raise ReshapeError(N_("The step changes nothing."), N_("Move or choose something else."))
            connection.execute("DELETE FROM atlas_draft_steps WHERE draft = ? AND number > ?", (draft_id, old.step))
            row = (draft_id, old.step + 1, op, text, packed(kept), len(kept), now(), actor().name)
            connection.execute("INSERT INTO atlas_draft_steps VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
            told = {"op": op, "grids": [one.code for one in kept][:10], "count": len(kept)}
            return _changed(connection, old, "draft.step", {"state": "draft", "step": old.step + 1}, told)

    def undo_step(self, draft_id: str, version: int) -> Draft:
        """Undo the last step in force; raises like `add_step`."""
        return self._move(draft_id, version, -1)

    def redo_step(self, draft_id: str, version: int) -> Draft:
        """Do the step again that was undone last; raises like `add_step`."""
        return self._move(draft_id, version, 1)

    def submit_draft(self, draft_id: str, version: int, reason: str = "") -> Draft:
        """Hand a draft in for review; raises like `add_step`, and where it changes nothing."""
        with self._writing() as connection:
            old = require_state(require_version(find(connection, draft_id), version), EDITABLE)
            if not folded(old.changes):
                raise DraftStateError(
                    N_("The draft “{name}” changes nothing."), N_("Make a step first."), name=old.name, draft=old.id
                )
            sets: dict[str, Any] = {"state": "submitted", "submitted_at": now(), "submitted_by": actor().name}
            sets |= {"decided_at": None, "decided_by": None, "reason": _reason(reason)}
            return _changed(connection, old, "draft.submit", sets)

    def withdraw_draft(self, draft_id: str, version: int, reason: str = "") -> Draft:
        """Take a draft back from review; raises like `add_step`."""
        with self._writing() as connection:
            old = require_state(require_version(find(connection, draft_id), version), _SUBMITTED)
            return _changed(connection, old, "draft.withdraw", {"state": "withdrawn", "reason": _reason(reason)})

    def reject_draft(self, draft_id: str, version: int, reason: str) -> Draft:
        """Refuse a submitted draft; raises like `add_step`."""
        with self._writing() as connection:
            old = require_state(require_version(find(connection, draft_id), version), _SUBMITTED)
            sets = {"state": "rejected", "decided_at": now(), "decided_by": actor().name, "reason": _reason(reason)}
            return _changed(connection, old, "draft.reject", sets)

    def approve_draft(
        self, draft_id: str, version: int, reason: str = "", *, own: bool = False
    ) -> tuple[Draft, Changed]:
        """Approve a submitted draft and change the division by it: one transaction, one revision.

        Parameters
        ----------
        own
            Let somebody approve a draft that he worked on: the single user of a service without accounts.

        Raises
        ------
        OwnDraftError
            Who approves made a step of it, or submitted it.
        DivisionConflictError
            A grid is no longer what the draft began with; the draft stays submitted.
        ConflictError, DraftStateError
            As above.
        """
        with self._writing() as connection:
            old = require_state(require_version(find(connection, draft_id), version), _SUBMITTED)
            authors = {old.submitted_by, *(step.by for step in old.steps[: old.step])}
            if actor().name in authors and not own:
                raise OwnDraftError(
                    N_("You worked on “{name}” yourself; somebody else has to approve it."),
                    N_("Ask another account with the role approver."),
                    name=old.name, draft=old.id,
                )  # fmt: skip
            # Who asked for it said why; who approves often says no more than that he does.
            why = "; ".join(dict.fromkeys(one for one in (old.reason, _reason(reason)) if one)) or old.name
            done = apply_changes(connection, old.changes, why, old.id)
            sets: dict[str, Any] = {
                "state": "applied",
                "decided_at": now(),
                "decided_by": actor().name,
                "reason": _reason(reason),
            }
            told = {"own": own and actor().name in authors}
            sets["applied_revision"] = done.revision
            return _changed(connection, old, "draft.approve", sets, told), done

    def delete_draft(self, draft_id: str, version: int) -> Draft:
        """Take a draft out of the list; one that was applied stays, as the history names it."""
        with self._writing() as connection:
            old = require_state(require_version(find(connection, draft_id), version), EDITABLE)
            connection.execute(
                "UPDATE atlas_drafts SET deleted_at = ?, version = version + 1 WHERE id = ?", (now(), draft_id)
            )
            record(connection, "draft.delete", old.name, _facts(old))
        return old

    def _move(self, draft_id: str, version: int, by: int) -> Draft:
        with self._writing() as connection:
            old = require_state(require_version(find(connection, draft_id), version), EDITABLE)
            step = old.step + by
            if not 0 <= step <= len(old.steps):
                raise DraftStateError(
                    N_("There is no step to undo or to do again."), N_("Make a step first."), draft=old.id
                )
            action = "draft.undo" if by < 0 else "draft.redo"
            return _changed(connection, old, action, {"state": "draft", "step": step})


def _goes_on(old: Draft, changes: Sequence[GridChange]) -> bool:
    """Return whether changes change something, beginning where the steps in force end."""
    try:
        folded([*old.changes, *changes])
    except ValueError as error:
        raise ConflictError(
            N_("The step was made on another state of the draft “{name}”."), N_("Open it again and repeat the step."),
            name=old.name, draft=old.id, present=old.version,
        ) from error  # fmt: skip
    return bool(folded(changes))


def _changed(
    connection: sqlite3.Connection,
    old: Draft,
    action: str,
    sets: Mapping[str, Any],
    told: Mapping[str, Any] | None = None,
) -> Draft:
    """Write the new values of a draft with its trail entry; return it as it now is."""
    sets = {**sets, "version": old.version + 1, "updated_at": now()}
    names = ", ".join(f"{name} = ?" for name in sets)
    connection.execute(f"UPDATE atlas_drafts SET {names} WHERE id = ?", (*sets.values(), old.id))
    new = find(connection, old.id)
    after = _facts(new) | dict(told or {})
    record(connection, action, old.name, _facts(old), after, revision=new.applied_revision)
    return new


def _facts(draft: Draft) -> dict[str, Any]:
    """Return what the audit trail keeps of a draft."""
    return {
        "id": draft.id, "name": draft.name, "state": draft.state, "version": draft.version, "step": draft.step,
        "steps": len(draft.steps),
    } | ({"reason": draft.reason} if draft.reason else {})  # fmt: skip


def _reason(text: str) -> str:
    shown = "".join(" " if letter.isspace() else letter for letter in text if letter.isprintable() or letter.isspace())
    return " ".join(shown.split())[:MAX_REASON]
