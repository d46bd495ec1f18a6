"""Drafted grids: a partition of the extent that cuts no building, in stated order, nested."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo.draft import Draft, DraftOptions, draft_grids, minor_mask, street_mask, units
from geo.draft_blocks import CUT_M2, SNAP_M, arrange, building_groups, merge_small, shared_borders, unite
from geo.draft_codes import CodeLayout, reading_order
from geo.draft_groups import contiguous_groups
from geo.draft_names import main_streets
from geo.draft_split import split_lines
from geo.errors import ParameterError

E0, N0 = 385_400.0, 6_671_600.0  # metre coordinates as large as real ones


def town(seed: int, *, size: float = 700.0, streets: int = 9, houses: int = 60):
    """Random streets (straight, bent, dead ends), houses that may lie across them, and an extent with a bay."""
    rng = np.random.default_rng(seed)
    lines = []
    for _ in range(streets):
        if rng.random() < 0.8:
            at, drift = rng.uniform(0, size), rng.normal(0, 60)
            ends = np.array([[at, -20], [at + drift / 2 + rng.normal(0, 10), size / 2], [at + drift, size + 20]])
        else:
            ends = rng.uniform(0, size, (3, 2))
        lines.append(shapely.linestrings(np.add(ends if rng.random() < 0.5 else ends[:, ::-1], (E0, N0))))
    boxes = []
    for _ in range(houses):
        x, y = np.add(rng.uniform(-10, size, 2), (E0, N0))
        box = shapely.box(x, y, x + rng.uniform(4, 60), y + rng.uniform(4, 60))
        boxes.append(shapely.affinity.rotate(box, rng.uniform(0, 90)) if rng.random() < 0.5 else box)
    extent = shapely.box(E0, N0, E0 + size, N0 + size)
    bay = shapely.Point(E0 + size, N0 + size * rng.random()).buffer(size * 0.15)
    return np.array(lines, object), np.array(boxes, object), extent.difference(bay) if rng.random() < 0.5 else extent


def check(draft: Draft, buildings, extent, options: DraftOptions) -> None:
    assert shapely.is_valid(draft.polygons).all()
    assert len(set(draft.code)) == len(draft.code)
    for depth, level in enumerate(options.levels):
        here = draft.polygons[draft.at(level)]
        # partition: areas add up and the union is the extent, so nothing overlaps and nothing is missing
        assert abs(shapely.area(here).sum() - extent.area) < 1e-6 * extent.area
        assert shapely.symmetric_difference(shapely.union_all(here), extent).area < 1e-6 * extent.area
        for position in draft.at(level):
            code, parent = draft.code[position], draft.parent[position]
            assert len(code) == len(options.layout.prefix) + sum(options.layout.widths[: depth + 1])
            if depth == 0:
                assert parent is None
            else:
                assert code.startswith(parent)
                assert parent in set(draft.code[draft.at(options.levels[depth - 1])])
    for level in options.levels[:-1]:
        for position in draft.at(level):
            children = draft.polygons[draft.parent == draft.code[position]]
            assert shapely.symmetric_difference(shapely.union_all(children), draft.polygons[position]).area < 0.5
    grids = draft.polygons[draft.at(options.levels[-1])]
    for building in buildings:
        for part in shapely.get_parts(building.intersection(extent)):
            inside = shapely.area(shapely.intersection(grids, part))
            assert inside.sum() - inside.max() <= 2 * CUT_M2, "a building is cut"
    assert shapely.get_num_geometries(grids).max() == 1, "a grid is in pieces"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 10_000), target=st.sampled_from([4_000.0, 10_000.0, 40_000.0]), houses=st.integers(0, 80))
def test_a_draft_partitions_the_extent_and_cuts_no_building(seed, target, houses):
    streets, buildings, extent = town(seed, houses=houses)
    options = DraftOptions(target_m2=target, layout=CodeLayout(prefix="123456"))
    check(draft_grids(streets, buildings, extent, options=options), buildings, extent, options)


def test_the_order_of_the_input_does_not_matter():
    streets, buildings, extent = town(5)
    first = draft_grids(streets, buildings, extent)
    rng = np.random.default_rng(1)
    turned = np.array([shapely.reverse(line) for line in rng.permutation(streets)], object)
    second = draft_grids(turned, rng.permutation(buildings), extent)
    assert list(first.code) == list(second.code)
    assert shapely.equals_exact(shapely.normalize(first.polygons), shapely.normalize(second.polygons), 1e-6).all()


def test_an_extent_of_two_islands_is_drafted_island_by_island():
    streets, houses, _ = town(2)
    extent = shapely.union_all([shapely.box(E0, N0, E0 + 300, N0 + 700), shapely.box(E0 + 400, N0, E0 + 700, N0 + 700)])
    options = DraftOptions(target_m2=4_000)
    draft = draft_grids(streets, houses, extent, options=options)
    check(draft, houses, extent, options)
    for level in options.levels[1:]:
        assert shapely.get_num_geometries(draft.polygons[draft.at(level)]).max() == 1


def test_a_chessboard_is_numbered_row_by_row_from_the_north_west():
    lines = [shapely.linestrings([[x, 0], [x, 300]]) for x in (100, 200)]
    lines += [shapely.linestrings([[0, y], [300, y]]) for y in (100, 200)]
    options = DraftOptions(group_sizes=(), levels=("grid",), layout=CodeLayout("11", (2,)))
    draft = draft_grids(np.array(lines, object), np.empty(0, object), shapely.box(0, 0, 300, 300), options=options)
    centres = shapely.get_coordinates(shapely.centroid(draft.polygons))
    assert list(draft.code) == [f"11{n:02d}" for n in range(1, 10)]
    assert list(draft.name) == [str(n) for n in range(1, 10)]
    assert centres.round().tolist() == [[x, y] for y in (250, 150, 50) for x in (50, 150, 250)]


@pytest.mark.parametrize("target_m2", [1_500.0, 10_000.0])
def test_units_hold_their_bounds_and_cut_no_building(target_m2: float):
    streets, buildings, extent = town(5)
    extent = shapely.set_precision(extent, SNAP_M)
    bounds = {"min_m2": 0.1 * target_m2, "max_m2": target_m2, "min_width_m": 4.0}
    found = units(streets, buildings, extent, None, target_m2, **bounds)
    assert shapely.area(found).sum() == pytest.approx(extent.area, rel=1e-9)
    assert (shapely.area(found) >= 0.1 * target_m2).all()
    assert (2 * shapely.area(found) / shapely.length(found) >= 4.0).all()
    assert len(building_groups(found, buildings)) == len(set(building_groups(found, buildings).tolist()))
    finer = units(streets, buildings, extent, None, target_m2 / 2, **{**bounds, "min_m2": 0.0, "min_width_m": 0.0})
    assert len(finer) > len(found)


def test_siblings_follow_the_ordering_rule():
    draft = draft_grids(*town(11, streets=14))
    for parent in set(draft.parent) - {None}:
        children = np.flatnonzero(draft.parent == parent)
        shapes = draft.polygons[children[np.argsort(draft.code[children])]]
        band = 0.6 * np.sqrt(shapely.area(shapes).mean())
        x, y = shapely.get_coordinates(shapely.centroid(shapes)).T
        key = [(int((y.max() - b) // band), a) for a, b in zip(x, y, strict=True)]
        assert key == sorted(key)


def test_a_building_across_three_blocks_joins_them_and_a_dead_end_divides_nothing():
    streets = np.array(
        [shapely.linestrings([[x, 0], [x, 100]]) for x in (100, 200, 300)]
        + [shapely.linestrings([[350, 0], [350, 60]])],
        object,
    )
    hall = np.array([shapely.box(90, 40, 210, 60)], object)
    options = DraftOptions(group_sizes=(), levels=("grid",), layout=CodeLayout("", (3,)))
    draft = draft_grids(streets, hall, shapely.box(0, 0, 400, 100), options=options)
    assert sorted(shapely.area(draft.polygons).round()) == [10_000, 30_000]


def test_a_building_of_two_parts_does_not_join_what_it_does_not_connect():
    faces = arrange(
        np.array([shapely.linestrings([[x, 0], [x, 10]]) for x in (10, 20)], object), shapely.box(0, 0, 30, 10)
    )
    parts = shapely.multipolygons([shapely.box(1, 1, 2, 2), shapely.box(25, 1, 26, 2)])
    assert building_groups(faces, np.array([parts, None], object)).tolist() == [0, 1, 2]


def test_small_blocks_join_the_neighbour_of_the_longest_border_and_bounds_hold():
    area = np.array([10_000.0, 2_000.0, 9_000.0, 19_500.0])
    around = 4 * np.sqrt(area)
    pairs = np.array([[0, 1], [1, 2], [1, 3]])
    lone = np.arange(4)
    merged = merge_small(area, around, pairs, np.array([30.0, 40.0, 80.0]), lone, min_m2=5_000, max_m2=20_000)
    assert merged.tolist() == [0, 1, 1, 2]  # the longest border would exceed the bound
    same = merge_small(
        area, around, pairs, np.array([30.0, 40.0, 80.0]), np.array([7, 7, 8, 9]), min_m2=5_000, max_m2=20_000
    )
    assert same.tolist() == [0, 0, 1, 2]  # the same street block comes first
    kept = merge_small(
        area[:2] + 9_000, around[:2], pairs[:1], np.array([30.0]), lone[:2], min_m2=15_000, max_m2=20_000
    )
    assert kept.tolist() == [0, 0]  # an enclave always joins


def test_shared_borders_match_the_plain_intersection():
    streets, _, extent = town(3)
    faces = arrange(streets, extent)
    pairs, length = shared_borders(faces)
    found = {tuple(pair): metres for pair, metres in zip(pairs.tolist(), length, strict=True)}
    for i in range(len(faces)):
        for j in range(i + 1, len(faces)):
            common = faces[i].intersection(faces[j]).length
            assert found.get((i, j), 0.0) == pytest.approx(common, abs=1e-3)


def test_large_blocks_are_divided_along_minor_ways_and_by_cuts_that_meet_no_building():
    extent = shapely.box(0, 0, 400, 200)
    houses = np.array([shapely.box(195, 20, 205, 180), shapely.box(40, 40, 60, 60)], object)
    path = np.array([shapely.linestrings([[100, -5], [100, 205]])], object)
    none = np.empty(0, object)
    options = DraftOptions(group_sizes=(), levels=("grid",), layout=CodeLayout("", (3,)))
    cut = draft_grids(none, houses, extent, options=options)
    assert len(cut.polygons) > 3
    assert shapely.area(cut.polygons).max() <= 30_000
    along = draft_grids(none, houses, extent, minor=path, options=options)
    assert any(abs(shapely.bounds(p)[2] - 100) < 1e-6 for p in along.polygons)
    full = np.array([shapely.box(1, 1, 399, 199)], object)
    assert len(draft_grids(none, full, extent, options=options).polygons) == 1  # stays, rather than cut the building
    assert split_lines(extent, full, 10_000) == []


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), size=st.integers(2, 15), n=st.integers(1, 120))
def test_groups_are_contiguous(seed, size, n):
    rng = np.random.default_rng(seed)
    xy = rng.uniform(0, 1000, (n, 2))
    near = np.argsort(np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1)), axis=1)[:, 1:4]
    pairs = np.unique(
        np.sort([(i, j) for i in range(n) for j in near[i] if i != j] or np.empty((0, 2), int), axis=1), axis=0
    ).astype(np.int64)
    group = contiguous_groups(xy, pairs, size)
    assert set(group) == set(range(group.max() + 1))
    links = pairs[group[pairs[:, 0]] == group[pairs[:, 1]]]
    for g in range(group.max() + 1):
        members = set(np.flatnonzero(group == g).tolist())
        reached, stack = {min(members)}, [min(members)]
        while stack:
            here = stack.pop()
            for a, b in links.tolist():
                for one, other in ((a, b), (b, a)):
                    if one == here and other in members - reached:
                        reached.add(other)
                        stack.append(other)
        assert reached == members, "a group is not contiguous"


def test_options_that_cannot_be_used_are_refused():
    nothing = np.empty(0, object)
    with pytest.raises(ParameterError, match="no area"):
        draft_grids(nothing, nothing, shapely.Polygon())
    with pytest.raises(ParameterError, match="fit together"):
        draft_grids(nothing, nothing, shapely.box(0, 0, 1, 1), options=DraftOptions(group_sizes=(12,)))
    with pytest.raises(ParameterError, match="wished area"):
        draft_grids(nothing, nothing, shapely.box(0, 0, 1, 1), options=DraftOptions(target_m2=-1))
    with pytest.raises(ParameterError, match="do not fit into 1 digits"):
        CodeLayout("9", (1,)).code("9", 0, 9)


def test_foot_ways_bound_no_block():
    kinds = np.array(["residential", "footway", None, "steps", "主干路", "service"], object)
    assert street_mask(kinds).tolist() == [True, False, True, False, True, False]
    assert minor_mask(kinds).tolist() == [False, True, False, False, False, True]
    assert reading_order(np.array([shapely.box(5, 0, 6, 1), shapely.box(0, 0, 1, 1)], object)).tolist() == [1, 0]
    assert len(unite(np.array([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)], object), np.array([0, 0]))) == 1


def test_areas_are_named_by_the_street_with_the_longest_part_at_them():
    areas = np.array(
        [shapely.box(0, 0, 100, 100), shapely.box(100, 0, 200, 100), shapely.box(900, 900, 999, 999)], object
    )
    streets = np.array(
        [
            shapely.linestrings([[0, -5], [40, -5]]),
            shapely.linestrings([[0, 105], [200, 105]]),
            shapely.linestrings([[100, 0], [100, 100]]),
            shapely.linestrings([[0, 50], [500, 50]]),
        ],
        object,
    )
    assert main_streets(areas, streets, ["Short", "North", "Between", None]).tolist() == ["North", "North", None]
    assert main_streets(areas, streets[:3], [None, None, "Between"]).tolist() == ["Between", "Between", None]
