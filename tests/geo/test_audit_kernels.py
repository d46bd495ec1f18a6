"""The compiled loops of the audit against slow ways, and the search of bare polygons against the whole audit."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo import audit_edges
from geo.audit import audit
from geo.audit_division import division
from geo.audit_edges import ORIGIN_M, alike, edges_of, faces, origin_of, strung, winding
from geo.audit_search import search
from tests.geo.audit_town import array, town
from tests.geo.test_audit_oracle import REAL, SHARED, read, real


def grids(seed: int, moved: int, size_m: float, twice: bool) -> Any:
    """The grids of a town of which some are moved; with a second sheet over a part of it."""
    rng = np.random.default_rng(seed)
    made = town(seed, across=2)
    shapes = [shape for shape, level in zip(made.shape, made.level, strict=True) if level == "grid"]
    for row in rng.choice(len(shapes), moved, replace=False).tolist():
        by = rng.uniform(-size_m, size_m, 2)
        shapes[row] = shapely.transform(shapes[row], lambda xy, by=by: xy + by)
    if twice:
        by = rng.uniform(-150, 150, 2)
        shapes += [shapely.transform(shape, lambda xy: xy + by) for shape in shapes[:9]]
    return array(shapes)


SOWN = {
    "seed": st.integers(0, 2**32 - 1),
    "moved": st.integers(0, 8),
    "size_m": st.sampled_from([1e-5, 1e-3, 0.1, 3.0, 40.0]),
    "twice": st.booleans(),
}


@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), max_size=60), st.booleans())
def test_same_rows_are_found(rows: list[tuple[int, int]], crowded: bool) -> None:
    values = np.array(rows, np.int64).reshape(-1, 2)
    with pytest.MonkeyPatch.context() as patch:
        if crowded:  # as where all rows fall on one place of the table
            patch.setattr(audit_edges, "same_values", lambda bits: (np.zeros(0, np.int64), np.zeros(0, np.int64)))
        which, first = alike(values)
    assert len(first) == len(set(rows))
    assert (values[first][which] == values).all()


@settings(max_examples=25)
@given(**SOWN)
def test_what_remains_is_strung_together_and_encloses_the_same(
    seed: int, moved: int, size_m: float, twice: bool
) -> None:
    shapes = grids(seed, moved, size_m, twice)
    origin = origin_of(shapes)
    edges = edges_of(shapes, -origin)
    every = np.arange(len(edges.tail))
    group, segments = edges.left(every, every * 0, every * 0 + 1)
    slow: Counter[tuple[float, ...]] = Counter()
    for ax, ay, bx, by in edges.segments(every).tolist():
        slow[ax, ay, bx, by] += 1
        slow[bx, by, ax, ay] -= 1
    assert Counter(map(tuple, segments.tolist())) == +slow and not group.any()
    lines, line = strung(segments)
    for number, one in enumerate(lines):
        xy = shapely.get_coordinates(one)
        assert one.is_closed
        assert Counter(map(tuple, np.hstack([xy[:-1], xy[1:]]).tolist())) == Counter(
            map(tuple, segments[line == number].tolist())
        )
    found = faces(segments)
    singly: Any = shapely.linestrings(segments.reshape(-1, 2, 2))
    known = shapely.get_parts(shapely.polygonize(shapely.get_parts(shapely.union_all(singly))))
    for measure in (shapely.area, shapely.length):
        assert np.sort(measure(found)) == pytest.approx(np.sort(measure(known)), rel=1e-12, abs=1e-6)
    spots = shapely.point_on_surface(found[shapely.area(found) > 1e-3])
    x, y = shapely.get_coordinates(spots).T
    assert winding(segments, spots).tolist() == [turned(segments, *spot) for spot in zip(x, y, strict=True)]


def turned(segments: Any, px: float, py: float) -> int:
    """How many times segments wind around a place, each looked at."""
    ax, ay, bx, by = segments.T
    side = (bx - ax) * (py - ay) - (by - ay) * (px - ax)
    return int(((by <= py) & (py < ay) & (side > 0)).sum()) - int(((ay <= py) & (py < by) & (side < 0)).sum())


def told(parts: Any) -> dict[tuple[Any, ...], list[float]]:
    """Measures by kind and grids."""
    found: dict[tuple[Any, ...], list[float]] = {}
    for one in parts:
        for rows, measure in zip(one.rows, one.measure.tolist(), strict=True):
            found.setdefault((one.kind, tuple(rows)), []).append(measure)
    return {name: sorted(values) for name, values in found.items()}


def same_as_audit(shapes: Any) -> None:
    n = len(shapes)
    made = division(np.arange(n).astype(str), ["ward"] * n, [None] * n, shapes)
    whole = told(part for part in audit(made).steps["cover ward"] if len(part))
    quick = told(search(shapely.transform(made.shapes, lambda xy: xy + made.origin)))
    assert quick.keys() == whole.keys()
    assert all(quick[name] == pytest.approx(whole[name], abs=1e-6) for name in whole)


@settings(max_examples=25)
@given(**SOWN)
def test_the_search_of_bare_polygons_finds_what_the_audit_finds(
    seed: int, moved: int, size_m: float, twice: bool
) -> None:
    same_as_audit(grids(seed, moved, size_m, twice))


@real
@pytest.mark.parametrize("name", REAL)
def test_the_search_on_real_coverages(name: str) -> None:
    same_as_audit(read(Path(SHARED) / name))


def test_nothing_is_found_in_nothing() -> None:
    assert search(array([])) == [] and search(array([shapely.box(0, 0, 1, 1)])) == []
    assert len(faces(np.zeros((0, 4)))) == 0


def test_the_origin_is_that_of_all_bounds() -> None:
    shapes = array([shapely.box(400_000, 3_500_000, 400_100, 3_500_100), None, shapely.Polygon()])
    box = shapely.total_bounds(shapes)
    assert origin_of(shapes).tolist() == (np.round((box[:2] + box[2:]) / 2 / ORIGIN_M) * ORIGIN_M).tolist()
    assert origin_of(shapes[1:]).tolist() == [0.0, 0.0]
