"""What one process holds: settings, the lazily opened store, cached results, the job runner."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask, current_app

from geo.columns import Snapshot
from layers.engine import Engine
from settings import Settings
from store.errors import StoreError
from store.intake.scratch import sweep
from store.store import Store
from web.cache import Cache
from web.derived import Derived
from web.intake import report_of
from web.jobs import Jobs
from web.runs import Runs
from web.uploading import clean_stale

if TYPE_CHECKING:
    from web.live import Live

EXTENSION = "atlas"
CACHE_BYTES = 256 << 20
PREPARED = 8
FRESH_S = 2.0


class Atlas:
    """The process's share of GridAtlas, in ``app.extensions["atlas"]``."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.cache = Cache(CACHE_BYTES)
        # Objects that tiles are drawn from: large, few, worth keeping whatever they weigh.
        self.prepared = Cache(PREPARED, lambda value: 1)
        self._lock = threading.Lock()
        self._store: Store | None = None
        self._jobs: Jobs | None = None
        self._runs: Runs | None = None
        self._live: Live | None = None
        self._held: tuple[float, Snapshot] | None = None

    @property
    def store(self) -> Store:
        """The store, opened at first use and then kept (raises StoreError when it cannot be)."""
        with self._lock:
            if self._store is None:
                self._store = Store.open(self.settings.store)
            return self._store

    @property
    def jobs(self) -> Jobs:
        """The runner of imports, started at first use."""
        folder = self.folder("jobs")
        with self._lock:
            if self._jobs is None:
                self._jobs = Jobs(folder, current_app.logger.error, report_of)
            return self._jobs

    @property
    def runs(self) -> Runs:
        """The runner of coverage, started at first use; where nothing can be written it works all the same."""
        with self._lock:
            if self._runs is None:
                log = logging.getLogger("gunicorn.error").error
                try:
                    derived = Derived(self.folder("derived"), log)
                except OSError as error:
                    log("derived: %s", error)
                    self._runs = Runs(Engine(), None, log)
                else:
                    self._runs = Runs(Engine(derived), derived, log)
            return self._runs

    def snapshot(self) -> Snapshot:
        """Return the immutable columns of the present revision.

        While incidents come in live, one that is up to `FRESH_S` old is handed out again: so all readers share what
        was worked out for it, instead of each working it out for a revision of its own.
        """
        held = self._held
        if held is not None and time.monotonic() < held[0] + FRESH_S and self.store.only_live_since(held[1].revision):
            return held[1]
        found = self.store.snapshot()
        self._held = (time.monotonic(), found)
        return found

    @property
    def live(self) -> Live:
        """What takes incidents in and tells of them, made at first use."""
        with self._lock:
            if self._live is None:
                from web.live import Live  # it needs what is made here

                self._live = Live(self)
            return self._live

    def folder(self, name: str) -> Path:
        """Return a folder of the instance that only this user may enter, made when missing."""
        path = self.settings.instance / name
        self.settings.instance.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=0o700, exist_ok=True)
        return path

    def start(self) -> None:
        """Do what makes the first request fast: tidy up after killed processes, read the store, prepare the pages.

        A store that cannot be read is told by /healthz and by every page; the server starts all the same.
        """
        clean_stale(self.folder("uploads"))
        sweep(self.folder("scratch"))
        from web.warm import warm  # it needs what is made here

        try:
            warm(self)
        except StoreError as error:
            logging.getLogger("gunicorn.error").error("%s", error.text())

    def close(self) -> None:
        """Let a running import end, then close the store; the next use opens them again."""
        with self._lock:
            jobs, self._jobs = self._jobs, None
            runs, self._runs = self._runs, None
            live, self._live = self._live, None
        self._held = None
        if live is not None:
            live.close()
        if runs is not None:
            runs.close()
        if jobs is not None:
            jobs.close()
        with self._lock:
            if self._store is not None:
                self._store.close()
                self._store = None


def init_app(app: Flask, settings: Settings) -> None:
    """Give `app` its own state."""
    app.extensions[EXTENSION] = Atlas(settings)
    app.config["MAX_CONTENT_LENGTH"] = 1 << 20  # JSON bodies; uploads have their own limit
    app.json.sort_keys = False  # type: ignore[attr-defined]


def atlas() -> Atlas:
    """Return the state of the current application."""
    return current_app.extensions[EXTENSION]  # type: ignore[no-any-return]
