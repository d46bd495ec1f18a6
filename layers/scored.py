"""The score of a surface that the map shows: made from the earlier part of the window, judged on its last period."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.columns import Snapshot
from geo.density import density
from geo.extent import core_box
from geo.periods import Holdout, Window, holdout
from geo.score import FEWEST, SHARES, Cells, Score, cell_size_m, hit_curve, score
from geo.score_surface import cells_in, cells_of, heat_values
from layers.base import Params, chosen_level, levels_of, rows_of_level
from layers.compared import in_window, known_record
from layers.joins import assigned
from layers.memo import Memo

Surface = Literal["heat", "grids"]
State = Literal["ok", "no_dates", "not_covered", "too_short", "too_few", "no_population"]
SURFACES: tuple[Surface, ...] = ("heat", "grids")
POINTS = 101  # of a curve that is sent: every hundredth of the area

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_memo = Memo(16)


@dataclass(frozen=True)
class Judgement:
    """What a surface scored, or why it has no score.

    Attributes
    ----------
    state
        "ok", else the reason; the other fields are filled as far as they are known.
    level
        Level of the grids whose density is judged.
    parts
        The windows.
    cells
        Where incidents were counted; `bounded` tells whether they fill the grids of the city or only the box of the
        incidents.
    build, later, outside
        Incidents the surface was made from, of the later period in cells, of the later period in no cell.
    surface, baseline
        Scores at `geo.score.SHARES`: of the surface, of the counts of the last period.
    curves
        Hit rate at `POINTS` equal steps of the area: surface, baseline, best.
    """

    state: State
    level: str | None = None
    parts: Holdout | None = None
    cells: Cells | None = None
    bounded: bool = True
    build: int = 0
    later: int = 0
    outside: int = 0
    surface: Score | None = None
    baseline: Score | None = None
    curves: tuple[Floats, Floats, Floats] | None = None


def cells(snapshot: Snapshot) -> tuple[Cells, bool] | None:
    """Return the cells of the city: inside the grids of the coarsest level, else in the box of nearly all incidents."""
    grids, incidents = snapshot["grids"], snapshot["incidents"]
    levels = levels_of(grids)

    def make() -> tuple[Cells, bool] | None:
        if levels and grids.geometry is not None:
            rows = rows_of_level(grids, levels[0])
            shapes = grids.geometry[rows]
            if float(shapely.area(shapes).sum()) > 0:
                return cells_of(shapes, grids.text("code")[rows]), True
        box = core_box(incidents)
        if box is None:
            return None
        area = max(box[2] - box[0], 1.0) * max(box[3] - box[1], 1.0)
        return cells_in(box, cell_size_m(area, box)), False

    return _memo.get((grids,) if levels else (grids, incidents), "cells", make)


def judge(snapshot: Snapshot, params: Params, surface: Surface) -> Judgement:
    """Make the surface from the earlier part of the chosen window and judge it on the last period of it.

    The window is cut to what the data cover. The surface is that of the map: the heat with its radius, or the density
    of the grids of the level in the chosen measure.
    """
    span = known_record(snapshot)
    if span is None:
        return Judgement("no_dates")
    start = span.start if params.start is None else params.start
    end = span.end if params.end is None else params.end
    known = Window(start, end).within(span) if start < end else None
    if known is None:
        return Judgement("not_covered")
    parts = holdout(known, snapshot.timezone)
    if parts is None:
        return Judgement("too_short")
    level = chosen_level(snapshot["grids"], params.level)
    lattice = cells(snapshot)
    incidents = snapshot["incidents"]
    if lattice is None or incidents.x is None or incidents.y is None:
        return Judgement("no_dates", level, parts)
    where, bounded = lattice
    x, y = incidents.x, incidents.y
    build, last, test = (in_window(snapshot, params, part) for part in (parts.build, parts.last, parts.test))
    hits = where.count(x[test], y[test])
    facts = {
        "level": level,
        "parts": parts,
        "cells": where,
        "bounded": bounded,
        "build": int(build.sum()),
        "later": int(hits.sum()),
        "outside": int(test.sum() - hits.sum()),
    }
    if hits.sum() < FEWEST or build.sum() < FEWEST:
        return replace(Judgement("too_few"), **facts)
    if surface == "heat":
        value = shown_heat(snapshot, params, parts.build, where)
    else:
        value = grid_values(snapshot, params, level, build, where)
        if np.isnan(value).all():
            return replace(Judgement("no_population"), **facts)
    naive = where.count(x[last], y[last]).astype(np.float64)
    at = np.linspace(0, len(where), POINTS)
    whole = np.arange(len(where) + 1)
    curves = tuple(np.interp(at, whole, hit_curve(one, hits)) / hits.sum() for one in (value, naive, hits))
    return replace(
        Judgement("ok"), **facts, surface=score(value, hits, SHARES), baseline=score(naive, hits, SHARES), curves=curves
    )


def shown_heat(snapshot: Snapshot, params: Params, window: Window, where: Cells) -> Floats:
    """Return for each cell the mean of the heat map of a window: kernel, weight and edge correction as on the map."""
    from layers.heat_field import heat_field  # brings in the compiler

    field = heat_field(snapshot, replace(params, start=window.start, end=window.end))
    return heat_values(field.sampled, where, params.radius_m)


def grid_values(snapshot: Snapshot, params: Params, level: str | None, chosen: Bools, where: Cells) -> Floats:
    """Return for each cell the shown density of the grid that holds its centre, NaN in no grid."""
    joined = assigned(snapshot, level)
    grids = snapshot["grids"]
    population = grids.number("population")[joined.rows]
    found = density(joined.index, joined.area_m2, population, chosen)
    shown = {"count": found.counts.astype(np.float64), "per_km2": found.per_km2, "per_10k": found.per_10k}
    values = np.append(shown[params.metric], np.nan)
    return values[_grid_of_cell(snapshot, level, where)]


def _grid_of_cell(snapshot: Snapshot, level: str | None, where: Cells) -> NDArray[np.int64]:
    grids = snapshot["grids"]

    def make() -> NDArray[np.int64]:
        rows = assigned(snapshot, level).rows
        if len(rows) == 0 or grids.geometry is None:
            return np.full(len(where), -1, np.int64)
        from geo.assign import assign

        x, y = where.centres()
        return assign(x, y, grids.geometry[rows], grids.text("code")[rows])

    return _memo.get((grids,), ("cell grids", level, where.cell_m, where.box), make)
