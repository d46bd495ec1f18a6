"""Names of findings: digests by which one is known again after other edits, as texts and as numbers."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Objects = NDArray[Any]

PLACE_M = 1.0  # places of two findings of one kind and the same grids are told apart by so much


@dataclass(frozen=True)
class Names:
    """Names of findings (n,).

    Attributes
    ----------
    text
        str: 16 hexadecimal digits.
    number
        uint64: the same as numbers, which are in the same order and sorted in a fraction of the time.
    """

    text: Objects
    number: NDArray[np.uint64]

    def __getitem__(self, chosen: NDArray[Any]) -> Names:
        return Names(self.text[chosen], self.number[chosen])


def named(texts: Sequence[str]) -> Names:
    """Return digests (BLAKE2b, 64 bits) of texts."""
    return _names([_digest(text) for text in texts])


def cells_of(shapes: Objects, origin: Floats) -> list[list[int]]:
    """Return the metre each shape, measured from `origin`, lies in."""
    bounds = shapely.bounds(shapes).reshape(-1, 4)
    # The edges of these cells must not fall where people draw, at whole and half metres.
    middle = np.nan_to_num((bounds[:, :2] + bounds[:, 2:]) / 2 + origin)
    found: list[list[int]] = np.floor(middle / PLACE_M + 0.37).astype(np.int64).tolist()
    return found


def together(parts: Sequence[Names]) -> Names:
    """Return all names one after the other; one that occurs again becomes another."""
    text: Objects = np.concatenate([np.zeros(0, dtype=object), *(one.text for one in parts)])
    number: NDArray[np.uint64] = np.concatenate([np.zeros(0, np.uint64), *(one.number for one in parts)])
    ordered = np.sort(number)
    if not (ordered[1:] == ordered[:-1]).any():
        return Names(text, number)
    used: Counter[str] = Counter()  # rare: counting takes longer than all the rest after an edit
    digests = text.tolist()
    for i, digest in enumerate(digests):
        used[digest] += 1
        if used[digest] > 1:
            digests[i] = _digest(f"{digest}#{used[digest]}")
    return _names(digests)


def _names(digests: list[str]) -> Names:
    text = np.empty(len(digests), dtype=object)
    text[:] = digests
    return Names(text, np.frombuffer(bytes.fromhex("".join(digests)), ">u8").astype(np.uint64))


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
