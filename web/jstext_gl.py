"""The texts of static/js/gl.js, by key; see web/jstext.py."""

from __future__ import annotations

from collections.abc import Mapping

from geo.errors import N_

TEXTS: Mapping[str, str] = {
    "gl.missing": N_(
        "This browser does not draw with WebGL: the base map is shown as pictures, without the detailed areas. "
        "Switch on hardware acceleration, or use another browser."
    ),
    "gl.preparing": N_("The detailed base map is being prepared; pictures are shown until then."),
}
