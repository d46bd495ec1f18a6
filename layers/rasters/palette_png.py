"""PNG pictures of a palette, written for speed: one pass of zlib at level 1, no filters."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def palette_png(index: NDArray[np.uint8], colours: NDArray[np.uint8]) -> bytes:
    """Return a PNG.

    Parameters
    ----------
    index
        (rows, columns): places in the palette.
    colours
        uint8 (256, 4): RGBA.
    """
    rows, columns = index.shape
    lines = np.zeros((rows, columns + 1), np.uint8)  # each line begins with its filter: none
    lines[:, 1:] = index
    return b"".join(
        (
            _SIGNATURE,
            _chunk(b"IHDR", struct.pack(">IIBBBBB", columns, rows, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", np.ascontiguousarray(colours[:, :3]).tobytes()),
            _chunk(b"tRNS", np.ascontiguousarray(colours[:, 3]).tobytes()),
            _chunk(b"IDAT", zlib.compress(lines, 1)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
