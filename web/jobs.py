"""Imports that run behind a page: one at a time, with progress; their state survives in a file.

A job belongs to the process that started it, which holds a lock file as long as it lives. When nobody holds it any
more, a job that had not ended was interrupted: its transaction never committed, so nothing of it is in the store.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from geo.errors import N_, AtlasError
from store.actor import acting, actor
from web.errors import HTTP_TEXTS, RequestError, status_of
from web.job_facts import (
    FAILED,
    FAILED_REMEDY,
    INTERRUPTED,
    INTERRUPTED_REMEDY,
    Job,
    Progress,
    Report,
    Work,
    job_error,
)
from web.logs import fault_of

WRITE_EVERY_S = 0.5
MOST_OPEN, MOST_EACH = 20, 5  # jobs that have not ended: of all who ask, and of one
KEEP_IN_MEMORY = 50
KEEP_S = 7 * 24 * 3600


class Jobs:
    """The jobs of one instance folder.

    Parameters
    ----------
    folder
        Holds one JSON file for each job and the lock files; made by the caller.
    log
        Told what could not be written.
    report_of
        Returns what is still known of a refused job: its report, or None.
    """

    def __init__(
        self, folder: Path, log: Callable[[str], None], report_of: Callable[[AtlasError], Report | None]
    ) -> None:
        self._folder = folder
        self._log = log
        self._report_of = report_of
        self._owner = secrets.token_hex(8)
        self._lock = threading.Condition()
        self._jobs: dict[str, Job] = {}
        self._queue: deque[tuple[str, Work]] = deque()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._held = os.open(folder / f"{self._owner}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._held, fcntl.LOCK_EX)
        self._sweep()

    def submit(self, work: Work, asked_by: str = "", **details: Any) -> Job:
        """Queue `work` and return its job, which is `asked_by`'s.

        Raises
        ------
        RequestError
            As many wait as may: 429 of this one who asks, 503 of all.
        """
        job = Job(secrets.token_hex(16), self._owner, details=details, asked_by=asked_by)
        with self._lock:
            self._make_room(asked_by)
            self._jobs[job.id] = job
            self._write(job)
            self._queue.append((job.id, as_now(work)))
            self._forget()
            self._start()
            self._lock.notify_all()
        return job

    def _make_room(self, asked_by: str) -> None:
        open_ = [one.asked_by for one in self._jobs.values() if not one.ended]
        if open_.count(asked_by) >= MOST_EACH:
            raise RequestError(
                429,
                "own_imports",
                N_("{count} imports of yours have not ended yet."),
                N_("Wait until one of them has ended."),
                count=MOST_EACH,
                retry_s=30,
            )
        if len(open_) >= MOST_OPEN:
            raise RequestError(
                503,
                "imports_full",
                N_("{count} imports are waiting; the service takes no more for now."),
                N_("Try again when some of them have ended."),
                count=MOST_OPEN,
                retry_s=60,
            )

    def _start(self) -> None:
        if self._thread is None and self._queue and not self._closed:
            # A daemon: a stopping service does not wait for an import, which then never happened.
            self._thread = threading.Thread(target=self._run, name="imports", daemon=True)
            self._thread.start()

    def _forget(self) -> None:
        ended = [job.id for job in self._jobs.values() if job.ended]
        for job_id in ended[:-KEEP_IN_MEMORY]:
            del self._jobs[job_id]

    def reports_of(self, asked_by: str) -> list[Report]:
        """Return the reports of the jobs of one who asks, of the days that jobs are kept."""
        found = []
        for path in self._folder.glob("*.json"):
            try:
                facts = json.loads(path.read_text("utf-8"))
            except (OSError, ValueError):  # gone, or not a job's
                continue
            if isinstance(facts, dict) and facts.get("asked_by") == asked_by and facts.get("report"):
                found.append(facts["report"])
        return found

    def get(self, job_id: str) -> Job | None:
        """Return a job, None when there is none of this name."""
        with self._lock:
            if job_id in self._jobs:
                return self._jobs[job_id]
        if len(job_id) != 32 or not set(job_id) <= set("0123456789abcdef"):
            return None
        try:
            found = Job(**json.loads((self._folder / f"{job_id}.json").read_text("utf-8")))
        except FileNotFoundError:
            return None
        if not found.ended and not self._alive(found.owner):
            found = replace(found, state="interrupted", error=job_error("interrupted", INTERRUPTED, INTERRUPTED_REMEDY))
            self._write(found)
        return found

    def busy(self, **details: Any) -> bool:
        """Return whether a job of this process with these details has not ended."""
        with self._lock:
            return any(
                not job.ended and all(job.details.get(name) == value for name, value in details.items())
                for job in self._jobs.values()
            )

    def waiting(self) -> int:
        """Return how many jobs of this process have not ended."""
        with self._lock:
            return sum(not job.ended for job in self._jobs.values())

    def wait(self, job_id: str, timeout_s: float) -> Job | None:
        """Wait until a job of this process has ended and return it as it then is."""
        with self._lock:
            self._lock.wait_for(lambda: job_id not in self._jobs or self._jobs[job_id].ended, timeout_s)
        return self.get(job_id)

    def close(self) -> None:
        """Let the running job end, drop the queue, release the lock."""
        with self._lock:
            self._closed = True
            self._queue.clear()
            self._lock.notify_all()
            self._lock.wait_for(lambda: self._thread is None)
        if self._held >= 0:
            os.close(self._held)
            self._held = -1
            (self._folder / f"{self._owner}.lock").unlink(missing_ok=True)

    def _run(self) -> None:
        try:
            while True:
                with self._lock:
                    if not self._queue or self._closed:
                        return
                    job_id, work = self._queue.popleft()
                self._in_turn(job_id, work)
        finally:
            # Reached with an exception too: it goes to the thread's hook, and a new thread takes the rest.
            with self._lock:
                self._thread = None
                self._start()
                self._lock.notify_all()

    def _in_turn(self, job_id: str, work: Work) -> None:
        # One import at a time also where several processes serve the same store.
        turn = os.open(self._folder / "turn.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(turn, fcntl.LOCK_EX)
            self._work(job_id, work)
        finally:
            os.close(turn)

    def _work(self, job_id: str, work: Work) -> None:
        self._change(job_id, state="running")
        written = time.monotonic()
        end: dict[str, Any] = {"state": "failed", "error": job_error("internal", FAILED, FAILED_REMEDY)}

        def progress(share: float, step: str = "") -> None:
            nonlocal written
            now = time.monotonic()
            write = now - written >= WRITE_EVERY_S
            written = now if write else written
            self._change(job_id, write=write, progress=min(max(float(share), 0.0), 1.0), step=step)

        try:
            end = {"state": "done", "progress": 1.0, "report": work(progress)}
        except AtlasError as error:
            end = {
                "state": "failed",
                "report": self._report_of(error),
                "error": job_error(status_of(error)[1], error.message, error.remedy, error.params),
            }
        except Exception as error:  # noqa: BLE001 - a fault of the program must reach who waits; its text may hold data
            self._log(f"job {job_id}: {fault_of(error, error.__traceback__)}")
            if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
                end = {"state": "failed", "error": job_error("disk_full", *HTTP_TEXTS[507])}
        finally:
            self._change(job_id, **end)

    def _change(self, job_id: str, *, write: bool = True, **changes: Any) -> None:
        # Only the thread that runs a job changes it. The file comes first: who hears that a job has ended may read it.
        job = replace(self._jobs[job_id], **changes)
        if write:
            self._write(job)
        with self._lock:
            self._jobs[job_id] = job
            self._lock.notify_all()

    def _write(self, job: Job) -> None:
        path = self._folder / f"{job.id}.json"
        aside = path.with_suffix(f".{secrets.token_hex(4)}.new")
        try:
            aside.write_text(json.dumps(asdict(job), default=str), "utf-8")
            aside.replace(path)
        except OSError as error:
            # The state in memory goes on; a full disk must not end the import itself.
            self._log(f"{path.name}: {fault_of(error, error.__traceback__)}")
            with suppress(FileNotFoundError):
                aside.unlink()

    def _alive(self, owner: str) -> bool:
        """Return whether the process that calls itself `owner` still holds its lock."""
        try:
            handle = os.open(self._folder / f"{owner}.lock", os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        else:
            return False
        finally:
            os.close(handle)

    def _sweep(self) -> None:
        """Remove job files of long ago and lock files of processes that are gone."""
        oldest = time.time() - KEEP_S
        for path in self._folder.glob("*.json"):
            if path.stat().st_mtime < oldest:
                path.unlink(missing_ok=True)
        for path in self._folder.glob("*.lock"):
            if path.stem not in (self._owner, "turn") and not self._alive(path.stem):
                path.unlink(missing_ok=True)


def as_now(work: Work) -> Work:
    """Return `work` to be done later, by who acts now."""
    who = actor()

    def later(progress: Progress) -> Report:
        with acting(who):
            return work(progress)

    return later
