"""Proposals to mend a finding of the audit: each removes it and makes nothing else worse, which is looked at first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import shapely

from geo.audit import Audit
from geo.errors import N_, ParameterError
from geo.grid_changes import GridChange
from geo.repair_area import Edit, edits
from geo.repair_look import Seen, placed, verdict
from geo.repair_names import States, renamings, unique

REPAIRABLE = (
    "invalid", "overlap", "gap", "sliver", "hole", "spill", "duplicate", "near_duplicate", "multipart", "building_cut",
    "parent_missing", "parent_wrong", "parent_cycle", "code_parent", "code_layout", "sequence", "team_missing",
)  # fmt: skip


@dataclass(frozen=True)
class Proposal:
    """A way to mend a finding that was held against the audit.

    Attributes
    ----------
    method
        By which it is asked for again; unique among those of a finding.
    text, params
        A template and its values: what is done.
    changes
        What grids are to be; `applied` to the division it was made of.
    measure, left
        Of the finding before and after, in `unit`.
    area_before_m2, area_after_m2
        Of the changed grids of the level that is repaired.
    grows_m2, tolerance_m2
        By how much their total grows, and how exactly that holds: the measure of what was mended, 0 where area only
        changes hands.
    also
        Ids of other findings that go with it.
    brings
        Kinds of remarks on size and shape that single grids get by it.
    """

    method: str
    text: str
    params: Mapping[str, Any]
    changes: tuple[GridChange, ...]
    measure: float
    left: float
    unit: str
    area_before_m2: float = 0.0
    area_after_m2: float = 0.0
    grows_m2: float = 0.0
    tolerance_m2: float = 0.0
    also: tuple[str, ...] = field(default=())
    brings: tuple[str, ...] = field(default=())


def proposals(audit: Audit, finding: str, states: States, most: int = 8) -> list[Proposal]:
    """Return the ways to mend a finding, the best first; none where only people can decide.

    Parameters
    ----------
    finding
        Its id.
    states
        Row of the division -> the grid's state as it is recorded; geometry in the store's CRS.
    most
        How many at most.

    Raises
    ------
    ParameterError
        The audit has no finding of this id.
    """
    index = audit.findings.index_of(finding)
    if index is None:
        raise ParameterError(
            N_("There is no finding of the id {value}."), N_("It may be mended already; look at the list again."),
            field="finding", value=finding[:40],
        )  # fmt: skip
    found = audit.findings[index]
    if found.kind not in REPAIRABLE:
        return []
    seen = Seen(found.id, found.kind, found.rows, found.measure, audit.findings.local(index))
    listed = [
        Proposal(one.method, one.text, one.params, one.changes, found.measure, 0.0, found.unit)
        for one in renamings(audit, seen, states)
    ]
    for proposal in _drawn(audit, index, seen, found.unit, states):
        if len(listed) < most and not any(_alike(proposal, other) for other in listed):
            listed.append(proposal)
    return listed


def proposal(audit: Audit, finding: str, method: str, states: States) -> Proposal:
    """Return one of the proposals.

    Raises
    ------
    ParameterError
        There is no such finding, or no such way to mend it any more.
    """
    for one in proposals(audit, finding, states):
        if one.method == method:
            return one
    raise ParameterError(
        N_("The finding cannot be mended in this way: {value}."), N_("Look at its proposals again."),
        field="method", value=method[:80],
    )  # fmt: skip


def _drawn(audit: Audit, index: int, seen: Seen, unit: str, states: States) -> Iterator[Proposal]:
    for edit in edits(audit, index, seen):
        for way in edit.ways:
            shapes = way()
            lost = any(shape is not None and shape.is_empty for shape in shapes.values())
            if shapes and not lost and all(unique(audit, row) for row in shapes):
                made = _held(audit, edit, shapes, seen, unit, states)
                if made is not None:
                    yield made
                    break


def _held(
    audit: Audit, edit: Edit, shapes: Mapping[int, Any], seen: Seen, unit: str, states: States
) -> Proposal | None:
    """The proposal that an edit is, None where it does not hold."""
    grids = audit.grids
    if seen.kind == "building_cut" and not _whole(audit, shapes, seen):
        return None
    found = verdict(audit, shapes, seen)
    if found is None:
        return None
    counted = [row for row in shapes if grids.level[row] == edit.level]
    before = float(grids.area[counted].sum())
    after = sum(0.0 if shapes[row] is None else float(shapely.area(shapes[row])) for row in counted)
    tolerance = 1e-6 + 1e-7 * sum(float(shapely.length(grids.shapes[row])) for row in counted)
    grows = found.filled_m2 if edit.grows_m2 is None else edit.grows_m2
    if abs(after - before - grows) > tolerance:
        return None
    changes = []
    for row, shape in sorted(shapes.items(), key=lambda one: one[0]):
        state = states(row)
        after_state = None if shape is None else replace(state, geometry=placed(shape, grids))
        changes.append(GridChange(str(grids.level[row]), str(grids.code[row]), state, after_state))
    also = tuple(name for name in found.gone if name != seen.id)
    return Proposal(
        edit.method, edit.text, edit.params, tuple(changes), seen.measure, 1.0 if seen.kind == "multipart" else 0.0,
        unit, before, after, grows, tolerance, also, found.brings,
    )  # fmt: skip


def _whole(audit: Audit, shapes: Mapping[int, Any], seen: Seen) -> bool:
    """Whether one grid holds all of a building but what is not told of."""
    held = [
        shapely.area(shapely.intersection(shapes.get(row, audit.grids.shapes[row]), seen.shape)) for row in seen.rows
    ]
    total = shapely.area(seen.shape)
    return bool(total - max(held) < audit.rules.cut_m2 or np.isclose(sum(held), max(held), atol=audit.rules.cut_m2))


def _alike(one: Proposal, other: Proposal) -> bool:
    """Whether two proposals draw the same areas."""
    mine, theirs = ({change.key: change.after for change in each.changes} for each in (one, other))
    if not set(mine) & set(theirs):
        return False
    for key in set(mine) | set(theirs):
        left, right = (
            each.get(key) or next(change.before for change in [*one.changes, *other.changes] if change.key == key)
            for each in (mine, theirs)
        )
        if (left is None) != (right is None) or left is None or right is None:
            return False
        if shapely.area(shapely.symmetric_difference(left.geometry, right.geometry)) > 1e-6:
            return False
    return True
