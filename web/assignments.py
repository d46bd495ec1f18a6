"""The queue of incidents whose grid is doubtful, what was decided about them, and the flows between grids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.columns import Snapshot
from geo.crs import lonlat
from layers.assignment import AssignmentLayer, decided_rows
from layers.base import Params
from layers.joins import assigned, grid_tree, selected
from store.decisions import Decision, Decisions
from web.jsonio import DECIMALS
from web.service import iso, level_data

Json = dict[str, Any]
DOUBTS = ("outside", "differs", "near_border")
STATES = ("open", "decided", "all")
SORTS = ("doubt", "distance_m", "occurred_at", "recorded", "located", "category", "id")
MOST_BESIDE = 6
MOST_FLOWS = 100_000


@dataclass(frozen=True)
class Queue:
    """Which part of the queue is asked for.

    Attributes
    ----------
    state
        "open": not decided yet; "decided"; or "all".
    why
        One of `DOUBTS`, "" for all.
    sort, down
        One of `SORTS`; "doubt" is the gravest first: in no grid, recorded elsewhere, near a border.
    offset, limit
        Rows passed over and listed.
    """

    state: str = "open"
    why: str = ""
    sort: str = "doubt"
    down: bool = False
    offset: int = 0
    limit: int = 200


def assignment_answer(snapshot: Snapshot, params: Params, queue: Queue, store: Decisions | None = None) -> Json:
    """Return incidents in no grid, recorded in another grid, or near a border, with what was decided about them.

    `store` gives reason, author and time of decisions; without it they are left out.
    """
    data = level_data(snapshot, params.level)
    incidents = snapshot["incidents"]
    mask = selected(snapshot, params)
    answer: Json = {
        "level": data.level,
        "near_m": params.near_m,
        "total": int(mask.sum()),
        **dict.fromkeys(DOUBTS, 0),
        "decided": 0,
        "listed": 0,
        "offset": queue.offset,
        "grids_revision": snapshot["grids"].revision,
        "rows": [],
    }
    check = AssignmentLayer().result(snapshot, data.level, params.near_m)
    if check is None or incidents.x is None or incidents.y is None:
        return answer
    done = decided_rows(snapshot, data.level) & mask
    kinds = {"outside": check.outside & mask, "differs": check.differs & mask, "near_border": check.near & mask}
    answer |= {name: int((found & ~done).sum()) for name, found in kinds.items()} | {"decided": int(done.sum())}
    rank = np.select([kinds[name] for name in DOUBTS], [0, 1, 2], 3)
    wanted = {"open": (rank < 3) & ~done, "decided": done, "all": (rank < 3) | done}[queue.state]
    if queue.why:
        wanted &= kinds[queue.why]
    rows = np.flatnonzero(wanted)
    answer["listed"] = len(rows)
    located = np.append(data.codes, None)[check.located]
    order = _order(snapshot, queue, rows, rank, check.distance_m, located)
    rows = rows[order][queue.offset : queue.offset + queue.limit]
    if len(rows) == 0:
        return answer
    lon, lat = lonlat(incidents.x[rows], incidents.y[rows], str(snapshot.crs))
    text = {name: incidents.text(name)[rows] for name in ("id", "category", "grid_code", "status")}
    times = np.asarray(incidents.columns["occurred_at"])[rows]
    decisions = _decisions(snapshot, data.level, rows, store)
    beside = _beside(snapshot, data.level, data.rows, incidents.x[rows], incidents.y[rows], params.near_m)
    answer["rows"] = [
        {
            "id": text["id"][i],
            "category": text["category"][i],
            "occurred_at": iso(times[i]),
            "status": text["status"][i],
            "recorded": text["grid_code"][i],
            "located": located[row],
            "distance_m": _metres(check.distance_m[row]),
            "why": [name for name in ("differs", "outside", "near_border") if kinds[name][row]],
            "beside": [data.codes[place] for place in beside[i]],
            "decision": decisions.get(int(row)),
            "lon": round(float(lon[i]), DECIMALS),
            "lat": round(float(lat[i]), DECIMALS),
        }
        for i, row in enumerate(rows)
    ]
    return answer


def _order(
    snapshot: Snapshot, queue: Queue, rows: NDArray[np.int64], rank: NDArray[np.int64], distance_m: Any, located: Any
) -> NDArray[np.int64]:
    """The order of `rows`; what is missing comes last, equal ones in the order of the store."""
    incidents = snapshot["incidents"]
    if queue.sort == "doubt":
        key: NDArray[Any] = rank[rows] * (-1 if queue.down else 1)
        return np.argsort(key, kind="stable")
    if queue.sort == "distance_m":
        key = np.asarray(distance_m[rows], np.float64)
        missing = ~np.isfinite(key)
    elif queue.sort == "occurred_at":
        times = np.asarray(incidents.columns["occurred_at"])[rows]
        missing, key = np.isnat(times), times.astype(np.int64)
    else:
        name = {"recorded": "grid_code"}.get(queue.sort, queue.sort)
        texts = located[rows] if queue.sort == "located" else incidents.text(name)[rows]
        missing = np.array([text is None for text in texts], dtype=bool)
        _, key = np.unique(np.where(missing, "", texts).astype(str), return_inverse=True)
    key = np.where(missing, 0, key)
    return np.lexsort((-key if queue.down else key, missing))


def _decisions(
    snapshot: Snapshot, level: str | None, rows: NDArray[np.int64], store: Decisions | None
) -> Mapping[int, Json]:
    """What was decided at `level` about the incidents of `rows`, by row."""
    decided = snapshot["incidents"].decided
    if decided is None:
        return {}
    at = decided.rows_in(snapshot["incidents"].fid)
    mine = np.flatnonzero((decided.level == level) & np.isin(at, rows))
    told = {} if store is None else store.decisions_of(decided.number[mine].tolist())
    found = {}
    for i in mine.tolist():
        number = int(decided.number[i])
        found[int(at[i])] = {
            "id": number,
            "grid": decided.code[i],
            "elsewhere": bool(decided.elsewhere[i]),
            **decision_words(told.get(number)),
        }
    return found


def decision_words(one: Decision | None) -> Json:
    """Return reason, author and time of a decision, and which revision was decided on."""
    if one is None:
        return {"reason": None, "by": None, "at": None, "seen": None}
    return {"reason": one.reason, "by": one.by, "at": one.at, "seen": one.seen}


def _beside(
    snapshot: Snapshot, level: str | None, grids: NDArray[np.int64], x: Any, y: Any, near_m: float
) -> list[list[int]]:
    """Which grids (positions in the level) come into question for each place: within `near_m`, else the nearest."""
    tree = grid_tree(snapshot, level)
    if tree is None:
        return [[] for _ in x]
    at = shapely.points(x, y)
    shapes = snapshot["grids"].geometry[grids]  # type: ignore[index]
    which, place = tree.query(at, predicate="dwithin", distance=max(near_m, 1.0))
    found: list[list[tuple[float, int]]] = [[] for _ in x]
    far = np.setdiff1d(np.arange(len(at)), which)
    more = tree.query_nearest(at[far]) if len(far) else np.zeros((2, 0), np.int64)
    pairs = ((which, place), (far[more[0]], more[1]))
    for points, places in pairs:
        gap = shapely.distance(at[points], shapes[places])
        for i, j, metres in zip(points.tolist(), places.tolist(), gap.tolist(), strict=True):
            found[i].append((metres, j))
    return [[place for _, place in sorted(near)[:MOST_BESIDE]] for near in found]


def flows_answer(snapshot: Snapshot, params: Params, limit: int) -> Json:
    """Return from which grid to which the incidents moved: recorded in one, counted in another."""
    from geo.flows import flows

    data = level_data(snapshot, params.level)
    mask = selected(snapshot, params)
    answer: Json = {"level": data.level, "total": int(mask.sum()), "stayed": 0, "moved": 0, "unrecorded": 0,
                    "pairs": 0, "flows": []}  # fmt: skip
    check = AssignmentLayer().result(snapshot, data.level, params.near_m)
    if check is None:
        return answer
    counted = np.where(check.on_recorded_edge, check.recorded, assigned(snapshot, data.level).index)
    done = decided_rows(snapshot, data.level)
    counted = np.where(done, assigned(snapshot, data.level).index, counted)
    found = flows(check.recorded[mask], counted[mask], len(data.rows))
    grids = snapshot["grids"]
    names = np.append(grids.text("name")[data.rows], None)
    codes = np.append(data.codes, None)
    at = shapely.point_on_surface(grids.geometry[data.rows])  # type: ignore[index]
    lon, lat = lonlat(shapely.get_x(at), shapely.get_y(at), str(snapshot.crs))
    middle = [[round(float(a), DECIMALS), round(float(b), DECIMALS)] for a, b in zip(lon, lat, strict=True)]
    answer |= {"stayed": found.stayed, "unrecorded": found.other, "moved": int(found.incidents.sum()),
               "pairs": len(found)}  # fmt: skip
    pairs = zip(found.recorded.tolist(), found.located.tolist(), found.incidents.tolist(), strict=True)
    answer["flows"] = [
        {
            "recorded": codes[a], "recorded_name": names[a], "located": codes[b], "located_name": names[b],
            "incidents": count, "from": middle[a], "to": middle[b] if b >= 0 else None,
        }
        for (a, b, count), _ in zip(pairs, range(limit), strict=False)
    ]  # fmt: skip
    return answer


def _metres(value: float) -> float | None:
    return round(float(value), 2) if np.isfinite(value) else None
