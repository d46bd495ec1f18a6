"""The vector base map of one installation: which archive is there, and making the next behind the answers.

`instance/tiles` holds one file for each part (see `layers.tiles.parts`), named by its contents, and ``base-KEY.json``
that names the parts of a base map. A base map exists once that last file does: parts are written in a scratch folder
and moved in before it. The one before stays for pages that still show it.
"""

from __future__ import annotations

import json
import logging
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from geo.columns import Snapshot
from layers.tiles.parts import Part, base_parts, key_of
from store.intake.sandbox import run
from store.intake.scratch import scratch_folder
from web.service import revisions
from web.state import Atlas

if TYPE_CHECKING:
    from layers.tiles.archive import Archives

NEEDS = ("streets", "buildings", "zones")
KEPT = 2  # base maps in the folder: the present one and the one that pages may still show
LONGEST_KEY = 64  # of an address; longer ones name no file
AGAIN_S = 60.0  # after a failure
MEMORY_BYTES, CPU_S, WALL_S = 4 << 30, 1800, 3600
_log = logging.getLogger("gunicorn.error")


class BaseTiles:
    """Makes and opens the archives in `folder`; `scratch` is for work in progress."""

    def __init__(self, folder: Path, scratch: Path) -> None:
        self._folder = folder
        self._scratch = scratch
        self._lock = threading.Lock()
        self._open: OrderedDict[str, Archives] = OrderedDict()
        self._thread: threading.Thread | None = None
        self._failed: dict[str, float] = {}

    def archives(self, key: str) -> Archives | None:
        """Return the base map of this name, None when there is none (any more)."""
        from layers.tiles.archive import Archives

        if not (key.isalnum() and key.isascii() and len(key) <= LONGEST_KEY):
            return None
        with self._lock:
            if key in self._open:
                return self._open[key]
            try:
                names = json.loads((self._folder / f"base-{key}.json").read_text("utf-8"))["parts"]
                found = Archives([self._folder / name for name in names])
            except FileNotFoundError:
                return None
            self._open[key] = found
            while len(self._open) > KEPT:
                self._open.popitem(last=False)  # its memory goes with the last answer that reads it
            return found

    def state(self, key: str, parts: Callable[[], tuple[Part, ...]]) -> str:
        """Return "ready", "building" or "failed" of the base map `key`; one that is missing is begun."""
        if self.archives(key) is not None:
            return "ready"
        with self._lock:
            if self._thread is None and time.monotonic() - self._failed.get(key, -AGAIN_S) >= AGAIN_S:
                self._thread = threading.Thread(target=self._build, args=(key, parts), name="base tiles", daemon=True)
                self._thread.start()
            return "building" if self._thread is not None else "failed"

    def wait(self) -> None:
        """Wait until nothing is being made."""
        thread = self._thread
        if thread is not None:
            thread.join()

    def _build(self, key: str, parts: Callable[[], tuple[Part, ...]]) -> None:
        try:
            self._make(key, parts())
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not be begun again at every request
            self._failed[key] = time.monotonic()
            _log.error("the vector base map was not made", exc_info=error)
        finally:
            self._thread = None

    def _make(self, key: str, parts: tuple[Part, ...]) -> None:
        from layers.tiles.write import hand_over

        missing = [part for part in parts if not (self._folder / part.file_name).exists()]
        with scratch_folder(self._scratch) as scratch:
            if missing:
                request = {"parts": [hand_over(part, scratch) for part in missing]}
                run(
                    "layers.tiles.write:child_write",
                    request,
                    scratch=scratch,
                    memory_bytes=MEMORY_BYTES,
                    cpu_s=CPU_S,
                    wall_s=WALL_S,
                )
                for part in missing:
                    (scratch / part.file_name).replace(self._folder / part.file_name)
        aside = self._folder / f".{key}-{secrets.token_hex(4)}"
        aside.write_text(json.dumps({"parts": [part.file_name for part in parts]}), "utf-8")
        aside.replace(self._folder / f"base-{key}.json")
        self._tidy()

    def _tidy(self) -> None:
        """Remove what neither the latest base map nor the one before it needs."""
        known = sorted(self._folder.glob("base-*.json"), key=lambda path: path.stat().st_mtime_ns)
        for path in known[:-KEPT]:
            path.unlink(missing_ok=True)
        used = {name for path in known[-KEPT:] for name in json.loads(path.read_text("utf-8"))["parts"]}
        for path in self._folder.glob("*.pmtiles"):
            if path.name not in used:
                path.unlink(missing_ok=True)


_all: WeakKeyDictionary[Atlas, BaseTiles] = WeakKeyDictionary()
_all_lock = threading.Lock()


def base_tiles(state: Atlas) -> BaseTiles:
    """Return the base map's archives of this application."""
    with _all_lock:
        if state not in _all:
            _all[state] = BaseTiles(state.folder("tiles"), state.folder("scratch"))
        return _all[state]


def present(state: Atlas, snapshot: Snapshot) -> tuple[str, str]:
    """Return key and state of the base map of `snapshot`, begun if missing; "empty": there is nothing to draw.

    It is everybody's, so `snapshot` is that of the whole city.
    """
    key = state.shared_cache.get(("base key", revisions(snapshot, NEEDS)), lambda: key_of(base_parts(snapshot)))
    if not key:
        return "", "empty"
    try:
        return key, base_tiles(state).state(key, lambda: base_parts(snapshot))
    except OSError as error:  # nothing can be written there: pages show pictures
        _log.error("the vector base map cannot be kept: %s", error)
        return key, "failed"


def facts(state: Atlas, snapshot: Snapshot) -> dict[str, Any]:
    """Return what a page must know to draw the base map: the object of /tiles/base.json."""
    from layers.tiles.basestyle import style_facts

    key, found = present(state, snapshot)
    answer: dict[str, Any] = {"state": found, "key": key}
    archives = base_tiles(state).archives(key) if found == "ready" else None
    if archives is not None:
        answer |= {"minzoom": archives.min_zoom, "maxzoom": archives.max_zoom, "bounds": archives.bounds}
        answer |= style_facts((archives.bounds[1] + archives.bounds[3]) / 2)
    return answer
