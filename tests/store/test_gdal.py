"""Other programs open the store: pyogrio always, `ogrinfo` where it is installed; and what they change is read.

pyogrio brings its own copy of SQLite. Two copies in one process drop each other's POSIX locks on a file (SQLite, "How
To Corrupt An SQLite Database File", 2.2.1), so here pyogrio opens a store's file only while no Store of this process
has it open, or from another process.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely

from geo.columns import Snapshot
from store.schema import LAYERS
from store.store import Store
from tests.store.checks import assert_sound
from tests.store.factories import SOURCE, batch

GEOMETRY = {
    "MULTIPOLYGON": "MultiPolygon", "POINT": "Point", "MULTILINESTRING": "MultiLineString", "GEOMETRY": "Unknown",
}  # fmt: skip


@pytest.fixture(params=["empty", "placed", "filled"])
def closed(request, tmp_path: Path) -> tuple[Path, Snapshot]:
    with Store.open(tmp_path / "s.gpkg") as opened:
        if request.param != "empty":
            for layer in LAYERS if request.param == "filled" else ["cameras"]:
                opened.write(batch(layer, 50), "append", SOURCE)
        snapshot = opened.snapshot()
    return opened.path, snapshot


def draw(path: Path, layer: str, ids: list[str | None]) -> None:
    """As another process: append copies of the first rows, with other ids."""
    code = (
        "import json, sys, pyogrio\n"
        "path, layer, ids = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])\n"
        "frame = pyogrio.read_dataframe(path, layer=layer, max_features=len(ids)).assign(id=ids)\n"
        "pyogrio.write_dataframe(frame, path, layer=layer, append=True)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(path), layer, json.dumps(ids)], check=True, timeout=60)


def test_pyogrio_opens_every_layer(closed: tuple[Path, Snapshot]) -> None:
    path, snapshot = closed
    listed = dict(pyogrio.list_layers(path))
    assert listed == {name: GEOMETRY[layer.geometry] for name, layer in LAYERS.items()} | {"atlas_imports": None}
    for name in LAYERS:
        info = pyogrio.read_info(path, layer=name, force_total_bounds=True)
        assert info["features"] == len(snapshot[name])
        assert info["fid_column"] == "fid" and info["geometry_name"] == "geom"
        assert list(info["fields"]) == list(LAYERS[name].names)
        if snapshot.crs:
            assert info["crs"] == "EPSG:32635"
        frame = pyogrio.read_dataframe(path, layer=name, fid_as_index=True)
        if len(frame):
            np.testing.assert_allclose(info["total_bounds"], frame.total_bounds)
            assert frame.index.tolist() == snapshot[name].fid.tolist()
            assert frame.crs.to_epsg() == 32635
            if name == "incidents":
                times = frame["occurred_at"].dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
                np.testing.assert_array_equal(times.astype("M8[ms]"), snapshot[name].columns["occurred_at"])
            box = tuple(frame.total_bounds[:2]) + tuple(frame.total_bounds[:2] + 1_000)
            near = pyogrio.read_dataframe(path, layer=name, bbox=box, fid_as_index=True)
            want = frame.index[shapely.intersects(frame.geometry.to_numpy(), shapely.box(*box))]
            assert set(want) <= set(near.index) and len(near) < len(frame)


@pytest.mark.skipif(shutil.which("ogrinfo") is None, reason="ogrinfo is not installed")
def test_ogrinfo_opens_every_layer(closed: tuple[Path, Snapshot]) -> None:
    path, snapshot = closed
    for name in LAYERS:
        done = subprocess.run(
            ["ogrinfo", "-so", str(path), name], capture_output=True, text=True, check=True, timeout=60
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
    frame = pyogrio.read_dataframe(tmp_path / "s.gpkg", layer="incidents").iloc[:20].copy()
    frame["id"] = [f"gdal{i}" for i in range(20)]
    frame["geometry"] = frame.geometry.translate(10, 10)
    pyogrio.write_dataframe(frame, tmp_path / "s.gpkg", layer="incidents", append=True)
    with Store.open(tmp_path / "s.gpkg") as store:
        store.append_incident(id=None, x=1e5, y=1e5, category=None, occurred_at=None, grid_code=None, status=None)
        assert len(store.snapshot()["incidents"]) == 3_021
        assert store.snapshot()["incidents"].text("id")[3_000:3_020].tolist() == frame["id"].tolist()
    assert_sound(tmp_path / "s.gpkg")


@pytest.mark.parametrize("layer", ["incidents", "places"])
def test_edits_of_other_programs_become_revisions(tmp_path: Path, layer: str) -> None:
    with Store.open(tmp_path / "s.gpkg") as store:
        store.write(batch(layer, 30), "append", SOURCE)
        store.write(batch("zones", 5), "append", SOURCE)
        first = store.snapshot()
        assert store.snapshot() is first and store.revision() == 2
        draw(store.path, layer, ["drawn", None, ""])
        assert store.revision() == 3
        second = store.snapshot()
        assert second.revision == 3 and second["zones"] is first["zones"]
        initial = layer[0]
        assert second[layer].text("id")[30:].tolist() == ["drawn", f"{initial}000032", f"{initial}000033"]
        draw(store.path, layer, [None])
        # a write takes the edit in first: two revisions, and the edit is not hidden by it
        assert store.write(batch(layer, 1, 7), "append", SOURCE).revision == 5
        third = store.snapshot()
        assert len(third[layer]) == 35 and all(third[layer].text("id"))
        assert store.revision() == 5 and store.snapshot() is third
    with Store.open(tmp_path / "s.gpkg") as store:
        assert store.revision() == 5
    assert_sound(tmp_path / "s.gpkg")


def test_reading_goes_on_while_an_edit_waits_for_a_writer(tmp_path: Path) -> None:
    with Store.open(tmp_path / "s.gpkg", wait_s=0.05) as store, Store.open(tmp_path / "s.gpkg", wait_s=0.05) as other:
        store.write(batch("cameras", 3), "append", SOURCE)
        draw(store.path, "cameras", ["a", "b", "c"])
        with other._writing() as connection:
            connection.execute("ROLLBACK")  # undo the adoption, so that the edit still waits
            connection.execute("BEGIN IMMEDIATE")
            assert store.revision() == 1
            assert len(store.snapshot()["cameras"]) == 6  # read in one go: committed rows, old number
        assert len(store.snapshot()["cameras"]) == 6 and store.revision() == 2


def test_srs_of_another_authority(tmp_path: Path) -> None:
    with Store.open(tmp_path / "s.gpkg") as store:
        store.write(batch("cameras", 5, crs="ESRI:102012"), "append", SOURCE)
        assert store.crs() == store.snapshot().crs == "ESRI:102012"
        store.append_incident(id=None, x=1.0, y=2.0, category=None, occurred_at=None, grid_code=None, status=None)
    frame = pyogrio.read_dataframe(tmp_path / "s.gpkg", layer="incidents")
    assert len(frame) == 1 and frame.crs.to_authority() == ("ESRI", "102012")
