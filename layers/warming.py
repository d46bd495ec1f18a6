"""Compile what coverage, heat and hot spots need, so that no reader waits for it; numba keeps it on disk."""

from __future__ import annotations

import numpy as np
import shapely

from geo.camera_facts import CameraFacts, ViewRules
from geo.city import compute_city, with_cameras
from geo.denominators import place_states, street_shares, streets_by_cell
from geo.hotspots import gi_star
from geo.neighbours import lattice_neighbours
from geo.trend import mann_kendall
from layers.asked import along_line, at_point
from layers.sight import sight_of


def warm() -> None:
    """Work out a city of two cameras, one of which looks over a lower house."""
    two = np.ones(2)
    numbers = dict.fromkeys(("azimuth_tolerance_deg", "tilt_deg", "vfov_deg", "pixels_h"), np.nan * two)
    facts = CameraFacts(
        id=np.array(["a", "b"], dtype=object),
        x=500_000 + np.array([10.0, 90.0]),
        y=4_000_000 + 50 * two,
        kind=np.array(["fixed", None], dtype=object),
        azimuth_deg=90 * two,
        hfov_deg=np.array([60.0, np.nan]),
        range_m=80 * two,
        height_m=np.array([8.0, np.nan]),
        online=np.ones(2, dtype=np.int8),
        **numbers,
    )

    def box(west: float, east: float, south: float = 40.0, north: float = 60.0) -> shapely.Polygon:
        return shapely.box(500_000 + west, 4_000_000 + south, 500_000 + east, 4_000_000 + north)

    houses, heights = [box(30, 40), box(60, 70)], np.array([4.0, np.nan])
    grids = [box(0, 50, 0, 100), box(50, 100, 0, 100)]
    city = compute_city(facts, houses, heights, grids, ViewRules(), crs="EPSG:32650")
    city, _ = with_cameras(city, facts, [0])
    street = shapely.LineString([(500_000, 4_000_050), (500_100, 4_000_051)])
    street_shares(streets_by_cell([street], city.cells.polygons, ["a", "b"]), city.coverage)
    place_states([shapely.Point(500_020, 4_000_050)], houses, city.coverage)
    gi_star(np.ones((2, 10)), lattice_neighbours([0, 1], [0, 0], hexagons=True))
    mann_kendall(np.ones((1, 10)))
    sight = sight_of(city)
    at_point(sight, 500_020.0, 4_000_050.0)
    along_line(sight, np.array([500_000.0, 500_100.0]), np.array([4_000_050.0, 4_000_051.0]))
    warm_heat()


def warm_heat() -> None:
    """Draw a heat map of a few incidents with every loop it has: by rows, by cells, exactly, along streets."""
    from geo.heat_bandwidth import choose_bandwidth
    from geo.heat_boundary import Boundary
    from geo.heat_columns import Choice, heat_columns
    from geo.heat_field import HeatField
    from geo.heat_kernel import Kernel
    from geo.street_density import spread_matrix
    from geo.street_graph import street_graph

    x, y = (one.ravel() * 10.0 for one in np.meshgrid(np.arange(150.0), np.arange(150.0)))
    columns = heat_columns(x, y, weight=np.ones(len(x)))
    city = Boundary(shapely.box(0, 0, 1500, 1500))
    corners = np.meshgrid([0.0, 1000.0], [2000.0, 1000.0])
    for kernel in (Kernel("quartic", 500.0), Kernel("gaussian", 30.0)):
        field = HeatField(columns, kernel, Choice(0, 1), city, weighted=True)
        field.mesh(*corners, (64, 64), 16.0)
        field.sampled(x[:2], y[:2])
        field.peak()
        field.at(x[:2], y[:2])
    choose_bandwidth(columns, "quartic", boundary=city, sample=5)
    graph = street_graph([shapely.LineString([(0, 0), (500, 0)])])
    spread_matrix(graph, Kernel()).density(np.ones(graph.lixels))
