"""/tiles/….mvt: the base map's archive is made aside and served by its name; live tiles follow the store."""

from __future__ import annotations

import gzip
import math
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely
from flask import Flask
from flask.testing import FlaskClient

from geo.crs import lonlat, transform_geometry
from geo.errors import AtlasError
from layers.tiles.parts import base_parts
from store.batch import Provenance
from store.store import Store
from tests.web.conftest import CRS, X0, Y0, batch, fill, square
from web.base_tiles import base_tiles

MVT = "application/vnd.mapbox-vector-tile"


def tile_of(x: float, y: float, z: int) -> str:
    lon, lat = lonlat([x], [y], CRS)
    n = 1 << z
    column = int((lon[0] + 180) / 360 * n)
    return f"{z}/{column}/{int((1 - math.asinh(math.tan(math.radians(lat[0]))) / math.pi) / 2 * n)}"


NEAR = tile_of(X0 + 530, Y0 + 500, 14)


def made(app: Flask, client: FlaskClient) -> dict[str, Any]:
    """Let the base map be made and return what the page is told of it."""
    client.get("/tiles/base.json")
    base_tiles(app.extensions["atlas"]).wait()
    return dict(client.get("/tiles/base.json").get_json())


def layers_of(body: bytes, folder: Path, tile: str) -> dict[str, tuple[Any, dict[str, Any]]]:
    file = folder / f"{tile.replace('/', '-')}.mvt"
    file.write_bytes(body)
    found = {}
    for name, _ in pyogrio.list_layers(file):
        meta, _, geometry, columns = pyogrio.raw.read(file, layer=name, CLIP="NO")
        found[str(name)] = (shapely.from_wkb(geometry), dict(zip(meta["fields"], columns, strict=True)))
    return found


def test_the_base_map_holds_buildings_streets_and_water(town_app: Flask, town: FlaskClient, tmp_path: Path) -> None:
    facts = made(town_app, town)
    assert facts["state"] == "ready"
    assert facts["palettes"]["light"]["ground"] == "#f5f5f3"
    answer = town.get(f"/tiles/base/{NEAR}.mvt?v={facts['key']}", headers={"Accept-Encoding": "gzip"})
    assert answer.mimetype == MVT
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "immutable" in answer.headers["Cache-Control"]
    found = layers_of(gzip.decompress(answer.data), tmp_path, NEAR)
    assert set(found) == {"building", "street"}
    pond = tile_of(X0 + 150, Y0 + 150, 14)
    assert "water" in layers_of(town.get(f"/tiles/base/{pond}.mvt").data, tmp_path, pond)
    house = transform_geometry(np.array([square(0.52, 0.48, 0.02, 0.04)]), CRS, "EPSG:3857")[0]
    assert shapely.hausdorff_distance(found["building"][0][0], house) < 1.0
    assert found["street"][1]["name"].tolist() == ["主街"]
    assert found["street"][1]["rank"].tolist() == [5]


