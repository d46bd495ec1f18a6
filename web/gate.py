"""A limit to work that takes seconds: who comes when it is reached is told to come again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from geo.errors import N_
from web.errors import RequestError


class Gate:
    """Lets `most` callers in at once.

    Parameters
    ----------
    most
        How many.
    wait_s
        How long a caller waits for a place.
    retry_s
        What the refusal says about when to come again.
    waiting
        How many may wait: each holds a thread of the server, which others need. The next one is refused at once.
    """

    def __init__(self, most: int, wait_s: float, retry_s: int, waiting: int = 4) -> None:
        self._places = threading.BoundedSemaphore(most)
        self._queue = threading.BoundedSemaphore(waiting)
        self._wait_s = wait_s
        self._retry_s = retry_s

    def _enter(self) -> bool:
        if self._places.acquire(blocking=False):
            return True
        if not self._queue.acquire(blocking=False):
            return False
        try:
            return self._places.acquire(timeout=self._wait_s)
        finally:
            self._queue.release()

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Hold a place; 429 with Retry-After when there is none."""
        if not self._enter():
            raise RequestError(
                429,
                "busy",
                N_("The service is doing as much of this as it can at once."),
                N_("Try again in {retry_s} seconds."),
                retry_s=self._retry_s,
            )
        try:
            yield
        finally:
            self._places.release()
