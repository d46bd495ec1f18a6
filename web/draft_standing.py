"""Drafts of the division between store and pages: the division as a draft leaves it, and whose area a draft is of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from geo.columns import Snapshot
from geo.errors import N_
from geo.grid_changes import GridChange, GridState, Key, applied, folded, inverse
from geo.standing import grids_after, states_of
from layers.base import levels_of
from layers.memo import Memo
from store.division import require_present
from store.draft import Draft
from store.errors import UnknownDraftError
from web.errors import RequestError
from web.identity import reader
from web.state import atlas

if TYPE_CHECKING:
    from geo.reshape import Sheets

SLACK_M = 0.05  # by which a grid may reach over the border of an area: rounding
_memo = Memo(8)


@dataclass(frozen=True)
class Standing:
    """The division as the steps of a draft leave it; what a step begins with.

    Attributes
    ----------
    base
        The present state of the store, of the whole city.
    changes
        Of the steps in force, one after the other.
    """

    base: Snapshot
    changes: tuple[GridChange, ...] = ()

    @cached_property
    def states(self) -> Mapping[Key, GridState]:
        """Every grid after the changes."""
        return applied(base_states(self.base), folded(self.changes))

    @cached_property
    def snapshot(self) -> Snapshot:
        """The store as it would be, of the whole city. Its revisions are those of the base: nothing is kept by them."""
        return with_changes(self.base, self.changes)

    @cached_property
    def levels(self) -> tuple[str, ...]:
        """Coarse to fine: those of the store, then what a draft adds."""
        known = levels_of(self.base["grids"])
        return (*known, *dict.fromkeys(one.level for one in self.changes if one.level not in known))

    @cached_property
    def sheets(self) -> Sheets:
        """The shapes of all grids, prepared for questions of what is near."""
        from geo.reshape import Sheets

        return Sheets(self.states)

    @property
    def crs(self) -> str:
        """Of all shapes."""
        return self.base.crs or ""


def base_states(snapshot: Snapshot) -> Mapping[Key, GridState]:
    """Return the grids of a snapshot by key, made once for each state of the layer."""
    grids = snapshot["grids"]
    return _memo.get((grids,), "states", lambda: states_of(grids))


def with_changes(snapshot: Snapshot, changes: Sequence[GridChange]) -> Snapshot:
    """Return a snapshot whose grids are changed."""
    if not changes:
        return snapshot
    layers = {**snapshot.layers, "grids": grids_after(snapshot["grids"], changes)}
    return replace(snapshot, layers=MappingProxyType(layers))


def standing(draft: Draft) -> Standing:
    """Return the division as a draft leaves it, kept for its version.

    Raises
    ------
    DivisionConflictError
        Grids of the draft were changed by somebody else meanwhile.
    """
    base = atlas().whole()
    grids = base["grids"]

    def make() -> Standing:
        require_present(base_states(base), folded(draft.changes))
        return Standing(base, draft.changes)

    found: Standing = _memo.get((grids,), ("standing", draft.id, draft.version), make)
    return found if found.base is base else Standing(base, draft.changes)


def shown(draft: Draft) -> tuple[Snapshot, Snapshot]:
    """Return what the present reader may see of the store without and with a draft.

    Of one that was applied the store holds it already, and what was before is made.

    Raises
    ------
    DivisionConflictError
        Grids of the draft were changed by somebody else meanwhile.
    RequestError
        409: the draft was applied, and its grids were changed again since.
    """
    present, applied_ = atlas().snapshot(), draft.state == "applied"
    changes = folded(draft.changes)
    if applied_:
        changes = inverse(changes)
        states = base_states(atlas().whole())
        if any(states.get(one.key) != one.before for one in changes):
            raise RequestError(
                409, "changed_since", N_("The division changed again since this draft was applied."),
                N_("Look at its revision in the history."),
            )  # fmt: skip
    else:
        standing(draft)
    owners = tuple(present.layers.values())
    other = _memo.get(owners, ("shown", draft.id, draft.version), lambda: with_changes(present, told(changes)))
    return (other, present) if applied_ else (present, other)


def told(changes: Sequence[GridChange]) -> tuple[GridChange, ...]:
    """Return changes as the present reader may see them: of an area no parent that lies outside is named."""
    if reader().area is None:
        return tuple(changes)
    codes = _known_codes(changes)
    return tuple(_parted(one, codes) for one in changes)


def told_pairs(pairs: Sequence[tuple[GridChange, GridState | None]]) -> list[tuple[GridChange, GridState | None]]:
    """Return conflicts as the present reader may see them, as `told` does changes."""
    if reader().area is None:
        return list(pairs)
    codes = _known_codes([one for one, _ in pairs])
    return [(_parted(one, codes), _orphaned(present, codes)) for one, present in pairs]


def told_params(params: Mapping[str, Any], changes: Sequence[GridChange]) -> dict[str, Any]:
    """Return what a step was asked for as the present reader may see it, as `told` does changes."""
    shown = dict(params)
    if reader().area is not None and shown.get("parent") not in _known_codes(changes):
        shown.pop("parent", None)
    return shown


def _known_codes(changes: Sequence[GridChange]) -> set[str]:
    return {key[1] for key in base_states(atlas().snapshot())} | {one.code for one in changes}


def _parted(change: GridChange, codes: set[str]) -> GridChange:
    """Return a change that names no parent that the reader may not see."""

    return GridChange(change.level, change.code, _orphaned(change.before, codes), _orphaned(change.after, codes))


def _orphaned(state: GridState | None, codes: set[str]) -> GridState | None:
    return state if state is None or state.parent in codes else replace(state, parent=None)


# --- areas -----------------------------------------------------------------------------------------------------------


def mine(draft_changes: Iterable[GridChange] = ()) -> set[Key] | None:
    """Return the grids that the present reader may change, with those that a draft makes; None: all."""
    if reader().area is None:
        return None
    fresh = {one.key for one in draft_changes if one.before is None}
    return set(base_states(atlas().snapshot())) | fresh


def reaches_out() -> RequestError:
    """Return the error of a step that would change what lies outside the reader's area."""
    return RequestError(
        403, "outside_area", N_("The step would change grids outside your area."),
        N_("Choose grids and borders that lie inside it."),
    )  # fmt: skip


