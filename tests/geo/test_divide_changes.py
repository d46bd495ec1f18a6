"""A new division as changes: free codes, people where known, undone by its inverse; heirs and changed hands."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.divide_changes import division_changes
from geo.divide_codes import next_codes
from geo.divide_compare import changed_hands, changed_teams, heirs, side
from geo.errors import ParameterError
from geo.grid_changes import GridState, applied, inverse


def strips(edges: list[float]) -> np.ndarray:
    return np.array([shapely.box(a, 0, b, 10) for a, b in itertools.pairwise(edges)], dtype=object)


def states(shapes: np.ndarray, people: list[float | None], parent: str | None = "07") -> dict:
    found = {("grid", f"07{i + 1:03d}"): GridState(shape, None, parent, f"post {i % 2}", people[i])
             for i, shape in enumerate(shapes)}  # fmt: skip
    return found | {("community", "07"): GridState(shapely.box(0, 0, 100, 10), "East"),
                    ("grid", "08001"): GridState(shapely.box(100, 0, 120, 10), None, "08", None, 5.0)}  # fmt: skip


@given(st.lists(st.integers(0, 500), min_size=1, max_size=6), st.integers(1, 7))
def test_codes_go_on_and_the_inverse_restores(people: list[int], count: int) -> None:
    old = strips(np.linspace(0, 100, len(people) + 1).tolist())
    new = strips(np.linspace(0, 100, count + 1).tolist())
    before = states(old, [float(one) for one in people])
    changes = division_changes(before, "grid", "07", new, [None] * count)
    after = applied(before, changes)
    mine = [state for (level, code), state in after.items() if level == "grid" and state.parent == "07"]
    assert len(mine) == count
    if len(people) % count == 0:  # whole grids are joined
        assert sum(state.population for state in mine) == sum(people)
    assert after["grid", "08001"] == before["grid", "08001"]
    # No code of today is given again, and numbers go on in reading order.
    codes = [one.code for one in changes if one.after is not None]
    assert codes == [f"07{len(people) + 1 + i:03d}" for i in range(count)]
    assert applied(after, inverse(changes)) == before


def test_people_are_known_where_whole_grids_are_joined_and_nowhere_guessed() -> None:
    before = states(strips([0, 20, 40, 70, 100]), [100.0, 30.0, 7.0, None])
    after = division_changes(before, "grid", "07", strips([0, 40, 60, 100]))
    assert [one.after.population for one in after if one.after] == [130.0, None, None]


def test_the_team_is_that_of_most_of_the_ground() -> None:
    before = states(strips([0, 60, 100]), [None, None])
    after = division_changes(before, "grid", "07", strips([0, 50, 100]))
    assert [one.after.team for one in after if one.after] == ["post 0", "post 1"]


def test_codes_follow_the_layout_of_the_siblings() -> None:
    assert next_codes(["53" + "042001"], set(), "042", 2) == ["53042002", "53042003"]  # what stands before the parent
    assert next_codes(["B-9", "B-10"], {"B-11"}, None, 2) == ["B-12", "B-13"]
    assert next_codes(["07998", "07002"], {"07998", "07002", "07001"}, "07", 2) == ["07999", "07003"]
    with pytest.raises(ParameterError, match="digits"):
        next_codes(["071"], {"071"}, "07", 10)


def test_heirs_are_one_to_one_and_what_changes_hands_is_counted() -> None:
    old, new = strips([0, 50, 100]), strips([0, 40, 80, 100])
    heir = heirs(new, old)
    assert heir.tolist() == [0, 1, -1]
    x = np.array([10.0, 45.0, 60.0, 90.0])
    before, after = np.digitize(x, [50]), np.digitize(x, [40, 80])
    # 45 m went from the first grid to the heir of the second, 90 m to a grid that is nobody's heir.
    assert changed_hands(before, after, heir) == 2
    assert changed_teams(before, after, ["a", "b"], ["a", "b", "b"]) == 1
    assert changed_teams(before, after, [None, None], [None] * 3) is None
    assert changed_hands(np.array([-1]), np.array([0]), heir) == 1


def test_the_figures_of_a_side() -> None:
    found = side({"area": np.array([1.0, 3.0]), "incidents": np.array([0.0, 4.0])}, {"incidents": 1}, 0.5, 1.5)
    assert (found.count, found.area_m2, found.below, found.above) == (2, (1.0, 2.0, 3.0), 1, 1)
    assert found.uneven.gini == pytest.approx(0.5)
