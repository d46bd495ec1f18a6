"""Results kept between requests by the columns they were computed from."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from typing import Any, TypeVar

from geo.columns import LayerColumns

T = TypeVar("T")
MOST_GROWN = 2  # readers may still hold the revision before


def begins(old: LayerColumns, new: LayerColumns) -> bool:
    """Return whether the rows of `new` are those of `old` and others behind them.

    Not told by the memory of the columns: those that grow move when they run out of room, and what was made of them
    before would stay beside what is made of them after.
    """
    return old is new or (old.line is new.line and 0 < len(old) <= len(new))


def outgrown(kept: Iterable[tuple[Hashable, tuple[object, ...]]], owners: tuple[object, ...]) -> list[Hashable]:
    """Return the addresses (oldest first) of what was made of `owners` before they grew, but for the newest.

    A feed of incidents makes a revision every few seconds; what was made of each would fill a table with what nobody
    asks for again.

    Parameters
    ----------
    kept
        Addresses and owners, the oldest first.
    owners
        Of what was made last, which is not among `kept`.
    """
    found = [
        address
        for address, before in kept
        if len(before) == len(owners)
        and all(
            old is new or (isinstance(old, LayerColumns) and isinstance(new, LayerColumns) and begins(old, new))
            for old, new in zip(before, owners, strict=True)
        )
    ]
    return found[: len(found) - (MOST_GROWN - 1)] if len(found) >= MOST_GROWN else []


class Memo:
    """A small least-recently-used table, safe to share between threads.

    An entry is found by the identity of its owners (columns of a snapshot are immutable and reused while unchanged)
    and a key; of incidents that grew, what was made before goes soon. It keeps its owners alive, so that an identity
    cannot be taken over by another object.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._entries: OrderedDict[tuple[tuple[int, ...], Hashable], tuple[tuple[object, ...], Any]] = OrderedDict()

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
            alike = [(one, of) for one, (of, _) in self._entries.items() if one[1] == key and one != address]
            for one in outgrown(alike, owners):
                del self._entries[one]  # type: ignore[arg-type]
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
