"""Answers of /api/score: how well the shown surface would have told where the last period's incidents were."""

from __future__ import annotations

from typing import Any

from geo.columns import Snapshot
from geo.periods import Window
from geo.score import FEWEST, SHARES, Score
from layers.base import Params
from layers.scored import POINTS, Judgement, Surface, judge
from web.jsonio import iso

Json = dict[str, Any]


def score_answer(snapshot: Snapshot, params: Params, surface: Surface) -> Json:
    """Return the score of the heat or the density of grids beside the baseline, with all windows."""
    found = judge(snapshot, params, surface)
    parts, cells = found.parts, found.cells
    return {
        "surface": surface,
        "state": found.state,
        "level": found.level if surface == "grids" else None,
        "metric": params.metric if surface == "grids" else None,
        "radius_m": params.radius_m if surface == "heat" else None,
        "kernel": params.kernel if surface == "heat" else None,
        "weight": params.weight if surface == "heat" else None,
        "fewest": FEWEST,
        "build": None if parts is None else {**_window(parts.build), "incidents": found.build},
        "last": None if parts is None else _window(parts.last),
        "test": None if parts is None else {**_window(parts.test), "incidents": found.later, "outside": found.outside},
        "cells": None
        if cells is None
        else {
            "side_m": cells.cell_m,
            "count": len(cells),
            "area_km2": cells.area_km2,
            "within": "grids" if found.bounded else "box",
        },
        "at": _at(found),
        "curve": _curve(found),
    }


def _window(window: Window) -> Json:
    return {"from": iso(window.start), "to": iso(window.end), "days": window.days}


def _row(found: Score, place: int) -> Json:
    names = ("hits", "hit_rate", "low", "high", "pai", "pei")
    return {name: float(getattr(found, name)[place]) for name in names}


def _at(found: Judgement) -> list[Json]:
    if found.surface is None or found.baseline is None:
        return []
    return [
        {
            "share": share,
            "cells": int(found.surface.cells[place]),
            "area_share": float(found.surface.area_share[place]),
            **_row(found.surface, place),
            "baseline": _row(found.baseline, place),
        }
        for place, share in enumerate(SHARES)
    ]


def _curve(found: Judgement) -> Json | None:
    if found.curves is None:
        return None
    area = [place / (POINTS - 1) for place in range(POINTS)]
    return {"area": area, **dict(zip(("surface", "baseline", "best"), map(_rounded, found.curves), strict=True))}


def _rounded(values: Any) -> list[float]:
    return [round(float(value), 5) for value in values]
