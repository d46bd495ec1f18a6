"""The measures of coverage on real cities: Helsinki in squares, downtown Washington in its districts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
import shapely
from numpy.typing import NDArray

from geo.assign import assign
from geo.blindspots import blind_spots, reasons
from geo.camera_facts import ViewRules
from geo.city import City, compute_city
from geo.denominators import BLIND, CERTAIN, POSSIBLE, incident_states, place_states, street_shares, streets_by_cell
from geo.fragility import fragility
from geo.look import look
from geo.streets import EDGE_M
from geo.view import GRID_M
from tests.geo.cameras import facts_of
from tests.scan_lines import count_cameras


@dataclass(frozen=True)
class Real:
    """A computed city, the codes of its grids, its buildings, streets, and places of incidents."""

    city: City
    codes: NDArray[Any]
    buildings: NDArray[Any]
    streets: NDArray[Any]
    x: NDArray[np.float64]
    y: NDArray[np.float64]


def shapes(file: Path, crs: str, layer: str | None = None) -> NDArray[Any]:
    return np.asarray(geopandas.read_file(file, layer=layer).to_crs(crs).geometry.array, dtype=object)


@pytest.fixture(scope="module")
def helsinki(shared_data: Path) -> Real:
    """No camera has a direction; every second one gets a range, so that some views are wide."""
    file, crs = shared_data / "osm" / "helsinki.gpkg", "EPSG:32635"
    buildings, streets, places = (shapes(file, crs, layer) for layer in ("buildings", "roads", "cameras"))
    x, y = shapely.get_x(places), shapely.get_y(places)
    x0, y0, x1, y1 = shapely.total_bounds(buildings)
    cells = np.array(
        [shapely.box(a, b, a + 150, b + 150) for a in np.arange(x0, x1, 150) for b in np.arange(y0, y1, 150)]
    )
    facts = facts_of(x=x, y=y, kind=np.where(np.arange(len(x)) % 3, None, "panoramic"),
                     range_m=np.where(np.arange(len(x)) % 2, np.nan, 60.0))  # fmt: skip
    city = compute_city(facts, buildings, None, cells, ViewRules(), crs=crs)
    rng = np.random.default_rng(0)
    codes = np.array([f"{n:03d}" for n in range(len(cells))], dtype=object)
    return Real(city, codes, buildings, streets, rng.uniform(x0, x1, 4000), rng.uniform(y0, y1, 4000))


@pytest.fixture(scope="module")
def washington(shared_data: Path) -> Real:
    """CCTV sites and crimes; directions are seeded, ranges not."""
    folder, crs = shared_data / "dc", "EPSG:26985"
    window = shapes(folder / "window.geojson", crs)[0]
    cells = shapes(folder / "smd_2013.geojson", crs)
    codes = geopandas.read_file(folder / "smd_2013.geojson")["SMD_ID"].astype(str).to_numpy(dtype=object)
    near = shapely.intersects(cells, window)
    cells, codes = shapely.intersection(cells[near], window, grid_size=GRID_M), codes[near]
    buildings = shapes(folder / "buildings_downtown.gpkg", crs)
    cameras = shapes(folder / "cctv_cameras.geojson", crs)
    crimes = shapes(folder / "crime_30d_2016.geojson", crs)
    streets = shapes(folder / "major_roads.geojson", crs)
    x, y = shapely.get_x(cameras), shapely.get_y(cameras)
    rng = np.random.default_rng(1)
    facts = facts_of(x=x, y=y, kind="fixed", azimuth_deg=rng.uniform(0, 360, len(x)), hfov_deg=70,
                     range_m=np.where(rng.random(len(x)) < 0.5, 80.0, np.nan))  # fmt: skip
    city = compute_city(facts, buildings, None, cells, ViewRules(), crs=crs)
    return Real(city, codes, buildings, streets, shapely.get_x(crimes), shapely.get_y(crimes))


@pytest.fixture(params=["helsinki", "washington"])
def real(request: pytest.FixtureRequest) -> Real:
    found: Real = request.getfixturevalue(request.param)
    return found


def test_multiplicity_along_lines_and_in_faces(real: Real) -> None:
    views, exact, cells = real.city.views, real.city.coverage, real.city.cells
    assert exact.fallbacks == 0
    lines = count_cameras(cells.free, views.polygons, views.of.camera, views.of.certain, step_m=0.1)
    assert lines.seen_m2 == pytest.approx(exact.seen_by_m2, abs=3)
    assert lines.certain_m2 == pytest.approx(exact.certain_by_m2, abs=3)
    assert exact.seen_by_m2[:, 0] == pytest.approx(exact.certain_m2 + exact.possible_m2, abs=0.02)
    assert exact.seen_by_m2[:, 0].sum() > 10_000


def test_losses(real: Real) -> None:
    views, coverage = real.city.views, real.city.coverage
    found = fragility(coverage)
    assert len(found.camera) == 10
    free = real.city.cells.free
    for camera, lost, cells in zip(found.camera[:3], found.camera_m2, found.cells, strict=False):
        own = views.of.camera == camera
        mine = shapely.union_all(views.polygons[own], grid_size=GRID_M)
        others = shapely.union_all(views.polygons[~own & shapely.intersects(views.polygons, mine)], grid_size=GRID_M)
        alone = shapely.difference(mine, others, grid_size=GRID_M)
        assert shapely.area(shapely.intersection(free, alone, grid_size=GRID_M)).sum() == pytest.approx(lost, abs=0.1)
        assert {*cells} <= {*np.flatnonzero(shapely.intersects(free, alone))}


def test_streets(real: Real) -> None:
    cells, coverage = real.city.cells.polygons, real.city.coverage
    pieces = streets_by_cell(real.streets, cells, real.codes)
    found = street_shares(pieces, coverage)
    drawn = shapely.get_coordinates(real.streets)
    assert len(drawn) > 1000
    city_solids = real.city.obstacles.tree()
    lines = shapely.linestrings(pieces.segments.reshape(-1, 2, 2))
    of = np.repeat(np.arange(len(cells)), np.diff(pieces.start))
    assert (shapely.distance(lines, cells[of]) < 1e-5).all()
    # Districts follow streets, so many pieces run along the outlines of states: on the edge, wherever rounding put it.
    for i in range(0, len(cells), 3):
        rest = lines[of == i]
        for name in ("certain", "possible", "blind"):
            wide = shapely.buffer(getattr(coverage, name)[i], EDGE_M, join_style="mitre")
            inside = shapely.length(shapely.intersection(rest, wide)).sum()
            assert getattr(found, f"{name}_m")[i] == pytest.approx(inside, abs=0.1)
            rest = shapely.difference(rest, wide)
        solid = city_solids.query(rest[shapely.length(rest) > 1e-3], predicate="intersects")[0]
        assert len(np.unique(solid)) == (shapely.length(rest) > 1e-3).sum()
    whole = shapely.union_all(cells, grid_size=GRID_M)
    length = shapely.length(shapely.intersection(shapely.union_all(real.streets), whole))
    assert found.streets_m.sum() == pytest.approx(length, rel=1e-4)  # streets drawn beside themselves count twice
    assert found.certain_m.sum() > 50
    assert found.blind_m.sum() > found.built_m.sum() > 0


def test_incidents_and_places(real: Real) -> None:
    coverage, cells = real.city.coverage, real.city.cells.polygons
    cell = assign(real.x, real.y, cells, real.codes)
    found = incident_states(real.x, real.y, cell, coverage)
    for row in range(0, len(cell), 50):
        point = shapely.Point(real.x[row], real.y[row])
        layers = [getattr(coverage, name) for name in ("certain", "possible", "blind")]
        holds = [cell[row] >= 0 and layer[cell[row]].intersects(point) for layer in layers]
        assert found[row] == (4 if cell[row] < 0 else holds.index(True) if any(holds) else 3)
    assert {*np.unique(found)} >= {CERTAIN, POSSIBLE, BLIND}
    states = place_states(real.buildings, [], coverage)
    for row in range(0, len(real.buildings), 40):
        near = [
            shapely.dwithin(real.buildings[row], layer, 1.0).any() for layer in (coverage.certain, coverage.possible)
        ]
        assert states[row] == (near.index(True) if any(near) else BLIND)


def test_blind_spots(real: Real) -> None:
    city = real.city
    cell = assign(real.x, real.y, city.cells.polygons, real.codes)
    unseen = incident_states(real.x, real.y, cell, city.coverage) == BLIND
    incidents = real.x[unseen], real.y[unseen], cell[unseen]
    found = blind_spots(city.coverage, real.codes, incidents, (city.facts.x, city.facts.y))
    assert len(found) > 50
    shrunk = shapely.is_empty(shapely.buffer(shapely.get_parts(city.coverage.blind), -0.5))
    assert len(found) == (~shrunk & (shapely.area(shapely.get_parts(city.coverage.blind)) >= 10)).sum()
    assert 0.9 * unseen.sum() < found.incidents_unseen.sum() <= unseen.sum()
    why, camera = reasons(found, city.views.of, city.obstacles, target_height_m=1.6)
    assert {"wall", "range"} <= {*why}
    assert ((camera >= 0) == (why != "no_camera")).all()
    # No line of sight reaches a place within a blind spot, but for those between a chord and its arc.
    for row in range(0, len(found), 20):
        sees = look(found.x[row], found.y[row], city.views.of.beams, city.obstacles) == 0
        far = city.views.of.beams.far_m[sees]
        away = np.hypot(city.views.of.beams.x[sees] - found.x[row], city.views.of.beams.y[sees] - found.y[row])
        assert (away > far * np.cos(np.pi / 64)).all()
