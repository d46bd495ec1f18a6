"""Incident heat: tiles drawn by the server from a kernel density."""

from __future__ import annotations

import numpy as np
from branca.element import Element

from geo.columns import Snapshot
from geo.errors import N_
from geo.heat import peak
from layers.base import LayerFrame, Legend, LegendItem, Params, features
from layers.drawn import tiled_layer
from layers.joins import selected

STEPS = 5  # as many as the ramp has colours


class HeatLayer:
    """Where incidents concentrate, regardless of grid borders."""

    name = "heat"
    title = N_("Heat map")
    needs = ("incidents",)

    def frame(self, snapshot: Snapshot, params: Params) -> LayerFrame:
        """Return no features (the tiles carry the picture) and the legend of their one scale."""
        incidents = snapshot["incidents"]
        mask = selected(snapshot, params)
        chosen = int(mask.sum())
        none = features(snapshot.crs, np.zeros(0, dtype=object), {})
        if chosen == 0 or incidents.x is None or incidents.y is None:
            return LayerFrame(none, None, {"selected": 0, "highest_per_km2": None})
        highest = peak(incidents.x[mask], incidents.y[mask], params.radius_m)
        edges = np.linspace(0.0, highest, STEPS + 1)
        legend = Legend(
            self.title,
            N_("incidents per km²"),
            tuple(
                LegendItem(f"ramp-{step}", low=float(edges[step]), high=float(edges[step + 1]))
                for step in reversed(range(STEPS))
            ),
            N_("Quartic kernel, radius {radius} m, over {count} incidents; one scale for every zoom."),
            {"count": chosen, "radius": round(params.radius_m)},
        )
        return LayerFrame(none, legend, {"selected": chosen, "highest_per_km2": highest})

    def draw(self, url: str, title: str) -> Element:
        """Return the tile layer; the page appends the time window and the categories."""
        return tiled_layer(self.name, "/tiles/heat/{z}/{x}/{y}.png", title, max_zoom=20, min_zoom=2, opacity=0.75)
