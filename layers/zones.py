"""Private places and excluded areas."""

from __future__ import annotations

from branca.element import Element

from geo.columns import Snapshot
from geo.errors import N_
from layers.base import LayerFrame, Params
from layers.drawn import fetched_layer
from layers.sites import named_sites


class ZonesLayer:
    """The zones in view."""

    name = "zones"
    title = N_("Zones")
    needs = ("zones",)

    def frame(self, snapshot: Snapshot, params: Params) -> LayerFrame:
        """Return id, name and kind of the zones that meet the box."""
        return named_sites(snapshot, "zones", params, self.title, N_("zones"))

    def draw(self, url: str, title: str) -> Element:
        """Return the element that registers the layer with the page."""
        return fetched_layer(self.name, url, title, depends=["bbox"])
