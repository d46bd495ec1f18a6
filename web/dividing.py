"""Divisions drafted behind the pages, by `web.runner`, and what readers are told of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from geo.columns import Snapshot
from geo.errors import N_
from layers.balance import symbols
from layers.base import Params, features, number_or_none
from layers.divided import NEEDS, Ask, Divided, area_of, divided, kept_division
from web.balance import KEYS, amount, left_out
from web.jsonio import collection
from web.params import Query, number, short_text
from web.run_answers import fault_answer, progress_answer
from web.runner import Runner, Told, Wish
from web.service import origin, revisions

Json = dict[str, Any]
STEPS = {
    "": N_("Waiting"),
    "blocks": N_("Finding blocks between streets and banks"),
    "amounts": N_("Counting what lies in each block"),
    "regions": N_("Joining blocks into grids"),
    "join": N_("Drawing the grids"),
}
MOST_GRIDS, LEAST_M2, MOST_M2 = 20_000, 100.0, 1e9


class Divisions:
    """The divisions that one process drafts; `log` is told what went wrong inside."""

    def __init__(self, log: Callable[[str], None]) -> None:
        self.runner: Runner[Divided] = Runner("divide", log)

    def ask(self, snapshot: Snapshot, ask: Ask, params: Params, wait_s: float = 0.0) -> Told[Divided]:
        """Return the division, or how far it is after at most `wait_s`; begun when nobody asked before."""
        area_of(snapshot, ask)  # what cannot be drafted is refused at once
        return self.runner.ask(_wish(snapshot, ask, params), wait_s)

    def start(self, snapshot: Snapshot, ask: Ask, params: Params, wait_s: float = 0.0) -> Told[Divided]:
        """Begin, also what was cancelled or has failed."""
        area_of(snapshot, ask)
        return self.runner.start(_wish(snapshot, ask, params), wait_s)

    def cancel(self, snapshot: Snapshot, ask: Ask, params: Params) -> Told[Divided]:
        """Stop drafting it."""
        return self.runner.cancel(_wish(snapshot, ask, params))

    def close(self) -> None:
        """Stop at once."""
        self.runner.close()


def _wish(snapshot: Snapshot, ask: Ask, params: Params) -> Wish[Divided]:
    return Wish(
        (snapshot.scope, ask, params.choice, params.balance),
        revisions(snapshot, NEEDS),
        lambda progress, stop: divided(snapshot, ask, params, progress, stop),
        lambda: kept_division(snapshot, ask, params),
    )


def ask_of(query: Query, params: Params) -> Ask:
    """Return which division a request asks for: ``level``, ``parent``, ``count`` or ``target_m2``."""
    count = int(number(query, "count", 0, 0, MOST_GRIDS, whole=True)) or None
    target = number(query, "target_m2", 0.0, 0.0, MOST_M2) or None
    return Ask(
        params.level, short_text(query, "parent"), count, None if count or target is None else max(target, LEAST_M2)
    )


def division_answer(told: Told[Divided], snapshot: Snapshot, params: Params) -> Json:
    """Return the answer of ``/api/divide``: today's grids and the drafted ones side by side, and what changes hands."""
    meta = origin(snapshot, NEEDS, params) | {
        "state": told.state,
        "computing": progress_answer(told, STEPS, params.lang),
        "error": fault_answer(told.error, params.lang),
    }
    found = told.result
    if found is None:
        return {"draft": None, "today": None, "meta": meta}
    text = {name: snapshot["grids"].text(name)[found.today_rows] for name in ("code", "name", "team")}
    old = [{name: values[i] for name, values in text.items()} for i in range(len(found.today_rows))]
    new = [
        {"code": code, "name": state.name, "team": state.team,
         "heir": old[heir]["code"] if heir >= 0 else None}
        for (code, state), heir in zip(found.states, found.heir.tolist(), strict=True)
    ]  # fmt: skip
    return {
        "level": found.level,
        "parent": found.parent,
        "today": _side(found.today, old, found.today_amounts, params),
        "draft": _side(found.new, new, found.amounts, params),
        "incidents": found.incidents,
        "moved": found.moved,
        "moved_team": found.moved_team,
        "left_out": left_out(found.left_out, params.lang),
        "bounds": {"low": params.balance.low, "high": params.balance.high},
        "meta": meta,
    }


def division_body(told: Told[Divided], snapshot: Snapshot, params: Params) -> bytes:
    """Return the drafted grids as GeoJSON in WGS 84, with their figures as `division_answer` has them."""
    found = told.result
    answer = division_answer(told, snapshot, params)
    if found is None:
        return collection(features(snapshot.crs, np.zeros(0, dtype=object), {}), answer)
    rows = answer["draft"]["grids"]
    columns = {name: np.array([row[name] for row in rows], dtype=object) for name in ("code", "name", "team", "heir")}
    frame = features(
        snapshot.crs,
        found.polygons,
        {**columns, "load": number_or_none(found.new.load), "symbol": symbols(found.new.load, params.balance)},
    )
    return collection(frame, answer)


def _side(side: Any, rows: list[Json], amounts: Any, params: Params) -> Json:
    bounds = params.balance
    listed = []
    for i, row in enumerate(rows):
        load = float(side.load[i])
        known = np.isfinite(load)
        beyond = ("below" if load < bounds.low else "above" if load > bounds.high else None) if known else None
        figures = {KEYS[name]: amount(name, values[i]) for name, values in amounts.items()}
        listed.append({**figures, **row, "load": load if known else None, "beyond": beyond})
    least, mean, most = side.area_m2
    return {
        "count": side.count,
        "area_m2": {"least": round(least, 2), "mean": round(mean, 2), "most": round(most, 2)},
        "inequality": vars(side.uneven),
        "outside": {"below": side.below, "above": side.above},
        "grids": listed,
    }
