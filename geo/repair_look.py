"""A repair held against the audit: what it would find around the changed grids, before and after."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.audit import Audit
from geo.audit_cover import borders_left, cover_parts
from geo.audit_division import Division
from geo.audit_findings import Findings, as_objects
from geo.audit_grids import grid_parts
from geo.audit_parents import fit_parts
from geo.hierarchy import Hierarchy
from geo.repair_pieces import boxes, rest, shared, tidy

Objects = NDArray[Any]
Rows = NDArray[np.int64]

# Kinds that speak of the same sort of place: of what is a hole for a parent, a part may be a gap between grids.
FAMILIES: Mapping[str, str] = {
    "gap": "open", "sliver": "open", "hole": "open",
    "overlap": "double", "duplicate": "double", "near_duplicate": "double",
    "spill": "spill", "multipart": "multipart", "invalid": "invalid", "parent_wrong": "parent_wrong",
}  # fmt: skip
AREAS = ("open", "double", "spill")
REMARKS = ("size", "shape")


@dataclass(frozen=True)
class Seen:
    """A finding near a repair; `rows` are positions in the whole division, `shape` is measured from its origin."""

    id: str
    kind: str
    rows: tuple[int, ...]
    measure: float
    shape: Any

    @property
    def family(self) -> str:
        """Kinds that may follow one another."""
        return FAMILIES.get(self.kind, self.kind)

    @property
    def slack(self) -> float:
        """By how much two measures of the same place may differ, m2."""
        return 1e-6 + 1e-9 * (0.0 if self.shape is None else float(shapely.length(self.shape)))


@dataclass(frozen=True)
class Verdict:
    """What a repair does to the findings around it.

    Attributes
    ----------
    gone
        Findings that are there no longer, the repaired one among them.
    brings
        Kinds of remarks on single grids that were not there before.
    filled_m2
        What no grid of the target's level claimed before and one claims now, less what two claimed and one claims now.
    """

    gone: tuple[str, ...]
    brings: tuple[str, ...]
    filled_m2: float


def verdict(audit: Audit, shapes: Mapping[int, Any], target: Seen) -> Verdict | None:
    """Return what an audit after the repair finds otherwise; None where it may not be proposed.

    It may not where the finding stays, where anything else of an area is found that was not there or is larger than
    before, and where a grid comes apart or gets a ring that is not valid.

    Parameters
    ----------
    shapes
        Changed grids, by position: their area after, measured from the division's origin; None for one that ends.
    target
        The finding to be repaired.
    """
    grids = audit.grids
    pieces = [piece for row, shape in shapes.items() for piece in _differing(grids.shapes[row], shape)]
    around = boxes([*pieces, *([] if target.shape is None else [target.shape])])
    changed = np.array(sorted(shapes), np.int64)
    rows = near_rows(grids, around, np.concatenate([changed, np.array(target.rows, np.int64)]), audit.above)
    if _abandons(grids, shapes, rows):
        return None
    before = _look(audit, grids, rows, changed)
    drawn = grids.drawn[rows].copy()
    for row, shape in shapes.items():
        drawn[np.searchsorted(rows, row)] = None if shape is None else placed(shape, grids)
    kept = np.array([not (row in shapes and shapes[row] is None) for row in rows.tolist()])
    after = _look(audit, grids, rows[kept], changed, drawn[kept])
    known = {one.id: one for one in before if one.kind in FAMILIES}

    def claimed(one: Seen) -> Sequence[Any]:
        return _there(grids, {}, rows, grids.level[one.rows[0]])

    later = [one for one in after if one.kind in FAMILIES]
    if any(_stays(one, target) for one in later) or any(_worse(one, known, claimed) for one in later):
        return None
    brings = {one.kind for one in after if one.kind in REMARKS} - {one.kind for one in before if one.kind in REMARKS}
    level = grids.level[target.rows[0]]
    filled = _unsettled(grids, known.values(), level) - _unsettled(grids, later, level)
    gone = [one for one in known.values() if not any(_stays(other, one) for other in later)]
    # Around the edge of what is looked at findings are cut, and not those of the whole.
    names = [audit.findings.same(one.kind, one.rows, one.measure, one.slack) for one in gone]
    return Verdict(tuple(name for name in names if name is not None), tuple(sorted(brings)), filled)


def _abandons(grids: Division, shapes: Mapping[int, Any], rows: Rows) -> bool:
    """Whether a grid gives up what then no grid of its level claims, though a grid above has it.

    A gap that is open at the edge of what is looked at, or grows there, cannot be seen by its border.
    """
    for row, after in shapes.items():
        level = grids.tree.levels.index(grids.level[row])
        lost = grids.shapes[row] if after is None else rest(grids.shapes[row], [after])
        if lost.is_empty or level == 0:
            continue
        lost = rest(lost, _there(grids, shapes, rows, grids.level[row]))
        for upper in grids.tree.levels[:level]:
            if (
                not lost.is_empty
                and not tidy(shapely.difference(lost, rest(lost, _there(grids, shapes, rows, upper)))).is_empty
            ):
                return True
    return False


def _there(grids: Division, shapes: Mapping[int, Any], rows: Rows, level: str) -> list[Any]:
    """The areas of near grids of a level after the repair."""
    found = [shapes.get(row, grids.shapes[row]) for row in rows[grids.level[rows] == level].tolist()]
    return [shape for shape in found if shape is not None]


def _unsettled(grids: Division, found: Iterable[Seen], level: str) -> float:
    """What no grid of a level claims, less what two claim, m2."""
    signs = {"gap": 1.0, "sliver": 1.0, "overlap": -1.0, "duplicate": -1.0, "near_duplicate": -1.0}
    return sum(signs.get(one.kind, 0.0) * one.measure for one in found if grids.level[one.rows[0]] == level)


def near_rows(grids: Division, around: Any, more: Rows, above: Rows) -> Rows:
    """Return the grids of all levels that meet any of some boxes (k, 4), and `more`, and their parents; ascending."""
    found = [more, above[more], grids.tree.parent_index[more]]
    asked = shapely.box(*around.T) if len(around) else np.zeros(0, dtype=object)
    found += [sheet.rows[sheet.tree.query(asked)[1]] for sheet in grids.sheets.values()]
    rows = np.unique(np.concatenate(found)).astype(np.int64)
    return rows[rows >= 0]


def placed(shape: Any, grids: Division) -> Any:
    """Return an area where it lies, as a multipolygon as the store keeps it."""
    there = shapely.transform(shape, lambda xy: xy + grids.origin)
    return there if there.geom_type == "MultiPolygon" else shapely.MultiPolygon([there])


def _differing(before: Any, after: Any) -> list[Any]:
    """The parts in which two areas differ."""
    if after is None:
        return [before]
    found = tidy(shapely.symmetric_difference(before, after))
    return [] if found.is_empty else [found]


def _look(audit: Audit, grids: Division, rows: Rows, changed: Rows, drawn: Objects | None = None) -> list[Seen]:
    """What the audit finds among a few grids."""
    few = _among(grids, rows, drawn)
    here = np.flatnonzero(np.isin(rows, changed))
    silent = [(kind, level) for kind in ("team_missing", "population_missing") for level in grids.tree.levels]
    parts = grid_parts(few, audit.rules, silent, here)
    for level in dict.fromkeys(grids.level[changed].tolist()):
        if level in few.sheets and len(few.sheets[level].rows):
            parts += cover_parts(few.sheets[level], borders_left(few.sheets[level], few.edges), audit.rules)
    gaps = as_objects([shape for one in parts if one.kind in ("gap", "sliver") for shape in one.shape])
    parts += fit_parts(few, audit.rules, gaps).parts
    found = Findings(parts, few.code, few.level, few.origin)
    return [
        Seen(one.id, one.kind, tuple(int(rows[row]) for row in one.rows), one.measure, found.local(i))
        for i, one in enumerate(found)
    ]


def _among(grids: Division, rows: Rows, drawn: Objects | None) -> Division:
    """Some grids as a division of their own, measured from the same origin."""
    where = {row: i for i, row in enumerate(rows.tolist())}
    parent = np.array([where.get(int(up), -1) for up in grids.tree.parent_index[rows]], np.int64)
    tree = Hierarchy(grids.code[rows], grids.level[rows], grids.tree.levels, parent, (), {})
    few = Division(
        grids.code[rows], grids.level[rows], grids.parent[rows], grids.team[rows], grids.population[rows],
        grids.drawn[rows] if drawn is None else drawn, tree,
    )  # fmt: skip
    vars(few)["origin"] = grids.origin  # where cached properties are kept
    return few


def _stays(one: Seen, target: Seen) -> bool:
    """Whether `one` is there where `target` was: a gap that gets another neighbour gets another id as well."""
    if one.family != target.family:
        return False
    if target.family != "open" and one.id == target.id:
        return True
    if target.family not in AREAS:
        return one.rows == target.rows
    if target.family != "open" and set(one.rows) != set(target.rows):
        return False
    least = min(target.slack, 0.5 * target.measure)
    return float(shapely.area(shapely.intersection(one.shape, target.shape))) > least


def _worse(one: Seen, known: Mapping[str, Seen], claimed: Callable[[Seen], Sequence[Any]]) -> bool:
    """Whether a finding was not there before, or was smaller."""
    same = known.get(one.id)
    if same is not None and one.measure <= same.measure + same.slack:
        return False
    if one.family not in AREAS:
        return True
    kinds = (
        ("gap", "sliver")
        if one.kind in ("gap", "sliver")
        else [name for name in FAMILIES if FAMILIES[name] == one.family]
    )
    fresh = rest(one.shape, [other.shape for other in known.values() if other.kind in kinds])
    if one.kind in ("gap", "sliver"):
        # What was nobody's before and only was not closed in is no new gap.
        fresh = shared(fresh, shapely.union_all(claimed(one)))
    return float(shapely.area(fresh)) > min(one.slack, 0.5 * one.measure)
