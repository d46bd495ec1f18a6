"""The real files beside the project come in with the figures known of them: every row accepted or explained."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest
import shapely

from geo.assign import assign
from geo.columns import Snapshot
from geo.crs import WGS84, try_transform_xy
from store.errors import IntakeError
from store.intake.options import ImportOptions, ImportReport, NothingAcceptedError
from store.intake.run import import_file
from store.store import Store

Import = Callable[..., ImportReport]
NEW_YORK = "America/New_York"


def rows_in(file: Path) -> int:
    """Count rows in another way than the program does."""
    if file.suffix == ".geojson":
        return len(json.loads(file.read_text(encoding="utf-8"))["features"])
    if file.suffix == ".parquet":
        return int(pyarrow.parquet.ParquetFile(file).metadata.num_rows)
    if file.suffix == ".csv":
        with file.open(encoding="cp1252", newline="") as stream:
            return sum(1 for _ in csv.reader(stream)) - 1
    raise AssertionError(file)


def importer(store: Store, scratch: Path) -> Import:
    def run(layer: str, file: Path, *, count: bool = True, **options: Any) -> ImportReport:
        report = import_file(store, layer, file, ImportOptions(**options), scratch=scratch)
        if count:
            assert report.accepted + report.rejected == rows_in(file)
        return report

    return run


@pytest.fixture
def new_store(tmp_path: Path) -> Iterator[tuple[Store, Import]]:
    with Store.open(tmp_path / "atlas.gpkg") as store:
        yield store, importer(store, tmp_path)


def texts(report: ImportReport) -> str:
    return "\n".join(note.text() for note in report.notes)


def located(snapshot: Snapshot, level: str) -> np.ndarray:
    """Return the code of the grid of `level` in which each incident lies, "" for none."""
    grids, incidents = snapshot["grids"], snapshot["incidents"]
    rows = np.flatnonzero(grids.text("level") == level)
    codes = grids.text("code")[rows]
    assert grids.geometry is not None and incidents.x is not None and incidents.y is not None
    found = assign(incidents.x, incidents.y, grids.geometry[rows], codes)
    return np.append(codes, "")[found]


@pytest.fixture(scope="module")
def washington(
    tmp_path_factory: pytest.TempPathFactory, shared_data: Path
) -> Iterator[tuple[Store, dict[str, ImportReport]]]:
    folder = tmp_path_factory.mktemp("washington")
    dc = shared_data / "dc"
    with Store.open(folder / "atlas.gpkg") as store:
        run = importer(store, folder)
        reports = {
            "wards": run("grids", dc / "wards_2012.geojson", map={"code": "WARD_ID"}, const={"level": "ward"}),
            "ancs": run("grids", dc / "anc_2013.geojson", map={"code": "ANC_ID"}, const={"level": "anc"}),
            "smds": run(
                "grids", dc / "smd_2013.geojson", map={"code": "SMD_ID", "parent": "ANC_ID"}, const={"level": "smd"}
            ),
            "tracts": run("grids", dc / "census_tracts_2010.geojson", map={"code": "TRACT"}, const={"level": "tract"}),
            "crime": run("incidents", dc / "crime_30d_2016.geojson", map={"grid_code": "ANC"}),
        }
        yield store, reports


def test_washington_grids_in_levels(washington: tuple[Store, dict[str, ImportReport]]) -> None:
    store, reports = washington
    assert [(reports[name].accepted, reports[name].rejected) for name in ("wards", "ancs", "smds", "tracts")] == [
        (8, 0),
        (40, 0),
        (296, 0),
        (179, 0),
    ]
    grids = store.snapshot()["grids"]
    assert Counter(grids.text("level").tolist()) == {"smd": 296, "tract": 179, "anc": 40, "ward": 8}
    ancs = set(grids.text("code")[grids.text("level") == "anc"].tolist())
    assert set(grids.text("parent")[grids.text("level") == "smd"].tolist()) == ancs
    assert np.nansum(grids.number("population")) == 601_723  # the census of 2010


def test_washington_crime_lies_in_the_recorded_anc_and_tract(
    washington: tuple[Store, dict[str, ImportReport]], shared_data: Path
) -> None:
    store, reports = washington
    assert (reports["crime"].accepted, reports["crime"].rejected) == (2_870, 0)
    assert "1 rows repeat the “CCN” of an earlier row" in texts(reports["crime"])
    assert "REPORTDATETIME" in texts(reports["crime"])
    snapshot = store.snapshot()
    incidents = snapshot["incidents"]
    assert int((located(snapshot, "anc") == incidents.text("grid_code")).sum()) == 2_870
    features = json.loads((shared_data / "dc" / "crime_30d_2016.geojson").read_text(encoding="utf-8"))["features"]
    tract = {str(feature["properties"]["OBJECTID"]): feature["properties"]["CENSUS_TRACT"] for feature in features}
    recorded = np.array([tract[key] for key in incidents.text("id")], dtype=object)
    known = recorded != None  # noqa: E711  (elementwise)
    assert int(known.sum()) == 2_867
    assert int((located(snapshot, "tract")[known] == recorded[known]).sum()) == 2_867


def test_washington_times_are_those_of_the_file(
    washington: tuple[Store, dict[str, ImportReport]], shared_data: Path
) -> None:
    incidents = washington[0].snapshot()["incidents"]
    features = json.loads((shared_data / "dc" / "crime_30d_2016.geojson").read_text(encoding="utf-8"))["features"]
    start = {
        str(row["properties"]["OBJECTID"]): np.datetime64(row["properties"]["START_DATE"].rstrip("Z"), "ms")
        for row in features
    }
    assert (incidents.columns["occurred_at"] == np.array([start[key] for key in incidents.text("id")])).all()


def test_crime_of_2024_by_csv(new_store: tuple[Store, Import], shared_data: Path) -> None:
    store, run = new_store
    report = run("incidents", shared_data / "dc" / "crime_2024_ytd.csv", map={"grid_code": "ANC"})
    assert (report.accepted, report.rejected, report.crs) == (5_695, 0, "EPSG:4326")
    assert "X/Y" in texts(report) and "XBLOCK/YBLOCK" in texts(report)
    assert store.crs() == "EPSG:32618"


def test_service_requests_by_parquet(new_store: tuple[Store, Import], shared_data: Path) -> None:
    _, run = new_store
    report = run("incidents", shared_data / "dc" / "service_requests_311_30d_2016.parquet")
    assert (report.accepted, report.rejected) == (22_576, 371)
    assert Counter(reject.field for reject in report.rejects) == {"id": 370, "geometry": 1}
    assert "SERVICEREQUESTID" in texts(report)


@pytest.mark.parametrize(
    ("name", "accepted", "rejected", "directions", "said"),
    [
        ("cctv_cameras", 540, 56, 0, "In 39 rows “LONGITUDE” and “LATITUDE” lie more than 50 m from the geometry"),
        ("traffic_cameras", 339, 0, 0, "339 values of “CAMERATYPE” are no known kind"),
        ("red_light_cameras", 50, 0, 46, "46 directions in “DIRECTION” are directions of travel"),
        ("speed_cameras", 127, 0, 127, "127 directions in “DIRECTION” are directions of travel"),
        ("enforcement_cameras", 143, 0, 143, "143 directions in “ADDRESS” are directions of travel"),
    ],
)
def test_washington_cameras(
    new_store: tuple[Store, Import],
    shared_data: Path,
    name: str,
    accepted: int,
    rejected: int,
    directions: int,
    said: str,
) -> None:
    store, run = new_store
    report = run("cameras", shared_data / "dc" / f"{name}.geojson")
    assert (report.accepted, report.rejected) == (accepted, rejected)
    assert {reject.field for reject in report.rejects} <= {"id"}
    assert said in texts(report)
    cameras = store.snapshot()["cameras"]
    azimuth = cameras.number("azimuth_deg")
    assert int(np.isfinite(azimuth).sum()) == directions
    assert (azimuth[np.isfinite(azimuth)] % 45 == 0).all()
    assert (cameras.number("azimuth_tolerance_deg")[np.isfinite(azimuth)] == 22.5).all()


def test_openstreetmap_of_helsinki_and_heidelberg(
    new_store: tuple[Store, Import], shared_data: Path, tmp_path: Path
) -> None:
    store, run = new_store
    helsinki = shared_data / "osm" / "helsinki.gpkg"
    for layer, source, count in (
        ("cameras", "cameras", 223),
        ("buildings", "buildings", 572),
        ("streets", "roads", 2_510),
    ):
        report = run(layer, helsinki, count=False, layer_name=source)
        assert (report.accepted, report.rejected) == (count, 0)
    kinds = Counter(store.snapshot()["cameras"].text("kind").tolist())
    assert kinds == {None: 183, "ptz": 34, "dome": 6}
    assert np.isnan(store.snapshot()["cameras"].number("height_m")).all()  # heights may be of the poles
    heights = store.snapshot()["buildings"].number("height_m")
    assert int(np.isfinite(heights).sum()) == 34 and 12.13 in heights and 48.5 in heights
    with Store.open(tmp_path / "heidelberg.gpkg") as other:
        importer(other, tmp_path)("cameras", shared_data / "osm" / "heidelberg.gpkg", count=False, layer_name="cameras")
        azimuth = other.snapshot()["cameras"].number("azimuth_deg")
        assert sorted(azimuth[np.isfinite(azimuth)].tolist()) == [100, 260, 320]


def test_saint_louis_by_parquet(new_store: tuple[Store, Import], shared_data: Path) -> None:
    store, run = new_store
    stl = shared_data / "stl"
    with pytest.raises(IntakeError, match="--timezone"):
        run("incidents", stl / "stl_incidents_2008_2019.parquet")
    report = run(
        "incidents",
        stl / "stl_incidents_2008_2019.parquet",
        map={"grid_code": "neighborhood"},
        timezone="America/Chicago",
    )
    assert (report.accepted, report.rejected) == (615_115, 11_008)
    assert Counter(reject.field for reject in report.rejects) == {"geometry": 10_987, "occurred_at": 21}
    assert "9579 rows have a negative “count”" in texts(report)
    assert "month/day/year" in texts(report) and "161 times" in texts(report)
    times = store.snapshot()["incidents"].columns["occurred_at"]
    assert str(times.min())[:4] == "1900" and str(times.max())[:10] == "2020-01-01"  # type: ignore[union-attr]
    grid = run("grids", stl / "STL_BOUNDARY_Grids.gpkg", count=False)
    assert (grid.accepted, grid.rejected) == (205, 0)


@pytest.mark.parametrize(("month", "zero", "skipped"), [("2009-06", 92, 0), ("2016-11", 66, 0)])
def test_saint_louis_months_in_feet(
    new_store: tuple[Store, Import], shared_data: Path, month: str, zero: int, skipped: int
) -> None:
    store, run = new_store
    file = shared_data / "stl" / "monthly" / f"{month}.csv"
    with pytest.raises(IntakeError, match="--crs"):
        run("incidents", file, timezone="America/Chicago")
    report = run("incidents", file, crs="ESRI:102696", timezone="America/Chicago")
    reasons = Counter(reject.reason for reject in report.rejects)
    zeros = sum(count for reason, count in reasons.items() if "0, 0" in reason)
    with file.open(encoding="cp1252", newline="") as stream:
        expected = sum(row["XCoord"] == "0" and row["YCoord"] == "0" for row in csv.DictReader(stream))
    assert zeros == expected == zero
    assert report.rejected - zeros == skipped
    assert report.crs == "ESRI:102696" and report.accepted > 3_000
    incidents = store.snapshot()["incidents"]
    lon, lat, _ = try_transform_xy(incidents.x, incidents.y, store.crs() or "", WGS84)
    assert ((lon > -90.5) & (lon < -90.0) & (lat > 38.4) & (lat < 38.9)).all()


@pytest.mark.parametrize(
    ("name", "count", "repaired"),
    [
        ("hu2_bei3_xiang1_yang2", 9, 5),
        ("hu2_bei3_sui2_zhou1", 3, 0),
        ("an1_hui1_chu2_zhou1", 8, 4),
        ("hu2_nan2_heng2_yang2", 12, 1),
    ],
)
def test_chinese_counties_come_in_with_notes(
    new_store: tuple[Store, Import], shared_data: Path, name: str, count: int, repaired: int
) -> None:
    store, run = new_store
    file = shared_data / "china" / f"{name}.geojson"
    report = run("grids", file, const={"level": "县"})
    assert (report.accepted, report.rejected) == (count, 0)
    assert "gcj02" in texts(report)
    assert sum(map(int, re.findall(r"(\d+) geometries were not valid", texts(report)))) == repaired
    grids = store.snapshot()["grids"]
    assert grids.geometry is not None and shapely.is_valid(grids.geometry).all()
    assert all(len(code) == 6 and code.isdigit() for code in grids.text("code"))
    shifted = run("grids", file, const={"level": "县"}, crs="gcj02", mode="replace")
    assert shifted.accepted == count
    moved = store.snapshot()["grids"].geometry
    assert moved is not None
    distance = shapely.distance(shapely.centroid(moved), shapely.centroid(grids.geometry))
    assert ((distance > 200) & (distance < 900)).all()


def test_packed_coordinates_are_refused_clearly(new_store: tuple[Store, Import], shared_data: Path) -> None:
    store, run = new_store
    with pytest.raises(IntakeError, match="not GeoJSON"):
        run("grids", shared_data / "china" / "chongqing.geojson")
    assert store.revision() == 0


@pytest.mark.parametrize("name", ["assessment-sub-neighborhoods", "leaf-boundary", "neighborhood-composition",
                                  "neighborhood-planning-area", "ward-2002"])  # fmt: skip
def test_messy_coverages(new_store: tuple[Store, Import], shared_data: Path, name: str) -> None:
    store, run = new_store
    report = run("zones", shared_data / "messy" / f"{name}.geojson", map={"id": ""})
    for reject in report.rejects:
        assert reject.field == "geometry"
    zones = store.snapshot()["zones"].geometry
    assert zones is not None and shapely.is_valid(zones).all()
    if name == "ward-2002":
        assert report.accepted == 8 and "not valid" not in texts(report)


def test_roads_and_buildings(new_store: tuple[Store, Import], shared_data: Path) -> None:
    _, run = new_store
    assert run("streets", shared_data / "dc" / "major_roads.geojson").accepted == 1_823
    buildings = run("buildings", shared_data / "dc" / "buildings_downtown.gpkg", count=False)
    assert (buildings.accepted, buildings.rejected) == (1_246, 5)


BAD = {
    "bad-featurelist": "rejected", "bad-object-type": "refused", "bad-polygonloop": "rejected", "badcoord": "rejected",
    "badfeature": "rejected", "bbox-4or6elements": "bounding boxes", "bbox-string": "bounding boxes",
    "different-first-size": "with and without a height", "expected_object": "rejected",
    "feature_changed_semantics": "does not belong there", "featurecollection-type-case": "wrong case",
    "featurecollection_changed_semantics": "does not belong there", "geometrycollection_nested": "rejected",
    "multiple_problems": "rejected", "multipoint-nondimension": "rejected", "notype": "refused",
    "point-string": "rejected",
    "point-toomany": "more than three numbers", "polygon_winding_order": "RFC 7946", "short-line": "rejected",
    "short-multilinestring": "rejected", "unknowntype": "refused",
}  # fmt: skip


def test_the_corpus_is_the_one_known(shared_corpora: Path) -> None:
    assert {file.stem for file in (shared_corpora / "geojson" / "bad").glob("*.geojson")} == set(BAD)
    assert len(list((shared_corpora / "geojson" / "good").glob("*.geojson"))) == 18


@pytest.mark.parametrize("name", BAD)
def test_invalid_geojson_is_rejected_refused_or_warned_of(
    new_store: tuple[Store, Import], shared_corpora: Path, name: str
) -> None:
    store, run = new_store
    file = shared_corpora / "geojson" / "bad" / f"{name}.geojson"
    outcome = BAD[name]
    layer = "zones" if name in ("different-first-size", "polygon_winding_order") else "incidents"
    try:
        report = run(layer, file, count=False)
    except NothingAcceptedError as error:
        assert outcome == "rejected" and error.report is not None and error.report.rejects
        assert store.revision() == 0
    except IntakeError as error:
        assert (outcome == "refused" and error.remedy) or "GeoJSON" in str(error)
        assert store.revision() == 0
    else:
        assert outcome in texts(report) or (outcome == "rejected" and report.rejects)
        assert outcome != "refused"


# Valid GeoJSON whose content cannot be a place: it is read, and the row says why it is not taken.
NO_PLACES = {"issue82": "Longitude must be", "nullgeometry": "no geometry", "nullproperties": "0, 0"}


def test_valid_geojson_is_accepted(shared_corpora: Path, tmp_path: Path) -> None:
    for file in sorted((shared_corpora / "geojson" / "good").glob("*.geojson")):
        if file.stem in NO_PLACES:
            with Store.open(tmp_path / f"{file.stem}.gpkg") as store, pytest.raises(NothingAcceptedError) as refused:
                importer(store, tmp_path)("places", file, count=False)
            assert NO_PLACES[file.stem] in str(refused.value)
            continue
        text = file.read_text(encoding="utf-8")
        layers = [
            layer
            for layer, word in (("incidents", "Point"), ("streets", "LineString"), ("zones", "Polygon"))
            if word in text
        ]
        if "GeometryCollection" in text:
            layers = ["incidents"]
        taken: Counter[int] = Counter()
        for layer in layers:
            with Store.open(tmp_path / f"{file.stem}-{layer}.gpkg") as store:
                report = importer(store, tmp_path)(layer, file, count=False)
                assert all("takes" in reject.reason for reject in report.rejects), file.stem
                taken[0] += report.accepted
                total = report.accepted + report.rejected
        assert taken[0] == total, file.stem
