"""Results kept between requests by the columns they were computed from."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")


class Memo:
    """A small least-recently-used table, safe to share between threads.

    An entry is found by the identity of its owners (columns of a snapshot are immutable and reused while unchanged)
    and a key; it keeps its owners alive, so that an identity cannot be taken over by another object.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._entries: OrderedDict[Hashable, tuple[tuple[object, ...], Any]] = OrderedDict()

    def get(self, owners: tuple[object, ...], key: Hashable, make: Callable[[], T]) -> T:
        """Return the result kept for `owners` and `key`, made by `make` when there is none."""
        address = (tuple(id(owner) for owner in owners), key)
        with self._lock:
            if address in self._entries:
                self._entries.move_to_end(address)
                result: T = self._entries[address][1]
                return result
        made = make()
        with self._lock:
            self._entries[address] = (owners, made)
            while len(self._entries) > self._size:
                self._entries.popitem(last=False)
        return made

    def kept(self, owners: tuple[object, ...], key: Hashable) -> Any:
        """Return the result kept for `owners` and `key`, None when there is none; nothing is made."""
        with self._lock:
            found = self._entries.get((tuple(id(owner) for owner in owners), key))
        return None if found is None else found[1]

    def __len__(self) -> int:
        return len(self._entries)
