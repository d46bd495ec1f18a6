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
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from geo.errors import N_, AtlasError
from web.errors import HTTP_TEXTS, status_of

State = Literal["queued", "running", "done", "failed", "interrupted"]
Progress = Callable[[float, str], None]
Report = dict[str, Any]
Work = Callable[[Progress], Report]

# Steps that an import reports, as a reader is told of them.
STEPS: Mapping[str, str] = {
    "read": N_("Reading the file"),
    "understand": N_("Checking the rows"),
    "hand over": N_("Handing the rows over"),
    "write": N_("Writing the rows"),
}
WRITE_EVERY_S = 0.5
KEEP_IN_MEMORY = 50
KEEP_S = 7 * 24 * 3600
INTERRUPTED = N_("The import was interrupted because the service stopped.")
INTERRUPTED_REMEDY = N_("Nothing was changed. Start the import again.")
FAILED = N_("The import failed inside the service.")
FAILED_REMEDY = N_("Nothing was changed. Try again; if it stays, tell the operator when it happened.")


@dataclass(frozen=True)
class Job:
    """What is known of one job; `error` holds templates and parameters, so that every reader gets his language."""

    id: str
    owner: str
    state: State = "queued"
    progress: float = 0.0
    step: str = ""
    report: Report | None = None
    error: dict[str, Any] | None = None
    created: float = field(default_factory=time.time)
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        return self.state in ("done", "failed", "interrupted")


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

    def submit(self, work: Work, **details: Any) -> Job:
        """Queue `work` and return its job."""
        job = Job(secrets.token_hex(16), self._owner, details=details)
        with self._lock:
            self._jobs[job.id] = job
            self._write(job)
            self._queue.append((job.id, work))
            self._forget()
            self._start()
            self._lock.notify_all()
        return job

    def _start(self) -> None:
        if self._thread is None and self._queue and not self._closed:
            # A daemon: a stopping service does not wait for an import, which then never happened.
            self._thread = threading.Thread(target=self._run, name="imports", daemon=True)
            self._thread.start()

    def _forget(self) -> None:
        ended = [job.id for job in self._jobs.values() if job.ended]
        for job_id in ended[:-KEEP_IN_MEMORY]:
            del self._jobs[job_id]

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
            found = replace(found, state="interrupted", error=_error("interrupted", INTERRUPTED, INTERRUPTED_REMEDY))
            self._write(found)
        return found

    def busy(self, **details: Any) -> bool:
        """Return whether a job of this process with these details has not ended."""
        with self._lock:
            return any(
                not job.ended and all(job.details.get(name) == value for name, value in details.items())
                for job in self._jobs.values()
            )

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
        end: dict[str, Any] = {"state": "failed", "error": _error("internal", FAILED, FAILED_REMEDY)}

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
                "error": _error(status_of(error)[1], error.message, error.remedy, error.params),
            }
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            self._log(f"job {job_id}: {error}")
            end = {"state": "failed", "error": _error("disk_full", *HTTP_TEXTS[507])}
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
            self._log(f"{path.name}: {error}")
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


def _error(code: str, message: str, remedy: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
    texts = {
        name: value if isinstance(value, (str, int, float)) else str(value) for name, value in (params or {}).items()
    }
    return {"code": code, "message": message, "remedy": remedy, "params": texts}
