"""All that is known of one grid, as JSON-ready values: incidents, trend, cameras, coverage, doubts, neighbours."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.columns import Codes, Snapshot
from geo.crs import lonlat
from geo.errors import N_
from geo.hierarchy import Hierarchy
from geo.local_time import NO_DAY
from geo.profile import breakdown, rate_ratio
from geo.rhythm import Span, by_month, dense_span
from layers.assignment import AssignmentLayer, decided_rows
from layers.base import Params
from layers.by_grid import beside, bucketed, counted, position
from layers.joins import local_times, selected
from layers.memo import Memo
from web import service
from web.cache import Caching
from web.coverage_service import areas_of
from web.jsonio import DECIMALS
from web.params import Query, fault, short_text
from web.rhythm import months_json
from web.run_answers import fault_answer, progress_answer
from web.runs import STEPS, Shown

Json = dict[str, Any]
NEEDS = ("grids", "incidents", "cameras")
MOST_CAMERAS = 50
_memo = Memo(2)


def grid_asked(query: Query) -> str:
    """Return the code of the grid a request asks about.

    Raises
    ------
    ParameterError
        It names none.
    """
    code = short_text(query, "code")
    if code is None:
        raise fault(
            "code", "", N_("Which grid is asked for is not said."), N_("Give the code of a grid, such as code=G1.")
        )
    return code


def profile_answer(cache: Caching, snapshot: Snapshot, params: Params, code: str, coverage: Shown) -> Json:
    """Return the profile of a grid of a level.

    Raises
    ------
    geo.errors.UnknownGridError
        No grid of the level has the code.
    """
    data = service.level_data(snapshot, params.level)
    place = position(snapshot, data.level, code)
    chosen = selected(snapshot, params)
    counts = counted(snapshot, data.level, params)
    rows = bucketed(snapshot, data.level).of(place)
    mine = rows[chosen[rows]]
    categories = snapshot["incidents"].columns["category"]
    assert isinstance(categories, Codes)
    return {
        **facts(snapshot, service.hierarchy(cache, snapshot), data, place),
        **figures(snapshot, data, place, counts, int(chosen.sum())),
        "trend": trend(snapshot, params, rows),
        "categories": [asdict(share) for share in breakdown(categories, mine, chosen)],
        "cameras": cameras(snapshot, service.cameras_index(cache, snapshot, data), place),
        "coverage": coverage_json(coverage, code, params.lang),
        "findings": findings(snapshot, params, data.level, place, chosen, mine),
        "neighbours": neighbours(snapshot, data, place, counts),
    }


def facts(snapshot: Snapshot, tree: Hierarchy, data: service.LevelData, place: int) -> Json:
    """Return name, place in the hierarchy, team, people and box of a grid."""
    grids, row = snapshot["grids"], int(data.rows[place])
    text = {name: grids.text(name) for name in ("name", "team", "parent", "code", "level")}
    above = int(tree.parent_index[row])
    people = float(grids.number("population")[row])
    parent = None
    if above >= 0:
        parent = {"code": text["code"][above], "name": text["name"][above], "level": text["level"][above]}
    elif text["parent"][row]:
        parent = {"code": text["parent"][row], "name": None, "level": None}
    return {
        "level": data.level,
        "code": data.codes[place],
        "name": text["name"][row],
        "team": text["team"][row],
        "parent": parent,
        "children": len(tree.children(row)),
        "population": None if np.isnan(people) else int(people),
        "area_km2": float(data.placed.area_m2[place]) / 1e6,
        "bounds": _bounds(snapshot, row),
    }


def _bounds(snapshot: Snapshot, row: int) -> list[float] | None:
    shapes = snapshot["grids"].geometry
    if shapes is None or snapshot.crs is None or shapes[row] is None or shapes[row].is_empty:
        return None
    x0, y0, x1, y1 = shapes[row].bounds
    lon, lat = lonlat(np.array([x0, x1, x1, x0]), np.array([y0, y0, y1, y1]), snapshot.crs)
    return [round(float(value), DECIMALS) for value in (lon.min(), lat.min(), lon.max(), lat.max())]


def figures(snapshot: Snapshot, data: service.LevelData, place: int, counts: NDArray[np.int64], total: int) -> Json:
    """Return the count of a grid, its rates and rank, and how it stands against the average of the level."""
    area = data.placed.area_m2
    people = snapshot["grids"].number("population")[data.rows]
    known = people > 0
    count, inside = int(counts[place]), int(counts.sum())
    lived = bool(known[place])
    ratios = {
        "area": rate_ratio(count, float(area[place]), inside, float(area.sum())),
        "population": rate_ratio(count, float(people[place]), int(counts[known].sum()), float(people[known].sum()))
        if lived
        else None,
    }
    return {
        "incidents": count,
        "total": total,
        "outside": total - inside,
        "share": count / total if total else None,
        "rank": int((counts > count).sum()) + 1,
        "grids": len(counts),
        "per_km2": count / (float(area[place]) / 1e6) if area[place] > 0 else None,
        "per_10k": count * 1e4 / float(people[place]) if lived else None,
        "against": {name: None if found is None else asdict(found) for name, found in ratios.items()},
    }


def trend(snapshot: Snapshot, params: Params, rows: NDArray[np.int64]) -> Json:
    """Return the months of the grid over the record; the other filters hold, the window does not.

    A long thin tail of the record is left out (`geo.rhythm.dense_span`); `beyond`: what of the grid lies in it.
    """
    local = local_times(snapshot)
    mine = rows[selected(snapshot, replace(params, start=None, end=None))[rows]]
    span = _dense(snapshot)
    day = local.day[mine]
    inside = np.ones(len(mine), np.bool_) if span is None else (day == NO_DAY) | (day >= span.first) & (day < span.end)
    return {
        **months_json(by_month(local, mine[inside], span, params.weekdays)),
        "beyond": int(len(mine) - inside.sum()),
    }


def _dense(snapshot: Snapshot) -> Span | None:
    key = ("dense span", snapshot.timezone)
    return _memo.get((snapshot["incidents"],), key, lambda: dense_span(local_times(snapshot).day))


def cameras(snapshot: Snapshot, index: NDArray[np.int64], place: int) -> Json:
    """Return how many cameras stand in a grid and the first of them."""
    layer = snapshot["cameras"]
    rows = np.flatnonzero(index == place)
    text = {name: layer.text(name)[rows[:MOST_CAMERAS]] for name in ("id", "name", "kind")}
    online = np.asarray(layer.columns["online"])[rows]
    listed = [
        {**{name: values[i] for name, values in text.items()}, "online": None if online[i] < 0 else bool(online[i])}
        for i in range(len(rows[:MOST_CAMERAS]))
    ]
    return {"count": len(rows), "online": int((online == 1).sum()), "listed": listed}


def coverage_json(found: Shown, code: str, lang: str) -> Json:
    """Return what cameras see of a grid by the last complete computation, and how fresh that is.

    `state` is "ready", "computing", "cancelled", "failed" or "none"; `areas` None: not worked out for it.
    """
    answer: Json = {
        "state": found.state,
        "stale": found.stale,
        "computing": progress_answer(found, STEPS, lang),
        "error": fault_answer(found.error, lang),
        "areas": None,
    }
    complete = found.complete
    if complete is None:
        return answer
    answer |= {"computed_revision": complete.revision, "edition": complete.rules.edition, "task": complete.rules.task}
    places = np.flatnonzero(complete.codes == code)
    if len(places):
        answer["areas"] = {name: round(float(values[places[0]]), 3) for name, values in areas_of(complete).items()}
    return answer


def findings(
    snapshot: Snapshot,
    params: Params,
    level: str | None,
    place: int,
    chosen: NDArray[np.bool_],
    mine: NDArray[np.int64],
) -> Json:
    """Return how many of the selected incidents leave a doubt whether they belong to the grid."""
    check = AssignmentLayer().result(snapshot, level, params.near_m)
    if check is None:
        return {"near_m": params.near_m, "differs": 0, "recorded_here": 0, "near_border": 0, "incidents": 0}
    left = ~decided_rows(snapshot, level)
    mine = mine[left[mine]]
    differs, near = mine[check.differs[mine]], mine[check.near[mine]]
    recorded = np.flatnonzero((check.recorded == place) & check.differs & chosen & left & (check.located != place))
    return {
        "near_m": params.near_m,
        "differs": len(differs),
        "recorded_here": len(recorded),
        "near_border": len(near),
        "incidents": len(np.union1d(np.union1d(differs, near), recorded)),
    }


def neighbours(snapshot: Snapshot, data: service.LevelData, place: int, counts: NDArray[np.int64]) -> list[Json]:
    """Return the grids beside one, those with most incidents first."""
    names = snapshot["grids"].text("name")
    area = data.placed.area_m2
    found = sorted(beside(snapshot, data.level, place).tolist(), key=lambda i: (-int(counts[i]), str(data.codes[i])))
    return [
        {
            "code": data.codes[i],
            "name": names[data.rows[i]],
            "incidents": int(counts[i]),
            "per_km2": int(counts[i]) / (float(area[i]) / 1e6) if area[i] > 0 else None,
        }
        for i in found
    ]
