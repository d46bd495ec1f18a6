"""Regions of blocks: connected, whole, of even work, the same every time; held against all divisions there are."""

from __future__ import annotations

import itertools

import networkx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.parallel import Cancelled
from geo.regions import Blocks, regions


def lattice(width: int, height: int, work: np.ndarray, holes: frozenset[int] = frozenset()) -> Blocks:
    """Squares of 100 m side by side, some left out."""
    kept = [i for i in range(width * height) if i not in holes]
    number = {old: new for new, old in enumerate(kept)}
    pairs = [
        sorted((number[i], number[j]))
        for i in kept
        for j in ([i + 1] if (i + 1) % width else []) + [i + width]
        if j in number
    ]
    xy = np.array([(100.0 * (i % width), 100.0 * (i // width)) for i in kept]).reshape(-1, 2)
    found = np.array(sorted(pairs), np.int64).reshape(-1, 2)
    return Blocks(np.asarray(work, float)[kept], np.full(len(kept), 1e4), xy, found, np.full(len(found), 100.0))


def connected(blocks: Blocks, group: np.ndarray) -> bool:
    graph = networkx.Graph(blocks.pairs.tolist())
    graph.add_nodes_from(range(len(group)))
    return all(networkx.is_connected(graph.subgraph(np.flatnonzero(group == one))) for one in range(group.max() + 1))


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_regions_are_connected_and_hold_every_block_once(data: st.DataObject) -> None:
    width, height = data.draw(st.integers(1, 7)), data.draw(st.integers(1, 7))
    n = width * height
    work = np.array(data.draw(st.lists(st.floats(0, 100), min_size=n, max_size=n)))
    holes = frozenset(data.draw(st.lists(st.integers(0, n - 1), max_size=n // 3)))
    count = data.draw(st.integers(1, 9))
    blocks = lattice(width, height, work, holes)
    group = regions(blocks, count)
    parts = networkx.Graph(blocks.pairs.tolist())
    parts.add_nodes_from(range(len(blocks.work)))
    least = networkx.number_connected_components(parts)
    assert len(group) == len(blocks.work)
    assert connected(blocks, group)
    assert sorted(set(group.tolist())) == list(range(group.max() + 1))
    assert group.max() + 1 == max(least, min(count, len(group)))
    assert (regions(blocks, count) == group).all()


def best_of_all(blocks: Blocks, count: int) -> float:
    """The least spread of work over every division into connected regions."""
    n, best = len(blocks.work), np.inf
    for rest in itertools.product(range(count), repeat=n - 1):
        group = np.array([0, *rest])
        if group.max() + 1 == count and len(set(group.tolist())) == count and connected(blocks, group):
            sums = np.bincount(group, weights=blocks.work)
            best = min(best, float(((sums / sums.mean() - 1) ** 2).sum()))
    return best


@pytest.mark.parametrize("seed", range(6))
def test_nearly_as_even_as_the_best_division_there_is(seed: int) -> None:
    blocks = lattice(3, 3, np.random.default_rng(seed).integers(1, 10, 9))
    sums = np.bincount(regions(blocks, 2), weights=blocks.work)
    # The search weighs borders too: it may be off by what a shorter border is worth.
    assert ((sums / sums.mean() - 1) ** 2).sum() <= best_of_all(blocks, 2) + 0.05


def test_a_crowded_corner_gets_more_regions() -> None:
    work = np.ones(400)
    work[:10] = 40.0
    blocks = lattice(20, 20, work)
    group = regions(blocks, 10)
    sums = np.bincount(group, weights=blocks.work)
    assert sums.max() / sums.mean() < 1.25 and sums.min() / sums.mean() > 0.75
    assert np.bincount(group).max() > 3 * np.bincount(group).min()


def test_no_work_at_all_shares_out_the_ground() -> None:
    blocks = lattice(6, 6, np.zeros(36))
    assert np.bincount(regions(blocks, 4)).tolist() == [9, 9, 9, 9]


def test_nothing_and_nonsense() -> None:
    none = lattice(1, 1, np.ones(1), frozenset({0}))
    assert regions(none, 3).tolist() == []
    with pytest.raises(ValueError, match="finite"):
        regions(lattice(2, 1, np.array([np.nan, 1])), 2)
    with pytest.raises(ValueError, match="one region"):
        regions(lattice(2, 1, np.ones(2)), 0)
    with pytest.raises(Cancelled):
        regions(lattice(4, 4, np.arange(16.0)), 3, cancelled=lambda: True)
