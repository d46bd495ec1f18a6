"""Holes and spill against plain differences: parent minus the union of its grids, and each grid minus its parent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.audit import Audit, audit
from geo.audit_division import division
from tests.geo.audit_town import town
from tests.geo.test_audit_seeded import stretched

DC = Path(__file__).resolve().parents[3] / "shared" / "data" / "dc"


def compare(found: Audit) -> dict[str, int]:
    """Hold every hole and spill against the differences; returns how many there are."""
    grids = found.grids
    listed = list(found.findings)
    spilt = {one.rows: one.measure for one in listed if one.kind == "spill"}
    holes: dict[int, float] = {}
    for one in listed:
        if one.kind == "hole":
            holes[one.rows[0]] = holes.get(one.rows[0], 0.0) + one.measure
    gaps = shapely.union_all([one.geometry for one in listed if one.kind in ("gap", "sliver")])
    gaps = shapely.transform(gaps, lambda xy: xy - grids.origin)
    for kid, parent in enumerate(found.above.tolist()):
        if parent >= 0:
            beyond = shapely.difference(grids.shapes[kid], grids.shapes[parent]).area
            assert spilt.get((kid, parent), 0.0) == pytest.approx(beyond, abs=1e-4)
    for parent in np.unique(found.above[found.above >= 0]).tolist():
        union = shapely.union_all(grids.shapes[found.above == parent])
        left = shapely.difference(shapely.difference(grids.shapes[parent], union), gaps).area
        told = sum(
            shapely.difference(shapely.transform(one.geometry, lambda xy: xy - grids.origin), gaps).area
            for one in listed
            if one.kind == "hole" and one.rows[0] == parent
        )
        assert told == pytest.approx(left, abs=1e-4)
        assert holes.get(parent, 0.0) >= told - 1e-4
    return {kind: sum(one.kind == kind for one in listed) for kind in ("hole", "spill", "parent_wrong")}


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1), size_m=st.sampled_from([0.01, 1.0, 30.0]))
def test_random_towns(seed: int, size_m: float) -> None:
    rng = np.random.default_rng(seed)
    made = town(seed)
    for row in rng.choice(len(made.code), 4, replace=False).tolist():
        made.shape[row] = stretched(made.shape[row], float(rng.uniform(-size_m, size_m)))
    compare(audit(made.division()))


@pytest.mark.skipif(not DC.is_dir(), reason="the folder of real data is not beside the project")
def test_wards_commissions_and_districts_of_washington() -> None:
    frames = {
        "ward": gpd.read_file(DC / "wards_2012.geojson").assign(code=lambda f: f.WARD_ID.astype(str), parent=None),
        "anc": gpd.read_file(DC / "anc_2013.geojson").assign(code=lambda f: f.ANC_ID, parent=lambda f: f.ANC_ID.str[0]),
        "district": gpd.read_file(DC / "smd_2013.geojson").assign(code=lambda f: f.SMD_ID, parent=lambda f: f.ANC_ID),
    }
    columns: dict[str, list[Any]] = {"code": [], "level": [], "parent": [], "shape": []}
    for level, frame in frames.items():
        columns["code"] += frame.code.tolist()
        columns["level"] += [level] * len(frame)
        columns["parent"] += frame.parent.tolist()
        columns["shape"] += list(frame.to_crs(26918).geometry.array)
    shapes = np.empty(len(columns["shape"]), dtype=object)
    shapes[:] = columns["shape"]
    found = audit(division(columns["code"], columns["level"], columns["parent"], shapes))
    assert found.levels == ("ward", "anc", "district")
    assert compare(found) == {"hole": 901, "spill": 101, "parent_wrong": 1}
    wrong = next(one for one in found.findings if one.kind == "parent_wrong")
    # Commission 3/4G: by its code below ward 3, but most of it lies in ward 4.
    assert [columns["code"][row] for row in wrong.rows] == ["3G", "3", "4"]
