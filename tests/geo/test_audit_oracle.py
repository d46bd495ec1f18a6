"""Overlaps and gaps against the slow way: every pair intersected, the union's holes, GEOS' own coverage check."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.audit import audit
from geo.audit_division import division
from geo.audit_findings import Finding
from tests.geo.audit_town import array, town

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
RESOLUTION_M = 1e-6
real = pytest.mark.skipif(not SHARED.is_dir(), reason="the folder of real data is not beside the project")
PAIRS, HOLES = ("overlap", "duplicate", "near_duplicate"), ("gap", "sliver")


def wide(shape: Any) -> bool:
    return bool(shape.length) and 2 * shape.area / shape.length >= RESOLUTION_M


def by_overlay(shapes: Any) -> dict[tuple[int, int], float]:
    """The area that each pair shares, by geopandas."""
    frame = gpd.GeoDataFrame({"i": np.arange(len(shapes))}, geometry=shapes, crs="EPSG:32650")
    found = gpd.overlay(frame, frame, how="intersection", keep_geom_type=True)
    return {(a, b): shape.area for a, b, shape in zip(found.i_1, found.i_2, found.geometry, strict=True)
            if a < b and wide(shape)}  # fmt: skip


def by_union(shapes: Any) -> list[float]:
    """Areas of the faces that the union's border encloses and that it does not cover, largest first."""
    union = shapely.union_all(shapes)
    shapely.prepare(union)
    noded = shapely.get_parts(shapely.union_all(shapely.boundary(union)))
    faces = shapely.get_parts(shapely.polygonize(noded))
    free = [face for face in faces if wide(face) and not union.contains(shapely.point_on_surface(face))]
    return sorted((face.area for face in free), reverse=True)


def compare(shapes: Any, found: list[Finding], tolerance: float) -> None:
    pairs, holes = by_overlay(shapes), by_union(shapes)
    mine = {one.rows: one.measure for one in found if one.kind in PAIRS}
    assert {pair for pair in set(mine) ^ set(pairs) if max(mine.get(pair, 0), pairs.get(pair, 0)) > tolerance} == set()
    assert max((abs(mine.get(pair, 0.0) - area) for pair, area in pairs.items()), default=0.0) <= tolerance
    gaps = sorted((one.measure for one in found if one.kind in HOLES), reverse=True)
    assert len(gaps) == len(holes)
    assert max((abs(a - b) for a, b in zip(gaps, holes, strict=True)), default=0.0) <= tolerance


def look(shapes: Any) -> tuple[Any, list[Finding]]:
    """The valid areas, moved near the origin as exactness asks, and what was found."""
    grids = division(np.arange(len(shapes)).astype(str), ["ward"] * len(shapes), [None] * len(shapes), array(shapes))
    return grids.shapes, list(audit(grids).findings)


@settings(max_examples=25)
@given(
    seed=st.integers(0, 2**32 - 1),
    sown=st.integers(0, 6),
    size_m=st.sampled_from([1e-5, 1e-3, 0.1, 3.0, 40.0, 150.0]),
    twice=st.booleans(),
)
def test_random_towns(seed: int, sown: int, size_m: float, twice: bool) -> None:
    rng = np.random.default_rng(seed)
    made = town(seed, across=2)
    shapes = [shape for shape, level in zip(made.shape, made.level, strict=True) if level == "grid"]
    if twice:  # a second sheet over a part of the first: no border of its inner grids remains alone
        east, north = rng.uniform(-1, 1, 2) * 150
        shapes += [shapely.transform(shape, lambda xy: xy + np.array([east, north])) for shape in shapes[:9]]
    for row in rng.choice(len(shapes), sown, replace=False):
        ring = shapely.get_coordinates(shapes[row])[:-1]
        ring[rng.integers(len(ring))] += rng.uniform(-size_m, size_m, 2)
        shapes[row] = shapely.Polygon(ring)
    drawn, found = look(shapes)
    compare(drawn, [one for one in found if one.kind in PAIRS + HOLES], 1e-6)
    if sown == 0 and not twice:
        assert not found
    # Where a sheet lies over another with its inner borders shared, GEOS looks at borders only and sees nothing.
    if not twice and shapely.is_valid(array(shapes)).all():
        loose = ~shapely.is_empty(shapely.coverage_invalid_edges(drawn))
        assert all(loose[list(one.rows)].any() for one in found if one.kind in PAIRS)


