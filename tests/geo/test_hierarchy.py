"""Whatever parents are named, every path up ends, levels only get coarser, and what is wrong is said."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import UnknownLevelError
from geo.hierarchy import build_hierarchy


def build(*rows):
    """Rows of code, level, parent, polygon."""
    code, level, parent, polygon = (np.array(column, dtype=object) for column in zip(*rows, strict=True))
    return build_hierarchy(code, level, parent, polygon)


CITY = ("C", "city", None, shapely.box(0, 0, 100, 100))
EAST = ("E", "district", "C", shapely.box(50, 0, 100, 100))
WEST = ("W", "district", "C", shapely.box(0, 0, 50, 100))
CELLS = [(f"{n}", "cell", "W" if n < 5 else "E", shapely.box(10 * n, 0, 10 * n + 10, 10)) for n in range(10)]


def test_three_levels():
    tree = build(CELLS[0], EAST, *CELLS[1:], CITY, WEST)
    assert tree.levels == ("city", "district", "cell")
    assert tree.problems == ()
    assert tree.code[tree.roots()].tolist() == ["C"]
    city = int(tree.roots()[0])
    assert sorted(tree.code[tree.children(city)]) == ["E", "W"]
    assert len(tree.descendants(city)) == 12
    cell = tree.code.tolist().index("7")
    assert tree.code[list(tree.path(cell))].tolist() == ["C", "E", "7"]
    assert tree.code[tree.at_level("cell")].tolist() == [f"{n}" for n in range(10)]
    assert tree.children(cell).tolist() == []
    with pytest.raises(UnknownLevelError) as caught:
        tree.at_level("street")
    assert "city, district, cell" in str(caught.value)


def test_unlinked_levels_go_by_median_area():
    tree = build(*[(code, level, "", shape) for code, level, _, shape in (CELLS[0], EAST, CITY, *CELLS[1:], WEST)])
    assert tree.levels == ("city", "district", "cell")
    assert len(tree.roots()) == len(tree)


def test_links_beat_areas():
    tree = build(("big", "x", "small", shapely.box(0, 0, 9, 9)), ("small", "y", None, shapely.box(0, 0, 1, 1)))
    assert tree.levels == ("y", "x")


def test_one_code_at_several_levels_goes_to_the_nearest_that_holds_the_child():
    ward = ("1", "ward", None, shapely.box(0, 0, 100, 100))
    here = ("1", "anc", "1", shapely.box(0, 0, 50, 50))
    there = ("1", "park", None, shapely.box(60, 60, 61, 61))
    child = ("1A", "smd", "1", shapely.box(40, 40, 50.1, 50))
    tree = build(child, there, here, ward)
    assert tree.level[tree.parent_index[0]] == "anc"
    assert tree.level[tree.parent_index[2]] == "ward"


def test_faults_are_reported_and_cut():
    box = shapely.box(0, 0, 1, 1)
    tree = build(
        ("a", "one", "b", box),
        ("b", "two", "c", box),
        ("c", "three", "a", box),
        ("d", "three", "a", box),
        ("e", "two", "nowhere", box),
        ("f", "one", "a", box),
        ("g", "two", "g", box),
        ("g", "two", None, box),
        ("h", "one", "  ", box),
    )
    kinds = {(tree.code[problem.index], problem.kind) for problem in tree.problems}
    assert {("a", "cycle"), ("b", "cycle"), ("c", "cycle"), ("e", "unknown_parent")} <= kinds
    assert {("f", "same_level_parent"), ("g", "same_level_parent"), ("g", "duplicate_code")} <= kinds
    assert tree.parent_index[[0, 1, 2, 4, 5, 6]].tolist() == [-1] * 6
    for problem in tree.problems:
        assert problem.message.format(**problem.params)


def test_minority_link_against_the_order_is_cut():
    tree = build(CITY, EAST, WEST, *CELLS, ("X", "district", "3", shapely.box(0, 0, 1, 1)))
    assert tree.levels == ("city", "district", "cell")
    assert [problem.kind for problem in tree.problems] == ["level_order"]
    assert tree.parent_index[-1] == -1


def test_nothing():
    tree = build_hierarchy([], [], [], [])
    assert tree.levels == ()
    assert len(tree) == 0
    assert tree.roots().tolist() == []


def test_missing_polygons_do_no_harm():
    tree = build(("a", "x", None, None), ("a", "y", None, shapely.box(0, 0, 1, 1)), ("b", "z", "a", None))
    assert tree.parent_index[2] == 0  # no overlap anywhere: the smallest area


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abcdef"), st.sampled_from("xyz"), st.sampled_from(["", *"abcdefg"]), st.integers(1, 9)
        ),
        max_size=25,
    )
)
def test_every_path_ends_and_coarsens(rows):
    made = [(code, level, parent, shapely.box(0, 0, size, size)) for code, level, parent, size in rows]
    tree = build(*made) if made else build_hierarchy([], [], [], [])
    assert sorted(tree.levels) == sorted({level for _, level, _, _ in made})
    depth = {level: place for place, level in enumerate(tree.levels)}
    troubled = {problem.index for problem in tree.problems if problem.kind != "duplicate_code"}
    for i, (_, _, parent, _) in enumerate(made):
        path = tree.path(i)
        steps = [depth[tree.level[k]] for k in path]
        assert steps == sorted(set(steps))
        above = tree.parent_index[i]
        assert (above >= 0) == (parent != "" and i not in troubled)
        if above >= 0:
            assert tree.code[above] == parent
            assert i in tree.children(int(above))
            assert i in tree.descendants(path[0])
    assert sum(len(tree.children(i)) for i in range(len(tree))) + len(tree.roots()) == len(tree)


def test_washington_has_three_levels(shared_data):
    parts = []
    for name, level, code, parent in (
        ("smd_2013", "smd", "SMD_ID", lambda row: row["ANC_ID"]),
        ("wards_2012", "ward", "WARD_ID", lambda row: None),
        ("anc_2013", "anc", "ANC_ID", lambda row: row["ANC_ID"][0]),
    ):
        rows = gpd.read_file(shared_data / "dc" / f"{name}.geojson").to_crs("EPSG:26985")
        parts += [(str(row[code]), level, parent(row), row["geometry"]) for _, row in rows.iterrows()]
    tree = build(*parts)
    assert tree.levels == ("ward", "anc", "smd")
    assert [len(tree.at_level(level)) for level in tree.levels] == [8, 40, 296]
    assert tree.problems == ()
    assert tree.level[tree.roots()].tolist() == ["ward"] * 8
    assert sum(len(tree.descendants(int(root))) for root in tree.roots()) == 336
