"""Editing the division: the server's part of dragging a shared border of a town of 5,000 grids.

Run it alone by `python -m bench.edit_bench`. While a node is dragged the page moves it by itself; the server is asked
when the view moves (borders) and when the node is let go (a step, durable). Beside the step stands what it would cost
to union the town anew, which is how one would otherwise know that no gap or overlap came.
"""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path

import numpy as np
import shapely
from flask.testing import FlaskClient

from app import create_app
from bench.table import Row, markdown, median_s
from geo.crs import lonlat
from geo.reshape import Sheets, reshape
from geo.standing import states_of
from settings import Settings
from store.batch import Batch, Provenance
from store.store import Store

CRS, X0, Y0 = "EPSG:32650", 500_000.0, 3_500_000.0
SIDE, WIDE = 100.0, 71  # 71 x 71 grids of a hectare: 5,041
MUST = "<= 50 ms"


def town() -> Batch:
    """Return the grids of a town in one parent, all inner nodes jittered so that no border is straight."""
    rng = np.random.default_rng(3)
    nodes = np.stack(np.meshgrid(np.arange(WIDE + 1.0), np.arange(WIDE + 1.0), indexing="ij"), axis=-1) * SIDE
    nodes[1:-1, 1:-1] += rng.uniform(-15, 15, (WIDE - 1, WIDE - 1, 2))
    nodes += [X0, Y0]
    shapes, codes = [], []
    for i, j in itertools.product(range(WIDE), range(WIDE)):
        ring = [nodes[i, j], nodes[i + 1, j], nodes[i + 1, j + 1], nodes[i, j + 1]]
        shapes.append(shapely.MultiPolygon([shapely.Polygon(ring)]))
        codes.append(f"T{i:03}{j:03}")
    shapes.append(shapely.MultiPolygon([shapely.box(X0, Y0, X0 + WIDE * SIDE, Y0 + WIDE * SIDE)]))
    count = len(shapes)
    columns = {
        "code": np.array([*codes, "T"], dtype=object), "name": np.full(count, None, dtype=object),
        "level": np.array(["grid"] * (count - 1) + ["town"], dtype=object),
        "parent": np.array(["T"] * (count - 1) + [None], dtype=object), "team": np.full(count, None, dtype=object),
        "population": np.full(count, np.nan),
    }  # fmt: skip
    return Batch("grids", CRS, columns, geometry=np.array(shapes, dtype=object))


def drag(client: FlaskClient, headers: dict[str, str], path: str, draft: dict[str, object], at: list[float]) -> None:
    """Let a node go five metres further east or west; keeps the version and the node's place."""
    lon = at[0] + (5e-5 if int(str(draft["version"])) % 2 else -5e-5)
    body = {"version": draft["version"], "op": "reshape", "level": "grid",
            "moves": [{"from": at, "to": [lon, at[1]]}]}  # fmt: skip
    answer = client.post(f"{path}/steps", json=body, headers=headers)
    assert answer.status_code == 200, answer.text[:200]
    draft["version"] = answer.get_json()["version"]
    at[0] = lon


def rows() -> list[Row]:
    """Measure."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "atlas.gpkg"
        with Store.open(path) as store:
            store.write(town(), "append", Provenance("town.csv", timezone="Asia/Shanghai"))
            states = states_of(store.snapshot()["grids"])
        sheets = Sheets(states)
        corner = shapely.get_coordinates(states["grid", "T035035"].geometry)[0]
        pure = median_s(lambda: reshape(states, "grid", [corner], [corner + 5.0], sheets=sheets), runs=20)
        shapes = np.array([state.geometry for key, state in states.items() if key[0] == "grid"], dtype=object)
        union = median_s(lambda: shapely.union_all(shapes), runs=3)
        found.append(Row("a node moved: new borders, checked (5,041 grids)", pure, "union of all grids", union, MUST))
        app = create_app(Settings(store=str(path), instance=Path(folder)))
        client = app.test_client()
        headers = {"X-CSRF-Token": client.get("/api/csrf").get_json()["token"]}
        draft = client.post("/api/drafts", json={"name": "bench"}, headers=headers).get_json()
        address = f"/api/drafts/{draft['id']}"
        lon, lat = lonlat([corner[0]], [corner[1]], CRS)
        at = [float(lon[0]), float(lat[0])]
        step = median_s(lambda: drag(client, headers, address, draft, at), runs=20, warm=3)
        found.append(Row("the same as a request: a durable step of a draft", step, goal=MUST))
        box = f"{at[0] - 0.006},{at[1] - 0.005},{at[0] + 0.006},{at[1] + 0.005}"
        view = median_s(lambda: client.get(f"{address}/borders?level=grid&bbox={box}").data, runs=10)
        found.append(Row("borders of the grids in view, with shared nodes", view, goal=MUST))
        app.extensions["atlas"].close()
    return found


if __name__ == "__main__":
    print(markdown("Editing", rows()))
