"""Answers of /api/compare: what changed between two windows, by grid, category, level or grid and category."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.columns import Codes, Snapshot
from geo.compare import ALPHA, DOWN, KINDS, UP, Change
from layers.base import Params, chosen_level, levels_of
from layers.by_grid import position
from layers.compared import Compared, Side, compared, known_record, pairs_of
from layers.joins import Assigned, assigned
from web.jsonio import iso

Json = dict[str, Any]
BY = ("grids", "categories", "level", "pairs")
Strings = NDArray[Any]


def compare_answer(snapshot: Snapshot, params: Params, by: str, code: str | None, limit: int) -> Json:
    """Return the comparison that `params` ask for.

    Parameters
    ----------
    by
        One of `BY`: a row for each grid of the level, each category, each level, or each grid and category.
    code
        Of the one grid whose categories are compared; None: of all incidents.
    limit
        Most rows of grid and category, the least likely by chance first; the other tables are whole.
    """
    level = chosen_level(snapshot["grids"], params.level)
    place = None if code is None else position(snapshot, level, code)
    found = compared(snapshot, params, level)
    answer: Json = {
        "against": params.against,
        "by": by,
        "level": level,
        "code": code,
        "state": found.state,
        "alpha": ALPHA,
    }
    answer |= windows_json(snapshot, found)
    answer |= {"tests": 0, "total": None, "outside": None, "count": 0, "rows": []}
    if found.now is None or found.before is None:
        return answer
    whole = found.change(np.array([found.now.total]), np.array([found.before.total]))
    answer["total"] = {**_figures(whole)[0], "q": None}
    answer["outside"] = {"now": found.now.outside, "before": found.before.outside}
    if by == "level":
        return answer | _levels(snapshot, params)
    rows, tests, count = {
        "grids": lambda: _grids(snapshot, found, level),
        "categories": lambda: _categories(snapshot, found, place),
        "pairs": lambda: _pairs(snapshot, found, level, limit),
    }[by]()
    return answer | {"tests": tests, "count": count, "rows": rows}


def windows_json(snapshot: Snapshot, found: Compared) -> Json:
    """Return both windows and the record, null where no incident has a time."""
    record = known_record(snapshot)
    if found.windows is None or record is None:
        return {"record": None, "now": None, "before": None, "assumed": True}
    return {
        "record": {"from": iso(record.start), "to": iso(record.end)},
        "now": _side(found.windows.now),
        "before": _side(found.windows.before),
        "assumed": found.windows.assumed,
    }


def _side(side: Side) -> Json:
    return {
        "from": iso(side.window.start),
        "to": iso(side.window.end),
        "days": side.window.days,
        "covered_from": None if side.covered is None else iso(side.covered.start),
        "covered_to": None if side.covered is None else iso(side.covered.end),
        "covered_days": 0.0 if side.covered is None else side.covered.days,
        "counted_days": side.exposure_s / 86_400,
        "partial": side.partial,
    }


def _figures(found: Change) -> list[Json]:
    columns = zip(
        *(part.tolist() for part in (found.now, found.before, found.expected, found.difference)),
        *(part.tolist() for part in (found.percent, found.p, found.q, found.kind)),
        strict=True,
    )
    return [
        {
            "now": now,
            "before": before,
            "expected": expected,
            "difference": difference,
            "percent": percent,
            "p": p,
            "q": q,
            "kind": KINDS[kind],
        }
        for now, before, expected, difference, percent, p, q, kind in columns
    ]


def _grids(snapshot: Snapshot, found: Compared, level: str | None) -> tuple[list[Json], int, int]:
    change = found.grids()
    assert change is not None
    grids, joined = snapshot["grids"], assigned(snapshot, level)
    names = zip(grids.text("code")[joined.rows], grids.text("name")[joined.rows], strict=True)
    rates = _rates(snapshot, joined, change)
    rows = [
        {"code": code, "name": name, **figures, **rate}
        for (code, name), figures, rate in zip(names, _figures(change), rates, strict=True)
    ]
    return rows, change.tests, len(rows)


def _rates(snapshot: Snapshot, joined: Assigned, change: Change) -> list[Json]:
    """Return incidents per km2 and per 10,000 people of both windows, NaN where area or population is not known."""
    area = joined.area_m2 / 1e6
    people = snapshot["grids"].number("population")[joined.rows] / 1e4
    columns = {}
    for side, counts in (("now", change.now), ("before", change.before)):
        for unit, base in (("per_km2", area), ("per_10k", people)):
            columns[f"{side}_{unit}"] = np.divide(counts, base, out=np.full(len(base), np.nan), where=base > 0).tolist()
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _category_names(snapshot: Snapshot) -> list[str | None]:
    category = snapshot["incidents"].columns["category"]
    assert isinstance(category, Codes)
    return [*category.values, None]


def _categories(snapshot: Snapshot, found: Compared, place: int | None) -> tuple[list[Json], int, int]:
    assert found.now is not None and found.before is not None
    change = found.change(found.now.by_category(place), found.before.by_category(place))
    some = [
        {"category": name, **figures}
        for name, figures in zip(_category_names(snapshot), _figures(change), strict=True)
        if figures["now"] or figures["before"]
    ]
    return some, change.tests, len(some)


def _pairs(snapshot: Snapshot, found: Compared, level: str | None, limit: int) -> tuple[list[Json], int, int]:
    """Rows of grid and category, the least likely by chance first."""
    assert found.now is not None and found.before is not None
    keys, now, before = pairs_of(found.now, found.before)
    change = found.change(now, before)
    order = _first(change, keys, limit)
    shown = found.change(now[order], before[order])
    figures = _figures(shown)
    p, q, kind = change.p[order].tolist(), change.q[order].tolist(), change.kind[order].tolist()
    grids, rows_of = snapshot["grids"], assigned(snapshot, level).rows
    names = _category_names(snapshot)
    at, what = np.divmod(keys[order], found.now.categories)
    code, name = grids.text("code")[rows_of[at]], grids.text("name")[rows_of[at]]
    rows = [
        {"code": code[i], "name": name[i], "category": names[what[i]], **figures[i],
         "p": p[i], "q": q[i], "kind": KINDS[kind[i]]}
        for i in range(len(order))
    ]  # fmt: skip
    return rows, change.tests, len(keys)


def _first(change: Change, keys: NDArray[np.int64], limit: int) -> NDArray[np.int64]:
    """Return the positions of the `limit` least likely changes, of equally likely ones the larger first."""
    likely = np.arange(len(keys))
    if 0 < limit < len(keys):
        likely = np.flatnonzero(change.p <= np.partition(change.p, limit - 1)[limit - 1])
    order = np.lexsort((keys[likely], -np.abs(change.difference[likely]), change.p[likely]))
    return likely[order][:limit]


def _levels(snapshot: Snapshot, params: Params) -> Json:
    """Return a row for each level: what lies in its grids, and how many of them changed beyond chance."""
    rows = []
    for level in levels_of(snapshot["grids"]):
        found = compared(snapshot, params, level)
        change = found.grids()
        assert change is not None
        inside = found.change(np.array([change.now.sum()]), np.array([change.before.sum()]))
        rows.append(
            {
                "level": level,
                "grids": len(change.now),
                **_figures(inside)[0],
                "grids_up": int((change.kind == UP).sum()),
                "grids_down": int((change.kind == DOWN).sum()),
                "tests": change.tests,
            }
        )
    return {"tests": len(rows), "count": len(rows), "rows": rows}
