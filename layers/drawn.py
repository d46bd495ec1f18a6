"""Makes the Folium elements of the layers. Folium is slow to import and only pages draw: it is imported on demand."""

from __future__ import annotations

from typing import Any

from branca.element import Element


def fetched_layer(name: str, url: str, title: str, **config: Any) -> Element:
    """Return the element of a layer that the page fetches from `url` (see `layers.elements.FetchedLayer`)."""
    from layers.elements import FetchedLayer

    return FetchedLayer(name, url, title, **config)


def tiled_layer(name: str, url: str, title: str, config: dict[str, Any] | None = None, **options: Any) -> Element:
    """Return the element of a layer of tiles (see `layers.elements.TiledLayer`)."""
    from layers.elements import TiledLayer

    return TiledLayer(name, url, title, config or {}, **options)
