"""Results of one value for each incident, worked out for the new incidents only when some were added."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.columns import LayerColumns
from layers.memo import begins

Arrays = tuple[NDArray[Any], ...]


class Tails:
    """A small least-recently-used table of results by incident, safe to share between threads.

    Parameters
    ----------
    size
        How many results are kept, each for the newest incidents it was asked for.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, tuple[tuple[object, ...], LayerColumns, Arrays]] = OrderedDict()

    def get(
        self, incidents: LayerColumns, owners: tuple[object, ...], key: Hashable, work: Callable[[slice], Arrays]
    ) -> Arrays:
        """Return the arrays (each as long as `incidents`) that `work` makes of all rows.

        Parameters
        ----------
        owners
            What else the result depends on, told by identity.
        work
            Makes the arrays of the rows of a slice; a row's values may depend on that row and the owners only.
        """
        address = (tuple(id(owner) for owner in owners), key)
        with self._lock:
            kept = self._kept.get(address)
        if kept is not None and begins(incidents, kept[1]):  # also of a reader who still holds an earlier revision
            return kept[2] if len(incidents) == len(kept[1]) else tuple(part[: len(incidents)] for part in kept[2])
        if kept is not None and begins(kept[1], incidents):
            done = len(kept[1])
            found = kept[2]
            if done < len(incidents):
                more = work(slice(done, len(incidents)))
                found = tuple(np.concatenate(parts) for parts in zip(found, more, strict=True))
        else:
            found = work(slice(0, len(incidents)))
        with self._lock:
            self._kept[address] = (owners, incidents, found)
            self._kept.move_to_end(address)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
        return found

    def __len__(self) -> int:
        return len(self._kept)
