"""Patterns that tell areas apart without colour: each a small tile, repeated; as the pages draw them."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

_FINE = 8
# Side of the tile, width of its strokes, and the strokes themselves, in pixels of the page; a dot is one point.
_Strokes = tuple[tuple[tuple[float, float], ...], ...]


def _slanted(side: float, every: float, *, rising: bool) -> _Strokes:
    """Return lines of 45 degrees that run on beyond the tile, so that their ends are not seen in it."""
    lines = [((at - side - 3, side + 3), (at + 3, -3.0)) for at in np.arange(0.0, 2 * side + every, every)]
    return tuple(line if rising else tuple((side - x, y) for x, y in line) for line in lines)


_TILES: dict[str, tuple[float, float, _Strokes]] = {
    "hatch": (7.0, 1.4, _slanted(7.0, 7.0, rising=True)),
    "stripes": (6.0, 1.5, (((-1.0, 0.75), (7.0, 0.75)),)),
    "consecutive": (10.0, 1.8, (((2.5, -1.0), (2.5, 11.0)), ((7.5, -1.0), (7.5, 11.0)))),
    "persistent": (10.0, 1.8, (((-1.0, 2.5), (11.0, 2.5)), ((-1.0, 7.5), (11.0, 7.5)))),
    "intensifying": (10.0, 1.8, _slanted(10.0, 5.0, rising=True)),
    "diminishing": (10.0, 1.8, _slanted(10.0, 5.0, rising=False)),
    "oscillating": (10.0, 1.8, (((-5.0, 7.5), (0.0, 2.5), (5.0, 7.5), (10.0, 2.5), (15.0, 7.5)),)),
    "sporadic": (10.0, 2.8, (((2.5, 2.5),), ((7.5, 7.5),))),
}
NAMES = tuple(_TILES)


@cache
def tile(name: str, scale: int) -> NDArray[np.float32]:
    """Return one tile of a pattern, float32 (side, side), 0 to 1."""
    side, width, strokes = _TILES[name]
    fine = _FINE * scale
    big = Image.new("L", (round(side * fine), round(side * fine)), 0)
    pen, half = ImageDraw.Draw(big), width / 2 * fine
    for stroke in strokes:
        points = [(x * fine, y * fine) for x, y in stroke]
        if len(points) == 1:
            ((x, y),) = points
            pen.ellipse((x - half, y - half, x + half, y + half), fill=255)
        else:
            pen.line(points, fill=255, width=round(width * fine), joint="curve")
    small = big.resize((round(side * scale), round(side * scale)), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float32) / np.float32(255)


def pattern(name: str, height: int, width: int, scale: int) -> NDArray[np.float32]:
    """Return a pattern over a picture, float32 (height, width): the share that its strokes cover."""
    one = tile(name, scale)
    rows, columns = -(-height // one.shape[0]), -(-width // one.shape[1])
    return np.tile(one, (rows, columns))[:height, :width]
