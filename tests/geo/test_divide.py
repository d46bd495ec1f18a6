"""Divisions: contiguous, inside the parent, all of it, no building cut, amounts conserved; even where blocks allow."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo.balance import inequality, workload
from geo.divide import DivideOptions, Lines, divide
from geo.divide_ground import Ground, amounts_on
from geo.draft_blocks import CUT_M2, shared_borders
from geo.errors import ParameterError
from geo.parallel import Cancelled
from tests.geo.test_draft import E0, N0, town

NONE = np.empty(0, dtype=object)


def case(seed: int):
    """A town whose extent has corners off the lattice of a millimetre, with a river, incidents and people."""
    streets, houses, extent = town(seed)
    rng = np.random.default_rng(seed + 1000)
    extent = shapely.affinity.rotate(extent, float(rng.uniform(-3, 3)), origin=(E0, N0))
    river = shapely.LineString(np.add(rng.uniform(0, 700, (3, 2)), (E0, N0))).buffer(9)
    crowd = np.array([E0 + 120, N0 + 500]) + rng.normal(0, 60, (300, 2))
    spread = np.add(rng.uniform(0, 700, (200, 2)), (E0, N0))
    x, y = np.concatenate((crowd, spread)).T
    inside = shapely.intersects_xy(extent, x, y)
    west = shapely.box(E0 - 900, N0 - 900, E0 + 350, N0 + 1600)
    homes = np.array([extent.intersection(west), extent.difference(west)], dtype=object)
    ground = Ground({"incidents": (x[inside], y[inside])}, streets, (homes, np.full(len(homes), 600.0)))
    return extent, Lines(streets, NONE, np.array([river], dtype=object), houses), ground


@given(st.integers(0, 10_000), st.integers(1, 14))
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_every_division_is(seed: int, count: int) -> None:
    extent, lines, ground = case(seed)
    found = divide(extent, lines, ground, DivideOptions(count=count, weights={"incidents": 2, "area": 1}))
    assert shapely.is_valid(found.polygons).all()
    assert shapely.area(found.polygons).sum() == pytest.approx(extent.area, rel=1e-8)
    assert shapely.symmetric_difference(shapely.union_all(found.polygons), extent).area < 0.05
    # Contiguous by shared borders, not by corners: the blocks of each form one part.
    pairs, _ = shared_borders(found.blocks)
    for one in range(len(found.polygons)):
        members = set(np.flatnonzero(found.group == one).tolist())
        seen, stack = {min(members)}, [min(members)]
        while stack:
            here = stack.pop()
            for pair in pairs[(pairs == here).any(axis=1)].tolist():
                other = pair[0] if pair[1] == here else pair[1]
                if other in members and other not in seen:
                    seen.add(other)
                    stack.append(other)
        assert seen == members
    for house in lines.buildings:
        parts = [part for part in shapely.get_parts(shapely.intersection(house, extent)) if part.area > 0]
        for part in parts:
            inside = shapely.area(shapely.intersection(part, found.polygons))
            assert inside.sum() - inside.max() <= CUT_M2 + 0.02
    assert found.amounts["incidents"].sum() == len(ground.points["incidents"][0])
    assert found.amounts["population"].sum() == pytest.approx(1200, rel=1e-5)  # blocks lie on a lattice of a millimetre
    assert found.amounts["area"].sum() == pytest.approx(extent.area, rel=1e-8)
    together = amounts_on(np.array([extent], dtype=object), ground)
    assert found.amounts["streets"].sum() == pytest.approx(together["streets"][0], rel=1e-6, abs=0.1)


def test_work_is_shared_out_more_evenly_than_ground() -> None:
    extent, lines, ground = case(3)
    lines = Lines(lines.streets, NONE, NONE, NONE)
    spread = {}
    for name in ("incidents", "area"):
        found = divide(extent, lines, ground, DivideOptions(count=8, weights={name: 1}))
        assert len(found.polygons) == 8
        spread[name] = inequality(workload(found.amounts, {"incidents": 1}).load).gini
    assert spread["incidents"] < 0.5 * spread["area"]


def test_size_comes_from_the_wished_area() -> None:
    extent, lines, ground = case(5)
    found = divide(extent, lines, ground, DivideOptions(target_m2=40_000))
    assert abs(shapely.area(found.polygons).mean() - 40_000) < 8_000


@pytest.mark.parametrize(
    "corners",
    [
        [(300.12345678, 0), (307.7654321, 333.3333333), (301.5555555, 700)],
        [(300.123, 0), (307.765, 333.333), (301.556, 700)],  # on the lattice; what crosses the edge bends it
    ],
)
def test_grids_meet_those_across_the_edge_without_a_sliver(corners: list[tuple[float, float]]) -> None:
    """Two parents share an edge: what is drafted in one leaves no gap or overlap to the other."""
    bend = [(E0 + x, N0 + y) for x, y in corners]
    west = shapely.Polygon([(E0, N0), *bend, (E0, N0 + 700)])
    east = shapely.Polygon([(E0 + 700, N0 + 700), (E0 + 700, N0), *bend])
    streets, houses, _ = town(8)
    found = divide(west, Lines(streets, NONE, NONE, houses), Ground(), DivideOptions(count=6))
    over = shapely.area(shapely.intersection(found.polygons, east)).sum()
    gap = shapely.difference(shapely.union_all([west, east]), shapely.union_all([*found.polygons, east])).area
    assert over < 1e-6 and gap < 1e-6


def test_what_is_not_known_everywhere_does_not_count() -> None:
    extent, lines, ground = case(2)
    homes, people = ground.people
    some = Ground(ground.points, None, (homes, np.where(np.arange(len(people)) == 0, np.nan, people)))
    found = divide(extent, lines, some, DivideOptions(count=4, weights={"population": 1, "streets": 1, "area": 1}))
    assert found.left_out == {"population": "missing", "streets": "missing"}
    assert np.isnan(found.amounts["population"]).any() and "streets" not in found.amounts


def test_refusals() -> None:
    extent, lines, ground = case(1)
    with pytest.raises(ParameterError, match="how many"):
        divide(extent, lines, ground, DivideOptions())
    with pytest.raises(ParameterError, match="at once"):
        divide(extent, lines, ground, DivideOptions(target_m2=0.01))
    with pytest.raises(ParameterError, match="no area"):
        divide(shapely.Polygon(), lines, ground, DivideOptions(count=2))
    with pytest.raises(Cancelled):
        divide(extent, lines, ground, DivideOptions(count=2), cancelled=lambda: True)
