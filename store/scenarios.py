"""Scenarios: named lists of camera changes that were planned but not done, kept in the store beside the layers.

A scenario has a version. Whoever changes it says which version he saw; another one is a `ConflictError`, so that of two
people at once nobody loses work unseen. The last `MAX_DELETED` stay restorable for `KEEP_DAYS`. Keeping scenarios makes
no revision, because no layer changes; applying one does.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from geo.errors import N_
from store.audit_trail import digest_of, record
from store.edits import CameraEdit, Edited, apply_edits
from store.errors import ConflictError, UnknownScenarioError
from store.migrations import now
from store.pool import Pool
from store.scenario import FIELDS, OPS, Heading, Scenario, clean_name, row_of, scenario_of

MAX_SCENARIOS = 500
KEEP_DAYS = 30
MAX_DELETED = 100  # that can still be restored


class Scenarios(Pool):
    """The part of a store that keeps scenarios."""

    _counts: Mapping[tuple[str, int], tuple[int, ...]] = MappingProxyType({})  # by id and version, of the last list

    def scenarios(self) -> list[Heading]:
        """Return what is not deleted, the last changed first; the changes of a version are counted once."""
        with self._reading() as connection:
            sql = (
                "SELECT id, name, version, created_at, updated_at, applied_revision FROM atlas_scenarios"
                " WHERE deleted_at IS NULL ORDER BY updated_at DESC, id"
            )
            rows = connection.execute(sql).fetchall()
            counts = {
                (name, version): self._counts.get((name, version)) or _count(connection, name)
                for name, _, version, *_ in rows
            }
        self._counts = counts
        return [Heading(*row[:3], *counts[row[0], row[2]], *row[3:]) for row in rows]

    def scenario(self, scenario_id: str, *, deleted: bool = False) -> Scenario:
        """Return one scenario; with `deleted` also one that can still be restored.

        Raises
        ------
        UnknownScenarioError
            There is none of this id, or it was deleted.
        """
        with self._reading() as connection:
            return _find(connection, scenario_id, deleted=deleted)

    def add_scenario(
        self, name: str, changes: Sequence[dict[str, Any]], *, base: Mapping[str, Any], options: Mapping[str, Any],
        base_revision: int,
    ) -> Scenario:  # fmt: skip
        """Keep a new scenario.

        Raises
        ------
        ParameterError
            The name cannot be used.
        ConflictError
            Another scenario has this name.
        StoreError
            There are too many, or it is too large.
        """
        kept = clean_name(name)
        with self._writing() as connection:
            _forget(connection)
            count = connection.execute("SELECT count(*) FROM atlas_scenarios WHERE deleted_at IS NULL").fetchone()[0]
            if count >= MAX_SCENARIOS:
                raise ConflictError(
                    N_("There are {count} scenarios; more are not kept."), N_("Delete some first."), count=count
                )
            _require_free(connection, kept, "")
            made = Scenario(secrets.token_hex(8), kept, 1, tuple(changes), base, options, base_revision, now(), now())
            connection.execute(f"INSERT INTO atlas_scenarios ({FIELDS}) VALUES ({', '.join('?' * 11)})", row_of(made))
            record(connection, "scenario.add", kept, None, _facts(made))
        return made

    def change_scenario(
        self, scenario_id: str, version: int, *, name: str | None = None,
        changes: Sequence[dict[str, Any]] | None = None, base: Mapping[str, Any] | None = None,
        options: Mapping[str, Any] | None = None, base_revision: int | None = None,
    ) -> Scenario:  # fmt: skip
        """Change what is given of a scenario; its version counts on.

        Raises
        ------
        ConflictError
            `version` is not the present one, or the name is another scenario's.
        ParameterError, UnknownScenarioError, StoreError
            As above.
        """
        with self._writing() as connection:
            old = _require_version(_find(connection, scenario_id), version)
            kept = old.name if name is None else clean_name(name)
            _require_free(connection, kept, scenario_id)
            new = Scenario(
                old.id, kept, old.version + 1, old.changes if changes is None else tuple(changes),
                old.base if base is None else base, old.options if options is None else options,
                old.base_revision if base_revision is None else base_revision, old.created_at, now(),
                old.applied_revision if changes is None else None,
            )  # fmt: skip
            _overwrite(connection, new)
            record(connection, "scenario.change", kept, _facts(old), _facts(new))
        return new

    def delete_scenario(self, scenario_id: str, version: int) -> Scenario:
        """Delete a scenario; `restore_scenario` brings it back. Raises like `change_scenario`."""
        with self._writing() as connection:
            old = _require_version(_find(connection, scenario_id), version)
            sql = "UPDATE atlas_scenarios SET deleted_at = ?, version = version + 1 WHERE id = ?"
            connection.execute(sql, (now(), scenario_id))
            record(connection, "scenario.delete", old.name, _facts(old))
        return old

    def restore_scenario(self, scenario_id: str) -> Scenario:
        """Bring a deleted scenario back; nothing happens to one that is there.

        Raises
        ------
        UnknownScenarioError
            There never was one, or it was deleted too long ago.
        ConflictError
            Its name was given to another one meanwhile.
        """
        with self._writing() as connection:
            found = _find(connection, scenario_id, deleted=True)
            if found.deleted_at is not None:
                _require_free(connection, found.name, scenario_id)
                connection.execute("UPDATE atlas_scenarios SET deleted_at = NULL WHERE id = ?", (scenario_id,))
                record(connection, "scenario.restore", found.name, None, _facts(found))
            return _find(connection, scenario_id)

    def apply_scenario(self, scenario_id: str, version: int, edits: Sequence[CameraEdit]) -> tuple[Scenario, Edited]:
        """Change the cameras by `edits` and note in the scenario that it was applied: one transaction.

        Raises
        ------
        ConflictError
            Another version, applied before, or a camera is not as it was when the scenario was saved.
        """
        with self._writing() as connection:
            old = _require_version(_find(connection, scenario_id), version)
            if old.applied_revision is not None:
                raise ConflictError(
                    N_("The scenario was applied already, in revision {revision}."),
                    N_("Save it again to apply it once more, or start a new one."),
                    revision=old.applied_revision, scenario=scenario_id,
                )  # fmt: skip
            done = apply_edits(connection, edits)
            connection.execute(
                "UPDATE atlas_scenarios SET applied_revision = ?, version = version + 1, updated_at = ? WHERE id = ?",
                (done.revision, now(), scenario_id),
            )
            after = {"placed": done.placed, "changed": done.changed, "removed": done.removed}
            record(connection, "scenario.apply", old.name, _facts(old), after, revision=done.revision)
            return _find(connection, scenario_id), done


def _count(connection: sqlite3.Connection, scenario_id: str) -> tuple[int, ...]:
    """Return how many changes of a scenario are of each of `OPS`."""
    sql = (
        "SELECT json_extract(value, '$.op'), count(*) FROM atlas_scenarios, json_each(changes)"
        " WHERE atlas_scenarios.id = ? GROUP BY 1"
    )
    found = dict(connection.execute(sql, (scenario_id,)).fetchall())
    return tuple(found.get(op, 0) for op in OPS)


def _facts(scenario: Scenario) -> dict[str, Any]:
    """Return what the audit trail keeps of a scenario."""
    return {
        "id": scenario.id, "name": scenario.name, "version": scenario.version, "changes": len(scenario.changes),
        "sha256": digest_of([scenario.changes, scenario.options]),
    }  # fmt: skip


def _find(connection: sqlite3.Connection, scenario_id: str, *, deleted: bool = False) -> Scenario:
    row = connection.execute(f"SELECT {FIELDS} FROM atlas_scenarios WHERE id = ?", (scenario_id,)).fetchone()
    found = None if row is None else scenario_of(row)
    if found is None or (found.deleted_at is not None and not deleted):
        raise UnknownScenarioError(
            N_("There is no such scenario."), N_("It may have been deleted; open the list of scenarios."),
            scenario=scenario_id[:80],
        )  # fmt: skip
    return found


def _require_version(found: Scenario, version: int) -> Scenario:
    if found.version != version:
        raise ConflictError(
            N_("“{name}” was changed by somebody else meanwhile."),
            N_("Open it again to see the change, or save yours under another name."),
            name=found.name, scenario=found.id, version=found.version,
        )  # fmt: skip
    return found


def _require_free(connection: sqlite3.Connection, name: str, scenario_id: str) -> None:
    sql = "SELECT 1 FROM atlas_scenarios WHERE name = ? AND deleted_at IS NULL AND id != ?"
    if connection.execute(sql, (name, scenario_id)).fetchone():
        raise ConflictError(
            N_("There is a scenario “{name}” already."), N_("Give it another name, or open that one and save it."),
            name=name, field="name",
        )  # fmt: skip


def _forget(connection: sqlite3.Connection) -> None:
    """Drop what was deleted long ago, and of the rest all but the last ones."""
    before = datetime.fromisoformat(now()) - timedelta(days=KEEP_DAYS)
    oldest = before.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    connection.execute("DELETE FROM atlas_scenarios WHERE deleted_at < ?", (oldest,))
    kept = "SELECT id FROM atlas_scenarios WHERE deleted_at IS NOT NULL ORDER BY deleted_at DESC, id LIMIT ?"
    sql = f"DELETE FROM atlas_scenarios WHERE deleted_at IS NOT NULL AND id NOT IN ({kept})"
    connection.execute(sql, (MAX_DELETED,))


def _overwrite(connection: sqlite3.Connection, scenario: Scenario) -> None:
    _, *values = row_of(scenario)
    names = FIELDS.split(", ")[1:]
    sets = ", ".join(f"{name} = ?" for name in names)
    connection.execute(f"UPDATE atlas_scenarios SET {sets} WHERE id = ?", (*values, scenario.id))
