"""Drafts and the history of the division as JSON: changes with both sides, conflicts, borders, effect."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import shapely

from geo.columns import Snapshot
from geo.crs import WGS84, lonlat, transform_geometry
from geo.grid_changes import GridChange, GridState, Key, folded
from layers.base import levels_of
from store.draft import Draft
from store.history_read import DivisionChange
from web.draft_standing import base_states, told_pairs, told_params
from web.jsonio import DECIMALS

Json = dict[str, Any]


def heading(draft: Draft, grids: int) -> Json:
    """Return what a list shows of a draft; `grids`: how many it changes."""
    return {
        "id": draft.id, "name": draft.name, "state": draft.state, "version": draft.version,
        "base_revision": draft.base_revision, "step": draft.step, "grids": grids, "created_at": draft.created_at,
        "created_by": draft.created_by, "updated_at": draft.updated_at, "submitted_at": draft.submitted_at,
        "submitted_by": draft.submitted_by, "decided_at": draft.decided_at, "decided_by": draft.decided_by,
        "reason": draft.reason, "applied_revision": draft.applied_revision, "own": own(draft),
    }  # fmt: skip


def own(draft: Draft) -> bool:
    """Return whether somebody who worked on a draft approved it himself: the single user of a service."""
    return draft.state == "applied" and draft.decided_by in authors(draft)


def authors(draft: Draft) -> set[str | None]:
    """Return who made the steps of a draft, or submitted it."""
    return {draft.submitted_by, *(step.by for step in draft.steps[: draft.step])}


def whole(draft: Draft, shown: Sequence[GridChange], snapshot: Snapshot, present: Mapping[Key, GridState]) -> Json:
    """Return all of a draft; `conflicts` names the grids that were changed by somebody else meanwhile.

    `shown`: its changes as the reader may see them.
    """
    changes = folded(draft.changes)
    stale = [] if draft.state == "applied" else [one for one in changes if present.get(one.key) != one.before]
    crs = snapshot.crs or WGS84
    return {
        **heading(draft, len(changes)),
        "steps": [
            {
                "number": step.number, "op": step.op, "params": told_params(step.params, step.changes),
                "at": step.at, "by": step.by, "grids": step.grids,
            }
            for step in draft.steps
        ],
        "can_undo": draft.can_undo,
        "can_redo": draft.can_redo,
        "grids": collection(shown, crs),
        "conflicts": conflicts([(one, present.get(one.key)) for one in stale], crs),
    }  # fmt: skip


def collection(changes: Iterable[GridChange], crs: str) -> Json:
    """Return changed grids as GeoJSON: up to two features of each, `when` "before" and "after"."""
    sides = [
        (one, when, state)
        for one in changes
        for when, state in (("before", one.before), ("after", one.after))
        if state is not None
    ]
    shapes = geojson([state.geometry for _, _, state in sides], crs)
    features = [
        {
            "type": "Feature",
            "properties": {
                "level": one.level, "code": one.code, "when": when, "change": kind_of(one), **facts(state)
            },
            "geometry": shape,
        }
        for (one, when, state), shape in zip(sides, shapes, strict=True)
    ]  # fmt: skip
    return {"type": "FeatureCollection", "features": features}


def kind_of(change: GridChange) -> str:
    """Return "added", "removed" or "changed"."""
    return "added" if change.before is None else "removed" if change.after is None else "changed"


def facts(state: GridState) -> Json:
    """Return a grid without its shape."""
    area = None if state.geometry is None else round(float(state.geometry.area), 2)
    return {
        "name": state.name, "parent": state.parent, "team": state.team, "population": state.population,
        "area_m2": area,
    }  # fmt: skip


def geojson(shapes: Sequence[Any], crs: str) -> list[Any]:
    """Return shapes (m in `crs`) as GeoJSON geometries in WGS 84; None stays None."""
    if not len(shapes):
        return []
    array = np.empty(len(shapes), dtype=object)
    array[:] = shapes
    there = np.flatnonzero(~shapely.is_missing(array))
    moved = transform_geometry(array[there], crs, WGS84)
    rounded = shapely.set_coordinates(moved, np.round(shapely.get_coordinates(moved), DECIMALS))
    found: list[Any] = [None] * len(array)
    for row, shape in zip(there.tolist(), rounded, strict=True):
        found[row] = shapely.geometry.mapping(shape)
    return found


def conflicts(pairs: Sequence[tuple[GridChange, GridState | None]], crs: str) -> list[Json]:
    """Return grids in conflict with both versions: `theirs` is in the store now, `mine` is what the draft makes."""
    found = []
    for one, present in told_pairs(pairs):
        sides = []
        for state in (present, one.after):
            shape = None if state is None else geojson([state.geometry], crs)[0]
            sides.append(None if state is None else {**facts(state), "geometry": shape})
        found.append({"level": one.level, "code": one.code, "theirs": sides[0], "mine": sides[1]})
    return found


def borders(states: Mapping[Key, GridState], keys: Sequence[Key], crs: str) -> Json:
    """Return the borders of some grids: nodes [lon, lat] that all share, and of each grid its open rings over them."""
    from geo.draft_borders import noded

    shapes = np.empty(len(keys), dtype=object)
    shapes[:] = [states[key].geometry for key in keys]
    nodes, rings = noded(shapes)
    lon, lat = lonlat(nodes[:, 0], nodes[:, 1], crs) if len(nodes) else (nodes[:, 0], nodes[:, 1])
    # To a tenth of a millimetre: what is dragged is found again by its place.
    placed = np.round(np.column_stack([lon, lat]), 9).tolist()
    grids = [
        {"level": level, "code": code, "rings": own, "team": states[level, code].team,
         "parent": states[level, code].parent}
        for (level, code), own in zip(keys, rings, strict=True)
    ]  # fmt: skip
    return {"nodes": placed, "grids": grids}


def hands(before: Snapshot, after: Snapshot, changes: Sequence[GridChange], level: str | None) -> Json:
    """Return what changes hands between two snapshots: in all, and from which grid to which.

    `level` None: the finest one that is changed.
    """
    from geo.draft_effect import flows

    levels = [name for name in levels_of(after["grids"]) if any(one.level == name for one in changes)]
    ended = [one.level for one in changes if one.level not in levels]
    chosen = level if level is not None else (levels or ended or [""])[-1]
    points: dict[str, Any] = {
        name: (layer.x, layer.y)
        for name in ("incidents", "cameras")
        if (layer := before[name]).x is not None and layer.y is not None
    } | {"places": _places(before)}
    streets = before["streets"].geometry
    lines = np.zeros(0, dtype=object) if streets is None else streets
    states = base_states(before), base_states(after)
    found = flows(*states, changes, chosen, points, lines)
    rows: list[Json] = [
        {
            "from": _named(one.source, states[0]),
            "to": _named(one.target, states[1]),
            **{name: one.points.get(name, 0) for name in ("incidents", "cameras", "places")},
            "population": one.population,
            "streets_m": round(one.streets_m, 1),
            "area_m2": round(one.area_m2, 2),
        }
        for one in found
    ]
    people = [row["population"] for row in rows]
    counted = ("incidents", "cameras", "places", "streets_m", "area_m2")
    total = {name: round(sum(row[name] for row in rows), 2) for name in counted}
    known = None if any(one is None for one in people) else sum(people)
    return {"level": chosen or None, "moved": {**total, "population": known}, "flows": rows}


def _places(snapshot: Snapshot) -> tuple[Any, Any]:
    shapes = snapshot["places"].geometry
    if shapes is None or not len(shapes):
        return np.zeros(0), np.zeros(0)
    spots = shapely.point_on_surface(shapes)
    return shapely.get_x(spots), shapely.get_y(spots)


def _named(key: Key | None, states: Mapping[Key, GridState]) -> Json | None:
    if key is None:
        return None
    return {"level": key[0], "code": key[1], "name": states[key].name, "team": states[key].team,
            "parent": states[key].parent}  # fmt: skip


def revision_row(change: DivisionChange, draft: Draft | None) -> Json:
    """Return one row of the history."""
    return {
        "revision": change.revision, "at": change.at, "kind": change.kind, "by": change.by, "why": change.why,
        "draft": change.draft, "name": None if draft is None else draft.name,
        "submitted_by": None if draft is None else draft.submitted_by, "own": draft is not None and own(draft),
        "added": change.added, "changed": change.changed, "removed": change.removed,
    }  # fmt: skip
