"""Chunks of work on a few threads, with progress and a way to stop.

For work that gives up the interpreter lock (shapely's array functions, compiled loops): threads share the geometry
that processes would have to copy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")

THREADS = 2
_LEAST = 100.0  # weight below which a second thread is not worth its start
LOOK_S = 0.2  # at least this often `cancelled` is asked while work goes on

Rows = NDArray[np.int64]


class Cancelled(Exception):  # noqa: N818 - a request of the caller, not an error
    """The work was stopped because `cancelled()` said so."""


def never() -> bool:
    """Nobody cancels."""
    return False


def silent(share: float) -> None:
    """Nobody looks at the progress."""


def patiently(work: Callable[[], T], cancelled: Callable[[], bool] = never) -> T:
    """Return what `work` returns; stop waiting for it when `cancelled`.

    For work that cannot be parted: once cancelled it goes on alone on its thread to its end, and its result is lost.

    Raises
    ------
    Cancelled
        `cancelled()` said so.
    """
    pool = ThreadPoolExecutor(1)
    try:
        future = pool.submit(work)
        while not cancelled():
            if wait([future], timeout=LOOK_S).done:
                return future.result()
        raise Cancelled
    finally:
        pool.shutdown(wait=False)


def chunks_of(weights: NDArray[np.float64], most: float, threads: int | None = None) -> list[Rows]:
    """Return the rows (n,) in consecutive pieces that weigh about `most` each; one row is never parted.

    Little work is parted so that every thread has some, unless it is so little that a thread costs more.
    """
    if not len(weights):
        return []
    total = float(weights.sum())
    most = min(most, max(total / (threads or THREADS) * 1.001, _LEAST))
    piece = (np.cumsum(weights) // most).astype(np.int64)
    return [
        np.asarray(rows, np.int64) for rows in np.split(np.arange(len(weights)), np.flatnonzero(np.diff(piece)) + 1)
    ]


def in_chunks(
    work: Callable[[Rows], None],
    pieces: Sequence[Rows],
    *,
    threads: int | None = None,
    progress: Callable[[float], None] = silent,
    cancelled: Callable[[], bool] = never,
) -> None:
    """Call `work` on pieces, in any order, several at once.

    Parameters
    ----------
    work
        Must not take longer than a few tenths of a second a piece, as a piece that has begun is not stopped. Pieces
        must not write to the same place.
    pieces
        Rows, see `chunks_of`.
    threads
        None: `THREADS`.
    progress
        Called from this thread with the share of the pieces done, 0..1.
    cancelled
        Asked from this thread.

    Raises
    ------
    Cancelled
        No further piece is begun and those begun have ended.
    """
    if cancelled():
        raise Cancelled
    workers = max(1, min(threads or THREADS, len(pieces)))
    if len(pieces) < 2:
        for piece in pieces:
            work(piece)
        progress(1.0)
        return
    left = list(reversed(pieces))
    done = 0
    waiting: set[Future[None]] = set()
    with ThreadPoolExecutor(workers) as pool:
        try:
            while True:
                while len(waiting) < workers + 1 and left:
                    waiting.add(pool.submit(work, left.pop()))
                if not waiting:
                    return
                ended, waiting = wait(waiting, timeout=LOOK_S, return_when=FIRST_COMPLETED)
                for future in ended:
                    future.result()
                done += len(ended)
                if cancelled():
                    raise Cancelled
                progress(done / len(pieces))
        finally:
            for future in waiting:
                future.cancel()
