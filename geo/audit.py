"""The audit of a division: every defect of its grids found and measured, the gravest and largest first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.audit_codes import digit_parts, layout_of, sequence_parts
from geo.audit_cover import borders_left, cover_parts
from geo.audit_division import Division
from geo.audit_findings import Findings, Part
from geo.audit_grids import grid_parts, unchecked
from geo.audit_parents import fit_parts, hierarchy_parts
from geo.audit_points import Located, locate, point_parts
from geo.audit_rules import AuditRules
from geo.audit_teams import team_parts
from geo.audit_things import Things, building_parts
from geo.parallel import Cancelled, never

Objects = NDArray[Any]
Rows = NDArray[np.int64]
Floats = NDArray[np.float64]
Steps = Mapping[str, list[Part]]


def quiet(share: float, step: str) -> None:
    """Nobody looks at the progress."""


@dataclass(frozen=True)
class Audit:
    """What an audit found, and what the next one can take over (`geo.audit_again`).

    Attributes
    ----------
    findings
        The gravest first.
    rules
        Held against.
    layout
        Name of the code layout that codes were held against, None for none.
    unchecked
        Pairs of kind and level that could not be looked for: nothing of the sort is recorded there.
    grids, things
        What was looked at.
    steps
        The findings of each step.
    borders
        What remains of the borders of each level.
    above
        int64: the parent each grid is counted below.
    located
        Where points lie.
    """

    findings: Findings
    rules: AuditRules
    layout: str | None
    unchecked: tuple[tuple[str, str], ...]
    grids: Division
    things: Things
    steps: Steps
    borders: Mapping[str, Floats]
    above: Rows
    located: Located

    @property
    def levels(self) -> tuple[str, ...]:
        """Coarse to fine."""
        return self.grids.tree.levels


def audit(
    grids: Division,
    things: Things | None = None,
    rules: AuditRules | None = None,
    *,
    progress: Callable[[float, str], None] = quiet,
    cancelled: Callable[[], bool] = never,
) -> Audit:
    """Return every defect of a division.

    Parameters
    ----------
    grids
        See `geo.audit_division.division`.
    things
        What lies in the grids; held against the finest level.
    progress, cancelled
        Told how far the work is and what comes next; asked whether to stop.

    Raises
    ------
    Cancelled
        `cancelled()` said so.

    Examples
    --------
    >>> import shapely
    >>> from geo.audit_division import division
    >>> west, east = shapely.box(0, 0, 60, 100), shapely.box(50, 0, 100, 100)
    >>> found = audit(division(["w", "e"], ["ward", "ward"], [None, None], [west, east])).findings
    >>> [(one.kind, one.measure, one.unit) for one in found]
    [('overlap', 1000.0, 'm²')]
    """
    rules, things = rules or AuditRules(), things or Things()

    def step(share: float, name: str) -> None:
        if cancelled():
            raise Cancelled
        progress(share, name)

    step(0.0, "grids")
    silent = unchecked(grids)
    steps = {"grids": grid_parts(grids, rules, silent), "hierarchy": hierarchy_parts(grids)}
    step(0.1, "borders")
    borders = {}
    for i, (level, sheet) in enumerate(grids.sheets.items(), start=1):
        borders[level] = borders_left(sheet, grids.edges)
        steps[f"cover {level}"] = cover_parts(sheet, borders[level], rules)
        step(0.1 + 0.2 * i / len(grids.sheets), "borders")
    fit = fit_parts(grids, rules, gaps_of(steps))
    steps["fit"] = fit.parts
    step(0.5, "codes")
    steps["digits"] = digit_parts(grids, rules, fit.above)
    steps["sequence"] = sequence_parts(grids, rules, fit.above)
    steps["teams"] = team_parts(grids, rules)
    located = Located()
    if grids.sheets:
        finest = grids.sheets[grids.tree.levels[-1]]
        step(0.6, "buildings")
        steps["buildings"] = building_parts(grids, finest, things, rules)
        step(0.9, "points")
        located = locate(grids, finest, things)
        steps["points"] = point_parts(grids, finest, things, located)
    step(1.0, "points")
    return finished(grids, things, rules, steps, borders, fit.above, located, silent)


def gaps_of(steps: Steps) -> Objects:
    """Return the areas of all gaps and slivers."""
    found = [one.shape for parts in steps.values() for one in parts if one.kind in ("gap", "sliver")]
    gaps: Objects = np.concatenate([np.zeros(0, dtype=object), *found])
    return gaps


def finished(
    grids: Division, things: Things, rules: AuditRules, steps: Steps, borders: Mapping[str, Floats], above: Rows,
    located: Located, silent: list[tuple[str, str]],
) -> Audit:  # fmt: skip
    """Return the audit of which these are the parts."""
    parts = [one for found in steps.values() for one in found]
    layout = layout_of(grids, rules)
    return Audit(
        Findings(parts, grids.code, grids.level, grids.origin), rules, None if layout is None else layout.name,
        tuple(silent), grids, things, steps, borders, above, located,
    )  # fmt: skip
