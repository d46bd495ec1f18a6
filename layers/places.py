"""Key places, response posts and hazard points."""

from __future__ import annotations

from branca.element import Element

from geo.columns import Snapshot
from geo.errors import N_
from layers.base import LayerFrame, Params
from layers.drawn import fetched_layer
from layers.sites import named_sites


class PlacesLayer:
    """The places in view."""

    name = "places"
    title = N_("Key places")
    needs = ("places",)

    def frame(self, snapshot: Snapshot, params: Params) -> LayerFrame:
        """Return id, name and kind of the places that meet the box."""
        return named_sites(snapshot, "places", params, self.title, N_("places"))

    def draw(self, url: str, title: str) -> Element:
        """Return the element that registers the layer with the page."""
        return fetched_layer(self.name, url, title, depends=["bbox"])
