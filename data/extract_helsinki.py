"""Write data/demo/helsinki.gpkg from an OpenStreetMap extract; see SOURCES.md. Run once, by hand.

python data/extract_helsinki.py helsinki.gpkg helsinki.osm.pbf data/demo/helsinki.gpkg
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

METRIC = "EPSG:32635"
LAKE_M2 = 1_500  # smaller ponds lie inside grids
PLACES = {
    "amenity": {
        "bus_station",
        "clinic",
        "college",
        "community_centre",
        "courthouse",
        "fire_station",
        "library",
        "marketplace",
        "place_of_worship",
        "school",
        "theatre",
        "townhall",
        "university",
    },
    "tourism": {"museum"},
    "building": {"train_station"},
}


def buildings(source: Path) -> gpd.GeoDataFrame:
    """Footprints; a building part is left out where outlines already cover it."""
    frame = gpd.read_file(source, layer="buildings")
    outline = frame[frame["building"].notna()]
    part = frame[frame["building"].isna()]
    metric = part.geometry.to_crs(METRIC)
    covered = metric.intersection(outline.to_crs(METRIC).union_all()).area > 0.95 * metric.area
    kept = pd.concat([outline, part[~covered]])
    return kept[["osm_id", "name", "building", "height", "levels", "geometry"]]


def streets(source: Path) -> gpd.GeoDataFrame:
    """Ways; those below ground are left out: no camera sees them and no block is bounded by them."""
    frame = gpd.read_file(source, layer="roads")
    below = frame["layer"].fillna("").str.startswith("-")
    return frame.loc[~below, ["osm_id", "name", "highway", "geometry"]]


def cameras(source: Path) -> gpd.GeoDataFrame:
    """Surveillance cameras with their tags as they are."""
    frame = gpd.read_file(source, layer="cameras")
    return frame[
        [
            "osm_id",
            "man_made",
            "highway",
            "surveillance_type",
            "camera_type",
            "camera_mount",
            "height",
            "other",
            "geometry",
        ]
    ]


def _areas(pbf: Path) -> gpd.GeoDataFrame:
    """Multipolygons of the extract whose geometry can be read (its edge cuts some rings to two points)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        meta, _, wkb, fields = pyogrio.raw.read(pbf, layer="multipolygons")
    table: dict[str, Any] = dict(zip(meta["fields"], fields, strict=True))
    return gpd.GeoDataFrame(table, geometry=shapely.from_wkb(wkb, on_invalid="ignore"), crs="EPSG:4326")


def places(pbf: Path) -> gpd.GeoDataFrame:
    """Named public sites; an area stands at a point inside it."""
    point = gpd.read_file(pbf, layer="points")
    for key in PLACES:
        point[key] = point["other_tags"].str.extract(f'"{key}"=>"([^"]*)"', expand=False)
    area = _areas(pbf)
    area = area[area.geometry.notna()].copy()
    area["osm_id"] = area["osm_id"].fillna(area["osm_way_id"])
    area["geometry"] = area.geometry.make_valid().representative_point()
    both = pd.concat([point, area])
    both["kind"] = None
    for key, values in PLACES.items():
        both["kind"] = both["kind"].fillna(both[key].where(both[key].isin(values)))
    both = both[both["kind"].notna() & both["name"].notna()]
    return both[["osm_id", "name", "kind", "geometry"]].drop_duplicates("osm_id")


def water(pbf: Path, box: Any) -> gpd.GeoDataFrame:
    """The sea (right of the coastline) and lakes inside the extract's box."""
    lines = gpd.read_file(pbf, layer="lines")
    coast = lines[lines["other_tags"].fillna("").str.contains('"natural"=>"coastline"', regex=False)].geometry
    # The extract ends a little inside its box: draw the open ends on to the edge.
    reached = [shapely.union_all([line, *(_to_edge(end, box) for end in line.boundary.geoms)]) for line in coast]
    noded = shapely.union_all([box.boundary, *reached])
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
    sea = [face for face in faces if _right_of(face, coast)]
    area = _areas(pbf)
    lake = area[(area["natural"] == "water") & area.geometry.notna()]
    clipped = lake.geometry.make_valid().intersection(box)
    rows = [(f"sea-{number}", None, face) for number, face in enumerate(sea, start=1)]
    rows += [
        (osm_id, name, shape)
        for osm_id, name, shape in zip(lake["osm_id"].fillna(lake["osm_way_id"]), lake["name"], clipped, strict=True)
    ]
    frame = gpd.GeoDataFrame(rows, columns=["osm_id", "name", "geometry"], geometry="geometry", crs="EPSG:4326")
    frame["kind"] = "water"
    return frame[frame.geometry.to_crs(METRIC).area > 100]


def _to_edge(end: Any, box: Any) -> Any:
    """A short line from `end` to the nearest point of the box's edge, and just beyond it."""
    edge = box.boundary.interpolate(box.boundary.project(end))
    if edge.distance(end) > 1e-3 or edge.equals(end):
        return shapely.LineString()
    return shapely.LineString([end, (2 * edge.x - end.x, 2 * edge.y - end.y)])


def _right_of(face: Any, coast: Any) -> bool:
    """True if `face` lies on the right (the water's side) of the coastline along its edge."""
    for line in coast:
        for start, end in zip(line.coords[:-1], line.coords[1:], strict=True):
            middle, along = np.add(start, end) / 2, np.subtract(end, start)
            right = shapely.Point(middle + 1e-7 * np.array([along[1], -along[0]]) / np.hypot(*along))
            if face.contains(right):
                return True
    return False


def main(source: Path, pbf: Path, target: Path) -> None:
    ways = streets(source)
    box = shapely.box(*gpd.read_file(source, layer="roads").total_bounds)
    sea = water(pbf, box)
    wide = sea[sea.geometry.to_crs(METRIC).area > LAKE_M2]
    land = gpd.GeoDataFrame({"name": ["Helsinki"]}, geometry=[box.difference(wide.union_all())], crs="EPSG:4326")
    layers = {
        "buildings": buildings(source),
        "streets": ways,
        "cameras": cameras(source),
        "places": places(pbf),
        "water": sea,
        "extent": land,
    }
    target.unlink(missing_ok=True)
    for name, frame in layers.items():
        frame.to_file(target, layer=name, engine="pyogrio", SPATIAL_INDEX="NO")
        sys.stdout.write(f"{name}: {len(frame)}\n")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
