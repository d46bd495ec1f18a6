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

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.cameras import CameraFacts
from geo.city import City, with_cameras
from geo.parallel import never
from geo.plans import Change, Plan
from geo.view import GRID_M, polygons_of

Rows = NDArray[np.int64]
Objects = NDArray[Any]
Floats = NDArray[np.float64]

FACTS = tuple(each.name for each in fields(CameraFacts) if each.name not in ("id", "x", "y"))
TEXTS = ("kind", "masks")  # of these, what is not known is None
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


def advance(trial: Trial, plan: Plan, cancelled: Callable[[], bool] = never) -> Trial:
    """Return the trial of another plan, worked out from this one.

    Parameters
    ----------
    plan
        Folded (see `geo.plans.fold`) against `trial.rows`.
    cancelled
        Whether the caller no longer wants it.

    Raises
    ------
    Cancelled
        `cancelled()` said so.
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
    city, cells = with_cameras(trial.city, facts, rows, cancelled=cancelled)
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
        found = {**dict.fromkeys(FACTS, np.nan), **dict.fromkeys(TEXTS), "online": -1}
    was_off = row is not None and found["online"] == 0
    if planned.x is not None:
        found["x"], found["y"] = planned.x, planned.y
    for each, value in planned.values.items():
        if each == "online":
            found[each] = -1 if value is None else int(value)
        elif each in FACTS:
            found[each] = np.nan if value is None and each not in TEXTS else value
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
        Object (k,): the blind polygons afterwards, within the box of the changed views of the cell; what of the blind
        is seen now; what of the seen is blind now. None where there is nothing.
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
    views_before: tuple[Views, ...]
    views_after: tuple[Views, ...]


def outcome(trial: Trial, beside: Iterable[str] = ()) -> Outcome:
    """Measure what the plan of `trial` does; `beside` are cameras whose views are wanted although nothing changed."""
    names = list(dict.fromkeys([*trial.plan, *(name for name in beside if name in trial.rows)]))
    before = _views(trial.base, {name: trial.rows[name] for name in names if name in trial.rows})
    after = _views(trial.city, {name: trial.rows.get(name, trial.slots.get(name, -1)) for name in names})
    changed = [view for view in (*before, *after) if view.camera in trial.plan]
    seen = np.array([part for view in changed for part in (view.certain, view.possible) if part is not None], object)
    was, now = _areas(trial.base), _areas(trial.city)
    boxes = _boxes(trial, seen)
    differs = np.abs(now[trial.touched] - was[trial.touched]).max(axis=1) > SAME_M2
    cells = trial.touched[differs | np.isfinite(boxes[:, 0])]
    boxes = boxes[differs | np.isfinite(boxes[:, 0])]
    blind, gained, lost = (np.full(len(cells), None, dtype=object) for _ in range(3))
    for i, (cell, box) in enumerate(zip(cells.tolist(), boxes.tolist(), strict=True)):
        left, right = trial.base.coverage.blind[cell], trial.city.coverage.blind[cell]
        if left is not right and np.isfinite(box[0]):
            left, right = _clipped(left, box), _clipped(right, box)
            blind[i] = right
            gained[i], lost[i] = _exchanged(left, right)
    return Outcome(cells, was[cells], now[cells], was.sum(axis=0), now.sum(axis=0), blind, gained, lost, before, after)


def _areas(city: City) -> Floats:
    return np.column_stack([getattr(city.coverage, name) for name in AREAS])


def _views(city: City, rows: Mapping[str, int]) -> tuple[Views, ...]:
    there = {name: row for name, row in rows.items() if row >= 0}
    certain, possible = city.views.by_camera(np.array(list(there.values()), dtype=np.int64))
    return tuple(Views(name, certain[i], possible[i]) for i, name in enumerate(there))


def _boxes(trial: Trial, seen: Objects) -> Floats:
    """What the changed views span in each cell that any step touched, (k, 4); NaN where none of them lies in it."""
    cells = trial.touched
    boxes = np.full((len(cells), 4), np.nan)
    if not len(cells) or not len(seen):
        return boxes
    at, view = shapely.STRtree(seen).query(trial.base.cells.polygons[cells], predicate="intersects")
    spans = shapely.bounds(seen[view])
    for column, least in enumerate((True, True, False, False)):
        limits = np.full(len(cells), np.inf if least else -np.inf)
        (np.minimum if least else np.maximum).at(limits, at, spans[:, column] + (-MARGIN_M if least else MARGIN_M))
        boxes[:, column] = np.where(np.isfinite(limits), limits, np.nan)
    return boxes


def _clipped(polygon: Any, box: list[float]) -> Any:
    """The part of a polygon in a box, None where there is nothing."""
    if polygon is None or polygon.is_empty:
        return None
    try:
        part = shapely.clip_by_rect(polygon, *box)
        sound = part.is_valid
    except shapely.errors.GEOSException:
        sound = False
    if not sound:  # the plain clip is fast, but may leave a ring that touches itself, or fail where one degenerates
        part = shapely.intersection(polygon, shapely.box(box[0], box[1], box[2], box[3]), grid_size=GRID_M)
    part = polygons_of(part)
    return None if part.is_empty else part


def _exchanged(left: Any, right: Any) -> tuple[Any, Any]:
    """What of `left` is not in `right`, and the reverse; on the lattice where plain overlays do not add up."""
    if left is None or right is None:
        return left, right
    wanted = left.area - right.area
    for grid in (0.0, GRID_M):
        try:
            gone, come = (
                polygons_of(shapely.difference(*pair, grid_size=grid)) for pair in ((left, right), (right, left))
            )
        except shapely.errors.GEOSException:
            continue
        if abs(gone.area - come.area - wanted) < SAME_M2:
            break
    return (None if gone.is_empty else gone), (None if come.is_empty else come)
