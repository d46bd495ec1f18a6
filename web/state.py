"""What one process holds: settings, the lazily opened store, cached results, the job runner."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask, current_app

from geo.area import Area
from geo.audit_rules import AuditRules, ruled
from geo.columns import Snapshot
from layers.engine import Engine
from settings import Settings
from store.errors import StoreError
from store.intake.scratch import sweep
from store.store import Store
from web import backups
from web.areas import Areas
from web.audit_runs import AuditRuns
from web.cache import Cache, Shelf
from web.derived import Derived
from web.dividing import Divisions
from web.exposures import Exposures
from web.finding_notes import keep_findings
from web.identity import reader
from web.intake import report_of
from web.jobs import Jobs
from web.limits import Limits
from web.runs import Runs
from web.sectioning import SectionRuns
from web.uploading import clean_stale

if TYPE_CHECKING:
    from web.live import Live

EXTENSION = "atlas"
CACHE_BYTES = 256 << 20
PREPARED = 16
FRESH_S = 2.0


class Atlas:
    """The process's share of GridAtlas, in ``app.extensions["atlas"]``."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.audit_rules = ruled(AuditRules(), settings.audit_rules)
        self._cache = Cache(CACHE_BYTES)
        # Objects that tiles are drawn from: large, few, worth keeping whatever they weigh.
        self._prepared = Cache(PREPARED, lambda value: 1)
        self._areas = Areas()
        self.limits = Limits()
        self._lock = threading.Lock()
        self._store: Store | None = None
        self._jobs: Jobs | None = None
        self._runs: Runs | None = None
        self._audits: AuditRuns | None = None
        self._exposures: Exposures | None = None
        self._divisions: Divisions | None = None
        self._sections: SectionRuns | None = None
        self._live: Live | None = None
        self._held: tuple[float, Snapshot] | None = None
        self.backups = backups.Schedule(self)
        self.ready = threading.Event()  # warm: the first reader waits for nothing that could be done before

    @property
    def store(self) -> Store:
        """The store, opened at first use and then kept (raises StoreError when it cannot be)."""
        with self._lock:
            if self._store is None:
                self._store = Store.open(self.settings.store)
            return self._store

    def close_unused(self) -> None:
        """Close the connections to the store that nobody needed since the last call."""
        store = self._store
        if store is not None:
            store.close_unused()

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

    @property
    def audits(self) -> AuditRuns:
        """The runner of audits, made at first use."""
        with self._lock:
            if self._audits is None:
                self._audits = AuditRuns(
                    logging.getLogger("gunicorn.error").error, self.audit_rules,
                    lambda snapshot, found: keep_findings(self.store, snapshot, found),
                )  # fmt: skip
            return self._audits

    @property
    def exposures(self) -> Exposures:
        """The runner of exposure audits, made at first use."""
        with self._lock:
            if self._exposures is None:
                self._exposures = Exposures(logging.getLogger("gunicorn.error").error)
            return self._exposures

    @property
    def divisions(self) -> Divisions:
        """The runner of divisions that are drafted, made at first use."""
        with self._lock:
            if self._divisions is None:
                self._divisions = Divisions(logging.getLogger("gunicorn.error").error)
            return self._divisions

    @property
    def sections(self) -> SectionRuns:
        """The runner of road sections, made at first use."""
        with self._lock:
            if self._sections is None:
                self._sections = SectionRuns(logging.getLogger("gunicorn.error").error)
            return self._sections

    @property
    def cache(self) -> Shelf:
        """Answers kept for readers of the same area as the present one; see `shared_cache` for everybody's."""
        return Shelf(self._cache, reader().area)

    @property
    def prepared(self) -> Shelf:
        """What tiles are drawn from, kept for readers of the same area as the present one."""
        return Shelf(self._prepared, reader().area)

    @property
    def shared_cache(self) -> Shelf:
        """Answers that every reader may see, as the tiles of the base map."""
        return Shelf(self._cache, None)

    @property
    def shared_prepared(self) -> Shelf:
        """What tiles that every reader may see are drawn from."""
        return Shelf(self._prepared, None)

    def snapshot(self) -> Snapshot:
        """Return all that the present reader may see: the one door of every page, tile, figure, export and error.

        That is `whole` for a reader of the whole city, and outside a request; else what `web.areas` leaves of it.
        """
        area = reader().area
        return self.whole() if area is None else self._areas.of(self.whole(), area)

    def scoped(self, area: Area | None) -> Snapshot:
        """Return all that a reader of `area` may see, where that is not the present one's: a stream, a job."""
        return self.whole() if area is None else self._areas.of(self.whole(), area)

    def settled(self, area: Area | None) -> int:
        """Return the last revision not made by incidents received live; of an area, the last that changed it."""
        revision = self.store.settled_revision()
        return revision if area is None else self._areas.settled(self.whole(), area, revision)

    @property
    def areas(self) -> Areas:
        """What lies in which area."""
        return self._areas

    def whole(self) -> Snapshot:
        """Return the immutable columns of the present revision, of the whole city: for work behind the pages only.

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
        else:
            self.ready.set()
            self.backups.start()
            damage = self.store.check()  # reads the whole file, which may take a while; pages are served meanwhile
            if damage:
                logging.getLogger("gunicorn.error").error("the store is damaged: %s", damage)

    def figures(self) -> dict[str, float]:
        """Return what /metrics tells of this process; nothing is started or opened to know it."""
        with self._lock:
            jobs, live = self._jobs, self._live
        found = {
            "ready": int(self.ready.is_set()),
            "imports_waiting": 0 if jobs is None else jobs.waiting(),
            "cache_bytes": self.cache.bytes,
            "cache_entries": len(self.cache) + len(self.prepared),
        }
        backup = backups.state(self.settings)
        if backup["age_s"] is not None:
            found["backup_age_seconds"] = backup["age_s"]
        if live is not None:
            found |= {"streams": len(live.hub), "streams_most": live.hub.most}
        return found

    def close(self) -> None:
        """Let a running import end, then close the store; the next use opens them again."""
        with self._lock:
            jobs, self._jobs = self._jobs, None
            runs, self._runs = self._runs, None
            audits, self._audits = self._audits, None
            exposures, self._exposures = self._exposures, None
            divisions, self._divisions = self._divisions, None
            sections, self._sections = self._sections, None
            live, self._live = self._live, None
        self._held = None
        self._areas = Areas()
        self.backups.close()
        self.backups = backups.Schedule(self)
        if live is not None:
            live.close()
        if audits is not None:
            audits.close()
        if exposures is not None:
            exposures.close()
        if divisions is not None:
            divisions.close()
        if sections is not None:
            sections.close()
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
