"""The audit after an edit: only what the changed grids touch is looked at again, with the result of a whole audit."""

from __future__ import annotations

from operator import is_not
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.audit import Audit, audit, finished, gaps_of
from geo.audit_codes import digit_parts, sequence_parts
from geo.audit_cover import Sheet
from geo.audit_cover_again import cover_again
from geo.audit_division import Division, division, redrawn
from geo.audit_edges import Edges, origin_at
from geo.audit_findings import Part
from geo.audit_grids import grid_parts, unchecked
from geo.audit_parents import fit_parts
from geo.audit_points import locate, locate_again, point_parts
from geo.audit_teams import team_parts
from geo.audit_things import Things, building_parts
from geo.hierarchy import nearest_parent

Rows = NDArray[np.int64]
Floats = NDArray[np.float64]
Objects = NDArray[Any]

MOST = 200  # more changed grids are audited as a whole
_MARGIN_M = 1.0


def audit_again(before: Audit, drawn: Objects, team: Objects, population: Floats) -> Audit:
    """Return the audit of the same grids, some of them drawn anew or with another team or population.

    Parameters
    ----------
    before
        Of the grids as they were; codes, levels and parents are taken from it, and what lies in the grids.
    drawn, team, population
        (n,), as `geo.audit_division.division` takes them, in the same order.
    """
    old = before.grids
    moved = _differing(old.drawn, drawn)
    people = ~((population == old.population) | (np.isnan(population) & np.isnan(old.population)))
    told = np.array(team != old.team, dtype=bool) | people
    changed = np.flatnonzero(moved | told).astype(np.int64)
    if not len(changed):
        return before
    if len(changed) > MOST or not _links_stay(old, moved, drawn):
        new = division(old.code, old.level, old.parent, drawn, team, population)
        return audit(new, before.things, before.rules)
    grids = redrawn(old, drawn, team, population, changed)
    silent = unchecked(grids) if told.any() else list(before.unchecked)
    return _again(before, grids, changed, np.flatnonzero(moved).astype(np.int64), silent)


def _differing(was: Objects, now: Objects) -> NDArray[np.bool_]:
    """Which shapes differ; most are the same objects, which need not be compared."""
    found = np.fromiter(map(is_not, was.tolist(), now.tolist()), np.bool_, len(now))
    asked = np.flatnonzero(found)
    was, now = was[asked], now[asked]
    found[asked] = ~(shapely.equals_exact(was, now, 0.0) | (shapely.is_missing(was) & shapely.is_missing(now)))
    return found


def audit_points_again(before: Audit, things: Things) -> Audit:
    """Return the audit of the same grids and buildings with other cameras, places or incidents."""
    if not before.grids.sheets:
        return before
    finest = before.grids.sheets[before.grids.tree.levels[-1]]
    located = locate(before.grids, finest, things)
    steps = {**before.steps, "points": point_parts(before.grids, finest, things, located)}
    return finished(
        before.grids, things, before.rules, steps, before.borders, before.above, located, list(before.unchecked)
    )


def _links_stay(old: Division, moved: NDArray[np.bool_], drawn: Objects) -> bool:
    """Whether the hierarchy is that of before however grids are drawn, and the origin too.

    Areas decide between parents of the same code, and between levels that nothing links.
    """
    if not moved.any():
        return True
    bounds = old.bounds.copy()
    bounds[moved] = shapely.bounds(drawn[moved])
    if not old.chained or (origin_at(bounds) != old.origin).any():
        return False
    names = {old.code[row] for row in np.flatnonzero(moved).tolist()}
    asked = moved | np.isin(old.parent, list(names))
    for row in np.flatnonzero(asked).tolist():
        holders = [k for k in old.by_code.get(old.parent[row], ()) if old.level[k] != old.level[row]]
        if len(holders) > 1:
            near = [row, *holders]
            area = np.nan_to_num(np.asarray(shapely.area(drawn[near]), np.float64))
            chosen = nearest_parent(0, range(1, len(near)), drawn[near], area)
            if near[chosen] != old.tree.parent_index[row]:
                return False
    return True


def _again(before: Audit, grids: Division, changed: Rows, moved: Rows, silent: list[tuple[str, str]]) -> Audit:
    old, rules, things = before.grids, before.rules, before.things
    steps, borders = {name: list(parts) for name, parts in before.steps.items()}, dict(before.borders)
    if silent == list(before.unchecked):
        kept = _without(steps["grids"], lambda one: np.isin(_first(one), changed))
        steps["grids"] = [*kept, *grid_parts(grids, rules, silent, changed)]
    else:
        steps["grids"] = grid_parts(grids, rules, silent)
    teams = frozenset(old.team[changed].tolist()) | frozenset(grids.team[changed].tolist())
    kept = _without(steps["teams"], lambda one: np.isin(one.params["team"].astype(str), [str(name) for name in teams]))
    steps["teams"] = [*kept, *team_parts(grids, rules, teams)]
    above, located = before.above, before.located
    if len(moved):
        gaps = gaps_of(steps)
        for level in dict.fromkeys(grids.level[moved].tolist()):
            sheet, rows = grids.sheets[level], moved[grids.level[moved] == level]
            known = borders[level]
            borders[level] = _borders_again(known, old, grids, sheet, rows)
            name = f"cover {level}"
            steps[name] = cover_again(steps[name], known, borders[level], grids.edges, sheet, rules, rows)
        boxes = _boxes(old, grids, moved)
        above = _fit_again(before, grids, boxes, steps, gaps)
        families = np.unique(np.concatenate([above[moved], before.above[moved]]))
        kept = _without(steps["sequence"], lambda one: np.isin(_first(one), families))
        steps["sequence"] = [*kept, *sequence_parts(grids, rules, above, families)]
        if (above != before.above).any():
            steps["digits"] = digit_parts(grids, rules, above)
            steps["sequence"] = sequence_parts(grids, rules, above)
        finest = grids.sheets[grids.tree.levels[-1]]
        if np.isin(moved, finest.rows).any():
            near = _meeting(things.building_boxes - np.tile(grids.origin, 2), boxes)
            kept = _without(steps["buildings"], lambda one: np.isin(_items(one), near))
            steps["buildings"] = [*kept, *(building_parts(grids, finest, things, rules, near) if len(near) else [])]
            located = locate_again(grids, finest, things, located, boxes)
            steps["points"] = point_parts(grids, finest, things, located)
    return finished(grids, things, rules, steps, borders, above, located, silent)