def require_area(draft: Draft, changes: Sequence[GridChange]) -> None:
    """Refuse a step that would change, or reach into, what lies outside the reader's area.

    Raises
    ------
    RequestError
        403; what lies there is not told.
    """
    known = mine(draft.changes)
    area = reader().area
    if known is None or area is None:
        return
    state = atlas()
    codes = {key[1] for key in known} | {one.code for one in changes if one.before is None}
    # A part of a grid is below what the grid is below.
    codes |= {one.before.parent for one in changes if one.before is not None and one.before.parent}
    outside = any(one.before is not None and one.key not in known for one in changes)
    for one in changes:
        was = None if one.before is None else one.before.parent
        outside |= one.after is not None and one.after.parent != was and one.after.parent not in codes
    drawn = [one.after.geometry for one in changes if one.after is not None]
    if not outside and drawn:
        shapes = np.empty(len(drawn), dtype=object)
        shapes[:] = drawn
        outside = not bool(state.areas.covers(state.whole(), area, shapes, SLACK_M).all())
    if outside:
        raise reaches_out()


def seen(draft_id: str) -> Draft:
    """Return a draft that the present reader may see.

    Raises
    ------
    UnknownDraftError
        There is none, or it is not of the reader's area: which of these is not told.
    """
    found = atlas().store.draft(draft_id)
    if not _of_area(found):
        raise UnknownDraftError(
            N_("There is no such draft."),
            N_("It may have been deleted, or not be of your area; open the list of drafts."),
            draft=draft_id[:80],
        )  # fmt: skip
    return found


def listed() -> list[tuple[Draft, int]]:
    """Return the drafts that the present reader may see with how many grids each changes, the last changed first."""
    state = atlas()
    found = []
    for one in state.store.drafts():
        key = ("draft of area", one.id, one.version, state.snapshot()["grids"].revision)
        of_area, grids = state.cache.get(key, lambda: _counted(one.id))  # noqa: B023 - called at once
        if of_area:
            found.append((one, grids))
    return found


def _counted(draft_id: str) -> tuple[bool, int]:
    try:
        whole = atlas().store.draft(draft_id)
    except UnknownDraftError:  # deleted since it was listed
        return False, 0
    return _of_area(whole), len(folded(whole.changes))


def _of_area(draft: Draft) -> bool:
    """Return whether all grids that a draft touches are of the reader's area; one without steps is its author's."""
    area = reader().area
    if area is None:
        return True
    touched = [change for step in draft.steps for change in step.changes]
    if not touched:
        return draft.created_by == reader().name
    state = atlas()
    known, city = set(base_states(state.snapshot())), base_states(state.whole())
    elsewhere = {one.key for one in touched if one.key in city and one.key not in known}
    made = {one.key for one in touched if one.before is None}
    if elsewhere - made:
        return False
    gone = [one for one in touched if one.key not in known]
    drawn = [side.geometry for one in gone for side in (one.before, one.after) if side is not None]
    if not drawn:
        return True
    shapes = np.empty(len(drawn), dtype=object)
    shapes[:] = drawn
    return bool(state.areas.covers(state.whole(), area, shapes, SLACK_M).all())
