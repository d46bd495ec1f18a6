"""What the history of the division tells: its revisions, what each changed, and the grids at any of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from geo.errors import N_
from geo.grid_changes import GridChange, GridState, Key
from store.errors import StoreError, UnknownRevisionError
from store.grid_states import FIELDS, states_of
from store.pool import Pool

_OF_VERSION = ", ".join(f"h.{name}" for name in FIELDS.split(", "))


@dataclass(frozen=True)
class DivisionChange:
    """One revision that changed the division.

    Attributes
    ----------
    kind
        "division": an approved draft; else as in atlas_revisions: "append", "replace", "upsert", "clear", "edit" (by
        another program), or "begin" where the history begins.
    by
        Name of the account or token; "" where nobody was known.
    why
        The reason that was given, or the name of the imported file.
    draft
        Id of the draft, None without one.
    added, changed, removed
        Grids.
    """

    revision: int
    at: str
    kind: str
    by: str
    why: str
    draft: str | None
    added: int
    changed: int
    removed: int


@dataclass(frozen=True)
class Version:
    """One version of a grid, in force from `since` up to, not with, `until` (None: still)."""

    since: int
    until: int | None
    at: str
    by: str
    why: str
    state: GridState


class DivisionHistory(Pool):
    """The part of a store that tells what the division was."""

    def division_changes(self, limit: int = 100, before: int | None = None) -> list[DivisionChange]:
        """Return the revisions that changed the division, the last first; `before`: only earlier ones."""
        fresh = "EXISTS (SELECT 1 FROM atlas_grid_history AS n WHERE n.from_revision = d.revision"
        fresh += " AND n.level = h.level AND n.code = h.code)"
        sql = (
            "SELECT d.revision, d.at, iif(d.begin, 'begin', coalesce(r.kind, 'begin')), d.by,"
            " iif(d.why = '', coalesce((SELECT i.file_name FROM atlas_imports AS i WHERE i.revision = d.revision), ''),"
            " d.why), d.draft,"
            " (SELECT count(*) FROM atlas_grid_history AS h WHERE h.from_revision = d.revision),"
            " (SELECT count(*) FROM atlas_grid_history AS h WHERE h.to_revision = d.revision),"
            f" (SELECT count(*) FROM atlas_grid_history AS h WHERE h.to_revision = d.revision AND {fresh})"
            " FROM atlas_divisions AS d LEFT JOIN atlas_revisions AS r ON r.revision = d.revision"
            " WHERE ?1 IS NULL OR d.revision < ?1 ORDER BY d.revision DESC LIMIT ?2"
        )
        with self._reading() as connection:
            rows = connection.execute(sql, (before, limit)).fetchall()
        return [
            DivisionChange(revision, at, kind, by, why, draft, begun - both, both, ended - both)
            for revision, at, kind, by, why, draft, begun, ended, both in rows
        ]

    def division_change(self, revision: int) -> tuple[DivisionChange, tuple[GridChange, ...]]:
        """Return what one revision changed: each grid before and after, by level and code.

        Raises
        ------
        UnknownRevisionError
            The division did not change at this revision, or its history begins later.
        """
        known = 0 < revision < 1 << 53
        heading = next(iter(self.division_changes(1, revision + 1)), None) if known else None
        if heading is None or heading.revision != revision:
            raise unknown_revision(revision)
        before, after = self._versions("to_revision = ?", revision), self._versions("from_revision = ?", revision)
        keys = sorted({*before, *after})
        return heading, tuple(GridChange(*key, before.get(key), after.get(key)) for key in keys)

    def division_at(self, revision: int) -> Mapping[Key, GridState]:
        """Return the division that was in force at a revision.

        Raises
        ------
        UnknownRevisionError
            The history begins later, or there is no such revision yet.
        """
        with self._reading() as connection:
            sql = "SELECT (SELECT min(revision) FROM atlas_divisions), (SELECT max(revision) FROM atlas_revisions)"
            first, last = connection.execute(sql).fetchone()
        if first is None or not first <= revision <= last:
            raise unknown_revision(revision)
        return self._versions("from_revision <= ?1 AND (to_revision IS NULL OR to_revision > ?1)", revision)

    def grid_versions(self, level: str, code: str) -> list[Version]:
        """Return all versions of one grid, the first first; none: there never was such a grid."""
        sql = (
            f"SELECT h.from_revision, h.to_revision, d.at, d.by, d.why, {_OF_VERSION}"
            " FROM atlas_grid_history AS h JOIN atlas_divisions AS d ON d.revision = h.from_revision"
            " WHERE h.level = ? AND h.code = ? ORDER BY h.from_revision"
        )
        with self._reading() as connection:
            rows = connection.execute(sql, (level, code)).fetchall()
        states = states_of([row[5:] for row in rows])
        return [
            Version(since, until, at, by, why, state)
            for (since, until, at, by, why, *_), state in zip(rows, states, strict=True)
        ]

    def _versions(self, where: str, revision: int) -> dict[Key, GridState]:
        with self._reading() as connection:
            sql = f"SELECT level, code, {FIELDS} FROM atlas_grid_history WHERE {where} ORDER BY id"
            rows = connection.execute(sql, (revision,)).fetchall()
        return dict(zip([(row[0], row[1]) for row in rows], states_of([row[2:] for row in rows]), strict=True))


def unknown_revision(revision: int) -> StoreError:
    """Return the error of a revision that did not change the division."""
    return UnknownRevisionError(
        N_("The history of the division knows no revision {revision}."), N_("Choose one of its list."),
        revision=revision,
    )  # fmt: skip
