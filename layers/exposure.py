"""The layer of private places in view, drawn from the exposure audit (`layers.exposure_audit`)."""

from __future__ import annotations

import numpy as np
import shapely
from branca.element import Element

from geo.columns import Snapshot
from geo.errors import N_
from layers.base import LayerFrame, Params, features
from layers.drawn import fetched_layer
from layers.engine import RULES, rules_of
from layers.legend import Legend, LegendItem

NEEDS = ("cameras", "buildings", "zones", "places")
AT_ONCE = 2_000  # cameras whose audit takes less than a second
STATES = ("certain", "possible")


class ExposureLayer:
    """Private ground in view of the cameras."""

    name = "exposure"
    title = N_("Private places in view")
    needs = NEEDS

    def frame(self, snapshot: Snapshot, params: Params) -> LayerFrame:
        """Return the private ground in view, one polygon a camera and state, and the forbidden places.

        `meta["computing"]` says that the audit of a large city is not there yet.
        """
        from layers.exposure_audit import audit_kept, audited  # brings in the compiler

        rules = rules_of(params)
        found = audit_kept(snapshot, rules) if snapshot.crs is not None else None
        if found is None and snapshot.crs is not None and len(snapshot["cameras"]) <= AT_ONCE:
            found = audited(snapshot, rules)
        if found is None:
            meta = {"computing": snapshot.crs is not None, "cameras": 0}
            return LayerFrame(features(snapshot.crs, np.zeros(0, dtype=object), {}), None, meta)
        ids = snapshot["cameras"].text("id")
        shown = [(int(row), state, found.parts[i, j]) for i, row in enumerate(found.rows)
                 for j, state in reversed(list(enumerate(STATES))) if found.parts[i, j] is not None]  # fmt: skip
        geometry = np.empty(len(shown), dtype=object)
        geometry[:] = [shape for _, _, shape in shown]
        columns = {
            "camera": np.array([ids[row] for row, _, _ in shown], dtype=object),
            "state": np.array([state for _, state, _ in shown], dtype=object),
            "area_m2": shapely.area(geometry),
            "symbol": np.array([f"exposure-{state}" for _, state, _ in shown], dtype=object),
        }
        items = tuple(
            LegendItem(f"exposure-{state}", label, count=sum(one[1] == state for one in shown))
            for state, label in zip(STATES, (N_("certainly in view"), N_("possibly in view")), strict=True)
        )
        legend = Legend(self.title, N_("cameras"), items)
        meta = {"computing": False, "cameras": len(found.rows), "private": len(found.private)}
        return LayerFrame(features(snapshot.crs, geometry, columns), legend, meta)

    def draw(self, url: str, title: str) -> Element:
        """Return the element that registers the layer with the page."""
        return fetched_layer(self.name, url, title, depends=[*RULES])
