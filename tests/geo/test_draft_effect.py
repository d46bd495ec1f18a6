"""What changes hands, against a count of every point by itself and areas by hand."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.columns import Codes, LayerColumns, freeze
from geo.draft_effect import flows
from geo.errors import ReshapeError
from geo.grid_changes import GridChange, applied, folded
from geo.merge import merge, to_team
from geo.reshape import reshape
from geo.split import split
from geo.standing import grids_after, states_of
from tests.geo.bricks import LEVELS, bricks

TOWN = bricks(4, 3, 0.5, 2)
RNG = np.random.default_rng(5)
# Also on corners and borders, where the rule for ties decides.
CORNERS = np.unique(shapely.get_coordinates([state.geometry for state in TOWN.values()]), axis=0)
SPOTS = np.concatenate([RNG.uniform([0, 0], [400, 300], (400, 2)), CORNERS, np.array([[-50.0, -50.0]])])
STREETS = np.array([shapely.LineString(RNG.uniform([0, 0], [400, 300], (2, 2))) for _ in range(12)], dtype=object)
NONE = np.zeros(0, dtype=object)


def holder(states: Any, x: float, y: float) -> Any:
    """Return the grid of a point by itself: of all that touch it the lowest code."""
    point = shapely.Point(x, y)
    touching = [key for key, state in states.items() if key[0] == "grid" and state.geometry.intersects(point)]
    return min(touching, default=None, key=lambda key: key[1])


def hands(states: Any, key: Any) -> Any:
    return None if key is None else (key, states[key].team, states[key].parent)


def drafts() -> list[list[GridChange]]:
    """Return changes of every kind."""
    made = [
        split(TOWN, LEVELS, "grid", "0202", [(150, 90), (140, 220)]),
        merge(TOWN, LEVELS, "grid", ["0101", "0102"], "0102"),
        to_team(TOWN, "grid", ["0303"], "Post"),
    ]
    for node in CORNERS:
        try:
            made.append(reshape(TOWN, "grid", [node], [node + 8]))
        except ReshapeError:
            continue
    return made


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(drafts()))
def test_flows_are_what_a_count_one_by_one_finds(changes: Any) -> None:
    after = applied(TOWN, changes)
    found = flows(TOWN, after, folded(changes), "grid", {"incidents": (SPOTS[:, 0], SPOTS[:, 1])}, STREETS)
    wanted: Counter[Any] = Counter()
    for x, y in SPOTS.tolist():
        source, target = holder(TOWN, x, y), holder(after, x, y)
        if hands(TOWN, source) != hands(after, target):
            wanted[source, target] += 1
    assert {(one.source, one.target): one.points["incidents"] for one in found if one.points["incidents"]} == wanted
    for one in found:
        assert one.source is not None and one.target is not None
        ground = TOWN[one.source].geometry.intersection(after[one.target].geometry)
        assert one.area_m2 == pytest.approx(ground.area if one.area_m2 else 0.0)
        if one.area_m2:
            assert one.streets_m == pytest.approx(sum(line.intersection(ground).length for line in STREETS))
        whole = one.area_m2 > 0.999 * TOWN[one.source].geometry.area
        assert one.population == (TOWN[one.source].population if whole else None)


def test_ground_that_leaves_the_division_goes_to_no_grid() -> None:
    changes = reshape(TOWN, "grid", [[0.0, 50.0]], [[20.0, 50.0]], outer=True)
    (one,) = flows(TOWN, applied(TOWN, changes), changes, "grid", {}, NONE)
    assert (one.source, one.target, one.population) == (("grid", "0101"), None, None)
    assert one.area_m2 == pytest.approx(sum(c.before.geometry.area - c.after.geometry.area  # type: ignore[union-attr]
                                            for c in changes if c.level == "grid"))  # fmt: skip
    assert flows(TOWN, TOWN, [], "grid", {}, NONE) == []


def layer(states: Any) -> LayerColumns:
    """Return a layer of grids."""

    def texts(values: list[Any]) -> Any:
        return freeze(np.array(values, dtype=object))

    rows = list(states.items())
    shapes = np.empty(len(rows), dtype=object)
    shapes[:] = [state.geometry for _, state in rows]
    people = [np.nan if state.population is None else state.population for _, state in rows]
    names = sorted({key[0] for key in states})
    columns = {
        "code": texts([key[1] for key, _ in rows]), "name": texts([state.name for _, state in rows]),
        "level": Codes(tuple(names), np.array([names.index(key[0]) for key, _ in rows], dtype=np.int32)),
        "parent": texts([state.parent for _, state in rows]), "team": texts([state.team for _, state in rows]),
        "population": freeze(np.array(people, dtype=np.float64)),
    }  # fmt: skip
    return LayerColumns("grids", 1, np.arange(1, len(rows) + 1), columns, freeze(shapes))


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from(drafts()), min_size=1, max_size=3))
def test_a_layer_after_changes_is_the_division_after_them(steps: Any) -> None:
    states, done = TOWN, []
    for changes in steps:
        try:
            states = applied(states, changes)
        except KeyError:  # two steps on one grid
            continue
        done += changes
    grids = layer(TOWN)
    after = grids_after(grids, done)
    assert states_of(grids) == TOWN and states_of(after) == states
    stayed = set(TOWN) & set(states)
    place = dict(zip(TOWN, grids.fid.tolist(), strict=True))
    now = dict(zip(zip(after.text("level"), after.text("code"), strict=True), after.fid.tolist(), strict=True))
    assert all(now[key] == place[key] for key in stayed) and len(set(after.fid.tolist())) == len(after)
    assert (np.diff(after.fid) > 0).all()
    assert grids_after(grids, []) is grids
    assert replace(after, revision=1).columns["level"].values == grids.columns["level"].values  # type: ignore[union-attr]
