"""One table of views: scenes and cameras, and independent ways to their area. It drives the tests and the bench.

A case is a scene with beams. `IMPLEMENTATIONS` are what `geo.visibility` is held against, each with the error it has by
itself: the shapely oracle (with fine chords), pysovist (an exact sweep written elsewhere, arcs as arcs), dense rays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import shapely
from numpy.typing import NDArray

from geo.crs import WGS84, choose_metric_crs, transform_xy
from geo.obstacles import Obstacles, build_obstacles
from geo.view import camera_view
from geo.visibility import Beams, settle_cameras
from tests import oracles

Floats = NDArray[np.float64]

ORIGIN = np.array([500_000.0, 6_600_000.0])  # as coordinates of a UTM zone are


@dataclass(frozen=True)
class ViewCase:
    """Footprints with their heights (None: unknown) and beams, not yet settled."""

    name: str
    footprints: Any
    x: Floats
    y: Floats
    azimuth_deg: Floats
    angle_deg: Floats
    near_m: Floats
    far_m: Floats
    heights: Any = None
    height_m: Floats = field(default_factory=lambda: np.zeros(0))
    large: bool = False  # too much for the oracle

    @cached_property
    def obstacles(self) -> Obstacles:
        """Dissolved footprints."""
        return build_obstacles(self.footprints, self.heights)

    @cached_property
    def beams(self) -> Beams:
        """Beams of settled cameras."""
        height = self.height_m if len(self.height_m) else np.full(len(self.x), np.nan)
        settled = settle_cameras(self.x, self.y, self.azimuth_deg, self.obstacles)
        return Beams(settled.x, settled.y, self.azimuth_deg, self.angle_deg, self.near_m, self.far_m, height)


def case(name: str, footprints: Any, cameras: Any, angle: Any = 360.0, **given: Any) -> ViewCase:
    """A case from a few numbers: cameras (n, 2) about the origin of the scene; what is single counts for all."""
    xy = np.atleast_2d(np.asarray(cameras, np.float64)) + ORIGIN
    shapes = [shapely.transform(shape, lambda corners: corners + ORIGIN) for shape in footprints]
    columns = {"azimuth_deg": 30.0, "angle_deg": angle, "near_m": 0.0, "far_m": 50.0} | {
        name: value for name, value in given.items() if name in ("azimuth_deg", "near_m", "far_m", "height_m")
    }
    wide = {name: np.broadcast_to(np.float64(value), len(xy)).copy() for name, value in columns.items()}
    return ViewCase(name, shapes, xy[:, 0], xy[:, 1], heights=given.get("heights"), **wide)


def box(x: float, y: float, half: float, high: float | None = None, turn: float = 0.0) -> shapely.Polygon:
    """A rectangle about a point."""
    up = half if high is None else high
    return shapely.affinity.rotate(shapely.box(x - half, y - up, x + half, y + up), turn)


def random_scene(rng: np.random.Generator, footprints: int, cameras: int, *, heights: bool = False) -> ViewCase:
    """Boxes that cross, touch and repeat, and cameras of all angles among and in them."""
    centres = rng.uniform(-60, 60, (footprints, 2))
    if footprints > 3:
        centres[: footprints // 4] = np.round(centres[: footprints // 4] / 8) * 8  # touching and repeated
    boxes = [
        box(x, y, *(rng.choice([4.0, rng.uniform(0.5, 12)]), rng.choice([4.0, rng.uniform(0.5, 12)])), turn=turn)
        for (x, y), turn in zip(centres, rng.choice([0.0, 0.0, 90.0, rng.uniform(0, 180)], footprints), strict=True)
    ]
    given: dict[str, Any] = {}
    if heights:
        given = {"heights": rng.choice([1.0, 3.0, 5.0, 8.0, 12.0, np.nan], footprints)}
        given["height_m"] = rng.choice([1.0, 2.0, 4.0, 6.0, 10.0, 20.0, np.nan], cameras)
    return case(
        "random",
        boxes,
        rng.uniform(-60, 60, (cameras, 2)),
        rng.choice([360.0, 90.0, 10.0, 180.0, 270.0, 359.9999, 45.0, rng.uniform(0.1, 360)], cameras),
        azimuth_deg=rng.choice([0.0, 45.0, 90.0, 359.9999, rng.uniform(0, 360)], cameras),
        far_m=rng.choice([1.0, 20.0, 50.0, 100.0], cameras),
        near_m=rng.choice([0.0, 0.0, 0.5, 0.9], cameras) * 1.0,
        **given,
    )


def gear(corners: int, inner: float, outer: float) -> shapely.Polygon:
    """A ring-shaped outline of many teeth."""
    turns = np.arange(corners) * 2 * np.pi / corners
    radius = np.where(np.arange(corners) % 2, inner, outer)
    return shapely.Polygon(np.column_stack([radius * np.cos(turns), radius * np.sin(turns)]))


def hostile() -> list[ViewCase]:
    """Everything that breaks sweeps."""
    yard = shapely.box(-20, -20, 20, 20).difference(shapely.box(-5, -5, 5, 5))
    row = [shapely.box(i * 6, 10, i * 6 + 6, 18) for i in range(-4, 4)]
    spread = [[0, 0], [3, -7], [-12, 2]]
    cut = [shapely.affinity.translate(gear(40, 6, 9), x, y) for x, y in ((15, 0), (20, 4), (-14, 9))]
    return [
        case("nothing in the way", [], spread, [360, 90, 0.5]),
        case("crossing footprints", [box(0, 20, 10, 2), box(0, 20, 2, 10), box(8, 15, 6, 6, 30)], spread),
        case("the same footprint three times", [box(10, 10, 4)] * 3, spread),
        case("courtyard", [yard], [[0, 0], [4.9, 4.9], [-30, 0], [25, 25]]),
        case("courtyard in a courtyard", [yard, box(0, 0, 3).difference(box(0, 0, 1))], [[0, 0], [4, 0], [0, -40]]),
        case("touching walls", row, [[0, 0], [6, 5], [-3, 30]], [360, 100, 270]),
        case("touching at a corner", [shapely.box(5, 5, 10, 10), shapely.box(10, 10, 15, 15)], spread),
        case("a hair's gap", [shapely.box(-10, 10, 0, 12), shapely.box(0.001, 10, 10, 12)], [[0, 0], [5, 0]]),
        case("collinear edges", [shapely.box(5 * i, 8, 5 * i + 3, 9) for i in range(-5, 5)], [[0, 8], [0, 9], [30, 8]]),
        case("edges with needless corners", [box(10, 0, 4).segmentize(0.01)], spread),
        case("camera on a corner", [shapely.box(0, 0, 10, 10)], [[0, 0], [10, 10], [0, 10]]),
        case("camera on a wall", [shapely.box(0, 0, 10, 10)], [[0, 5], [5, 10], [3, 0]], [90, 360, 180]),
        case("camera inside", [shapely.box(-4, -4, 4, 4), box(20, 0, 4)], [[0, 0], [1, 3], [-3.999, 0]], [90, 360, 30]),
        case("camera inside two", [box(0, 0, 5), box(3, 3, 5), box(0, 30, 9)], [[1, 1], [6, 6]]),
        case("angles", [box(8, 8, 3), box(-9, 4, 2)], [[0, 0]] * 7, [1e-3, 1, 90, 180, 181, 359.9999, 360]),
        case("azimuth 359.9999", [box(1, 20, 3)], [[0, 0]] * 3, [20, 180, 300], azimuth_deg=359.9999),
        case("near disc", [box(6, 6, 3), box(-9, 4, 2), box(0, -12, 8, 1)], [[0, 0]] * 4, [360, 90, 200, 359.9999],
             near_m=[5, 3, 9, 12]),
        case("near disc wider than the walls", [yard], [[0, 0], [2, 0]], near_m=7.2),
        case("only a corner beyond the near disc", [yard], [[0, 0]], near_m=7.0),
        case("10 km", [box(2000, 300, 40), box(-9000, 10, 20), box(9990, 0, 30, 300)], [[0, 0]] * 2, [360, 70],
             far_m=10_000.0),
        case("1 cm before a long wall", [shapely.box(-5e3, 0, 5e3, 1)], [[0, -0.01], [0, -1e-4]], far_m=1000.0),
        case("teeth", cut, spread, [360, 120, 300]),
        case("walls at the edge of the reach", [shapely.box(49.95, -30, 52, 30), box(0, 49.99, 8, 0.02)], [[0, 0]]),
        case("looks over low walls", [box(10, 0, 1, 8), box(20, 3, 2), box(-15, 2, 2, 5)], [[0, 0]] * 4,
             heights=[2.0, 4.0, np.nan], height_m=[3.0, 5.0, 1.5, 30.0], near_m=[0, 2, 0, 12]),
        case("roof lower than the target", [box(10, 0, 3)], [[0, 0]] * 2, heights=[1.0], height_m=[2.0, 1.2]),
        case("shadows that cross", [box(10, 0, 1, 6), box(14, 5, 1, 6, 20), box(17, 0, 2, 3)], [[0, 0], [0, 4]],
             heights=[2.0, 3.0, 1.0], height_m=6.0),
        case("a courtyard from above", [yard], [[-30, 3], [0, 0]], heights=[3.0], height_m=[8.0, 4.0], far_m=70.0),
        ViewCase("100,000 corners", [gear(100_000, 20.0, 20.01)], *(np.array(v) for v in (
            [60.0, 0.0], [0.0, 0.0], [0.0, 0.0], [360.0, 360.0], [0.0, 0.0], [100.0, 100.0])), large=True),
    ]  # fmt: skip


HOSTILE = hostile()


def real(folder: Path) -> Iterator[ViewCase]:
    """Real buildings with real or seeded cameras; what is absent is left out."""
    rng = np.random.default_rng(0)
    sources = (
        ("Helsinki", folder / "osm/helsinki.gpkg", folder / "osm/helsinki.gpkg"),
        ("Heidelberg", folder / "osm/heidelberg.gpkg", folder / "osm/heidelberg.gpkg"),
        ("Liechtenstein", folder / "osm/liechtenstein.gpkg", None),
        ("Washington", folder / "dc/buildings_downtown.gpkg", folder / "dc/cctv_cameras.geojson"),
    )
    for name, buildings, cameras in sources:
        if not buildings.is_file():
            continue
        layer = "buildings" if "osm" in str(buildings) else None
        houses = geopandas.read_file(buildings, layer=layer).to_crs(WGS84)
        middle = houses.geometry.representative_point()
        crs = choose_metric_crs(middle.x, middle.y)
        shapes = np.asarray(houses.to_crs(crs).geometry.array, dtype=object)
        x0, y0, x1, y1 = shapely.total_bounds(shapes)
        if cameras is None:
            x, y = rng.uniform(x0, x1, 200), rng.uniform(y0, y1, 200)
        else:
            places = geopandas.read_file(cameras, layer="cameras" if "osm" in str(cameras) else None).to_crs(WGS84)
            x, y = transform_xy(places.geometry.x, places.geometry.y, WGS84, crs)
            inside = (x >= x0) & (x <= x1) & (y >= y0) & (y <= y1)
            x, y = x[inside], y[inside]
        count = len(x)
        yield ViewCase(
            f"{name}, {count} cameras", shapes, x, y, rng.uniform(0, 360, count), rng.choice([360.0, 90.0], count),
            np.zeros(count), np.full(count, 60.0),
        )  # fmt: skip


def oracle_area(view: ViewCase, i: int) -> float:
    """The shapely oracle with chords so fine that the arcs lack less than 1e-6 of the disc."""
    return float(oracle_view(view, i, 256).area)


def oracle_view(view: ViewCase, i: int, segments_per_quadrant: int = 16) -> Any:
    """What the oracle sees; the sectors of angles above 0 only."""
    beam = view.beams
    return camera_view(
        beam.x[i], beam.y[i], view.obstacles.solids, range_m=beam.far_m[i], azimuth_deg=beam.azimuth_deg[i],
        hfov_deg=beam.angle_deg[i], near_m=beam.near_m[i], height_m=beam.height_m[i],
        obstacle_height_m=view.obstacles.height_m, segments_per_quadrant=segments_per_quadrant,
    )  # fmt: skip


def ray_area(view: ViewCase, i: int) -> float:
    """Dense rays; they know no heights."""
    b = view.beams
    solids = view.obstacles.solids
    near = solids[shapely.dwithin(solids, shapely.Point(b.x[i], b.y[i]), b.far_m[i])] if len(solids) else solids
    return oracles.seen_area(b.x[i], b.y[i], near, b.far_m[i], b.azimuth_deg[i], b.angle_deg[i], b.near_m[i])


def segments_near(view: ViewCase, i: int) -> Floats:
    """Walls (n, 2, 2) of the solids in reach, relative to the camera."""
    b, o = view.beams, view.obstacles
    rows = o.tree().query(shapely.Point(b.x[i], b.y[i]), predicate="dwithin", distance=b.far_m[i])
    edges = np.concatenate([np.zeros(0, np.int64), *(np.arange(o.first[row], o.first[row + 1]) for row in rows)])
    edges = edges.astype(np.int64)
    ends = [o.ax[edges] - b.x[i], o.ay[edges] - b.y[i], o.bx[edges] - b.x[i], o.by[edges] - b.y[i]]
    return np.stack(ends, axis=1).reshape(-1, 2, 2)


def pysovist_area(view: ViewCase, i: int) -> float:
    """Pysovist, exact; the near disc by a second view. It knows no heights."""
    import pysovist  # takes a second

    b = view.beams
    plan = pysovist.Plan(segments_near(view, i))
    look = {"fov": np.radians(b.angle_deg[i]), "direction": np.arctan2(*_heading(b.azimuth_deg[i])[::-1])}
    area = pysovist.isovist(plan, (0.0, 0.0), max_distance=b.far_m[i], **look).area
    if b.near_m[i] > 0:
        area -= pysovist.isovist(plan, (0.0, 0.0), max_distance=b.near_m[i], **look).area
    return float(area)


def _heading(azimuth_deg: float) -> tuple[float, float]:
    return float(np.sin(np.radians(azimuth_deg))), float(np.cos(np.radians(azimuth_deg)))


@dataclass(frozen=True)
class Implementation:
    """A way to the area of one beam, and its own error: relative, and times the reach squared."""

    name: str
    area: Callable[[ViewCase, int], float]
    relative: float
    of_disc: float
    knows_heights: bool


IMPLEMENTATIONS = (
    Implementation("shapely oracle", oracle_area, 1e-5, 2e-5, True),
    Implementation("pysovist", pysovist_area, 1e-8, 1e-9, False),
    Implementation("dense rays", ray_area, 2e-4, 2e-3, False),
)
