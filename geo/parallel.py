"""Chunks of work on a few threads, with progress and a way to stop.

For work that gives up the interpreter lock (shapely's array functions, compiled loops): threads share the geometry
that processes would have to copy.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

import numpy as np
from numpy.typing import NDArray

LOOK_S = 0.2  # at least this often `cancelled` is asked while work goes on

Rows = NDArray[np.int64]


class Cancelled(Exception):  # noqa: N818 - a request of the caller, not an error
    """The work was stopped because `cancelled()` said so."""


def never() -> bool:
    """Nobody cancels."""
    return False


def silent(share: float) -> None:
    """Nobody looks at the progress."""


def in_chunks(
    work: Callable[[Rows], None],
    rows: Rows,
    size: int,
    *,
    threads: int | None = None,
    progress: Callable[[float], None] = silent,
    cancelled: Callable[[], bool] = never,
) -> None:
    """Call `work` on pieces of `rows` of at most `size`, in any order, several at once.

    Parameters
    ----------
    work
        Must not take longer than a few tenths of a second a piece, as a piece that has begun is not stopped. Pieces
        must not write to the same place.
    threads
        None: as many as processors.
    progress
        Called from this thread with the share done, 0..1.
    cancelled
        Asked from this thread.

    Raises
    ------
    Cancelled
        No further piece is begun and those begun have ended.
    """
    pieces = iter([rows[start : start + size] for start in range(0, len(rows), size)])
    workers = max(1, min(threads or os.cpu_count() or 1, -(-len(rows) // size)))
    if workers == 1 and len(rows) <= size:
        if cancelled():
            raise Cancelled
        if len(rows):
            work(rows)
        progress(1.0)
        return
    done = 0
    waiting: dict[Future[None], int] = {}
    with ThreadPoolExecutor(workers) as pool:
        try:
            while True:
                if cancelled():
                    raise Cancelled
                while len(waiting) < workers + 1 and (piece := next(pieces, None)) is not None:
                    waiting[pool.submit(work, piece)] = len(piece)
                if not waiting:
                    break
                ended, _ = wait(waiting, timeout=LOOK_S, return_when=FIRST_COMPLETED)
                for future in ended:
                    done += waiting.pop(future)
                    future.result()
                if ended:
                    progress(done / len(rows))
        finally:
            for future in waiting:
                future.cancel()
