"""Scratch folders: one per task, removed with it, and swept later if their process was killed."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PREFIX = "scratch-"


@contextmanager
def scratch_folder(root: Path) -> Iterator[Path]:
    """Give a new empty folder in `root` and remove it afterwards.

    The folder belongs to this process by a lock on a file beside it, which the kernel releases even when the process
    is killed; every call first sweeps the folders whose lock is free.
    """
    root.mkdir(parents=True, exist_ok=True)
    sweep(root)
    folder = root / f"{_PREFIX}{os.getpid()}-{secrets.token_hex(6)}"
    lock = folder.with_name(folder.name + ".lock")
    descriptor = _locked(lock)
    try:
        folder.mkdir(mode=0o700)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        lock.unlink(missing_ok=True)
        os.close(descriptor)


def _locked(lock: Path) -> int:
    """Create and lock a file; again if a sweep removed it between the two."""
    while True:
        descriptor = os.open(lock, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        try:
            if lock.stat().st_ino == os.fstat(descriptor).st_ino:
                return descriptor
        except FileNotFoundError:
            pass
        os.close(descriptor)


def sweep(root: Path) -> int:
    """Remove the scratch folders in `root` whose process is gone; return how many."""
    removed = 0
    for lock in root.glob(f"{_PREFIX}*.lock"):
        try:
            descriptor = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        else:
            shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
            lock.unlink(missing_ok=True)
            removed += 1
        finally:
            os.close(descriptor)
    return removed
