"""Whose turn it is to write: a queue between all threads and processes that write one store, first come, first served.

SQLite lets one writer in at a time, and whoever waits for it asks again and again: who has just ended may begin anew
before the others look, and a short change may wait behind many long ones. Here everybody who wants to write takes a
number and waits until nobody with a smaller one is left. It is a courtesy, not the lock: SQLite's own keeps writers
apart, also from programs that know no queue.

The numbers are given out by a small file beside the store. Who holds number n holds a lock on byte n of it by an open
file description of its own (Linux, `F_OFD_SETLK`), so that a process that is killed leaves the queue by that.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

SUFFIX = "-queue"
_GATE = 0  # byte that is locked while a number is taken
_FIRST = 64  # the numbers' bytes begin here; the file itself holds eight bytes
_AGAIN_S, _SLOWEST_S = 0.0005, 0.01
_BUSY = (errno.EAGAIN, errno.EACCES)
_NO_QUEUE = (errno.EROFS, errno.EPERM, errno.ENOSPC, errno.EDQUOT, errno.ENOENT, errno.EINVAL, errno.EISDIR)


def queue_of(store: Path) -> Path:
    """Return the file that gives out the numbers of a store."""
    return store.with_name(store.name + SUFFIX)


@contextmanager
def turn(store: Path, wait_s: float) -> Iterator[float | None]:
    """Wait for the turn to write, for at most `wait_s`; the block runs with it. Yields how many seconds are left.

    None: it did not come in time, and whoever asked has left the queue. Where no queue can be kept (the folder may not
    be written, the disk is full) everybody goes on at once, and SQLite decides.
    """
    deadline = time.monotonic() + wait_s
    try:
        queue = os.open(queue_of(store), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if error.errno not in (*_NO_QUEUE, *_BUSY):
            raise
        yield wait_s
        return
    try:
        yield _waited(queue, deadline)
    finally:
        os.close(queue)  # gives the number back


def _waited(queue: int, deadline: float) -> float | None:
    """Take a number and wait for its turn; return the seconds left, None when it did not come."""
    if not _until(deadline, lambda: _lock(queue, fcntl.F_WRLCK, _GATE, 1)):
        return None
    try:
        number = _number(queue)
        _lock(queue, fcntl.F_WRLCK, _FIRST + number, 1)
    except OSError as error:
        if error.errno not in _NO_QUEUE:
            raise
        return max(0.0, deadline - time.monotonic())
    finally:
        _lock(queue, fcntl.F_UNLCK, _GATE, 1)
    if number and not _until(deadline, lambda: _nobody_before(queue, number)):
        return None
    return max(0.0, deadline - time.monotonic())


def _number(queue: int) -> int:
    """Return the next number; begins anew long before the places in a file end."""
    text = os.pread(queue, 8, 0)
    number = struct.unpack("<Q", text)[0] % (1 << 60) if len(text) == 8 else 0
    os.pwrite(queue, struct.pack("<Q", number + 1), 0)
    return int(number)


def _nobody_before(queue: int, number: int) -> bool:
    """Return whether no smaller number is held."""
    flock = struct.pack("hhqqi4x", fcntl.F_RDLCK, os.SEEK_SET, _FIRST, number, 0)
    found = fcntl.fcntl(queue, fcntl.F_OFD_GETLK, flock)
    return bool(struct.unpack("hhqqi4x", found)[0] == fcntl.F_UNLCK)


def _lock(queue: int, kind: int, start: int, length: int) -> bool:
    """Take or give back a lock on some bytes; False where another has it."""
    try:
        fcntl.fcntl(queue, fcntl.F_OFD_SETLK, struct.pack("hhqqi4x", kind, os.SEEK_SET, start, length, 0))
    except OSError as error:
        if error.errno not in _BUSY:
            raise
        return False
    return True


def _until(deadline: float, true: Callable[[], bool]) -> bool:
    """Ask again and again, ever more slowly, until it is true or the time is over."""
    pause = _AGAIN_S
    while not true():
        left = deadline - time.monotonic()
        if left <= 0:
            return False
        time.sleep(min(pause, left))
        pause = min(pause * 1.5, _SLOWEST_S)
    return True