def test_a_reader_that_has_a_tile_is_not_sent_it_again(town_app: Flask, town: FlaskClient) -> None:
    key = made(town_app, town)["key"]
    first = town.get(f"/tiles/base/{NEAR}.mvt?v={key}")
    again = town.get(f"/tiles/base/{NEAR}.mvt?v={key}", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert first.headers["Vary"] == "Accept-Encoding"
    plain = town.get(f"/tiles/base/{NEAR}.mvt?v={key}", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    packed = town.get(f"/tiles/base/{NEAR}.mvt?v={key}", headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(packed.data) == plain.data
    empty = town.get(f"/tiles/base/14/0/0.mvt?v={key}")
    assert (empty.status_code, empty.data) == (204, b"")


@pytest.mark.parametrize(
    ("url", "status", "code"),
    [
        (f"/tiles/base/{NEAR}.mvt?v=0123456789abcdef01", 410, "base_gone"),
        (f"/tiles/base/{NEAR}.mvt?v=../../secret", 410, "base_gone"),
        ("/tiles/base/3/9/0.mvt", 400, "parameter"),
        ("/tiles/cameras/3/9/0.mvt", 400, "parameter"),
        ("/tiles/coverage/3/1/0.mvt?assumed_range_m=-1", 400, "parameter"),
        ("/tiles/none/3/1/0.mvt", 404, "not_found"),
        (f"/tiles/base/3/1/0.mvt?v={'a' * 300}", 410, "base_gone"),
    ],
)
def test_what_cannot_be_answered(town: FlaskClient, url: str, status: int, code: str) -> None:
    answer = town.get(url)
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (status, code)


def test_until_it_is_made_the_reader_is_asked_to_come_again(
    app: Flask, client: FlaskClient, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.open(Path(settings.store)) as store:
        fill(store)
    tiles = base_tiles(app.extensions["atlas"])
    monkeypatch.setattr(tiles, "_make", lambda key, parts: None)  # ends without a base map
    answer = client.get(f"/tiles/base/{NEAR}.mvt")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "2"
    assert answer.get_json()["error"]["code"] == "base_building"


def test_an_empty_store_has_no_base_map(client: FlaskClient) -> None:
    assert client.get("/tiles/base.json").get_json() == {"state": "empty", "key": ""}
    assert client.get("/tiles/base/0/0/0.mvt").status_code == 204
    assert client.get("/tiles/cameras/0/0/0.mvt").status_code == 204
    assert client.get("/tiles/coverage/0/0/0.mvt").status_code == 204
    assert client.get("/tiles/views/0/0/0.mvt").status_code == 204


def test_changes_make_only_what_changed_and_remove_what_nobody_shows(
    app: Flask, client: FlaskClient, settings: Any
) -> None:
    folder = Path(settings.instance) / "tiles"
    with Store.open(Path(settings.store)) as store:
        fill(store)
    first = made(app, client)["key"]
    names = {path.name for path in folder.glob("*.pmtiles")}
    keys = [first]
    for n in range(3):
        state = app.extensions["atlas"]
        state.store.write(
            batch("buildings", [square(1.1 + n / 10, 0.2, 0.02, 0.02)], id=[f"new{n}"], height_m=[3.0]),
            "append",
            Provenance("more.csv"),
        )
        keys.append(made(app, client)["key"])
        assert client.get(f"/tiles/base/{NEAR}.mvt?v={keys[-2]}").status_code == 200, "pages may still show it"
    assert len(set(keys)) == 4
    now = {path.name for path in folder.glob("*.pmtiles")}
    assert {one for one in names if one.startswith("street")} <= now, "streets did not change"
    assert len([one for one in now if one.startswith("building")]) == 4, "two spans of zooms, twice"
    assert client.get(f"/tiles/base/{NEAR}.mvt?v={first}").status_code == 410
    assert list((Path(settings.instance) / "scratch").glob("scratch-*")) == []


@pytest.mark.parametrize("fault", [AtlasError("no"), ValueError("geometry of an unforeseen kind")])
def test_a_failure_leaves_nothing_and_is_tried_again_later(
    fault: Exception, app: Flask, client: FlaskClient, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.open(Path(settings.store)) as store:
        fill(store)

    def broken(*args: Any, **kwargs: Any) -> None:
        raise fault

    monkeypatch.setattr("web.base_tiles.run", broken)
    assert made(app, client)["state"] == "failed"
    assert list((Path(settings.instance) / "tiles").iterdir()) == []
    monkeypatch.undo()
    monkeypatch.setattr("web.base_tiles.AGAIN_S", 0.0)
    assert made(app, client)["state"] == "ready"


def test_the_archive_is_named_by_its_contents(town_app: Flask, tmp_path: Path) -> None:
    snapshot = town_app.extensions["atlas"].snapshot()
    with Store.open(tmp_path / "other.gpkg") as store:
        fill(store)
        assert [part.file_name for part in base_parts(store.snapshot())] == [
            part.file_name for part in base_parts(snapshot)
        ]
        store.write(
            batch("streets", [shapely.MultiLineString([[(X0, Y0), (X0, Y0 + 9)]])], id=["s2"], name=[None], kind=["x"]),
            "append",
            Provenance("s.csv"),
        )
        changed = {part.file_name for part in base_parts(store.snapshot())}
    before = {part.file_name for part in base_parts(snapshot)}
    assert {one.split("-")[0] for one in before - changed} == {"street"}


def test_cameras_and_coverage_as_tiles(town: FlaskClient, tmp_path: Path) -> None:
    assert town.get("/api/coverage").get_json()["grids"]
    tile = tile_of(X0 + 510, Y0 + 500, 15)
    cameras = layers_of(town.get(f"/tiles/cameras/{tile}.mvt").data, tmp_path, tile)["camera"]
    assert (cameras[1]["id"].tolist(), cameras[1]["state"].tolist()) == (["c1"], ["online"])
    assert cameras[1]["azimuth"].tolist() == [90]
    found = layers_of(town.get(f"/tiles/coverage/{tile}.mvt").data, tmp_path, tile)
    assert set(found) == {"grid", "certain", "blind"}
    rows = {row["code"]: row for row in town.get("/api/coverage").get_json()["grids"]}
    certain = transform_geometry(found["certain"][0], "EPSG:3857", CRS)
    assert shapely.area(certain).sum() == pytest.approx(rows["G1"]["certain_m2"], rel=0.01)
    views = layers_of(town.get(f"/tiles/views/{tile}.mvt").data, tmp_path, tile)["view"]
    assert set(views[1]["camera"].tolist()) == {"c1"}
    far = tile_of(X0 + 510, Y0 + 500, 11)
    assert set(layers_of(town.get(f"/tiles/coverage/{far}.mvt").data, tmp_path, far)) == {"grid"}


def test_offline_cameras_are_left_out_when_asked(town: FlaskClient, tmp_path: Path) -> None:
    tile = tile_of(X0 + 1500, Y0 + 500, 15)
    body = town.get(f"/tiles/cameras/{tile}.mvt").data
    assert layers_of(body, tmp_path, tile)["camera"][1]["id"].tolist() == ["c2"]
    assert town.get(f"/tiles/cameras/{tile}.mvt?online_only=1").status_code == 204
