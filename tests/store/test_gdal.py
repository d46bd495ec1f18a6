"""Other programs open the store: pyogrio always, `ogrinfo` where it is installed; and what they change is read."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely

from store.schema import LAYERS
from store.store import Store
from tests.store.checks import assert_sound
from tests.store.factories import SOURCE, batch

GEOMETRY = {
    "MULTIPOLYGON": "MultiPolygon", "POINT": "Point", "MULTILINESTRING": "MultiLineString", "GEOMETRY": "Unknown",
}  # fmt: skip


@pytest.fixture(params=["empty", "placed", "filled"])
def store(request, tmp_path: Path):
    with Store.open(tmp_path / "s.gpkg") as opened:
        if request.param != "empty":
            for layer in LAYERS if request.param == "filled" else ["cameras"]:
                opened.write(batch(layer, 50), "append", SOURCE)
        yield opened


def test_pyogrio_opens_every_layer(store: Store) -> None:
    listed = dict(pyogrio.list_layers(store.path))
    assert listed == {name: GEOMETRY[layer.geometry] for name, layer in LAYERS.items()} | {"atlas_imports": None}
    snapshot = store.snapshot()
    for name in LAYERS:
        info = pyogrio.read_info(store.path, layer=name, force_total_bounds=True)
        assert info["features"] == len(snapshot[name])
        assert info["fid_column"] == "fid" and info["geometry_name"] == "geom"
        assert list(info["fields"]) == list(LAYERS[name].names)
        if snapshot.crs:
            assert info["crs"] == "EPSG:32635"
        frame = pyogrio.read_dataframe(store.path, layer=name, fid_as_index=True)
        if len(frame):
            np.testing.assert_allclose(info["total_bounds"], frame.total_bounds)
            assert frame.index.tolist() == snapshot[name].fid.tolist()
            assert frame.crs.to_epsg() == 32635
            if name == "incidents":
                times = frame["occurred_at"].dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
                np.testing.assert_array_equal(times.astype("M8[ms]"), snapshot[name].columns["occurred_at"])
            box = tuple(frame.total_bounds[:2]) + tuple(frame.total_bounds[:2] + 1_000)
            near = pyogrio.read_dataframe(store.path, layer=name, bbox=box, fid_as_index=True)
            want = frame.index[shapely.intersects(frame.geometry.to_numpy(), shapely.box(*box))]
            assert set(want) <= set(near.index) and len(near) < len(frame)


@pytest.mark.skipif(shutil.which("ogrinfo") is None, reason="ogrinfo is not installed")
def test_ogrinfo_opens_every_layer(store: Store) -> None:
    snapshot = store.snapshot()
    for name in LAYERS:
        done = subprocess.run(
            ["ogrinfo", "-so", str(store.path), name], capture_output=True, text=True, check=True, timeout=60
        )
        assert "ERROR" not in done.stdout + done.stderr
        assert f"Layer name: {name}\n" in done.stdout
        assert f"Feature Count: {len(snapshot[name])}\n" in done.stdout
        if snapshot.crs:
            assert 'PROJCRS["WGS 84 / UTM zone 35N"' in done.stdout and 'ID["EPSG",32635]]' in done.stdout
        extent = re.search(r"Extent: \(([-\d.]+), ([-\d.]+)\) - \(([-\d.]+), ([-\d.]+)\)", done.stdout)
        columns = snapshot[name]
        assert bool(extent) == bool(len(columns))
        if extent:
            geometry = columns.geometry if columns.geometry is not None else shapely.points(columns.x, columns.y)
            found = [float(text) for text in extent.groups()]
            np.testing.assert_allclose(found, shapely.total_bounds(geometry), atol=1e-5)


@pytest.mark.filterwarnings("ignore:.*atlas.*")
def test_triggers_follow_what_gdal_writes(tmp_path: Path) -> None:
    """GDAL has the ST_ functions that the triggers call, so its edits keep both R-trees right."""
    with Store.open(tmp_path / "s.gpkg") as store:
        made = batch("incidents", 3_000)
        store.write(made, "append", SOURCE)
        frame = pyogrio.read_dataframe(store.path, layer="incidents").iloc[:20].copy()
    frame["id"] = [f"gdal{i}" for i in range(20)]
    frame["geometry"] = frame.geometry.translate(10, 10)
    pyogrio.write_dataframe(frame, tmp_path / "s.gpkg", layer="incidents", append=True)
    with Store.open(tmp_path / "s.gpkg") as store:
        store.append_incident(id=None, x=1e5, y=1e5, category=None, occurred_at=None, grid_code=None, status=None)
        assert len(store.snapshot()["incidents"]) == 3_021
        assert store.snapshot()["incidents"].text("id")[3_000:3_020].tolist() == frame["id"].tolist()
    assert_sound(tmp_path / "s.gpkg")


def test_srs_of_another_authority(tmp_path: Path) -> None:
    with Store.open(tmp_path / "s.gpkg") as store:
        store.write(batch("cameras", 5, crs="ESRI:102012"), "append", SOURCE)
        info = pyogrio.read_info(store.path, layer="grids")
        assert "Asia_Lambert_Conformal_Conic" in info["crs"] or info["crs"] == "ESRI:102012"
        assert store.crs() == store.snapshot().crs == "ESRI:102012"
        store.append_incident(id=None, x=1.0, y=2.0, category=None, occurred_at=None, grid_code=None, status=None)
    assert len(pyogrio.read_dataframe(tmp_path / "s.gpkg", layer="incidents")) == 1
