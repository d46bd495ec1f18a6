"""Editing real divisions: police service areas of Washington along its roads, quarters of St. Louis."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
import shapely

from geo.draft_borders import noded
from geo.errors import ReshapeError
from geo.grid_changes import GridState, Key, applied
from geo.redraw import redraw
from geo.reshape import Sheets, reshape
from geo.split import split

UTM15, UTM18 = "EPSG:32615", "EPSG:32618"
TRIES = 15


def multi(shape: Any) -> Any:
    return shapely.MultiPolygon([shape]) if shape.geom_type == "Polygon" else shape


def states_of(frame: Any, level: str, code: str, parent: str | None = None) -> dict[Key, GridState]:
    """Return the grids of a file; the source's faults are left as they are."""
    return {
        (level, str(row[code])): GridState(multi(shapely.make_valid(row.geometry)), parent=parent and str(row[parent]))
        for _, row in frame.iterrows()
    }


def measures(states: dict[Key, GridState], level: str) -> tuple[Any, float, float]:
    """Return the union of a level, its area, and how much ground lies in two grids."""
    shapes = np.array([state.geometry for key, state in states.items() if key[0] == level], dtype=object)
    union = shapely.union_all(shapes)
    return union, union.area, float(shapely.area(shapes).sum() - union.area)


@pytest.fixture(scope="module")
def washington(shared_data: Path) -> tuple[dict[Key, GridState], Any]:
    areas = geopandas.read_file(shared_data / "dc" / "police_service_areas.geojson").to_crs(UTM18)
    code = next(name for name in ("PSA", "NAME") if name in areas.columns)
    roads = geopandas.read_file(shared_data / "dc" / "major_roads.geojson").to_crs(UTM18).geometry.to_numpy()
    return states_of(areas, "psa", code), roads


@pytest.fixture(scope="module")
def st_louis(shared_data: Path) -> dict[Key, GridState]:
    return states_of(
        geopandas.read_file(shared_data / "stl" / "neighborhoods_79.geojson").to_crs(UTM15), "n", "NHD_NUM"
    )


def shared_nodes(states: dict[Key, GridState], level: str) -> np.ndarray:
    """Return nodes that two grids of a level have to the last bit."""
    shapes = [
        np.unique(shapely.get_coordinates(one.geometry), axis=0) for key, one in states.items() if key[0] == level
    ]
    nodes, count = np.unique(np.concatenate(shapes), axis=0, return_counts=True)
    return nodes[count > 1]


@pytest.mark.parametrize("town", ["washington", "st_louis"])
def test_nodes_of_real_borders_move_with_all_that_share_them(town: str, request: pytest.FixtureRequest) -> None:
    found = request.getfixturevalue(town)
    states = found[0] if isinstance(found, tuple) else found
    level = next(iter(states))[0]
    rng = np.random.default_rng(8)
    nodes = shared_nodes(states, level)
    assert len(nodes) > 500
    sheets, was = Sheets(states), measures(states, level)
    moved = 0
    for node in nodes[rng.choice(len(nodes), TRIES, replace=False)]:
        try:
            changes = reshape(states, level, [node], [node + rng.uniform(-3, 3, 2)], sheets=sheets)
        except ReshapeError as error:
            assert error.text()
            continue
        moved += 1
        now = measures(applied(states, changes), level)
        # No ground joins or leaves, none of it comes to lie in two grids, by more than what nodes 2 cm apart enclose.
        assert now[0].symmetric_difference(was[0]).area < 1.0
        assert now[2] - was[2] < 1.0
    assert moved > TRIES * 0.6, moved


def test_the_borders_in_view_are_what_the_grids_are(st_louis: dict[Key, GridState]) -> None:
    shapes = np.array([state.geometry for state in st_louis.values()], dtype=object)
    nodes, rings = noded(shapes)
    for shape, own in zip(shapes.tolist(), rings, strict=True):
        drawn = sum(shapely.Polygon(nodes[ring]).area for ring in own if len(ring) > 2)
        holes = sum(shapely.Polygon(hole).area for part in shape.geoms for hole in part.interiors)
        # Nodes up to 2 cm off an edge are put into it.
        assert drawn == pytest.approx(shape.area + 2 * holes, abs=0.02 * shape.length)


def test_a_real_area_is_drawn_along_real_roads(washington: tuple[dict[Key, GridState], Any]) -> None:
    states, roads = washington
    sheets, was = Sheets(states), measures(states, "psa")
    near = shapely.buffer(shapely.union_all(roads), 0.5)
    shapely.prepare(near)
    followed = []
    for key in list(states)[4:10]:
        try:
            changes = redraw(states, *key, roads, 15.0, sheets)
        except ReshapeError:
            continue
        after = applied(states, changes)
        now = measures(after, "psa")
        assert now[0].symmetric_difference(was[0]).area < 5.0 and now[2] - was[2] < 5.0
        old, new = (side.geometry.boundary.intersection(near).length for side in (states[key], after[key]))
        followed.append(new - old)
    assert followed and min(followed) > -5.0 and max(followed) > 1.0, followed


def test_a_real_area_is_split(washington: tuple[dict[Key, GridState], Any]) -> None:
    states, _ = washington
    for key, state in list(states.items())[:10]:
        west, south, east, north = state.geometry.bounds
        line = [(west - 10, (south + north) / 2), (east + 10, (south + north) / 2)]
        changes = split(states, ("psa",), *key, line)
        parts = [one.after.geometry for one in changes if one.after is not None]
        assert sum(part.area for part in parts) == pytest.approx(state.geometry.area, abs=1e-3)
        assert shapely.union_all(parts).symmetric_difference(state.geometry).area < 1e-3
