"""Backups made by the running service: every so many hours into the folder that the settings name, checked, rotated."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geo.errors import AtlasError
from store.actor import SERVICE, acting
from store.backup import Backup, list_backups, make_backup, rotate
from store.store import Store

if TYPE_CHECKING:
    from settings import Settings
    from web.state import Atlas

Json = dict[str, Any]
LOG = logging.getLogger("gunicorn.error")
EVERY_S = 60.0  # how often it is looked whether a backup is due
AGAIN_S = 600.0  # after one that failed
LATE = 1.5  # times the hours of the settings: then the last backup is late


def back_up(store: Store, folder: Path, keep: int) -> tuple[Backup, list[Path]]:
    """Make a backup, note it in the audit trail before it counts, and remove the oldest; return both."""

    def note(made: Backup) -> None:
        facts = {"revision": made.revision, "bytes": made.bytes, "sha256": made.sha256, "trail": made.trail.to_json()}
        store.note("backup", made.file.name, None, facts)

    made = make_backup(store.path, folder, note)
    return made, rotate(folder, made, keep)


def age_s(made: Backup) -> float:
    """Return how many seconds ago a backup was made; one from the future is new."""
    return max(0.0, (datetime.now(UTC) - datetime.fromisoformat(made.at)).total_seconds())


def state(settings: Settings) -> Json:
    """Return what is told of the schedule: age of the last backup (None: there is none), whether it is late."""
    if settings.backup is None:
        return {"configured": False, "age_s": None, "late": False}
    found = list_backups(settings.backup)
    age = age_s(found[0]) if found else None
    late = age is None or age > settings.backup_hours * 3600 * LATE
    return {"configured": True, "age_s": None if age is None else round(age), "late": late}


class Schedule:
    """Makes backups behind the pages, as long as the service runs."""

    def __init__(self, atlas: Atlas) -> None:
        self._atlas = atlas
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.failed = ""  # why the last one failed; "" when it did not

    def start(self) -> None:
        """Begin, where the settings name a folder."""
        if self._atlas.settings.backup is not None and self._thread is None:
            self._thread = threading.Thread(target=self._run, name="backups", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Let a backup that is being made end."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def due(self) -> bool:
        """Return whether the last backup is older than the settings allow."""
        settings = self._atlas.settings
        found = [] if settings.backup is None else list_backups(settings.backup)
        return not found or age_s(found[0]) >= settings.backup_hours * 3600

    def make(self) -> bool:
        """Make one; return whether it counts. Why not is logged and told on the page of the trail."""
        folder = self._atlas.settings.backup
        assert folder is not None
        try:
            with acting(SERVICE):
                made, removed = back_up(self._atlas.store, folder, self._atlas.settings.backup_keep)
        except (AtlasError, OSError) as error:
            self.failed = error.text() if isinstance(error, AtlasError) else (error.strerror or type(error).__name__)
            LOG.error("backup: %s", self.failed)
            return False
        self.failed = ""
        LOG.info("backup: revision %s, %s bytes, %s removed", made.revision, made.bytes, len(removed))
        return True

    def _run(self) -> None:
        wait_s = 0.0
        while not self._stop.wait(wait_s):
            wait_s = EVERY_S
            try:
                if self.due() and not self.make():
                    wait_s = AGAIN_S
            except Exception:
                LOG.exception("backup")
                wait_s = AGAIN_S
