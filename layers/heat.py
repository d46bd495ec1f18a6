"""Incident heat: tiles drawn by the server from a kernel density."""

from __future__ import annotations

import numpy as np
from branca.element import Element

from geo.columns import Snapshot
from geo.errors import N_
from layers.base import LayerFrame, Legend, LegendItem, Params, features
from layers.drawn import tiled_layer
from layers.joins import selected


class HeatLayer:
    """Where incidents concentrate, regardless of grid borders."""

    name = "heat"
    title = N_("Heat map")
    needs = ("incidents",)

    def frame(self, snapshot: Snapshot, params: Params) -> LayerFrame:
        """Return no features (the tiles carry the picture) and a legend of the ramp."""
        chosen = int(selected(snapshot["incidents"], params).sum())
        legend = Legend(
            self.title,
            N_("incidents per km²"),
            (LegendItem("heat-low", N_("few")), LegendItem("heat-high", N_("many"))),
            N_("Quartic kernel over {count} incidents; each zoom level has its own scale."),
            {"count": chosen},
        )
        return LayerFrame(features(snapshot.crs, np.zeros(0, dtype=object), {}), legend, {"selected": chosen})

    def draw(self, url: str, title: str) -> Element:
        """Return the tile layer; the page appends the time window and the categories."""
        return tiled_layer(self.name, "/tiles/heat/{z}/{x}/{y}.png", title, max_zoom=20, min_zoom=2, opacity=0.75)
