"""Lines of the street density are the network's density, cut by class; no incident is lost without a word."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely

from geo.heat_kernel import Kernel
from geo.street_density import spread_matrix
from geo.street_graph import snap, street_graph
from layers import REGISTRY
from layers.base import Params
from layers.joins import selected
from layers.rasters.ramps import FAINT
from layers.street_heat import REACH_MOST_M, SNAP_MOST_M, along_streets, street_kernel
from tests.layers.factory import X0, Y0, layer, snapshot, town

STREETS = [shapely.LineString([(X0 + c, Y0), (X0 + c, Y0 + 200), (X0 + c, Y0 + 400)]) for c in (50, 200, 380)]
STREETS += [shapely.LineString([(X0 + 50, Y0 + 200), (X0 + 200, Y0 + 200), (X0 + 380, Y0 + 200)])]
LINES = np.array([shapely.MultiLineString([one]) for one in STREETS], dtype=object)
TOWN = snapshot({**town().layers, "streets": layer("streets", 4, geometry=LINES, id=["a", "b", "c", "d"])})
LAYER = REGISTRY["streetheat"]


@pytest.mark.parametrize("params", [Params(), Params(kernel="gaussian", radius_m=30), Params(categories=("noise",))])
def test_the_lines_hold_the_density_of_the_network(params: Params) -> None:
    frame = LAYER.frame(TOWN, params)
    incidents = TOWN["incidents"]
    graph = street_graph(LINES)
    lixel = snap(graph, incidents.x, incidents.y, SNAP_MOST_M)
    mask = selected(TOWN, params)
    counts = np.bincount(lixel[mask & (lixel >= 0)], minlength=graph.lixels)
    density = spread_matrix(graph, Kernel(params.kernel, params.radius_m)).density(counts)
    assert frame.meta["highest_per_km"] == pytest.approx(density.max())
    assert frame.meta["used"] == counts.sum() > 0
    assert frame.meta["used"] + frame.meta["away"] == frame.meta["selected"] == mask.sum()
    length = shapely.length(frame.features.geometry.to_numpy())
    drawn = density >= FAINT * density.max()
    assert length.sum() == pytest.approx(graph.lixel_m()[drawn].sum())
    whole = (frame.features["per_km"] * length).sum()
    assert whole == pytest.approx((density * graph.lixel_m())[drawn].sum(), rel=0.02)
    assert frame.legend is not None and frame.legend.unit == "incidents per km of street"
    for line, value, symbol in zip(*(frame.features[one] for one in ("geometry", "per_km", "symbol")), strict=True):
        low, high = ((int(symbol[-1]) + part) / 5 * density.max() for part in (0, 1))
        assert low * 0.999 <= value <= high * 1.001
        assert shapely.distance(line, shapely.union_all(LINES)) < 1e-6


def test_the_section_shown_changes_neither_scale_nor_values() -> None:
    whole = LAYER.frame(TOWN, Params())
    part = LAYER.frame(TOWN, Params(bbox=(X0, Y0, X0 + 100, Y0 + 100)))
    assert part.legend == whole.legend
    assert 0 < len(part.features) < len(whole.features)
    known = {line.wkb: value for line, value in zip(whole.features.geometry, whole.features["per_km"], strict=True)}
    assert all(
        known[line.wkb] == value for line, value in zip(part.features.geometry, part.features["per_km"], strict=True)
    )


def test_severity_weighs_and_the_unknown_are_told() -> None:
    incidents = TOWN["incidents"]
    n = len(incidents)
    severity = np.where(np.arange(n) % 4 == 0, np.nan, 3.0)
    weighed = replace(incidents, columns={**incidents.columns, "severity": severity})
    store = snapshot({**TOWN.layers, "incidents": weighed})
    plain, heavy = (along_streets(store, Params(weight=one)) for one in ("none", "severity"))
    assert heavy.unweighted > 0 and heavy.selected == plain.selected and heavy.away == plain.away
    assert heavy.shown == plain.shown - heavy.unweighted
    assert LAYER.frame(store, Params(weight="severity")).legend.unit == "severity per km of street"  # type: ignore[union-attr]
    known = snapshot(
        {**TOWN.layers, "incidents": replace(incidents, columns={**incidents.columns, "severity": np.full(n, 3.0)})}
    )
    assert along_streets(known, Params(weight="severity")).per_km == pytest.approx(3 * plain.per_km)


def test_a_long_kernel_is_bounded_and_said() -> None:
    assert street_kernel(Params(radius_m=5000)).reach_m == REACH_MOST_M
    assert street_kernel(Params(kernel="gaussian", radius_m=5000)).reach_m == REACH_MOST_M
    frame = LAYER.frame(TOWN, Params(radius_m=5000))
    assert frame.legend is not None and frame.legend.params["radius"] == 1000
