"""One scenario: what is kept of it, what its name may be, its row in the store."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from geo.errors import N_, ParameterError
from store.errors import StoreError

MAX_NAME = 80
_LONGEST = 10 * MAX_NAME  # that is looked at: to put marks in order takes the square of their number
MAX_BYTES = 1 << 20
OPS = ("place", "set", "remove")
FIELDS = (
    "id, name, version, changes, base, options, base_revision, created_at, updated_at, applied_revision, deleted_at"
)


@dataclass(frozen=True)
class Heading:
    """What a list shows of a scenario; `placed`, `changed`, `removed`: cameras."""

    id: str
    name: str
    version: int
    placed: int
    changed: int
    removed: int
    created_at: str
    updated_at: str
    applied_revision: int | None


@dataclass(frozen=True)
class Scenario:
    """One scenario.

    Attributes
    ----------
    version
        Counts the changes of the scenario from 1.
    changes
        The planned changes in their order, as the service takes them (see docs/whatif.md).
    base
        Camera id -> every canonical column, x and y, as they were when the scenario was saved.
    options
        What the reader looked at: level, class of the standard and so on; kept for the link to it.
    base_revision
        Revision of the cameras layer at saving.
    applied_revision
        Revision that applying made, None before.
    """

    id: str
    name: str
    version: int
    changes: tuple[dict[str, Any], ...]
    base: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    base_revision: int = 0
    created_at: str = ""
    updated_at: str = ""
    applied_revision: int | None = None
    deleted_at: str | None = None

    @property
    def heading(self) -> Heading:
        """What a list shows of it."""
        ops = [change["op"] for change in self.changes]
        placed, changed, removed = map(ops.count, OPS)
        return Heading(
            self.id, self.name, self.version, placed, changed, removed, self.created_at, self.updated_at,
            self.applied_revision,
        )  # fmt: skip


def clean_name(text: object, missing: str = N_("A scenario needs a name.")) -> str:
    """Return a name as it is kept: NFC, blanks joined, without control characters.

    Raises
    ------
    ParameterError
        Not a text, empty, or longer than `MAX_NAME` characters.
    """
    shown = text if isinstance(text, str) and len(text) <= _LONGEST else ""
    kept = "".join(" " if letter.isspace() else letter for letter in unicodedata.normalize("NFC", shown))
    kept = "".join(letter for letter in kept if unicodedata.category(letter) not in ("Cc", "Cf", "Cs"))
    kept = " ".join(kept.split())
    if not kept or len(kept) > MAX_NAME:
        raise ParameterError(
            missing, N_("Give 1 to {limit} characters."),
            field="name", value=kept[:80], limit=MAX_NAME,
        )  # fmt: skip
    return kept


def row_of(scenario: Scenario) -> tuple[Any, ...]:
    """Return a scenario as it is written, in the order of `FIELDS`; raises StoreError where it is too large."""
    texts = [json.dumps(part, allow_nan=False) for part in (scenario.changes, scenario.base, scenario.options)]
    if sum(map(len, texts)) > MAX_BYTES:
        raise StoreError(N_("The scenario is too large to be kept."), N_("Split it into several."))
    return (
        scenario.id, scenario.name, scenario.version, *texts, scenario.base_revision, scenario.created_at,
        scenario.updated_at, scenario.applied_revision, scenario.deleted_at,
    )  # fmt: skip


def scenario_of(row: tuple[Any, ...]) -> Scenario:
    """Return the scenario of a row of `FIELDS`."""
    scenario_id, name, version, changes, base, options, *rest = row
    return Scenario(
        scenario_id, name, version, tuple(json.loads(changes)), json.loads(base), json.loads(options), *rest
    )
