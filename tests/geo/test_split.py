"""Splitting, merging, redrawing, another parent, going back: sound divisions, free codes, no people invented."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import ParameterError, ReshapeError, UnknownGridError
from geo.grid_changes import GridState, applied, inverse
from geo.merge import merge, to_parent, to_past, to_team
from geo.redraw import redraw
from geo.split import free_codes, split
from tests.geo.bricks import LEVELS, assert_sound, bricks

TOWN = bricks(4, 3, 0.5, 3)
places = st.tuples(st.floats(-50, 450), st.floats(-50, 350))


@settings(max_examples=100, deadline=None)
@given(st.sampled_from([key for key in TOWN if key[0] != "town"]), st.lists(places, min_size=2, max_size=4))
def test_a_split_conserves_the_ground_and_invents_nobody(key: Any, line: list[Any]) -> None:
    try:
        changes = split(TOWN, LEVELS, *key, line)
    except ReshapeError as error:
        assert error.text()
        return
    after = assert_sound(TOWN, changes)
    parts = [one for one in changes if one.level == key[0] and one.after is not None]
    assert len(parts) >= 2
    for one in parts:
        assert one.after is not None and one.after.population is None
        assert (one.after.parent, one.after.team) == (TOWN[key].parent, TOWN[key].team)
    areas = [one.after.geometry.area for one in parts if one.after]
    assert areas == sorted(areas, reverse=True) and parts[0].code == key[1]
    assert not {one.code for one in parts[1:]} & {code for level, code in TOWN if level == key[0]}
    for child, state in after.items():  # each child lies mostly in its parent
        if child[0] == "grid" and key[0] == "row":
            mine = after["row", state.parent or ""].geometry.intersection(state.geometry).area
            best = max(after[other].geometry.intersection(state.geometry).area for other in after if other[0] == "row")
            assert mine == pytest.approx(best)
    assert applied(after, inverse(changes)) == TOWN


def test_a_merge_undoes_a_split_but_for_the_people() -> None:
    changes = split(TOWN, LEVELS, "grid", "0202", [(150, 90), (150, 220)])
    after = applied(TOWN, changes)
    codes = [one.code for one in changes]
    back = applied(after, merge(after, LEVELS, "grid", codes, "0202"))
    assert set(back) == set(TOWN)
    old, new = TOWN["grid", "0202"], back["grid", "0202"]
    assert new.geometry.symmetric_difference(old.geometry).area < 1e-6 and new.population is None
    both = merge(TOWN, LEVELS, "grid", ["0101", "0102"], "0102")
    kept = applied(TOWN, both)["grid", "0102"]
    assert kept.population == 20.0 and ("grid", "0101") not in applied(TOWN, both)
    assert_sound(TOWN, both)


def test_merging_parents_takes_their_children_along() -> None:
    after = applied(TOWN, merge(TOWN, LEVELS, "row", ["01", "02"], "01"))
    assert {state.parent for key, state in after.items() if key[0] == "grid"} == {"01", "03"}
    assert_sound(TOWN, merge(TOWN, LEVELS, "row", ["01", "02"], "01"))


@pytest.mark.parametrize(
    ("codes", "into", "what"),
    [
        (["0101"], "0101", "two grids or more"),
        (["0101", "0102"], "0103", "which of them"),
        (["0101", "0103"], "0101", "hang together"),
        (["0101", "0201"], "0101", "different parents"),
    ],
)
def test_what_cannot_be_merged(codes: list[str], into: str, what: str) -> None:
    with pytest.raises(ReshapeError, match=what):
        merge(TOWN, LEVELS, "grid", codes, into)


def test_codes_are_the_next_free_ones_of_the_layout() -> None:
    states = {("grid", code): GridState(None, parent="4202") for code in ("4202001", "4202007", "4202999")}
    assert free_codes(states, "grid", "4202001", "4202", 3) == ["4202002", "4202003", "4202004"]
    del states["grid", "4202999"]
    assert free_codes(states, "grid", "4202001", "4202", 2) == ["4202008", "4202009"]
    assert free_codes({("g", "West"): GridState(None)}, "g", "West", None, 2) == ["West-2", "West-3"]
    assert free_codes({("g", "A9"): GridState(None)}, "g", "A9", None, 1) == ["A1"]
    full = {("g", f"A{number}"): GridState(None) for number in range(10)}
    assert free_codes(full, "g", "A3", None, 1) == ["A3-2"]


def test_given_codes_are_used_and_taken_ones_refused() -> None:
    line = [(150, 90), (150, 220)]
    changes = split(TOWN, LEVELS, "grid", "0202", line, ["big", "small"])
    assert {one.code: (one.before is None, one.after is None) for one in changes} == {
        "0202": (False, True), "big": (True, False), "small": (True, False),
    }  # fmt: skip
    with pytest.raises(ReshapeError, match="taken"):
        split(TOWN, LEVELS, "grid", "0202", line, ["0202", "0203"])
    with pytest.raises(ReshapeError, match="2 grids"):
        split(TOWN, LEVELS, "grid", "0202", line, ["one"])
    with pytest.raises(UnknownGridError):
        split(TOWN, LEVELS, "grid", "nix", line)


def test_a_grid_moves_to_another_parent_with_its_ground() -> None:
    changes = to_parent(TOWN, LEVELS, "grid", "0101", "02")
    after = assert_sound(TOWN, changes)
    assert after["grid", "0101"].parent == "02"
    assert after["row", "02"].geometry.covers(TOWN["grid", "0101"].geometry.buffer(-1e-6))
    assert not after["row", "01"].geometry.intersects(TOWN["grid", "0101"].geometry.buffer(-1e-3))
    counted = TOWN | {("row", code): replace(TOWN["row", code], population=40.0) for code in ("01", "02")}
    people = applied(counted, to_parent(counted, LEVELS, "grid", "0101", "02"))
    assert [people["row", code].population for code in ("01", "02")] == [30.0, 50.0]
    assert [after["row", code].population for code in ("01", "02")] == [None, None]
    with pytest.raises(ReshapeError, match="already"):
        to_parent(TOWN, LEVELS, "grid", "0101", "01")
    with pytest.raises(UnknownGridError):
        to_parent(TOWN, LEVELS, "grid", "0101", "0102")
    alone = {key: state for key, state in TOWN.items() if key not in {("grid", f"010{n}") for n in (2, 3, 4)}}
    alone["row", "01"] = GridState(alone["grid", "0101"].geometry, parent="T")
    with pytest.raises(ReshapeError, match="without ground"):
        to_parent(alone, LEVELS, "grid", "0101", "02")


def test_teams_and_the_past() -> None:
    changes = to_team(TOWN, "grid", ["0101", "0102", "0101"], "Post")
    assert [one.code for one in changes] == ["0101", "0102"] and to_team(TOWN, "row", ["01"], "Post 0") == []
    after = applied(TOWN, changes)
    assert applied(after, to_past(after, TOWN)) == TOWN
    only = to_past(after, TOWN, [("grid", "0101")])
    assert [one.code for one in only] == ["0101"]
    with pytest.raises(ParameterError):
        to_past(after, TOWN, [("grid", "nix")])


def test_a_border_is_drawn_along_the_streets_beside_it() -> None:
    town = bricks(3, 3, 0.0, 0)
    streets = np.array([shapely.LineString([(-50, 108), (350, 111)]), shapely.LineString([(109, -50), (104, 350)])],
                       dtype=object)  # fmt: skip
    changes = redraw(town, "grid", "0202", streets)
    after = assert_sound(town, changes)
    border = after["grid", "0202"].geometry.boundary
    near = streets[0].intersection(shapely.box(120, 100, 180, 120)).buffer(0.01)
    assert border.intersection(near).length > 55  # it follows the street
    assert shapely.Point(streets[0].intersection(streets[1])).distance(border) < 1e-9  # by the crossing
    with pytest.raises(ReshapeError, match="No street"):
        redraw(town, "grid", "0202", np.array([shapely.LineString([(0, 900), (9, 900)])], dtype=object))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(places, places), min_size=1, max_size=6),
    st.sampled_from([f"0{r}0{c}" for r in (1, 2) for c in (1, 2)]),
)
def test_redrawing_conserves_the_ground_or_is_refused(ends: list[Any], code: str) -> None:
    streets = np.array([shapely.LineString(pair) for pair in ends], dtype=object)
    try:
        changes = redraw(TOWN, "grid", code, streets)
    except ReshapeError:
        return
    assert_sound(TOWN, changes, 0.05)
