"""What if: a city with some cameras placed, changed, switched off or taken away, and what that does to it.

A plan (`geo.plans`) holds one `Change` for each camera. `Trial` is a city with a plan carried out. The next
plan is worked out from a trial that is near it: only cameras that differ between the two are computed anew, by
`geo.city.with_cameras`, so that a step of a drag costs one camera whatever the size of the city and of the plan.

Rows never shift: a camera of the plan that is taken away, or switched off, keeps its row with the range 0, which sees
nothing (rule 2 of `geo.cameras`), and a placed one gets a row after those that are there. Switched off means so here
even where offline cameras count (`ViewRules.online_only` False): who switches a camera off asks what is lost without
it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.cameras import CameraFacts
from geo.city import City, with_cameras
from geo.plans import Change, Plan
from geo.view import GRID_M, polygons_of

Rows = NDArray[np.int64]
Objects = NDArray[Any]
Floats = NDArray[np.float64]

FACTS = tuple(each.name for each in fields(CameraFacts) if each.name not in ("id", "x", "y"))
AREAS = ("certain_m2", "possible_m2", "blind_m2")
SAME_M2 = 0.005  # areas that differ by less are the same: far below the 0.05 m2 of the identity of a grid
MARGIN_M = 1.0


@dataclass(frozen=True)
class Trial:
    """A city with a plan carried out.

    Attributes
    ----------
    base
        The city as it is.
    rows
        Camera of `base` -> its row.
    plan
        What was changed.
    slots
        Key of a placed camera -> its row in `city`; rows of those that are no longer planned see nothing.
    city
        The city with the plan.
    touched
        Sorted rows of cells that any step since `base` may have changed.
    """

    base: City
    rows: Mapping[str, int]
    plan: Plan
    slots: Mapping[str, int]
    city: City
    touched: Rows

    def apart(self, plan: Plan) -> int:
        """Return how many cameras differ between this trial and another plan."""
        return len(_different(self.plan, plan))


def begin(base: City) -> Trial:
    """Return the trial that changes nothing."""
    rows = {str(name): row for row, name in enumerate(base.facts.id.tolist())}
    return Trial(base, rows, {}, {}, base, np.zeros(0, dtype=np.int64))


def advance(trial: Trial, plan: Plan) -> Trial:
    """Return the trial of another plan, worked out from this one.

    Parameters
    ----------
    plan
        Folded (see `geo.plans.fold`) against `trial.rows`.
    """
    names = _different(trial.plan, plan)
    if not names:
        return trial
    slots = dict(trial.slots)
    free = len(trial.city.facts)
    for name in names:
        if name not in trial.rows and name not in slots:
            slots[name] = free
            free += 1
    rows = np.array([trial.rows[name] if name in trial.rows else slots[name] for name in names], dtype=np.int64)
    wanted = [_row(trial, name, plan.get(name)) for name in names]
    facts = _put(trial.city.facts, rows, wanted, free)
    city, cells = with_cameras(trial.city, facts, rows)
    return Trial(trial.base, trial.rows, plan, slots, city, np.union1d(trial.touched, cells).astype(np.int64))


def _different(left: Plan, right: Plan) -> list[str]:
    return [name for name in {**left, **right} if left.get(name) != right.get(name)]


def _row(trial: Trial, name: str, planned: Change | None) -> dict[str, Any]:
    """The facts of one camera under a plan; None: nothing is planned for it."""
    facts, row = trial.base.facts, trial.rows.get(name)
    if row is not None:
        found = {each: getattr(facts, each)[row] for each in ("x", "y", *FACTS)}
        if planned is None:
            return found
    elif planned is None:  # placed once, no longer
        old = trial.city.facts
        return {**{each: getattr(old, each)[trial.slots[name]] for each in ("x", "y", *FACTS)}, "range_m": 0.0}
    else:
        found = {**dict.fromkeys(FACTS, np.nan), "kind": None, "online": -1}
    was_off = row is not None and found["online"] == 0
    if planned.x is not None:
        found["x"], found["y"] = planned.x, planned.y
    for each, value in planned.values.items():
        if each == "online":
            found[each] = -1 if value is None else int(value)
        elif each in FACTS:
            found[each] = np.nan if value is None and each != "kind" else value
    if planned.op == "remove" or (planned.values.get("online") is not None and found["online"] == 0 and not was_off):
        found["range_m"] = 0.0
    return found


def _put(facts: CameraFacts, rows: Rows, wanted: list[dict[str, Any]], count: int) -> CameraFacts:
    """Return `count` cameras: those of `facts` with `rows` as wanted; columns that stay the same are not copied."""
    grown = count > len(facts)
    columns: dict[str, NDArray[Any]] = {}
    for name in ("x", "y", *FACTS):
        old = getattr(facts, name)
        if not grown and all(_same(old[row], found[name]) for row, found in zip(rows.tolist(), wanted, strict=True)):
            columns[name] = old
            continue
        column = np.concatenate([old, np.zeros(count - len(facts), old.dtype)]) if grown else old.copy()
        for row, found in zip(rows.tolist(), wanted, strict=True):
            column[row] = found[name]
        columns[name] = column
    ids = facts.id
    if grown:
        more = np.array([f"\x00{row}" for row in range(len(facts), count)], dtype=object)
        ids = np.concatenate([ids, more])
    return CameraFacts(id=ids, **columns)


def _same(left: Any, right: Any) -> bool:
    return bool(left == right or (left != left and right != right))


@dataclass(frozen=True)
class Views:
    """What one camera of the plan sees; None where nothing."""

    camera: str
    certain: Any
    possible: Any


@dataclass(frozen=True)
class Outcome:
    """What a plan does.

    Attributes
    ----------
    cells
        Rows (k,) of the cells that a changed view touches, now or before, or whose areas differ.
    before, after
        float64 (k, 3): certain, possible and blind m2 of these cells.
    totals_before, totals_after
        float64 (3,): of all cells.
    blind, gained, lost
        Object (k,): the blind polygons afterwards within `box`; what of the blind is seen now; what of the seen is
        blind now. None where there is nothing.
    box
        What the changed views span (minx, miny, maxx, maxy), None where nothing is seen before and after.
    views_before, views_after
        Of every camera of the plan, those of the cameras asked for beside.
    """

    cells: Rows
    before: Floats
    after: Floats
    totals_before: Floats
    totals_after: Floats
    blind: Objects
    gained: Objects
    lost: Objects
    box: tuple[float, float, float, float] | None
    views_before: tuple[Views, ...]
    views_after: tuple[Views, ...]


def outcome(trial: Trial, beside: Iterable[str] = ()) -> Outcome:
    """Measure what the plan of `trial` does; `beside` are cameras whose views are wanted although nothing changed."""
    names = list(dict.fromkeys([*trial.plan, *(name for name in beside if name in trial.rows)]))
    before = _views(trial.base, {name: trial.rows[name] for name in names if name in trial.rows})
    after = _views(trial.city, {name: trial.rows.get(name, trial.slots.get(name, -1)) for name in names})
    changed = [view for view in (*before, *after) if view.camera in trial.plan]
    seen = np.array([part for view in changed for part in (view.certain, view.possible) if part is not None], object)
    box = None
    if len(seen):
        x0, y0, x1, y1 = shapely.total_bounds(seen).tolist()
        box = (x0 - MARGIN_M, y0 - MARGIN_M, x1 + MARGIN_M, y1 + MARGIN_M)
    was, now = _areas(trial.base), _areas(trial.city)
    cells = _concerned(trial, np.abs(now[trial.touched] - was[trial.touched]).max(axis=1) > SAME_M2, seen)
    blind, gained, lost = (np.full(len(cells), None, dtype=object) for _ in range(3))
    for i, cell in enumerate(cells.tolist()):
        left, right = (_clipped(city.coverage.blind[cell], box) for city in (trial.base, trial.city))
        blind[i] = right
        gained[i] = left if right is None or left is None else _less(left, right)
        lost[i] = right if right is None or left is None else _less(right, left)
    return Outcome(
        cells, was[cells], now[cells], was.sum(axis=0), now.sum(axis=0), blind, gained, lost, box, before, after
    )


def _areas(city: City) -> Floats:
    return np.column_stack([getattr(city.coverage, name) for name in AREAS])


def _views(city: City, rows: Mapping[str, int]) -> tuple[Views, ...]:
    there = {name: row for name, row in rows.items() if row >= 0}
    certain, possible = city.views.by_camera(np.array(list(there.values()), dtype=np.int64))
    return tuple(Views(name, certain[i], possible[i]) for i, name in enumerate(there))


def _concerned(trial: Trial, differs: NDArray[np.bool_], seen: Objects) -> Rows:
    """Of the cells that any step touched, those that this plan concerns: their areas differ or a view lies in them."""
    cells = trial.touched
    if not len(cells):
        return cells
    lies = np.zeros(len(cells), dtype=bool)
    if len(seen):
        tree = shapely.STRtree(seen)
        lies[np.unique(tree.query(trial.base.cells.polygons[cells], predicate="intersects")[0])] = True
    found: Rows = cells[differs | lies]
    return found


def _clipped(polygon: Any, box: tuple[float, float, float, float] | None) -> Any:
    if polygon is None or polygon.is_empty or box is None:
        return None
    try:
        part = shapely.clip_by_rect(polygon, *box)
        sound = part.is_valid
    except shapely.errors.GEOSException:
        sound = False
    if not sound:  # the plain clip is fast, but may leave a ring that touches itself, or fail where one degenerates
        part = shapely.intersection(polygon, shapely.box(*box), grid_size=GRID_M)
    part = polygons_of(part)
    return None if part.is_empty else part


def _less(left: Any, right: Any) -> Any:
    part = polygons_of(shapely.difference(left, right, grid_size=GRID_M))
    return None if part.is_empty else part
