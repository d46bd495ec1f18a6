"""Proposals to mend findings, as answers show them, and as a step of a draft."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geo.audit_kinds import TITLES
from geo.columns import LayerColumns, Snapshot
from geo.crs import lonlat
from geo.errors import N_, ParameterError
from geo.grid_changes import GridChange, GridState
from layers.audited import audit_of
from web.errors import fill
from web.i18n import translate
from web.jsonio import DECIMALS

if TYPE_CHECKING:
    from geo.audit import Audit
    from geo.audit_rules import AuditRules
    from geo.repair import Proposal

Json = dict[str, Any]


def states_of(grids: LayerColumns) -> Callable[[int], GridState]:
    """Return what the store records of each grid by its row."""
    names, parents, teams = (grids.text(name) for name in ("name", "parent", "team"))
    people, shapes = grids.number("population"), grids.geometry

    def state(row: int) -> GridState:
        count = float(people[row])
        shape = None if shapes is None else shapes[row]
        return GridState(shape, names[row], parents[row], teams[row], None if np.isnan(count) else count)

    return state


def repair(snapshot: Snapshot, params: Mapping[str, Any], rules: AuditRules | None = None) -> list[GridChange]:
    """Return the changes that mend a finding by one of its proposals: the draft op `repair {finding, method}`.

    Raises
    ------
    ParameterError
        The finding is not there, or cannot be mended so.
    """
    from geo.repair import proposal

    finding, method = (_text(params, name) for name in ("finding", "method"))
    if not len(snapshot["grids"]):
        raise ParameterError(
            N_("There is no finding of the id {value}."), N_("It may be mended already; look at the list again."),
            field="finding", value=finding[:40],
        )  # fmt: skip
    found = audit_of(snapshot, rules=rules)
    return list(proposal(found, finding, method, states_of(snapshot["grids"])).changes)


def _text(params: Mapping[str, Any], name: str) -> str:
    value = params.get(name)
    if not isinstance(value, str) or not value:
        raise ParameterError(
            N_("“{value}” cannot be used for {field}."), N_("Give a text."), field=name, value=str(value)[:80]
        )
    return value


def repairs_answer(audit: Audit, finding: str, snapshot: Snapshot, lang: str) -> Json:
    """Return the proposals for a finding with the grids before and after, WGS 84.

    Raises
    ------
    ParameterError
        The audit has no such finding.
    """
    from geo.repair import proposals

    found = proposals(audit, finding, states_of(snapshot["grids"]))
    index = audit.findings.index_of(finding)
    assert index is not None
    one = audit.findings[index]
    shapes = [] if one.geometry is None else _features([one.geometry], [{}], str(snapshot.crs))
    return {
        "finding": finding,
        "kind": one.kind,
        "place": {"type": "FeatureCollection", "features": shapes},
        "proposals": [_told(each, str(snapshot.crs), lang) for each in found],
    }


def _told(one: Proposal, crs: str, lang: str) -> Json:
    sides: dict[str, Json] = {}
    for side in ("before", "after"):
        states = [(change, getattr(change, side)) for change in one.changes]
        there = [(change, state) for change, state in states if state is not None and state.geometry is not None]
        facts = [
            {"level": change.level, "code": change.code, "name": state.name, "parent": state.parent, "team": state.team}
            for change, state in there
        ]
        shapes = _features([state.geometry for _, state in there], facts, crs)
        sides[side] = {"type": "FeatureCollection", "features": shapes}
    return {
        "method": one.method,
        "text": fill(one.text, one.params, lang),
        "grids": [
            {"level": change.level, "code": change.code, "new": change.before is None, "ends": change.after is None}
            for change in one.changes
        ],
        "measure": one.measure,
        "left": one.left,
        "unit": one.unit,
        "area_before_m2": one.area_before_m2,
        "area_after_m2": one.area_after_m2,
        "grows_m2": one.grows_m2,
        "tolerance_m2": one.tolerance_m2,
        "also": list(one.also),
        "brings": [{"kind": kind, "title": translate(TITLES[kind], lang)} for kind in one.brings],
        **sides,
    }


def _features(shapes: list[Any], facts: list[Json], crs: str) -> list[Json]:
    """Shapes of the store as GeoJSON."""

    def there(xy: Any) -> Any:
        lon, lat = lonlat(xy[:, 0], xy[:, 1], crs)
        return np.round(np.column_stack([lon, lat]), DECIMALS + 1)

    return [
        {
            "type": "Feature",
            "properties": properties,
            "geometry": shapely.geometry.mapping(shapely.transform(shape, there)),
        }
        for shape, properties in zip(shapes, facts, strict=True)
    ]