def read(path: Path) -> Any:
    frame = gpd.read_file(path)
    frame = frame.set_crs(4326) if frame.crs is None else frame
    return np.asarray(frame.to_crs(frame.estimate_utm_crs()).geometry.array, dtype=object)


REAL: dict[str, dict[str, int]] = {
    "messy/ward-2002.geojson": {},
    "messy/neighborhood-planning-area.geojson": {"overlap": 7, "gap": 30, "sliver": 63},
    "messy/neighborhood-composition.geojson": {"overlap": 53, "gap": 10, "sliver": 94, "multipart": 6},
    "messy/school-attendance-zones-elementary-old.geojson": {"overlap": 44, "sliver": 39},
    "messy/assessment-sub-neighborhoods.geojson": {
        "invalid": 1, "overlap": 102, "gap": 5, "sliver": 170, "multipart": 13
    },
    "messy/leaf-boundary.geojson": {"invalid": 2, "overlap": 58, "gap": 40, "sliver": 392, "multipart": 8},
    "stl/STL_BOUNDARY_Grids.gpkg": {"multipart": 1},
    "stl/neighborhoods_79.geojson": {"overlap": 4, "sliver": 23, "multipart": 1},
    "dc/wards_2012.geojson": {},
    "dc/anc_2013.geojson": {},
    "dc/smd_2013.geojson": {},
    "dc/police_districts.geojson": {"overlap": 1, "sliver": 1},
    "dc/police_service_areas.geojson": {},
    "china/hu2_bei3_xiang1_yang2.geojson": {"invalid": 5, "gap": 2, "multipart": 3},
    "china/hu2_bei3_sui2_zhou1.geojson": {"multipart": 1},
    "china/an1_hui1_chu2_zhou1.geojson": {"invalid": 4, "gap": 1, "multipart": 1},
    "china/hu2_nan2_heng2_yang2.geojson": {"invalid": 1, "sliver": 1},
}  # fmt: skip


@real
@pytest.mark.parametrize(("name", "kinds"), REAL.items())
def test_real_coverages(name: str, kinds: dict[str, int]) -> None:
    drawn, found = look(read(SHARED / name))
    assert Counter(one.kind for one in found) == kinds
    compare(drawn, found, 1e-6)


NARROW_M = 1.0


@real
@pytest.mark.parametrize("name", REAL)
def test_geos_sees_the_same_edges(name: str) -> None:
    """What GEOS' check of a coverage calls wrong is in a finding, and it sees every overlap and narrow gap."""
    drawn, found = look(read(SHARED / name))
    pairs, holes = ([one for one in found if one.kind in kinds] for kinds in (PAIRS, HOLES))
    assert shapely.coverage_is_valid(drawn) == (not pairs)
    loose = ~shapely.is_empty(shapely.coverage_invalid_edges(drawn))
    assert all(loose[list(one.rows)].any() for one in pairs)
    assert set(np.flatnonzero(loose).tolist()) <= {row for one in pairs + holes for row in one.rows}
    loose = ~shapely.is_empty(shapely.coverage_invalid_edges(drawn, gap_width=NARROW_M))
    narrow = [one for one in holes if 2 * shapely.maximum_inscribed_circle(one.geometry).length < NARROW_M / 2]
    unseen = [one for one in narrow if not loose[list(one.rows)].any()]
    # In Hengyang a gap lies in a county's own border where it touches itself: GEOS compares different polygons only.
    assert [len(one.rows) for one in unseen] == ([1] if "heng2_yang2" in name else [])
