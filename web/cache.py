"""Derived results, kept by what they were derived from: bounded, shared by threads, computed once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")


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


class Cache:
    """Least recently used results up to `limit` by `weigh`; a key is computed by one thread while others wait.

    A result that fails is not kept: every waiter gets the error, the next caller tries again.
    """

    def __init__(self, limit: int, weigh: Callable[[object], int] = weight) -> None:
        self._limit = limit
        self._weigh = weigh
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
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
                self._kept[key] = (value, size)
                self._bytes += size
            while self._bytes > self._limit:
                self._bytes -= self._kept.popitem(last=False)[1][1]
        mine.set_result(value)
        return value

    def __len__(self) -> int:
        with self._lock:
            return len(self._kept)

    @property
    def bytes(self) -> int:
        """Bytes kept, by `weight`."""
        with self._lock:
            return self._bytes
