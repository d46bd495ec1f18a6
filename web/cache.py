"""Derived results, kept by what they were derived from: bounded, shared by threads, computed once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any, Protocol, TypeVar

import numpy as np

T = TypeVar("T")


class Caching(Protocol):
    """What answers are made with: a cache, or the part of one that readers of an area share."""

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the result of `key`, made by `make` when it is not kept."""
        ...


def weight(value: object) -> int:
    """Return a rough size in bytes: exact for bytes and arrays, a small constant for the rest."""
    if isinstance(value, (bytes, bytearray, str)):
        return len(value) + 64
    if isinstance(value, np.ndarray):
        return value.nbytes + 128
    if isinstance(value, (tuple, list)):
        return 64 + sum(weight(item) for item in value)
    if isinstance(value, dict):
        return 64 + sum(weight(key) + weight(item) for key, item in value.items())
    fields = getattr(value, "__dict__", None)
    return 128 + (sum(weight(item) for item in fields.values()) if fields else 0)


class Revisions(tuple[Any, ...]):
    """The part of a key that says whose data were read (first) and how far they were.

    A result of later data takes the place of the earlier one: else a feed of incidents would fill the cache with what
    nobody asks for again.
    """


def subject(key: Hashable) -> Hashable:
    """Return what a key is about, whatever the revisions."""
    if isinstance(key, Revisions):
        return Revisions, key[:1]
    return tuple(subject(part) for part in key) if type(key) is tuple else key


class Cache:
    """Least recently used results up to `limit` by `weigh`; a key is computed by one thread while others wait.

    Of keys that differ in their `Revisions` only, the last one's result is kept. A result that fails is not kept: every
    waiter gets the error, the next caller tries again.
    """

    def __init__(self, limit: int, weigh: Callable[[object], int] = weight) -> None:
        self._limit = limit
        self._weigh = weigh
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._last: dict[Hashable, Hashable] = {}  # subject -> the key that is kept
        self._running: dict[Hashable, Future[Any]] = {}
        self._bytes = 0

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the result of `key`, made by `make` when it is not kept."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key][0]  # type: ignore[no-any-return]
            running = self._running.get(key)
            if running is None:
                mine: Future[Any] = Future()
                self._running[key] = mine
        if running is not None:
            return running.result()  # type: ignore[no-any-return]
        try:
            value = make()
        except BaseException as error:
            with self._lock:
                del self._running[key]
            mine.set_exception(error)
            raise
        size = self._weigh(value)
        with self._lock:
            del self._running[key]
            if size <= self._limit:
                about = subject(key)
                self._drop(self._last.get(about))
                self._last[about] = key
                self._kept[key] = (value, size)
                self._bytes += size
            while self._bytes > self._limit:
                self._drop(next(iter(self._kept)))
        mine.set_result(value)
        return value

    def _drop(self, key: Hashable) -> None:
        if key in self._kept:
            self._bytes -= self._kept.pop(key)[1]
            del self._last[subject(key)]

    def __len__(self) -> int:
        with self._lock:
            return len(self._kept)

    @property
    def bytes(self) -> int:
        """Bytes kept, by `weight`."""
        with self._lock:
            return self._bytes


class Shelf:
    """The part of a cache that readers of one area share: results are kept under the area as well as their key.

    So that a key which forgets whose result it is can still not hand it to readers of another area.
    """

    def __init__(self, cache: Cache, area: Hashable) -> None:
        self._cache = cache
        self._area = area

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the result of `key` in this area, made by `make` when it is not kept."""
        return self._cache.get((self._area, key), make)

    def __len__(self) -> int:
        return len(self._cache)

    @property
    def bytes(self) -> int:
        """Bytes kept of all areas, by `weight`."""
        return self._cache.bytes
