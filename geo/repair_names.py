"""Repairs that draw nothing: parents, teams, codes and the order of numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.audit import Audit
from geo.audit_codes import layout_of, out_of_order
from geo.audit_rules import Layout
from geo.draft_codes import reading_order
from geo.errors import N_
from geo.grid_changes import GridChange, GridState
from geo.repair_look import Seen
from geo.repair_moves import kids

Rows = NDArray[np.int64]
States = Callable[[int], GridState]

PARENT = N_("Enter {to} as the parent of {grid}: it lies in it.")
TEAM = N_("Enter {team} as the team of {grid}, as all other grids of {parent} have it.")
NUMBER = N_("Number the {count} grids of {parent} anew from west to east and north to south; their codes change hands.")
RECODE = N_("Give {grid} the code {to}: the next free number below {parent}.")


@dataclass(frozen=True)
class Named:
    """A way to mend a finding by other names; `changes` are complete."""

    method: str
    text: str
    params: Mapping[str, Any]
    changes: tuple[GridChange, ...]


def renamings(audit: Audit, seen: Seen, states: States) -> Iterator[Named]:
    """Yield the ways to mend a finding without drawing."""
    if seen.kind in ("parent_missing", "parent_wrong", "parent_cycle"):
        yield from _parent(audit, seen.rows[0], states)
    elif seen.kind == "team_missing":
        yield from _team(audit, seen.rows[0], states)
    elif seen.kind == "sequence":
        yield from _numbers(audit, seen.rows[0], states)
    elif seen.kind in ("code_layout", "code_parent"):
        yield from _code(audit, seen.rows[0], states)


def unique(audit: Audit, row: int) -> bool:
    """Whether no other grid of its level has the code of a grid."""
    same = audit.grids.by_code[audit.grids.code[row]]
    return sum(bool(audit.grids.level[one] == audit.grids.level[row]) for one in same) == 1


def _change(audit: Audit, row: int, before: GridState, after: GridState) -> GridChange:
    return GridChange(str(audit.grids.level[row]), str(audit.grids.code[row]), before, after)


def _parent(audit: Audit, row: int, states: States) -> Iterator[Named]:
    to = int(audit.above[row])
    code = audit.grids.code[to] if to >= 0 else None
    if code is None or code == audit.grids.parent[row] or len(audit.grids.by_code[code]) > 1 or not unique(audit, row):
        return
    before = states(row)
    params = {"grid": str(audit.grids.code[row]), "to": str(code)}
    change = _change(audit, row, before, replace(before, parent=str(code)))
    yield Named(f"parent:{code}", PARENT, params, (change,))


def _team(audit: Audit, row: int, states: States) -> Iterator[Named]:
    parent = int(audit.above[row])
    if parent < 0 or not unique(audit, row):
        return
    around = kids(audit, parent)
    teams = {audit.grids.team[one] for one in around.tolist() if one != row} - {None, ""}
    if len(teams) != 1:
        return
    team, before = str(teams.pop()), states(row)
    params = {"team": team, "grid": str(audit.grids.code[row]), "parent": str(audit.grids.code[parent])}
    yield Named(f"team:{team}", TEAM, params, (_change(audit, row, before, replace(before, team=team)),))


def _numbers(audit: Audit, parent: int, states: States) -> Iterator[Named]:
    grids, layout = audit.grids, layout_of(audit.grids, audit.rules)
    if layout is None:
        return
    family = [row for row in kids(audit, parent).tolist() if _fits(grids.code[row], layout) and grids.area[row] > 0]
    family = [row for row in family if grids.level[row] == audit.rules.unit_level]
    if any(len(kids(audit, row)) or not unique(audit, row) for row in family):
        return
    width = layout.steps[-1]
    by_number = sorted(family, key=lambda row: int(str(grids.code[row])[-width:]))
    rows = np.array(family, np.int64)
    ordered = rows[reading_order(grids.shapes[rows])].tolist()
    if len(out_of_order(grids.shapes[np.array(ordered, np.int64)])):
        return
    moves = [(old, new) for old, new in zip(by_number, ordered, strict=True) if old != new]
    changes = tuple(_change(audit, old, states(old), states(new)) for old, new in moves)
    params = {"count": len(family), "parent": str(grids.code[parent])}
    yield Named("renumber", NUMBER, params, changes)


def _code(audit: Audit, row: int, states: States) -> Iterator[Named]:
    grids, layout = audit.grids, layout_of(audit.grids, audit.rules)
    parent = int(audit.above[row])
    if layout is None or parent < 0 or grids.level[row] != audit.rules.unit_level or not unique(audit, row):
        return
    upper, width = str(grids.code[parent]), layout.steps[-1]
    if len(kids(audit, row)) or len(upper) != layout.above(1) or not upper.isdigit():
        return
    units = [str(code) for code in grids.code[grids.sheets[audit.rules.unit_level].rows] if _fits(code, layout)]
    leads = Counter(code[: layout.lead] for code in units)
    lead = leads.most_common(1)[0][0] if leads else "0" * layout.lead
    taken = {int(code[-width:]) for code in units if code[layout.lead :].startswith(upper)}
    number = max(taken, default=0) + 1
    if number >= 10**width:
        return
    code, before = f"{lead}{upper}{number:0{width}d}", states(row)
    level = str(grids.level[row])
    params = {"grid": str(grids.code[row]), "to": code, "parent": upper}
    changes = (GridChange(level, str(grids.code[row]), before, None), GridChange(level, code, None, before))
    yield Named("recode", RECODE, params, changes)


def _fits(code: Any, layout: Layout) -> bool:
    text = str(code)
    return len(text) == layout.length and text.isascii() and text.isdigit()
