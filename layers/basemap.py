"""The base map: our own tiles, drawn from the store; as vectors where the browser has WebGL, else as pictures."""

from __future__ import annotations

from branca.element import Element

from geo.errors import N_
from layers.assets import gl_addresses
from layers.drawn import tiled_layer


class Basemap:
    """Streets, buildings and zones in quiet greys, as `/tiles/base`; below every other layer, so not one of them."""

    name = "basemap"
    title = N_("Base map")
    needs = ("buildings", "streets", "places", "zones", "grids")

    def draw(self, url: str, title: str, stamp: str) -> Element:
        """Return the picture tiles, to whose `url` the page appends the theme, with the files of the WebGL map."""
        return tiled_layer(self.name, url, title, {"gl": gl_addresses(stamp)}, max_zoom=20, min_zoom=2)
