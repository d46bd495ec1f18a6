"""Nodes of the division move in every grid that has them: valid grids, the same ground, nothing twice, or a refusal."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.draft_borders import noded
from geo.errors import ReshapeError, UnknownLevelError
from geo.grid_changes import GridChange, GridState, applied, inverse
from geo.reshape import reshape
from tests.geo.bricks import assert_sound, bricks

TOWNS = [bricks(4, 3, 0.5, seed) for seed in range(4)] + [bricks(4, 3, 0.0, 9)]


def inner_nodes(states: dict[Any, GridState]) -> np.ndarray:
    """Return the nodes of the grids that are not on the outer border."""
    town = states["town", "T"].geometry
    shapes = np.array([state.geometry for key, state in states.items() if key[0] == "grid"], dtype=object)
    nodes = np.unique(shapely.get_coordinates(shapes), axis=0)
    return nodes[shapely.distance(shapely.points(nodes), town.boundary) > 1.0]


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(TOWNS),
    st.lists(st.tuples(st.integers(0, 10**6), st.floats(-80, 80), st.floats(-80, 80)), min_size=1, max_size=3),
)
def test_a_move_conserves_the_ground_or_is_refused(town: Any, wishes: list[Any]) -> None:
    nodes = inner_nodes(town)
    chosen = {pick % len(nodes): (dx, dy) for pick, dx, dy in wishes}
    start = nodes[list(chosen)]
    end = start + np.array(list(chosen.values()))
    try:
        changes = reshape(town, "grid", start, end)
    except ReshapeError as error:
        assert error.text()
        return
    after = assert_sound(town, changes)
    assert applied(after, inverse(changes)) == town


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(TOWNS), st.integers(0, 10**6), st.floats(-9, 9), st.floats(-9, 9))
def test_a_short_move_of_an_inner_node_is_never_refused(town: Any, pick: int, dx: float, dy: float) -> None:
    nodes = inner_nodes(town)
    node = nodes[pick % len(nodes)]
    changes = reshape(town, "grid", [node], [node + np.array([dx, dy])])
    assert_sound(town, changes)
    holders = {key for key, state in town.items() if state.geometry.distance(shapely.Point(node)) < 1e-9}
    if max(abs(dx), abs(dy)) > 0.1:  # all that touch the node change, at every level, and no other
        assert {one.key for one in changes} == {key for key in holders if key[0] != "town"}


def test_a_new_node_is_put_on_a_border_where_one_is_dragged() -> None:
    town = bricks(2, 1)
    x = town["grid", "0101"].geometry.bounds[2]
    changes = reshape(town, "grid", [[x, 50.0]], [[x + 30.0, 50.0]])
    assert {one.code for one in changes} == {"0101", "0102"}
    after = assert_sound(town, changes)
    assert after["grid", "0101"].geometry.area == pytest.approx(town["grid", "0101"].geometry.area + 1_500.0)
    assert len(shapely.get_coordinates(after["grid", "0101"].geometry)) == 6


def test_a_border_stays_where_another_one_meets_it() -> None:
    """West of two grids that share a border: its east side moves only as far as that border."""
    west, north, south = shapely.box(0, 0, 10, 20), shapely.box(10, 10, 20, 20), shapely.box(10, 0, 20, 10)
    states = {("g", name): GridState(shapely.MultiPolygon([shape])) for name, shape in
              (("w", west), ("n", north), ("s", south))}  # fmt: skip
    changes = reshape(states, "g", [[10, 20]], [[12, 20]])
    assert {one.code for one in changes} == {"w", "n"}
    after = applied(states, changes)
    assert [after["g", code].geometry.area for code in "wns"] == [210.0, 90.0, 100.0]
    assert after["g", "w"].geometry.equals(shapely.Polygon([(0, 0), (10, 0), (10, 10), (12, 20), (0, 20)]))


def test_parents_stay_where_they_are_not_asked_to_follow() -> None:
    town = TOWNS[1]
    border = next(node for node in inner_nodes(town) if abs(node[1] - 100) < 20)
    followed = reshape(town, "grid", [border], [border + 5])
    assert {one.level for one in followed} == {"grid", "row"}
    alone = reshape(town, "grid", [border], [border + 5], family=False)
    assert {one.level for one in alone} == {"grid"}


@pytest.mark.parametrize(
    ("start", "end", "what"),
    [
        ([[0.0, 50.0]], [[-20.0, 50.0]], "outer border"),
        ([[0.0, 0.0]], [[20.0, 20.0]], "outer border"),
        ([[50.0, 50.0]], [[60.0, 50.0]], "no border"),
        ([[75.0, 100.0]], [[900.0, 100.0]], "cross or touch|overlap|outer"),
        ([[75.0, 100.0]], [[np.nan, 100.0]], "cannot be read"),
        ([], [], "cannot be read"),
        ([[0, 0], [1, 1]], [[0, 0]], "cannot be read"),
    ],
)
def test_what_would_break_the_division_is_refused(start: Any, end: Any, what: str) -> None:
    town = bricks(4, 3, 0.5, 0)
    if len(start) == 1 and start[0] == [75.0, 100.0]:
        start = [inner_nodes(town)[0].tolist()]
    with pytest.raises(ReshapeError, match=what):
        reshape(town, "grid", start, end)
    with pytest.raises(UnknownLevelError):
        reshape(town, "nix", [[0, 0]], [[1, 1]])


def test_the_outer_border_moves_where_it_is_meant() -> None:
    town = bricks(2, 1)
    changes = reshape(town, "grid", [[0.0, 50.0]], [[-20.0, 50.0]], outer=True)
    assert {one.key for one in changes} == {("grid", "0101"), ("row", "01"), ("town", "T")}
    grown = [one.after.geometry.area - one.before.geometry.area for one in changes if one.after and one.before]
    assert grown == pytest.approx([1_000.0] * 3)
    apart = {**town, ("grid", "far"): GridState(shapely.MultiPolygon([shapely.box(-60, 0, -10, 100)]))}
    with pytest.raises(ReshapeError, match="overlap"):
        reshape(apart, "grid", [[0.0, 50.0]], [[-20.0, 50.0]], outer=True)


def test_a_hole_and_a_grid_in_it_move_together() -> None:
    inner = shapely.box(4, 4, 6, 6)
    states = {
        ("g", "ring"): GridState(shapely.MultiPolygon([shapely.box(0, 0, 10, 10).difference(inner)])),
        ("g", "core"): GridState(shapely.MultiPolygon([inner])),
    }
    after = assert_sound(states, reshape(states, "g", [[6, 6]], [[8, 9]]))
    assert after["g", "core"].geometry.area == pytest.approx(9.0)


def test_borders_share_their_nodes() -> None:
    for town in TOWNS:
        keys = [key for key in town if key[0] == "grid"]
        shapes = np.array([town[key].geometry for key in keys], dtype=object)
        nodes, rings = noded(shapes)
        for shape, own in zip(shapes, rings, strict=True):
            drawn = shapely.Polygon(nodes[own[0]])
            assert drawn.symmetric_difference(shape).area < 1e-6
        # With the nodes of T-junctions in both, every border is shared edge by edge: what shapely calls a coverage.
        assert shapely.coverage_is_valid(np.array([shapely.Polygon(nodes[own[0]]) for own in rings], dtype=object))


def test_changes_name_what_was() -> None:
    town = TOWNS[2]
    node = inner_nodes(town)[0]
    for one in reshape(town, "grid", [node], [node + 3]):
        assert isinstance(one, GridChange) and one.before is town[one.key]
        assert one.after is not None and one.after.population == town[one.key].population
