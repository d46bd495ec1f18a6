"""Cameras, places and incidents that lie in no grid, and incidents that were recorded in another one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.assign import Locator
from geo.audit_cover import Sheet
from geo.audit_division import Division
from geo.audit_findings import WARNING, Part, as_objects, part
from geo.audit_things import Incidents, Spots, Things, names_of

Rows = NDArray[np.int64]
Floats = NDArray[np.float64]
Objects = NDArray[Any]
_NONE = np.zeros(0, np.int64)


@dataclass(frozen=True)
class Located:
    """Where points lie: positions of grids in the division, -1 for none.

    Attributes
    ----------
    cameras, places, incidents
        int64, one for each.
    astray
        bool: the incident was recorded in another grid than it lies in, or in none that exists.
    texts, text_of
        The distinct recorded codes without blanks around, and which of them each incident has.
    """

    cameras: Rows = field(default_factory=lambda: _NONE)
    places: Rows = field(default_factory=lambda: _NONE)
    incidents: Rows = field(default_factory=lambda: _NONE)
    astray: NDArray[np.bool_] = field(default_factory=lambda: _NONE.astype(np.bool_))
    texts: tuple[str, ...] = ()
    text_of: Rows = field(default_factory=lambda: _NONE)


def locate(grids: Division, sheet: Sheet, things: Things) -> Located:
    """Return where all points lie among the grids of a level."""
    locator = Locator(sheet.shapes, grids.code[sheet.rows])
    rows = np.append(sheet.rows, -1)
    found = Located(
        cameras=_NONE if things.cameras is None else rows[locator.locate(*_at(things.cameras, grids))],
        places=_NONE if things.places is None else rows[locator.locate(*_at(things.places, grids))],
    )
    incidents = things.incidents
    if incidents is None or not len(incidents.x):
        return found
    texts, text_of = _distinct(incidents.recorded)
    mine = rows[locator.locate(*_at(incidents, grids))]
    found = replace(found, incidents=mine, texts=texts, text_of=text_of, astray=np.zeros(len(mine), dtype=np.bool_))
    return replace(found, astray=_astray(grids, sheet, incidents, found, np.arange(len(mine))))


def locate_again(grids: Division, sheet: Sheet, things: Things, before: Located, boxes: Floats) -> Located:
    """Return where points lie after grids changed inside `boxes` (k, 4), moved by the origin."""
    near = np.unique(sheet.tree.query(shapely.box(*boxes.T))[1])
    locator = Locator(sheet.shapes[near], grids.code[sheet.rows[near]])
    rows = np.append(sheet.rows[near], -1)

    def again(points: Spots | Incidents | None, known: Rows) -> tuple[Rows, Rows]:
        if points is None or not len(points.x):
            return known, _NONE
        x, y = _at(points, grids)
        inside = np.zeros(len(x), dtype=bool)
        for west, south, east, north in boxes.tolist():
            inside |= (x >= west) & (x <= east) & (y >= south) & (y <= north)
        asked = np.flatnonzero(inside)
        found = known.copy()
        found[asked] = rows[locator.locate(x[asked], y[asked])]
        return found, asked

    cameras, places = again(things.cameras, before.cameras)[0], again(things.places, before.places)[0]
    incidents, asked = again(things.incidents, before.incidents)
    found = replace(before, cameras=cameras, places=places, incidents=incidents)
    if things.incidents is None or not len(asked):
        return found
    astray = before.astray.copy()
    astray[asked] = _astray(grids, sheet, things.incidents, found, asked)
    return replace(found, astray=astray)


def _at(points: Spots | Incidents, grids: Division) -> tuple[Floats, Floats]:
    return points.x - grids.origin[0], points.y - grids.origin[1]


def _distinct(recorded: Objects) -> tuple[tuple[str, ...], Rows]:
    """The distinct codes and which one each row has; the first is that of rows without any."""
    number: dict[Any, int] = {"": 0}
    text_of = np.empty(len(recorded), np.int64)
    for i, value in enumerate(recorded.tolist()):
        known = number.get(value)
        if known is None:
            text = "" if value is None else str(value).strip()
            known = number[value] = number.setdefault(text, len(set(number.values())))
        text_of[i] = known
    first: dict[int, str] = {}
    for value, k in number.items():
        first.setdefault(k, "" if value is None else str(value).strip())
    return tuple(first[k] for k in range(len(first))), text_of


def _rows_by_code(grids: Division) -> Mapping[str, list[int]]:
    found: dict[str, list[int]] = {}
    for row, code in enumerate(grids.code.tolist()):
        found.setdefault(str(code).strip(), []).append(row)
    return found


def _astray(grids: Division, sheet: Sheet, incidents: Incidents, found: Located, asked: Rows) -> NDArray[np.bool_]:
    """Which of some incidents were recorded elsewhere: not in their grid, nor in one of any level that holds them."""
    at_all = _rows_by_code(grids)
    on_level = set(sheet.rows.tolist())
    named = np.array([next((row for row in at_all.get(text, ()) if row in on_level), -1) for text in found.texts])
    text_of = found.text_of[asked]
    differs = (named[text_of] != found.incidents[asked]) & (text_of != 0)
    x, y = (one[asked] for one in _at(incidents, grids))
    # On the border of the recorded grid, though the tie rule gives it to another; or in a grid of another level.
    left = np.flatnonzero(differs)
    left = left[np.argsort(text_of[left], kind="stable")]
    for members in np.split(left, np.flatnonzero(np.diff(text_of[left])) + 1) if len(left) else ():
        for row in at_all.get(found.texts[text_of[members[0]]], ()):
            differs[members[shapely.intersects_xy(grids.shapes[row], x[members], y[members])]] = False
    return np.asarray(differs, dtype=np.bool_)


def point_parts(grids: Division, sheet: Sheet, things: Things, found: Located) -> list[Part]:
    """Return what lies in no grid of the level, and incidents recorded in another."""
    parts = []
    for kind, spots, mine in (
        ("camera_outside", things.cameras, found.cameras),
        ("place_outside", things.places, found.places),
    ):
        if spots is not None and len(spots.x):
            x, y = _at(spots, grids)
            out = np.flatnonzero((mine < 0) & np.isfinite(x) & np.isfinite(y))
            shapes: Objects = np.atleast_1d(np.asarray(shapely.points(x[out], y[out]), dtype=object))
            far = np.zeros(len(out))
            which, distance = sheet.tree.query_nearest(shapes, return_distance=True, all_matches=False)
            far[which[0]] = distance
            names = names_of(spots.name, out)
            parts.append(part(kind, [()] * len(out), far, shapes, WARNING, own=names, params={"item": names}))
    if things.incidents is not None and len(things.incidents.x):
        x, y = _at(things.incidents, grids)
        outside = found.incidents < 0
        at_all = _rows_by_code(grids)
        for kind, rows in (
            ("incident_elsewhere", np.flatnonzero(found.astray & ~outside)),
            ("incident_outside", np.flatnonzero(outside & np.isfinite(x))),
        ):
            parts.append(_flows(kind, grids, np.stack([x, y], axis=1), rows, found, at_all))
    return parts


def _flows(kind: str, grids: Division, xy: Floats, rows: Rows, found: Located, at_all: Mapping[str, list[int]]) -> Part:
    """One finding for each recorded and located grid."""
    mine, text_of = found.incidents, found.text_of
    order = rows[np.lexsort((mine[rows], text_of[rows]))]
    change = np.flatnonzero((np.diff(text_of[order]) != 0) | (np.diff(mine[order]) != 0)) + 1
    told: list[tuple[int, ...]] = []
    shapes, own, variant, recorded, located = [], [], [], [], []
    groups = np.split(order, change) if len(order) else []
    for members in groups:
        text, row = found.texts[text_of[members[0]]], int(mine[members[0]])
        known = at_all.get(text, [])[:1]
        told.append(tuple(known + ([row] if row >= 0 else [])))
        plain = bool(known) if kind == "incident_elsewhere" else bool(text)
        variant.append("" if plain else {"incident_elsewhere": "unknown", "incident_outside": "blank"}[kind])
        shapes.append(shapely.multipoints(xy[members]))
        own.append(f"{text}\x1f{row >= 0}")
        recorded.append(text)
        located.append(grids.code[row] if row >= 0 else None)
    return part(
        kind, told, [len(members) for members in groups], shapes, WARNING, variant=as_objects(variant),
        own=as_objects(own), params={"recorded": recorded, "located": located},
    )  # fmt: skip
