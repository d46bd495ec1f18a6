"""Columns that grow at their end without being copied: each revision is a longer view of the same memory.

Views of earlier revisions stay what they were: only what lies behind the longest one is ever written.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.columns import Codes, Column, freeze
from store.values import join

_SPARE = 8  # a buffer has room for this part of its rows more
_LEAST = 4_096


class Growth:
    """The memory of one layer's columns, by name. Not safe to share between threads: the caller holds a lock."""

    def __init__(self) -> None:
        self._buffers: dict[str, NDArray[Any]] = {}
        self._used: dict[str, int] = {}  # rows of each buffer that some view shows

    def extend(self, name: str, old: Column | Codes, new: Column | Codes) -> Column | Codes:
        """Return the column `old` with `new` behind it, read-only.

        Where `old` is the longest view of its memory and there is room, only `new` is written.
        """
        if isinstance(old, Codes) or isinstance(new, Codes):
            assert isinstance(old, Codes) and isinstance(new, Codes)
            return self._codes(name, old, new)
        return self._array(name, old, new)

    def _codes(self, name: str, old: Codes, new: Codes) -> Codes:
        places = [bisect_left(old.values, text) for text in new.values]
        known = (
            place < len(old.values) and old.values[place] == text
            for place, text in zip(places, new.values, strict=True)
        )
        if not all(known):  # a text that is new moves the codes of all others
            joined = join(old, new)
            assert isinstance(joined, Codes)
            return joined
        moves = np.array([*places, -1], dtype=np.int32)
        return Codes(old.values, self._array(name, old.codes, moves[new.codes]))

    def _array(self, name: str, old: NDArray[Any], new: NDArray[Any]) -> NDArray[Any]:
        total = len(old) + len(new)
        buffer = self._buffers.get(name)
        fits = buffer is not None and len(buffer) >= total and buffer.dtype == old.dtype
        if buffer is None or not fits or not self._is_longest(name, old):
            buffer = np.empty(total + max(total // _SPARE, _LEAST), dtype=old.dtype)
            buffer[: len(old)] = old
            self._buffers[name] = buffer
        buffer[len(old) : total] = new
        self._used[name] = total
        return freeze(buffer[:total])

    def _is_longest(self, name: str, old: NDArray[Any]) -> bool:
        return self._buffers[name].ctypes.data == old.ctypes.data and self._used[name] == len(old)
