"""The colour ramps of the heat map, for both themes; each told apart by colour-blind eyes and in greyscale.

The lowest colours of a ramp lie next to the ground of the map: light on light ground, dark on dark ground. Along a ramp
the lightness runs one way, which the tests prove for the three kinds of colour blindness.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

Colour = tuple[int, int, int]
Stops = tuple[Colour, ...]

STEPS = 5
FAINT = 0.03  # below this share of the peak nothing is drawn
HOUSE = "rose"
_FADE = 0.12
_ALPHA = (0.35, 0.70, 0.80, 0.86, 0.90)

# Rose is the one hue family of incidents in the pages' style sheet. Blue-yellow runs like cividis, green-violet like
# viridis: tables of our own, straight in lightness.
RAMPS: Mapping[str, Mapping[str, Stops]] = MappingProxyType(
    {
        "rose": {
            "light": ((249, 217, 228), (240, 166, 194), (221, 107, 155), (176, 46, 114), (107, 15, 78)),
            "dark": ((74, 34, 56), (123, 43, 87), (180, 63, 128), (226, 116, 168), (255, 194, 218)),
        },
        "cividis": {
            "light": ((250, 228, 110), (203, 186, 105), (149, 146, 120), (97, 108, 122), (22, 58, 104)),
            "dark": ((28, 62, 112), (84, 96, 115), (130, 129, 121), (184, 170, 109), (250, 226, 96)),
        },
        "viridis": {
            "light": ((216, 222, 58), (94, 196, 104), (34, 148, 140), (52, 96, 140), (66, 24, 92)),
            "dark": ((84, 44, 124), (58, 92, 142), (36, 140, 142), (84, 190, 110), (224, 228, 62)),
        },
    }
)


@lru_cache(maxsize=16)
def table(ramp: str, theme: str) -> NDArray[np.uint8]:
    """Return 256 RGBA colours for shares of the peak; the first is transparent, the faintest fade in."""
    at = np.linspace(0, 1, 256)
    stops = np.linspace(0, 1, STEPS)
    rgb = [np.interp(at, stops, [colour[channel] for colour in RAMPS[ramp][theme]]) for channel in range(3)]
    alpha = 255 * np.clip((at - FAINT) / _FADE, 0, 1) * np.interp(at, stops, _ALPHA)
    found = np.rint(np.column_stack((*rgb, alpha))).astype(np.uint8)
    found[0, 3] = 0
    found.flags.writeable = False
    return found