def _without(parts: list[Part], gone: Any) -> list[Part]:
    """The findings of which `gone` does not say that they must be looked for again."""
    return [one.only(~gone(one)) for one in parts if len(one)]


def _first(one: Part) -> Rows:
    return np.array([rows[0] for rows in one.rows], np.int64)


def _items(one: Part) -> Rows:
    assert one.item is not None
    return one.item


def _boxes(old: Division, grids: Division, moved: Rows) -> Floats:
    """Where something may have changed: around each grid as it was and as it is."""
    both = np.concatenate([shapely.bounds(old.shapes[moved]), shapely.bounds(grids.shapes[moved])])
    both = both[np.isfinite(both).all(axis=1)]
    found: Floats = both + _MARGIN_M * np.array([-1.0, -1.0, 1.0, 1.0])
    return found


def _meeting(bounds: Floats, boxes: Floats) -> Rows:
    """Positions of the bounds (n, 4) that meet any of the boxes."""
    found = np.zeros(len(bounds), dtype=bool)
    for west, south, east, north in boxes.tolist():
        found |= (bounds[:, 0] <= east) & (bounds[:, 2] >= west) & (bounds[:, 1] <= north) & (bounds[:, 3] >= south)
    return np.flatnonzero(found).astype(np.int64)


def _borders_again(known: Floats, old: Division, grids: Division, sheet: Sheet, rows: Rows) -> Floats:
    """What remains of the borders of a level: anew for edges that the changed grids have or had, else as it was."""
    edges: Edges = grids.edges
    was, now = old.edges.of(rows)[0], edges.of(rows)[0]
    asked = np.unique(
        np.concatenate([edges.key(*edges.ids(old.edges.segments(was))), edges.key(edges.tail[now], edges.head[now])])
    )
    kept = known[~np.isin(edges.key(*edges.ids(known)), asked)] if len(known) else known
    near = np.unique(sheet.tree.query(shapely.box(*_boxes(old, grids, rows).T))[1])
    edge, _ = edges.of(sheet.rows[near])
    edge = edge[np.isin(edges.key(edges.tail[edge], edges.head[edge]), asked)]
    same = np.zeros(len(edge), np.int64)
    return np.concatenate([kept, edges.left(edge, same, same + 1)[1]])


def _fit_again(before: Audit, grids: Division, boxes: Floats, steps: dict[str, list[Part]], gaps: Objects) -> Rows:
    """Look at the parents near the change again, and at those where a gap came, went or became another."""
    found = gaps_of(steps)
    was, now = (shapely.to_wkb(one).tolist() for one in (gaps, found))
    gone, come = set(was).difference(now), set(now).difference(was)
    turned = [shape for shape, wkb in zip(gaps, was, strict=True) if wkb in gone]
    turned += [shape for shape, wkb in zip(found, now, strict=True) if wkb in come]
    if turned:
        boxes = np.concatenate([boxes, shapely.bounds(turned)])
    near = [sheet.rows[np.unique(sheet.tree.query(shapely.box(*boxes.T))[1])] for sheet in grids.sheets.values()]
    asked = np.unique(np.concatenate(near))
    tree = grids.tree.parent_index
    # Who names the wrong parent is held against it where it was, and where it lies.
    wrong = np.flatnonzero((before.above != tree) & np.isin(before.above, asked))
    asked = np.unique(np.concatenate([asked, tree[asked], before.above[asked], tree[wrong]]))
    asked = asked[asked >= 0]
    fit = fit_parts(grids, before.rules, found, asked, before.above)
    # What grids and their parents share was looked at again for these too, and would be there twice.
    looked = np.union1d(asked, fit.looked)
    kept = _without(
        steps["fit"],
        lambda one: np.isin(
            [_parent(one.kind, rows) for rows in one.rows], asked if one.kind == "parent_wrong" else looked
        ),
    )
    steps["fit"] = [*kept, *fit.parts]
    return fit.above


def _parent(kind: str, rows: tuple[int, ...]) -> int:
    """The parent that a finding is of: of a hole the grid itself."""
    return rows[0] if kind == "hole" else rows[1]
