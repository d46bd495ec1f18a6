"""A decision counts at its level in the decided grid, above in the grid over it, below where the incident lies."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.decided import Decided, decided_places, within
from geo.flows import flows
from geo.hierarchy import Hierarchy, build_hierarchy

TREE = build_hierarchy(
    ["C", "D1", "D2", "G1", "G2", "G3"], ["city", "district", "district", "grid", "grid", "grid"],
    [None, "C", "C", "D1", "D1", "D2"], [None] * 6,
)  # fmt: skip


def decided(*rows: tuple[int, str, str | None]) -> Decided:
    fid, level, code = zip(*rows, strict=True)
    count = len(rows)
    return Decided(np.arange(1, count + 1), np.array(fid), np.array(level, object), np.array(code, object),
                   np.zeros(count, bool))  # fmt: skip


def places(found: Decided, level: str, tree: Hierarchy = TREE) -> dict[int, str | None]:
    rows = tree.at_level(level)
    fids, place = decided_places(found, tree, rows, level)
    codes = [*tree.code[rows], None]
    return {int(fid): codes[i] for fid, i in zip(fids, place, strict=True)}


def test_a_decision_counts_at_its_level_and_above() -> None:
    found = decided((5, "grid", "G3"), (6, "district", "D1"), (7, "grid", None), (8, "grid", "GONE"))
    assert places(found, "grid") == {5: "G3", 7: None}
    assert places(found, "district") == {5: "D2", 6: "D1"}
    assert places(found, "city") == {5: "C", 6: "C"}


def test_the_decision_of_a_level_goes_before_one_handed_up() -> None:
    found = decided((5, "grid", "G3"), (5, "district", "D1"))
    assert places(found, "district") == {5: "D1"}
    assert places(found, "city") == {5: "C"}
    assert places(found, "grid") == {5: "G3"}


def test_who_knows_an_area_learns_of_no_grid_outside() -> None:
    mine = np.isin(TREE.code, ["D1", "G1", "G2"])
    every = decided((5, "grid", "G3"), (6, "grid", "G2"), (7, "city", "C"), (9, "grid", "G1"), (8, "grid", "GONE"))
    found = within(every, np.array([5, 6, 7, 8]), TREE, mine)
    assert found is not None
    assert found.fid.tolist() == [5, 6]
    assert found.code.tolist() == [None, "G2"]
    assert found.elsewhere.tolist() == [True, False]
    inner = build_hierarchy(TREE.code[mine], TREE.level[mine], [None, "D1", "D1"], [None] * 3)
    assert places(found, "district", inner) == {5: None, 6: "D1"}  # counted outside: in none of mine
    assert within(every, np.array([77]), TREE, mine) is None


@given(st.lists(st.tuples(st.integers(-1, 4), st.integers(-1, 4)), max_size=60))
def test_flows_lose_nothing(pairs: list[tuple[int, int]]) -> None:
    found = flows([a for a, _ in pairs], [b for _, b in pairs], 5)
    assert found.incidents.sum() + found.stayed + found.other == len(pairs)
    for a, b, count in zip(found.recorded, found.located, found.incidents, strict=True):
        assert count == pairs.count((a, b)) and a != b and a >= 0
    assert (np.diff(found.incidents) <= 0).all()
    assert found.stayed == sum(a == b >= 0 for a, b in pairs)


def test_rows_are_found_by_their_number() -> None:
    found = decided((5, "grid", "G3"), (6, "grid", "G1"))
    assert found.rows_in(np.array([1, 5, 9])).tolist() == [1, -1]
    assert found.rows_in(np.zeros(0, np.int64)).tolist() == [-1, -1]


@pytest.mark.parametrize("level", ["nowhere", "city"])
def test_a_level_without_decisions_is_as_it_was(level: str) -> None:
    assert len(decided_places(decided((5, "grid", None)), TREE, np.array([0]), level)[0]) == 0
