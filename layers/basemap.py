"""The base map: our own tiles, drawn from the store."""

from __future__ import annotations

from branca.element import Element

from geo.errors import N_
from layers.drawn import tiled_layer


class Basemap:
    """Streets, buildings and zones in quiet greys, as `/tiles/base`; below every other layer, so not one of them."""

    name = "basemap"
    title = N_("Base map")
    needs = ("buildings", "streets", "places", "zones", "grids")

    def draw(self, url: str, title: str) -> Element:
        """Return the tile layer; the page appends the theme to `url`."""
        return tiled_layer(self.name, url, title, max_zoom=20, min_zoom=2)
