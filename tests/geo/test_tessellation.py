"""Lattices: cells tile the city without gap or overlap, hold their points, and never move."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import ParameterError
from geo.neighbours import contiguity
from geo.tessellation import FEW_CELLS, cell_of, fitting_size_m, outlines, tessellate

Shape = Literal["hex", "square"]
SHAPES: tuple[Shape, ...] = ("hex", "square")
X0, Y0 = 385_000.0, 6_671_000.0
CITY = shapely.difference(
    shapely.buffer(shapely.Point(X0, Y0), 900, quad_segs=7), shapely.box(X0 - 100, Y0 - 120, X0 + 90, Y0 + 2000)
)
PLACES = st.tuples(st.floats(-2e6, 2e6), st.floats(-2e6, 2e6))


@given(PLACES, st.floats(50, 5000), st.sampled_from(SHAPES))
def test_a_place_lies_in_its_cell(place: tuple[float, float], size_m: float, shape: Shape) -> None:
    i, j = cell_of([place[0]], [place[1]], shape, size_m)
    assert shapely.distance(outlines(i, j, shape, size_m)[0], shapely.Point(place)) < 1e-6


@given(PLACES, st.floats(50, 5000))
def test_a_hexagon_has_the_nearest_middle(place: tuple[float, float], size_m: float) -> None:
    i, j = cell_of([place[0]], [place[1]], "hex", size_m)
    di, dj = (part.ravel() for part in np.meshgrid([-1, 0, 1], [-1, 0, 1]))
    middles = shapely.centroid(outlines(i + di, j + dj, "hex", size_m))
    distances = shapely.distance(middles, shapely.Point(place))
    assert distances[4] <= distances.min() + 1e-6


@pytest.mark.parametrize("shape", SHAPES)
def test_cells_tile_the_city(shape: Shape) -> None:
    cells = tessellate(CITY, shape, 87.5)
    assert shapely.is_valid(cells.polygons).all()
    assert cells.area_m2.sum() == pytest.approx(shapely.area(CITY), abs=1e-3)
    assert shapely.area(shapely.union_all(cells.polygons)) == pytest.approx(cells.area_m2.sum(), abs=1e-3)
    assert shapely.area(shapely.difference(shapely.union_all(cells.polygons), CITY)) < 1e-6
    assert np.allclose(shapely.area(cells.polygons), cells.area_m2)


@pytest.mark.parametrize("shape", SHAPES)
def test_corners_of_neighbours_are_the_same_to_the_last_bit(shape: Shape) -> None:
    i, j = (part.ravel() for part in np.meshgrid(np.arange(4400, 4406), np.arange(76_000, 76_006)))
    assert shapely.coverage_is_valid(outlines(i, j, shape, 87.3))


@pytest.mark.parametrize("shape", SHAPES)
def test_every_place_in_the_city_has_the_cell_that_holds_it(shape: Shape) -> None:
    cells = tessellate(CITY, shape, 120)
    rng = np.random.default_rng(0)
    x, y = rng.uniform(X0 - 1000, X0 + 1000, 3000), rng.uniform(Y0 - 1000, Y0 + 1000, 3000)
    found = cells.locate(x, y)
    inside = shapely.contains_xy(CITY, x, y)
    assert (found[inside] >= 0).all()
    assert shapely.intersects_xy(cells.polygons[found[inside]], x[inside], y[inside]).all()
    i, j = cell_of(x, y, shape, 120)
    there = {pair: k for k, pair in enumerate(zip(cells.i.tolist(), cells.j.tolist(), strict=True))}
    assert found.tolist() == [there.get(pair, -1) for pair in zip(i.tolist(), j.tolist(), strict=True)]


@pytest.mark.parametrize("shape", SHAPES)
def test_cells_do_not_move_with_the_city(shape: Shape) -> None:
    wider = shapely.union(CITY, shapely.box(X0 - 3000, Y0 - 2500, X0 - 2000, Y0))
    small, large = tessellate(CITY, shape, 150), tessellate(wider, shape, 150)
    whole = dict(zip(large.codes().tolist(), large.area_m2.tolist(), strict=True))
    for code, area in zip(small.codes().tolist(), small.area_m2.tolist(), strict=True):
        assert whole[code] == pytest.approx(area)


@pytest.mark.parametrize("shape", SHAPES)
def test_neighbours_of_cells_are_those_of_their_polygons(shape: Shape) -> None:
    town = shapely.box(X0, Y0, X0 + 700, Y0 + 650)
    cells = tessellate(town, shape, 100)
    drawn = contiguity(outlines(cells.i, cells.j, shape, 100), 1e-6)
    assert cells.neighbours().index.tolist() == drawn.index.tolist()


def test_too_small_cells_are_refused_with_a_size_that_is_not() -> None:
    town = shapely.box(0, 0, 40_000, 40_000)
    with pytest.raises(ParameterError) as refused:
        tessellate(town, "hex", 50)
    least = float(refused.value.params["least"])
    assert 50 < least < 400
    assert len(tessellate(town, "hex", 2000)) > 400


@given(st.floats(0, 1e11), st.sampled_from(SHAPES))
def test_the_fitting_size_gives_few_cells_and_not_too_few(area_m2: float, shape: Shape) -> None:
    size = fitting_size_m(area_m2, shape)
    cells = area_m2 / (size**2 * (1 if shape == "square" else 3**0.5 / 2))
    assert cells <= FEW_CELLS * (1 + 1e-9)
    assert size == 50 or cells > FEW_CELLS / 2.2


def test_no_city_has_no_cells() -> None:
    none = tessellate(shapely.Polygon(), "hex", 100)
    assert len(none) == 0
    assert none.locate([1.0], [2.0]).tolist() == [-1]
    assert len(none.neighbours()) == 0
