"""Along streets: the kernel over shortest paths, shared out at crossings; held against Dijkstra written out."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.heat_kernel import Kernel
from geo.street_density import spread_matrix
from geo.street_graph import snap, street_graph
from layers.base import KERNELS

E0, N0 = 500_000.0, 4_000_000.0


def kernel_1d(distance, kernel):
    if kernel.name == "quartic":
        return (
            15 / (16 * kernel.radius_m) * (1 - (distance / kernel.radius_m) ** 2) ** 2
            if distance < kernel.radius_m
            else 0
        )
    whole = kernel.radius_m * math.sqrt(2 * math.pi) * math.erf(4 / math.sqrt(2))
    return math.exp(-(distance**2) / (2 * kernel.radius_m**2)) / whole if distance < 4 * kernel.radius_m else 0


def brute(graph, source, kernel):
    """Dijkstra by looking at every node each time, then every lixel by its shorter way; per m."""
    edge_of = np.repeat(np.arange(len(graph.lines)), np.diff(graph.first))
    degree = np.bincount(graph.ends.ravel())
    home = edge_of[source]

    def along(lixel):
        edge = edge_of[lixel]
        return (lixel - graph.first[edge] + 0.5) * graph.length_m[edge] / (graph.first[edge + 1] - graph.first[edge])

    start, end = graph.ends[home]
    best = {start: (along(source), 1.0)}
    if graph.length_m[home] - along(source) < best.get(end, (math.inf,))[0]:
        best[end] = (graph.length_m[home] - along(source), 1.0)
    done = set()
    while set(best) - done:
        node = min(set(best) - done, key=lambda one: best[one][0])
        done.add(node)
        for edge, (a, b) in enumerate(graph.ends.tolist()):
            for here, other in ((a, b), (b, a)):
                far = best[node][0] + graph.length_m[edge]
                if here == node and far < best.get(other, (math.inf,))[0]:
                    best[other] = (far, best[node][1] / max(degree[node] - 1, 1))
    found = np.zeros(graph.lixels)
    for lixel in range(graph.lixels):
        a, b = graph.ends[edge_of[lixel]].tolist()
        ways = [
            (best[node][0] + off, best[node][1] / max(degree[node] - 1, 1))
            for node, off in ((a, along(lixel)), (b, graph.length_m[edge_of[lixel]] - along(lixel)))
            if node in best
        ]
        if edge_of[lixel] == home:
            ways.append((abs(along(lixel) - along(source)), 1.0))
        distance, share = min(ways, default=(math.inf, 0))
        found[lixel] = share * kernel_1d(distance, kernel)
    return found


def town(seed, size=4):
    """A crooked lattice of streets with gaps: crossings of three and four, dead ends, rings."""
    random = np.random.default_rng(seed)
    at = np.stack(np.meshgrid(np.arange(size), np.arange(size)), axis=-1) * 90.0 + random.uniform(
        -25, 25, (size, size, 2)
    )
    at += [E0, N0]
    lines = [
        shapely.LineString([at[i, j], at[i + di, j + dj]])
        for i in range(size)
        for j in range(size)
        for di, dj in ((0, 1), (1, 0))
        if i + di < size and j + dj < size and random.random() < 0.8
    ]
    return np.array(lines, dtype=object)


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 500), name=st.sampled_from(KERNELS), radius=st.floats(30, 250))
def test_equals_dijkstra_written_out(seed, name, radius):
    graph = street_graph(town(seed), 30.0)
    kernel = Kernel(name, radius / (4 if name == "gaussian" else 1))
    matrix = spread_matrix(graph, kernel)
    for source in range(0, graph.lixels, 7):
        counts = np.zeros(graph.lixels)
        counts[source] = 1
        assert matrix.density(counts) / 1000 == pytest.approx(brute(graph, source, kernel), abs=1e-7)


@pytest.mark.parametrize("name", KERNELS)
def test_a_tree_of_streets_holds_each_incident_once(name):
    """Whatever crossings lie within reach; a plain kernel would hold it once for each way."""
    star = [
        shapely.LineString([(E0, N0), (E0 + 900 * np.cos(turn), N0 + 900 * np.sin(turn))]) for turn in (0, 1, 2, 3, 4.5)
    ]
    graph = street_graph(np.array(star, dtype=object), 5.0)
    kernel = Kernel(name, 200.0 if name == "quartic" else 50.0)
    for source in (0, 3, 30):
        counts = np.zeros(graph.lixels)
        counts[source] = 2.0
        density = spread_matrix(graph, kernel).density(counts)
        assert (density / 1000 * graph.lixel_m()).sum() == pytest.approx(2.0, rel=2e-3)


def test_streets_far_apart_along_the_network_do_not_warm_each_other():
    sides = [shapely.LineString([(E0, N0), (E0 + 500, N0)]), shapely.LineString([(E0, N0 + 10), (E0 + 500, N0 + 10)])]
    graph = street_graph(np.array(sides, dtype=object))
    counts = np.zeros(graph.lixels)
    counts[25] = 1
    density = spread_matrix(graph, Kernel("quartic", 100.0)).density(counts)
    assert density[:50].max() > 0 and density[50:].max() == 0


def test_density_adds_up_and_the_order_of_streets_does_not_matter():
    lines = town(3)
    graph, turned = street_graph(lines, 30.0), street_graph(lines[::-1], 30.0)
    x, y = np.random.default_rng(1).uniform([E0, N0], [E0 + 270, N0 + 270], (200, 2)).T
    found = []
    for one in (graph, turned):
        lixel = snap(one, x, y, 60.0)
        counts = np.bincount(lixel[lixel >= 0], minlength=one.lixels)
        density = spread_matrix(one, Kernel("quartic", 120.0)).density(counts)
        halves = [np.bincount(part[part >= 0], minlength=one.lixels) for part in (lixel[:90], lixel[90:])]
        parts = sum(spread_matrix(one, Kernel("quartic", 120.0)).density(half) for half in halves)
        assert parts == pytest.approx(density)
        found.append(np.sort(density))
    assert found[0] == pytest.approx(found[1], rel=1e-4, abs=1e-6)


def test_incidents_go_to_the_nearest_street_or_to_none():
    graph = street_graph(town(5), 25.0)
    random = np.random.default_rng(2)
    x, y = random.uniform([E0 - 60, N0 - 60], [E0 + 330, N0 + 330], (300, 2)).T
    x, y = np.append(x, x[:50]), np.append(y, y[:50])
    lixel = snap(graph, x, y, 30.0)
    edge_of = np.repeat(np.arange(len(graph.lines)), np.diff(graph.first))
    distance = shapely.distance(shapely.points(x, y)[:, None], graph.lines)
    assert ((distance.min(axis=1) <= 30) == (lixel >= 0)).all()
    near = lixel >= 0
    assert distance[near, edge_of[lixel[near]]] == pytest.approx(distance[near].min(axis=1))
    pieces = (lixel[near] - graph.first[edge_of[lixel[near]]] + 0.5) * graph.lixel_m()[lixel[near]]
    along = shapely.line_locate_point(graph.lines[edge_of[lixel[near]]], shapely.points(x[near], y[near]))
    assert (np.abs(along - pieces) <= graph.lixel_m()[lixel[near]] / 2 + 1e-6).all()


def test_lines_are_cut_where_they_share_a_vertex_and_only_there():
    wkt = [
        "LINESTRING (0 0, 50 0, 100 0)",
        "MULTILINESTRING ((50 -30, 50 0, 50 40), (200 0, 300 0))",
        "LINESTRING (10 -9, 10 9)",
    ]
    graph = street_graph(shapely.from_wkt(wkt))
    assert sorted(graph.length_m.tolist()) == [18, 30, 40, 50, 50, 100]
    assert sorted(np.diff(graph.around_start).tolist()) == [1, 1, 1, 1, 1, 1, 1, 1, 4]
    assert graph.lixel_m().sum() == pytest.approx(graph.length_m.sum())


def test_no_streets_no_lixels():
    graph = street_graph([])
    assert graph.lixels == 0 and snap(graph, [1.0], [1.0], 50).tolist() == [-1]
    assert spread_matrix(graph, Kernel()).density([]).tolist() == []
