"""The Folium elements we draw with. They carry only constants of the program; data arrives later by fetch."""

from __future__ import annotations

import json
from typing import Any

import folium
from branca.element import MacroElement
from folium.template import Template


class AtlasMap(folium.Map):
    """A Folium map that fills its place, leaves the page zoomable and tells the page that it is there."""

    _template = Template(
        """
        {% macro header(this, kwargs) %}{% endmacro %}
        {% macro html(this, kwargs) %}
            <div class="folium-map atlas-map" id={{ this.get_name()|tojson }} tabindex="0"></div>
        {% endmacro %}
        {% macro script(this, kwargs) %}
            var {{ this.get_name() }} = L.map({{ this.get_name()|tojson }}, {
                center: {{ this.location|tojson }},
                crs: L.CRS.{{ this.crs }},
                ...{{ this.options|tojavascript }}
            });
            {%- if this.control_scale %}
            L.control.scale({imperial: false, maxWidth: 120}).addTo({{ this.get_name() }});
            {%- endif %}
            window.atlas = {map: {{ this.get_name() }}, layers: []};
        {% endmacro %}
        """
    )


class FetchedLayer(MacroElement):
    """Registers a layer that the page fetches from `url` and draws by its own module."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
            window.atlas.layers.push({{ this.config|tojson }});
        {% endmacro %}
        """
    )

    def __init__(self, name: str, url: str, title: str, **config: Any) -> None:
        super().__init__()
        self._name = "FetchedLayer"
        self.config = {"name": name, "url": url, "title": title, "kind": "features", **config}
        json.dumps(self.config)  # a config that cannot be JSON fails here, not on the page


class TiledLayer(folium.TileLayer):
    """A Folium tile layer, registered with the page, which adds it to the map when it is wanted."""

    def __init__(self, name: str, url: str, title: str, config: dict[str, Any], **options: Any) -> None:
        super().__init__(tiles=url, attr=" ", name=name, overlay=True, control=False, show=False, **options)
        self.add_child(_Registered({**config, "name": name, "url": url, "title": title, "kind": "tiles"}, self))


class _Registered(MacroElement):
    _template = Template(
        """
        {% macro script(this, kwargs) %}
            window.atlas.layers.push({...{{ this.config|tojson }}, leaflet: {{ this.tiles.get_name() }}});
        {% endmacro %}
        """
    )

    def __init__(self, config: dict[str, Any], tiles: folium.TileLayer) -> None:
        super().__init__()
        self._name = "Registered"
        self.tiles = tiles
        self.config = config
