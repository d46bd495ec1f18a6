"""Every map of the product: a Folium map rendered into our own page under a nonce.

Templates and what they are given
---------------------------------
``command.html``, ``planner.html``, ``grids.html`` (one shell, ``map_page.html``), ``wall.html``, ``import.html``,
``about.html`` and ``error.html`` extend ``shell.html``. Every page is given:

page        "command", "planner", "grids", "wall", "import", "about" or "error"
lang        "zh" or "en"; `_` is the translating function (Flask-Babel's Jinja extension)
nonce       the response's CSP nonce, also when the header is switched off
csrf_token  the session's token, sent back as the X-CSRF-Token header (a string)
status      the object of /api/status
js_text     dict of the strings that static/js shows, translated (`web.jstext`)
version     anything that changes when static files change; appended as ``?v=`` to their addresses

map pages   ``map``: the `MapParts` of `build_map`
import      ``layers``: list of {"name", "columns": [{"name", "kind", "unit", "required"}]} from the schema
about       ``sources``: list of {"layer", "attribution", "file_name", "imported_at"}; ``licences``: list of
            {"name", "version", "licence"}
error       ``error``: {"code", "message", "remedy"}; ``status`` may be None
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import folium
from markupsafe import Markup

from layers import BASEMAP, REGISTRY
from layers.assets import split_header
from layers.elements import AtlasMap
from settings import Settings
from web.shell import version

# What each page offers, bottom to top, and what it opens with.
PAGE_LAYERS: Mapping[str, tuple[str, ...]] = {
    "command": (
        "density",
        "hotspots",
        "heat",
        "streetheat",
        "change",
        "grids",
        "zones",
        "places",
        "cameras",
        "incidents",
        "timeline",
    ),
    "planner": ("coverage", "density", "grids", "views", "exposure", "zones", "places", "cameras"),
    "grids": ("density", "balance", "grids", "zones", "places", "incidents", "assignment", "findings", "sections"),
    "wall": ("density", "heat"),
}
PAGE_OPENS: Mapping[str, tuple[str, ...]] = {
    "command": ("density", "timeline"),
    "planner": ("coverage", "views", "cameras"),
    "grids": ("grids",),
    "wall": (),
}
WHOLE_WORLD = (-180.0, -60.0, 180.0, 75.0)  # west, south, east, north


@dataclass(frozen=True)
class MapParts:
    """A rendered figure in parts, safe to put into a page: built from constants of the program and numbers only."""

    header: Markup
    html: Markup
    script: Markup


def draw_map(page: str, status: Mapping[str, Any] | None) -> folium.Map:
    """Return the Folium map of `page` with every layer it offers; the page's script decides what is shown.

    Parameters
    ----------
    page
        "command", "planner", "grids" or "wall".
    status
        The object of /api/status (its `bounds` place the map), or None when the store cannot be read.
    """
    bounds = (status or {}).get("bounds")
    west, south, east, north = bounds or WHOLE_WORLD
    chart = AtlasMap(
        location=[(south + north) / 2, (west + east) / 2],
        zoom_start=15 if bounds else 2,
        tiles=None,
        prefer_canvas=True,
        control_scale=True,
        zoom_control=False,
        attribution_control=False,
        min_zoom=2,
        max_zoom=20,
        zoom_snap=0.25,
        wheel_px_per_zoom_level=90,
    )
    BASEMAP.draw("/tiles/base/{z}/{x}/{y}.png", BASEMAP.title, version()).add_to(chart)
    for name in PAGE_LAYERS[page]:
        layer = REGISTRY[name]
        layer.draw(f"/api/layers/{name}", layer.title).add_to(chart)
    return chart


def build_map(page: str, status: Mapping[str, Any] | None, settings: Settings, nonce: str) -> MapParts:
    """Render the Folium map of `page` in parts, its scripts with `nonce`.

    `settings` are the service's; no base map but our own can be set yet.
    """
    figure = draw_map(page, status).get_root()
    figure.render()
    scripts, sheets, _rest = split_header(figure)
    stamp = version()
    header = [Markup('<link rel="stylesheet" href="{}?v={}">').format(address, stamp) for address in sheets]
    tag = Markup('<script src="{}?v={}" nonce="{}"></script>')
    header += [tag.format(address, stamp, nonce) for address in scripts]
    # The element templates of layers/elements.py hold constants of the program and numbers, never data.
    return MapParts(Markup("\n").join(header), Markup(figure.html.render()), Markup(figure.script.render()))  # noqa: S704
