"""Public counts: what is left out cannot be worked out again, says a linear solver that knows nothing of the rules."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import coo_array, csc_array, csr_array
from scipy.sparse.csgraph import connected_components

from geo.errors import ParameterError
from geo.suppress import LEAST_K, Shown, add_up, suppress

Counts = NDArray[np.int64]
FULL = os.environ.get("ATLAS_FULL") == "1"
DENSE = 1000


def equations(parent: Counts, columns: int) -> csr_array:
    """All that must add up, one a row, over the counts and then the totals of all rows."""
    n, width = len(parent), columns + 1
    cells = np.arange(n * width).reshape(n, width)
    child = np.flatnonzero(parent >= 0)
    above = np.unique(parent[child])
    place = n + width * np.searchsorted(above, parent[child])
    across, down = np.repeat(np.arange(n), width), place[:, None] + np.arange(width)
    whole = n + np.arange(width * len(above))
    signs = [np.tile([1.0] * columns + [-1.0], n), np.ones(down.size), -np.ones(len(whole))]
    rows = [across, down.ravel(), whole]
    places = [cells.ravel(), cells[child].ravel(), cells[above].ravel()]
    shape = (n + width * len(above), n * width)
    return csr_array((np.concatenate(signs), (np.concatenate(rows), np.concatenate(places))), shape=shape)


def components(left: csc_array) -> Iterator[tuple[Counts, Counts]]:
    """Rules and places of all that hangs together: what is left out in one bounds nothing in another."""
    rules, places = left.nonzero()
    joint = coo_array((np.ones(len(rules)), (rules, places + left.shape[0])), shape=(sum(left.shape),) * 2)
    label = connected_components(joint, directed=False)[1]
    of_rule, of_place = label[: left.shape[0]], label[left.shape[0] :]
    by_rule, by_place = np.argsort(of_rule, kind="stable"), np.argsort(of_place, kind="stable")
    for name in np.unique(of_place):
        mine = [
            order[slice(*np.searchsorted(of, [name, name + 1], sorter=order))]
            for of, order in ((of_rule, by_rule), (of_place, by_place))
        ]
        yield mine[0], mine[1]


def intervals(
    counts: Counts, parent: Counts, shown: Shown, most: int | None = None, enough: float = np.inf
) -> dict[tuple[int, int], tuple[float, float]]:
    """Least and greatest value of every count and total left out, over all tables that agree with what is shown.

    `most`: of so many of each component, evenly spread. `enough`: of what is this far apart in two tables that were
    found on the way, these two values; its interval is at least as wide.
    """
    rules = equations(parent, counts.shape[1]).tocsc()
    values = np.column_stack([counts, counts.sum(axis=1)]).astype(float)
    known = np.column_stack([shown.counts, shown.totals]).ravel()
    hidden = np.flatnonzero(~known)
    right = -(rules[:, np.flatnonzero(known)] @ values.ravel()[known])
    left = rules[:, hidden]
    found = {}
    for lines, places in components(left):
        # All at once the solver would take an hour for a city; of a component it is the same answer in milliseconds.
        part, sums = left[:, places].tocsr()[lines], right[lines]
        if len(places) < DENSE:  # the solver is quicker with these
            part = part.toarray()
        seen = np.tile(values.ravel()[hidden[places]], (2, 1))  # the least and the greatest in any table so far
        for i in np.unique(np.linspace(0, len(places) - 1, most or len(places)).astype(int)):
            cell = divmod(int(hidden[places[i]]), values.shape[1])
            if seen[1, i] - seen[0, i] >= enough:
                found[cell] = (seen[0, i], seen[1, i])
                continue
            goal = np.zeros(len(places))
            goal[i] = 1.0
            ends = []
            for sign in (1.0, -1.0):
                answer = linprog(sign * goal, A_eq=part, b_eq=sums, bounds=(0, None), method="highs")
                assert answer.status in (0, 3), answer.message
                ends.append(np.inf if answer.status == 3 else sign * answer.fun)
                if answer.status == 0:
                    seen = np.array([np.minimum(seen[0], answer.x), np.maximum(seen[1], answer.x)])
            found[cell] = (ends[0], ends[1])
    return found


def assert_protected(counts: Counts, parent: Counts, k: int) -> Shown:
    shown = suppress(counts, parent, k)
    assert (counts[shown.counts] >= k).all()
    assert (counts.sum(axis=1)[shown.totals] >= k).all()
    values = np.column_stack([counts, counts.sum(axis=1)])
    for cell, (low, high) in intervals(counts, parent, shown, enough=k).items():
        assert low <= values[cell] + 1e-6 and high >= values[cell] - 1e-6
        assert high > low
        # Where there are fewer than k in all nothing is shown, and nothing bounds anything.
        assert high - low >= k - 1e-6, (cell, low, high)
    return shown


@st.composite
def tables(draw: st.DrawFn) -> tuple[Counts, Counts, int]:
    """A tree of grids, skewed counts in its leaves, a k."""
    n = draw(st.integers(1, 14))
    parent = np.array([-1, *(draw(st.integers(max(0, row - 6), row - 1)) for row in range(1, n))], dtype=np.int64)
    columns = draw(st.integers(1, 5))
    one = st.one_of(st.just(0), st.integers(0, 6), st.integers(0, 40), st.sampled_from([7, 8, 9, 100]))
    leaves = np.array(draw(st.lists(one, min_size=n * columns, max_size=n * columns)), dtype=np.int64)
    leaves = leaves.reshape(n, columns)
    leaves[np.unique(parent[parent >= 0])] = 0
    return add_up(leaves, parent), parent, draw(st.integers(LEAST_K, 10))


@settings(max_examples=3000 if FULL else 60)
@given(tables())
@example((np.array([[9]]), np.array([-1]), 8))
@example((np.array([[3, 2]]), np.array([-1]), 8))
@example((np.array([[30, 40], [2, 20], [28, 20]]), np.array([-1, 0, 0]), 8))
def test_nothing_left_out_can_be_bounded_closer_than_k(case: tuple[Counts, Counts, int]) -> None:
    assert_protected(*case)


def test_leaving_out_small_counts_alone_protects_nothing() -> None:
    """The auditor finds what primary suppression gives away; so it can fail."""
    counts, parent = np.array([[30, 40], [2, 20], [28, 20]]), np.array([-1, 0, 0])
    careless = Shown(counts >= 8, np.ones(3, dtype=bool))
    assert intervals(counts, parent, careless) == {(1, 0): (pytest.approx(2), pytest.approx(2))}


def test_what_is_large_everywhere_is_shown_in_full() -> None:
    leaves = np.full((13, 4), 20)
    parent = np.array([-1, 0, 0, 0, *[1] * 3, *[2] * 3, *[3] * 3])
    leaves[:4] = 0
    shown = suppress(add_up(leaves, parent), parent)
    assert shown.counts.all() and shown.totals.all()


def test_one_small_count_costs_four() -> None:
    leaves = np.full((6, 5), 20)
    leaves[0] = 0
    leaves[3, 2] = 1
    parent = np.array([-1, 0, 0, 0, 0, 0])
    shown = assert_protected(add_up(leaves, parent), parent, 8)
    assert (~shown.counts).sum() == 4
    assert shown.totals.all()


def test_a_rare_category_does_not_hide_the_totals() -> None:
    leaves = np.column_stack([np.full(7, 30), np.full(7, 40), [0, 0, 1, 0, 0, 2, 0]])
    leaves[0] = 0
    parent = np.array([-1, 0, 0, 0, 0, 0, 0])
    shown = assert_protected(add_up(leaves, parent), parent, 8)
    assert shown.totals.all()
    assert shown.counts[:, 1].all() and not shown.counts[:, 2].any()


def test_a_table_that_does_not_add_up_is_refused() -> None:
    with pytest.raises(ParameterError):
        suppress([[30, 40], [2, 20], [28, 21]], [-1, 0, 0])
    with pytest.raises(ParameterError):
        suppress([[30, 40], [2, 20]], [-1, -1])
    with pytest.raises(ParameterError):
        suppress([[30, 40]], [-1], k=2)


def test_a_city_is_left_out_soundly() -> None:
    """A sample of a city of many grids; `ATLAS_FULL=1`: of five levels, 33,000 grids, 12 categories."""
    rng = np.random.default_rng(11)
    levels = (1, 10, 150, 2000, 33_000) if FULL else (1, 3, 12, 60, 240)
    parent, begin = [np.array([-1])], 0
    for size in levels[1:]:
        parent.append(begin + rng.integers(0, len(parent[-1]), size))
        begin += len(parent[-2])
    above = np.concatenate(parent)
    leaves = np.zeros((len(above), 12 if FULL else 6), np.int64)
    share = 1 / np.arange(1, leaves.shape[1] + 1) ** 1.3
    finest = slice(len(above) - levels[-1], None)
    leaves[finest] = rng.poisson(rng.gamma(0.8, 30, levels[-1])[:, None] * share / share.sum())
    leaves[np.unique(above[above >= 0])] = 0
    counts = add_up(leaves, above)
    shown = suppress(counts, above)
    assert 0.02 < shown.counts.mean() < 0.95 and shown.totals.mean() > 0.3
    for low, high in intervals(counts, above, shown, 3 if FULL else 40).values():
        assert high - low >= 8 - 1e-6
