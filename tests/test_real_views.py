"""Views of the real cameras beside the project: what is certain of them follows from what was recorded, and no more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely

from geo.cameras import CameraFacts, ViewRules, beams_of
from geo.columns import Snapshot
from geo.crs import grid_azimuth
from geo.obstacles import build_obstacles
from geo.view import GRID_M, camera_view
from geo.views import Views, views_of
from store.store import Store
from tests.test_real_input import importer

RULES = ViewRules()
Take = Callable[..., Snapshot]


@pytest.fixture
def take(tmp_path: Path) -> Iterator[Take]:
    """Import files into a new store and return its snapshot."""

    def run(cameras: Path, buildings: Path, **options: str) -> Snapshot:
        with Store.open(tmp_path / f"{cameras.stem}.gpkg") as store:
            read = importer(store, tmp_path)
            for layer, file in (("cameras", cameras), ("buildings", buildings)):
                read(
                    layer, file, count=False, **({"layer_name": layer} if file.stem == cameras.stem else {}), **options
                )
            return store.snapshot()

    yield run


def compute(snapshot: Snapshot, facts: CameraFacts, rules: ViewRules = RULES) -> Views:
    buildings = snapshot["buildings"]
    assert buildings.geometry is not None and snapshot.crs is not None
    obstacles = build_obstacles(buildings.geometry, buildings.number("height_m"))
    beams = beams_of(facts, rules, obstacles, crs=snapshot.crs)
    return views_of(beams, obstacles, target_height_m=rules.target_height_m)


def missing(views: Views) -> dict[str, int]:
    return {name: int(flags.sum()) for name, flags in views.of.assumed.items()}


def assert_as_drawn_by_the_oracle(snapshot: Snapshot, facts: CameraFacts, views: Views, rows: list[int]) -> None:
    buildings = snapshot["buildings"].geometry
    beams = views.of.beams
    for row in rows:
        (beam,) = np.flatnonzero(views.of.camera == row)
        azimuth = float(grid_azimuth(facts.azimuth_deg[[row]], facts.x[[row]], facts.y[[row]], snapshot.crs)[0])
        slow = camera_view(
            facts.x[row],
            facts.y[row],
            buildings,
            range_m=float(beams.far_m[beam]),
            azimuth_deg=None if np.isnan(azimuth) else azimuth,
            hfov_deg=float(beams.angle_deg[beam]),
        )
        assert shapely.symmetric_difference(views.polygons[beam], slow, grid_size=GRID_M).area < 0.01, row


def test_helsinki_has_no_directions_and_so_nothing_certain(take: Take, shared_data: Path) -> None:
    file = shared_data / "osm" / "helsinki.gpkg"
    snapshot = take(file, file)
    facts = CameraFacts.of(snapshot["cameras"])
    views = compute(snapshot, facts)
    assert (len(facts), int(views.of.certain.sum())) == (223, 0)
    assert (views.of.beams.angle_deg == 360).all() and (views.of.beams.far_m == 50).all()
    assert views.area_m2.sum() == pytest.approx(658_597, abs=50)
    assert missing(views) == {
        **dict.fromkeys(("range", "near", "height", "state"), 223),
        **{"direction": 183, "fov": 183, "turning": 40, "pixels": 0},
    }
    assert (int((views.of.moved_m > 0).sum()), float(views.of.moved_m.max())) == (53, pytest.approx(16.4, abs=0.1))

    ranged = replace(facts, range_m=np.full(223, 30.0), hfov_deg=np.full(223, 70.0))
    assert not compute(snapshot, ranged).of.certain.any()  # where they look is still not known
    free = np.flatnonzero(views.of.moved_m == 0)
    assert_as_drawn_by_the_oracle(snapshot, facts, views, free[::40].tolist())


def test_heidelberg_has_directions_from_tags(take: Take, shared_data: Path) -> None:
    file = shared_data / "osm" / "heidelberg.gpkg"
    snapshot = take(file, file)
    facts = CameraFacts.of(snapshot["cameras"])
    views = compute(snapshot, facts)
    aimed = np.flatnonzero(np.isfinite(facts.azimuth_deg))
    assert Counter(views.of.beams.angle_deg.tolist()) == {180: 3, 360: 3}
    assert views.of.beams.angle_deg[aimed].tolist() == [180, 180, 180]  # fixed, angle not recorded
    assert not views.of.certain.any()
    assert_as_drawn_by_the_oracle(snapshot, facts, views, list(range(6)))

    known = np.isin(np.arange(6), aimed)
    told = replace(facts, range_m=np.where(known, 40.0, np.nan), hfov_deg=np.where(known, 60.0, np.nan))
    views = compute(snapshot, told)
    assert views.of.camera[views.of.certain].tolist() == aimed.tolist()
    assert (views.area_m2[views.of.certain] <= np.pi * 1600 / 6 + 1e-6).all()


def test_washington_has_both(take: Take, shared_data: Path) -> None:
    folder = shared_data / "dc"
    snapshot = take(folder / "speed_cameras.geojson", folder / "buildings_downtown.gpkg")
    facts = CameraFacts.of(snapshot["cameras"])
    views = compute(snapshot, facts)
    assert Counter(views.of.beams.angle_deg.tolist()) == {
        360: 117,
        225: 10,
    }  # kind not recorded; fixed, a compass point
    assert not views.of.certain.any()
    told = compute(snapshot, replace(facts, range_m=np.full(127, 40.0), hfov_deg=np.full(127, 60.0)))
    assert Counter(zip(told.of.certain.tolist(), told.of.beams.angle_deg.tolist(), strict=True)) == {
        (True, 15): 127,  # all have one of eight directions
        (False, 45): 254,
    }
    rows = told.of.certain
    assert told.area_m2[rows].max() == pytest.approx(np.pi * 1600 * 15 / 360)

    snapshot = take(folder / "cctv_cameras.geojson", folder / "buildings_downtown.gpkg")
    views = compute(snapshot, CameraFacts.of(snapshot["cameras"]), ViewRules(task="detect", edition="2014"))
    assert (len(views.of), int(views.of.certain.sum()), missing(views)["direction"]) == (540, 0, 540)


def test_a_direction_code_of_gbt_28181_is_one_of_eight(tmp_path: Path) -> None:
    table = tmp_path / "cameras.csv"
    table.write_text("id,lon,lat,kind,DirectionType,hfov_deg,range_m\na,117,40,fixed,5,60,40\n", "utf-8")
    with Store.open(tmp_path / "atlas.gpkg") as store:
        importer(store, tmp_path)("cameras", table, crs="EPSG:4326")
        snapshot = store.snapshot()
    of = beams_of(CameraFacts.of(snapshot["cameras"]), RULES, build_obstacles([]), crs=str(snapshot.crs))
    assert of.beams.angle_deg.tolist() == [15, 45, 45]
    assert of.beams.azimuth_deg == pytest.approx([135, 105, 165], abs=1e-3)  # 5 is south-east
