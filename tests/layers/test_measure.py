"""The four areas of a measure are disjoint, and their counts are those of a plain loop."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import shapely

from geo.errors import ParameterError, UnknownGridError
from geo.periods import Window, around
from layers.base import Params
from layers.measure import Measure, outcome
from tests.layers.factory import X0, Y0, snapshot, town

TOWN = town(8_000, seed=4)
WHEN = np.datetime64("2025-12-31T16:00", "ms")  # midnight in Shanghai
BEFORE, AFTER = around(WHEN, 120, 120, TOWN.timezone)
PARAMS = Params(level="grid")


def measure(*codes: str, **changes: Any) -> Measure:
    return replace(Measure(codes, None, (), BEFORE, AFTER, 30.0), **changes)


def counted(areas: Any, window: Window, inside: Any = None) -> list[int]:
    incidents = TOWN["incidents"]
    times = incidents.columns["occurred_at"]
    found = []
    for area in areas:
        hits = shapely.contains_xy(area, incidents.x, incidents.y) & (times >= window.start) & (times < window.end)
        found.append(int((hits if inside is None else hits & inside).sum()))
    return found


@pytest.mark.parametrize("categories", [(), ("noise",)])
def test_counts_are_those_of_a_loop(categories: tuple[str, ...]) -> None:
    found = outcome(TOWN, replace(PARAMS, categories=categories), measure("W00"))
    assert found.state == "ok" and found.areas is not None and found.first is not None and found.last is not None
    chosen = None if not categories else np.isin(TOWN["incidents"].text("category").astype(str), categories)
    assert found.first.tolist() == counted(found.areas, BEFORE, chosen)
    assert found.last.tolist() == counted(found.areas, AFTER, chosen)
    for i in range(4):
        for j in range(i):
            assert shapely.area(shapely.intersection(found.areas[i], found.areas[j])) < 1e-6
    (t0, c0, d0, k0), (t1, c1, d1, k1) = found.first.tolist(), found.last.tolist()
    assert found.total is not None and found.local is not None and found.spill is not None
    assert found.total.estimate == pytest.approx((t1 - t0) - (c1 - c0) + (d1 - d0) - (k1 - k0))
    assert found.local.estimate + found.spill.estimate == pytest.approx(found.total.estimate)


def test_the_control_is_the_grid_most_alike_and_its_ring_does_not_meet_the_treated_one() -> None:
    found = outcome(TOWN, PARAMS, measure("W00"))
    assert found.first is not None and found.areas is not None
    grids = TOWN["grids"]
    rows = np.flatnonzero(grids.text("level") == "grid")
    counts = counted(grids.geometry[rows], BEFORE)
    codes = grids.text("code")[rows]
    far = shapely.distance(grids.geometry[rows], found.areas[0]) > 60
    nearest = min(abs(count - found.first[0]) for count, ok in zip(counts, far, strict=True) if ok)
    (control,) = found.control
    assert abs(counts[codes.tolist().index(control)] - found.first[0]) == nearest


def test_several_grids_and_a_named_control() -> None:
    found = outcome(TOWN, PARAMS, measure("W00", "W10", "W00", control=("E33", "E23")))
    assert found.areas is not None
    assert (shapely.area(found.areas[0]), found.control) == (pytest.approx(20_000), ("E33", "E23"))
    assert shapely.area(found.areas[2]) == pytest.approx(100 * 30 + 200 * 30 + np.pi * 30**2 / 4, rel=0.01)


def test_a_place_is_held_against_a_place_as_large() -> None:
    found = outcome(TOWN, PARAMS, measure(place=(X0 + 60.0, Y0 + 60.0, 40.0)))
    assert found.areas is not None and found.first is not None
    np.testing.assert_allclose(shapely.area(found.areas[:2]), np.pi * 40**2, rtol=0.01)
    assert found.first.tolist() == counted(found.areas, BEFORE)
    assert shapely.distance(found.areas[0], found.areas[1]) > 60


def test_what_meets_or_is_not_there_is_refused() -> None:
    with pytest.raises(ParameterError):
        outcome(TOWN, PARAMS, measure("W00", control=("W01",)))
    with pytest.raises(ParameterError):
        outcome(TOWN, PARAMS, measure("W00", ring_m=300.0))
    with pytest.raises(UnknownGridError):
        outcome(TOWN, PARAMS, measure("none"))


@pytest.mark.parametrize(("when", "state"), [("2024-01-01", "before_not_covered"), ("2026-12-30", "after_not_covered")])
def test_what_the_data_do_not_cover_is_said(when: str, state: str) -> None:
    before, after = around(np.datetime64(when, "ms"), 30, 30, TOWN.timezone)
    found = outcome(TOWN, PARAMS, measure("W00", before=before, after=after))
    assert (found.state, found.first, found.total) == (state, None, None)
    assert outcome(snapshot(), Params(), measure(place=(0.0, 0.0, 10.0))).state == "no_dates"


def test_a_measure_that_works_is_seen_and_so_is_displacement() -> None:
    incidents = TOWN["incidents"]
    times = incidents.columns["occurred_at"]
    assert incidents.x is not None and incidents.y is not None
    inside = (incidents.x < X0 + 100) & (incidents.y < Y0 + 100) & (incidents.x > X0) & (incidents.y > Y0)
    hit = inside & (times >= WHEN) & (np.arange(len(times)) % 5 > 0)  # four of five after it
    totals = []
    for moved in (False, True):
        # They are gone from the town, or 20 m beyond the grid's border.
        x = np.where(hit, X0 + 120.0 if moved else X0 - 5_000.0, incidents.x)
        made = replace(TOWN, layers={**TOWN.layers, "incidents": replace(incidents, x=x)})
        found = outcome(made, PARAMS, measure("W00"))
        assert found.local is not None and found.spill is not None and found.total is not None
        assert found.local.p < 0.001 and found.local.estimate < 0
        assert (found.spill.p < 0.05 and found.spill.estimate > 0) == moved
        totals.append(found.total.estimate)
    assert totals[1] - totals[0] == int((hit & (times < AFTER.end)).sum())  # what moved next door is no gain
