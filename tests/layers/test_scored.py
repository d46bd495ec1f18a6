"""The score on the page is that of the surface on the page, made only from what came before."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely

from geo.heat import surface
from geo.heat_boundary import Boundary
from geo.score import SHARES, score
from layers.base import Params
from layers.density import DensityLayer
from layers.joins import assigned, selected
from layers.scored import cells, judge, shown_heat
from tests.layers.factory import X0, Y0, snapshot, town

TOWN = town(6_000, seed=2)


@pytest.mark.parametrize("kernel", ["quartic", "gaussian"])
def test_the_heat_is_judged_as_it_is_shown(kernel: str) -> None:
    params = Params(radius_m=60.0, kernel=kernel, categories=("noise",))
    found = judge(TOWN, params, "heat")
    assert found.state == "ok" and found.parts is not None and found.cells is not None and found.surface is not None
    incidents = TOWN["incidents"]
    parts = found.parts
    build = selected(TOWN, replace(params, start=parts.build.start, end=parts.build.end))
    test = selected(TOWN, replace(params, start=parts.test.start, end=parts.test.end))
    assert found.build == int(build.sum())
    box = (X0, Y0, X0 + 400, Y0 + 400)
    assert (found.cells.cell_m, found.cells.box, len(found.cells)) == (50.0, box, 64)
    city = Boundary(shapely.box(*box))
    at_x, at_y = np.meshgrid(X0 + np.arange(2.5, 400, 5), Y0 + 400 - np.arange(2.5, 400, 5))
    heat = {"radius_m": 60.0, "kernel": kernel, "boundary": city, "exact": True}
    fine = surface(incidents.x[build], incidents.y[build], at_x, at_y, **heat)
    value = fine.reshape(8, 10, 8, 10).mean(axis=(1, 3)).ravel()
    shown = shown_heat(TOWN, params, parts.build, found.cells)
    assert np.abs(shown - value).max() <= 0.03 * value.max()
    hits = found.cells.count(incidents.x[test], incidents.y[test])
    np.testing.assert_allclose(found.surface.pai, score(shown, hits, SHARES).pai)
    assert found.later + found.outside == int(test.sum())


@pytest.mark.parametrize("metric", ["count", "per_km2", "per_10k"])
def test_the_density_is_judged_as_it_is_shown(metric: str) -> None:
    params = Params(level="grid", metric=metric)  # type: ignore[arg-type]
    found = judge(TOWN, params, "grids")
    assert found.state == "ok" and found.parts is not None and found.cells is not None and found.surface is not None
    early = replace(params, start=found.parts.build.start, end=found.parts.build.end)
    shown = DensityLayer().frame(TOWN, early).features
    column = {"count": "incidents"}.get(metric, metric)
    values = np.array([np.nan if one is None else one for one in shown[column]], float)
    x, y = found.cells.centres()
    grid = np.array(
        [int(np.flatnonzero(shapely.intersects_xy(shown.geometry.array, a, b))[0]) for a, b in zip(x, y, strict=True)]
    )
    incidents = TOWN["incidents"]
    test = selected(TOWN, replace(params, start=found.parts.test.start, end=found.parts.test.end))
    want = score(values[grid], found.cells.count(incidents.x[test], incidents.y[test]))
    np.testing.assert_allclose(found.surface.pai, want.pai)


def test_a_hot_spot_that_stays_is_found_and_one_that_moves_is_not() -> None:
    incidents = TOWN["incidents"]
    late = incidents.columns["occurred_at"] >= np.datetime64("2026-10-31T16:00")  # midnight in Shanghai
    for stays in (True, False):
        there = np.where(late & (not stays), X0 + 375.0, X0 + 25.0)
        moved = replace(incidents, x=there, y=np.full(len(there), Y0 + 25.0))
        made = replace(TOWN, layers={**TOWN.layers, "incidents": moved})
        found = judge(made, Params(radius_m=30.0), "heat")
        assert found.surface is not None
        assert found.surface.hit_rate[0] == (1.0 if stays else 0.0)
        assert found.surface.pei[0] == (1.0 if stays else 0.0)


def test_curves_end_at_all_and_the_best_leads() -> None:
    found = judge(TOWN, Params(), "heat")
    assert found.curves is not None
    for curve in found.curves:
        assert curve[0] == 0 and curve[-1] == pytest.approx(1.0)
    assert (found.curves[2] >= found.curves[0] - 1e-9).all() and (found.curves[2] >= found.curves[1] - 1e-9).all()


@pytest.mark.parametrize(
    ("params", "state"),
    [
        (Params(start=np.datetime64("2030-01-01")), "not_covered"),
        (Params(start=np.datetime64("2026-01-01"), end=np.datetime64("2026-01-03")), "too_short"),
        (Params(categories=("none",)), "too_few"),
        (Params(start=np.datetime64("2025-06-01"), end=np.datetime64("2025-06-06"), hours=(3,)), "too_few"),
    ],
)
def test_too_little_is_said(params: Params, state: str) -> None:
    found = judge(TOWN, params, "heat")
    assert (found.state, found.surface, found.curves) == (state, None, None)


def test_no_times_no_grids_no_people() -> None:
    assert judge(snapshot(), Params(), "heat").state == "no_dates"
    no_grids = snapshot({"incidents": TOWN["incidents"]})
    bare = judge(no_grids, Params(), "heat")
    assert (bare.state, bare.bounded) == ("ok", False)
    grids = TOWN["grids"]
    columns = {**grids.columns, "population": np.full(len(grids), np.nan)}
    without = replace(TOWN, layers={**TOWN.layers, "grids": replace(grids, columns=columns)})
    assert judge(without, Params(level="grid", metric="per_10k"), "grids").state == "no_population"
    assert len(assigned(without, "grid").rows) == 16
    assert cells(TOWN) is cells(TOWN)
