"""Teams whose grids do not hang together."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geo.audit_cover import Sheet
from geo.audit_division import Division
from geo.audit_findings import WARNING, Part, part
from geo.audit_rules import AuditRules

Rows = NDArray[np.int64]
Objects = NDArray[Any]


def team_parts(grids: Division, rules: AuditRules, teams: frozenset[Any] | None = None) -> list[Part]:
    """Return teams of a level whose grids lie in several places; None: all teams."""
    parts = []
    asked = bool if teams is None else teams.difference((None, "")).__contains__
    for sheet in grids.sheets.values():
        named = np.fromiter(map(asked, grids.team[sheet.rows].tolist()), np.bool_, len(sheet.rows))
        rows = sheet.rows[named & (grids.area[sheet.rows] > 0)]
        if len(rows):
            parts.append(_split(grids, sheet, rows, rules))
    return parts


def _split(grids: Division, sheet: Sheet, rows: Rows, rules: AuditRules) -> Part:
    names, team = np.unique(grids.team[rows].astype(str), return_inverse=True)
    place = _places(grids, rows, team.astype(np.int64))
    place = _touching(grids, rows, team.astype(np.int64), place, rules.touch_m)
    found: list[tuple[int, ...]] = []
    count: list[int] = []
    shapes: list[Any] = []
    owner: list[Any] = []
    order = np.argsort(team, kind="stable")
    for family in np.split(order, np.flatnonzero(np.diff(team[order])) + 1):
        places, where = np.unique(place[family], return_inverse=True)
        if len(places) > 1:
            size = np.bincount(where, weights=grids.area[rows[family]])
            astray = rows[family[where != int(np.argmax(size))]]
            found.append(tuple(astray.tolist()))
            count.append(len(places))
            shapes.append(shapely.multipolygons(shapely.get_parts(grids.shapes[astray])))
            owner.append(str(names[team[family[0]]]))
    own = np.empty(len(found), dtype=object)
    own[:] = [f"{sheet.level}\x1f{name}" for name in owner]
    # By team, not by its grids: one more grid astray is still the same finding.
    return part("team_split", found, count, shapes, WARNING, own=own, params={"team": owner})


def _places(grids: Division, rows: Rows, team: Rows) -> Rows:
    """Which grids of a team hang together by common corners: a number of each place."""
    edge, which = grids.edges.of(rows)
    corner = grids.edges.tail[edge]
    n, most = len(rows), len(grids.edges.points)
    _, node = np.unique(team[which] * most + corner, return_inverse=True)
    size = n + int(node.max(initial=-1)) + 1
    links = coo_array((np.ones(len(which), np.int8), (which, n + node)), shape=(size, size))
    _, label = connected_components(links, directed=False)
    return np.asarray(label[:n], np.int64)


def _touching(grids: Division, rows: Rows, team: Rows, place: Rows, touch_m: float) -> Rows:
    """Join places of a team that come within `touch_m` without having corners in common."""
    pairs = np.unique(np.stack([team, place], axis=1), axis=0)
    several = np.flatnonzero(np.bincount(pairs[:, 0], minlength=int(team.max()) + 1) > 1)
    asked = np.flatnonzero(np.isin(team, several))
    if not len(asked):
        return place
    shapes = grids.shapes[rows[asked]]
    boxes = shapely.bounds(shapes)
    left, right = shapely.STRtree(shapes).query(shapely.box(*(boxes + touch_m * np.array([-1, -1, 1, 1])).T))
    here, there = asked[left], asked[right]
    doubtful = (left < right) & (team[here] == team[there]) & (place[here] != place[there])
    here, there = here[doubtful], there[doubtful]
    near = shapely.dwithin(grids.shapes[rows[here]], grids.shapes[rows[there]], touch_m)
    links = coo_array(
        (np.ones(int(near.sum()), np.int8), (place[here[near]], place[there[near]])), shape=(int(place.max()) + 1,) * 2
    )
    _, label = connected_components(links, directed=False)
    return np.asarray(label[place], np.int64)
