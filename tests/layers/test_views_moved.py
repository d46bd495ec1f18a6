"""A camera recorded inside a building is said to look from its façade; one on the façade is not."""

from __future__ import annotations

import pytest
import shapely

from layers.base import Legend, Params
from layers.views import ViewsLayer
from tests.layers.factory import X0, Y0, layer, snapshot


def test_a_view_says_how_far_its_camera_was_moved() -> None:
    house = shapely.MultiPolygon([shapely.box(X0, Y0, X0 + 20, Y0 + 20)])
    cameras = layer("cameras", 3, x=[X0 + 17, X0 + 20, X0 + 60], y=[Y0 + 10, Y0 + 10, Y0 + 10], id=["in", "on", "out"])
    town = snapshot({"cameras": cameras, "buildings": layer("buildings", 1, geometry=[house], id=["b"])})
    frame = ViewsLayer().frame(town, Params())
    moved = dict(zip(frame.features["camera"], frame.features["moved_m"], strict=True))
    assert moved["in"] == pytest.approx(3.0, abs=0.2)
    assert (moved["on"], moved["out"]) == (0.0, 0.0)
    assert frame.meta["moved"] == 1
    assert frame.legend is not None
    assert "1 recorded inside a building" in frame.legend.to_json()["note"]


def test_counts_in_a_legend_have_separators() -> None:
    legend = Legend("t", "u", (), "{count} in view, {radius_m} m", {"count": 3267, "radius_m": 0.5})
    assert legend.to_json()["note"] == "3,267 in view, 0.5 m"
