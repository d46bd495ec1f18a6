"""The borders of a draft in the browser (static/js/draft_topology.js), against shapely on generated divisions."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

NODE = shutil.which("node") or "node"
SCRIPT = Path(__file__).with_suffix("").with_name("draft_topology.mjs")
SIDE = 5  # squares along each side
STEP = 0.001  # degrees: about 56 m by 111 m at 60° north
LON, LAT = 24.9, 60.17
METRES = 111_320.0


def at(x: int, y: int) -> int:
    """The number of a node."""
    return y * (SIDE + 1) + x


def division(seed: int) -> dict[str, Any]:
    """Return a division of `SIDE` x `SIDE` grids with shaken nodes, gestures on it, and places to be asked for."""
    rng = np.random.default_rng(seed)
    nodes = np.array([(LON + x * STEP, LAT + y * STEP) for y in range(SIDE + 1) for x in range(SIDE + 1)])
    inner = [at(x, y) for y in range(1, SIDE) for x in range(1, SIDE)]
    nodes[inner] += rng.uniform(-0.2, 0.2, (len(inner), 2)) * STEP
    grids = [
        {"level": "grid", "code": f"{x}-{y}", "rings": [[at(x, y), at(x + 1, y), at(x + 1, y + 1), at(x, y + 1)]]}
        for y in range(SIDE) for x in range(SIDE)
    ]  # fmt: skip
    gestures = []
    # Apart from each other: each is made where the division is still as it was.
    for x, y in ((1, 1), (3, 1), (1, 3), (3, 3)):
        here = nodes[at(x, y)]
        if rng.random() < 0.5:
            gestures.append(
                {"kind": "node", "at": here.tolist(), "to": (here + rng.uniform(-0.2, 0.2, 2) * STEP).tolist()}
            )
        else:
            middle = (here + nodes[at(x + 1, y)]) / 2
            gestures.append(
                {"kind": "edge", "at": middle.tolist(), "to": (middle + rng.uniform(-0.3, 0.3, 2) * STEP).tolist()}
            )
    places = rng.uniform((LON, LAT), (LON + SIDE * STEP, LAT + SIDE * STEP), (20, 2)).tolist()
    return {"nodes": nodes.tolist(), "grids": grids, "gestures": gestures, "places": places}


def played(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    text = json.dumps(cases)
    done = subprocess.run([NODE, str(SCRIPT)], input=text, capture_output=True, text=True, check=True, timeout=120)
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def games() -> list[tuple[dict[str, Any], dict[str, Any]]]:
    cases = [division(seed) for seed in range(60)]
    return list(zip(cases, played(cases), strict=True))


def shapes(case: dict[str, Any]) -> dict[str, Any]:
    return {grid["code"]: shapely.Polygon([case["nodes"][node] for node in grid["rings"][0]]) for grid in case["grids"]}


def test_gestures_open_no_gap_and_make_no_overlap(games: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    moved = 0
    for case, found in games:
        before = shapes(case)
        after = {code: shapely.Polygon(rings[0]) for code, rings in found["rings"].items()}
        assert not any(found["tangled"])
        assert all(shape.is_valid for shape in after.values())
        whole = shapely.union_all(list(before.values()))
        assert shapely.union_all(list(after.values())).symmetric_difference(whole).area < 1e-15
        assert math.isclose(sum(shape.area for shape in after.values()), whole.area, rel_tol=1e-12)
        changed = [code for code in before if not before[code].equals(after[code])]
        moved += len(changed)
        assert len(changed) == sum(4 if one["kind"] == "node" else 2 for one in case["gestures"])
    assert moved > 500


def test_moves_begin_on_the_border_as_it_was(games: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    for case, found in games:
        borders = shapely.union_all([shape.exterior for shape in shapes(case).values()])
        assert [move["to"] for move in found["moves"]] == [one["to"] for one in case["gestures"]]
        for move, one in zip(found["moves"], case["gestures"], strict=True):
            assert shapely.Point(move["from"]).distance(borders) < 1e-12
            assert math.dist(move["from"], one["at"]) < 1e-9


def test_what_is_at_a_place(games: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    """Grid, nearest node and nearest edge against an exhaustive search in metres."""
    scale = np.array([METRES * math.cos(math.radians(LAT + SIDE * STEP / 2)), METRES])
    for case, found in games:
        known = shapes(case)
        nodes = np.array(case["nodes"]) * scale
        borders = shapely.transform(shapely.union_all([s.exterior for s in known.values()]), lambda xy: xy * scale)
        for (lon, lat), asked in zip(case["places"], found["asked"], strict=True):
            inside = [code for code, shape in known.items() if shape.contains(shapely.Point(lon, lat))]
            assert [asked["grid"]] == inside
            far = np.hypot(*(nodes - np.array([lon, lat]) * scale).T)
            assert asked["node"] == (int(far.argmin()) if far.min() <= 60 else None)
            distance = shapely.Point(*(np.array([lon, lat]) * scale)).distance(borders)
            assert asked["edge"] == pytest.approx(distance, rel=1e-3, abs=1e-3)


def test_a_border_that_crosses_itself_is_seen() -> None:
    case = division(0)
    here = case["nodes"][SIDE + 2]
    case["gestures"] = [{"kind": "node", "at": here, "to": [here[0] + 2.5 * STEP, here[1]]}]
    assert played([case])[0]["tangled"] == [True]
