"""The one table of local assets: every third-party file a page may load, and what Folium's own links become."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from branca.element import CssLink, Element, Figure, JavascriptLink

from geo.errors import N_, AtlasError

# Address below /assets/ -> folder in node_modules. The server serves nothing else from there.
PACKAGES: Mapping[str, str] = MappingProxyType(
    {
        "leaflet": "leaflet/dist",
        "maplibre-gl": "maplibre-gl/dist",
        "maplibre-gl-leaflet": "@maplibre/maplibre-gl-leaflet",
        "noto-sans-sc": "@fontsource/noto-sans-sc",
    }
)

# Name that Folium gives a link -> our address; None: not needed by anything we draw, so the link is dropped.
FOLIUM_LINKS: Mapping[str, str | None] = MappingProxyType(
    {
        "leaflet": "/assets/leaflet/leaflet.js",
        "leaflet_css": "/assets/leaflet/leaflet.css",
        "jquery": None,
        "bootstrap": None,
        "bootstrap_css": None,
        "glyphicons_css": None,
        "awesome_markers": None,
        "awesome_markers_css": None,
        "awesome_markers_font_css": None,
        "awesome_rotate_css": None,
    }
)

FONT_LINKS: tuple[str, ...] = ("/assets/noto-sans-sc/400.css", "/assets/noto-sans-sc/600.css")


# What static/js/gl.js loads once it knows that the browser has WebGL. The build for a strict policy takes no script
# from a blob: its worker is a file of ours.
GL_SCRIPTS: tuple[str, ...] = (
    "/assets/maplibre-gl/maplibre-gl-csp.js",
    "/assets/maplibre-gl-leaflet/leaflet-maplibre-gl.js",
)
GL_WORKER = "/assets/maplibre-gl/maplibre-gl-csp-worker.js"
GL_SHEET = "/assets/maplibre-gl/maplibre-gl.css"


class UnmappedAssetError(AtlasError):
    """A Folium element asks for a file that the table does not know: a fault of the program."""


def split_header(figure: Figure) -> tuple[list[str], list[str], list[Element]]:
    """Return the local scripts, local style sheets and remaining elements of a rendered figure's header.

    Raises
    ------
    UnmappedAssetError
        When a link's name is not in the table: nothing may load from an address nobody chose.
    """
    scripts: list[str] = []
    sheets: list[str] = []
    rest: list[Element] = []
    for name, element in figure.header._children.items():
        if not isinstance(element, JavascriptLink | CssLink):
            rest.append(element)
            continue
        if name not in FOLIUM_LINKS:
            raise UnmappedAssetError(
                N_("The page asks for the file {name}, which is not in the table of local files."),
                N_("Add it to layers/assets.py."),
                name=name,
            )
        address = FOLIUM_LINKS[name]
        if address is not None:
            (scripts if isinstance(element, JavascriptLink) else sheets).append(address)
    return scripts, sheets, rest


def addresses() -> Iterator[str]:
    """Yield every address below /assets/ that a page links."""
    yield from (address for address in FOLIUM_LINKS.values() if address is not None)
    yield from FONT_LINKS
    yield from (*GL_SCRIPTS, GL_WORKER, GL_SHEET)


def gl_addresses(stamp: str) -> dict[str, object]:
    """Return the addresses of the WebGL map's files; `stamp` changes with them, as script and worker must match."""

    def stamped(address: str) -> str:
        return f"{address}?v={stamp}"

    return {"scripts": [stamped(one) for one in GL_SCRIPTS], "worker": stamped(GL_WORKER), "sheet": stamped(GL_SHEET)}
