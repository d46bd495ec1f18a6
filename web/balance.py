"""The balance of the division as JSON-ready values: loads of grids and teams, how unequal they are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.balance import MEASURES, histogram, inequality, lorenz, outside
from geo.columns import Snapshot
from geo.errors import N_
from layers.balanced import NEEDS, Balanced, balanced
from layers.base import Params, chosen_level, hierarchy_of, rows_of_level
from web.i18n import translate
from web.service import origin

Json = dict[str, Any]
Floats = NDArray[np.float64]

MOST = 100_000
BEYOND = {-1: "below", 0: None, 1: "above"}
# Keys of the amounts in an answer, with their unit.
KEYS = {
    "incidents": "incidents",
    "area": "area_m2",
    "population": "population",
    "streets": "streets_m",
    "places": "places",
    "cameras": "cameras",
}
NAMES = {
    "incidents": N_("Incidents"),
    "area": N_("Area"),
    "population": N_("Population"),
    "streets": N_("Streets"),
    "places": N_("Key places"),
    "cameras": N_("Cameras"),
}
WHY = {"missing": N_("not recorded"), "nothing": N_("zero everywhere")}
_WHOLE = frozenset({"incidents", "population", "places", "cameras"})
_CURVE = 101


def balance_answer(snapshot: Snapshot, params: Params, limit: int = MOST) -> Json:
    """Return the answer of ``/api/balance``: grids and teams from the most loaded, and their inequality.

    With `params.parent` only its grids are listed and described; their loads stay those among all of the level.
    """
    grids = snapshot["grids"]
    level = chosen_level(grids, params.level)
    found = balanced(snapshot, level, params)
    keep = np.flatnonzero(np.isin(found.rows, rows_of_level(grids, level, params.parent)))
    order = keep[np.argsort(-np.nan_to_num(found.load[keep], nan=-1.0), kind="stable")]
    text = {name: grids.text(name) for name in ("code", "name", "team", "parent")}
    listed = []
    for at in order[:limit].tolist():
        row = int(found.rows[at])
        listed.append({name: values[row] for name, values in text.items()} | _figures(found, at))
    load = found.load[keep]
    whole = params.parent is None
    return {
        "level": level,
        "grids": listed,
        "total": len(keep),
        "parents": _parents(snapshot, found),
        "teams": _teams(found, params) if whole else [],
        "teamless": int((found.team[keep] < 0).sum()),
        "weights": dict(found.work.weights),
        "left_out": left_out(found.work.left_out, params.lang),
        "bounds": {"low": params.balance.low, "high": params.balance.high},
        "outside": {"below": int((found.beyond[keep] < 0).sum()), "above": int((found.beyond[keep] > 0).sum())},
        "inequality": {
            "grids": vars(inequality(load)),
            "teams": vars(inequality(found.team_load())) if whole and found.teams else None,
            **{name: vars(inequality(found.amounts[name][keep])) for name in MEASURES},
        },
        "lorenz": lorenz(load, _CURVE),
        "histogram": histogram(load),
        "meta": origin(snapshot, NEEDS, params),
    }


def left_out(measures: Any, lang: str | None) -> list[Json]:
    """Return the measures that were weighed and cannot count, with why, in words."""
    return [
        {"measure": name, "name": translate(NAMES[name], lang), "why": why, "reason": translate(WHY[why], lang)}
        for name, why in measures.items()
    ]


def _figures(found: Balanced, at: int) -> Json:
    return {
        "load": _known(found.load[at]),
        "share": _known(found.work.share[at]),
        "beyond": BEYOND[int(found.beyond[at])],
        **{KEYS[name]: amount(name, values[at]) for name, values in found.amounts.items()},
    }


def _parents(snapshot: Snapshot, found: Balanced) -> list[Json]:
    """The parents of the level's grids, each with how many it has."""
    grids = snapshot["grids"]
    if not len(found.rows):
        return []
    above = hierarchy_of(grids).parent_index[found.rows]
    rows, counts = np.unique(above[above >= 0], return_counts=True)
    code, name = grids.text("code"), grids.text("name")
    listed = [
        {"code": code[row], "name": name[row], "grids": count}
        for row, count in zip(rows.tolist(), counts.tolist(), strict=True)
    ]
    return sorted(listed, key=lambda one: str(one["code"]))


def _teams(found: Balanced, params: Params) -> list[Json]:
    load = found.team_load()
    beyond = outside(load, params.balance.low, params.balance.high)
    sums = {name: found.of_teams(name) for name in MEASURES}
    counts = np.bincount(found.team[found.team >= 0], minlength=len(found.teams))
    return [
        {
            "team": found.teams[at],
            "grids": int(counts[at]),
            "load": _known(load[at]),
            "beyond": BEYOND[int(beyond[at])],
            **{KEYS[name]: amount(name, values[at]) for name, values in sums.items()},
        }
        for at in np.argsort(-np.nan_to_num(load, nan=-1.0), kind="stable").tolist()
    ]


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def amount(name: str, value: float) -> float | int | None:
    """Return an amount of a measure as answers give it; None: not recorded."""
    if not np.isfinite(value):
        return None
    return round(float(value)) if name in _WHOLE else round(float(value), 2)
