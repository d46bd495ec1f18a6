"""Folders for files that live as long as one piece of work, and their removal after a process was killed."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from pathlib import Path

STALE_S = 24 * 3600
_OWNED = re.compile(r"[a-z]+-(\d+)-\w+")


def working_folder(parent: Path, what: str) -> tempfile.TemporaryDirectory[str]:
    """Return a new folder below `parent` that says which process it belongs to; remove it by `cleanup` or `with`."""
    return tempfile.TemporaryDirectory(dir=parent, prefix=f"{what}-{os.getpid()}-")


def clean_stale(folder: Path) -> int:
    """Delete the folders below `folder` whose process is gone, or that lie untouched for a day; return how many."""
    oldest = time.time() - STALE_S
    stale = [
        path for path in folder.iterdir() if path.is_dir() and (_orphan(path.name) or path.stat().st_mtime < oldest)
    ]
    for path in stale:
        # Another process may tidy up at the same time.
        shutil.rmtree(path, ignore_errors=True)
    return len(stale)


def _orphan(name: str) -> bool:
    owned = _OWNED.fullmatch(name)
    return owned is not None and not Path(f"/proc/{owned.group(1)}").exists()
