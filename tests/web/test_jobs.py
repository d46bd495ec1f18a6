"""Import jobs: one at a time, progress, state that survives, interruption."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from geo.errors import ParameterError
from web.jobs import KEEP_S, Jobs

ROOT = Path(__file__).resolve().parents[2]


def make(folder: Path) -> Jobs:
    return Jobs(folder, lambda text: None, lambda error: {"kept": True})


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[Jobs]:
    found = make(tmp_path)
    yield found
    found.close()


def test_a_job_ends_with_its_report(jobs: Jobs) -> None:
    job = jobs.submit(lambda progress: {"accepted": 3}, file="a.csv")
    ended = jobs.wait(job.id, 10)
    assert ended is not None
    assert (ended.state, ended.progress, ended.report) == ("done", 1.0, {"accepted": 3})
    assert ended.details == {"file": "a.csv"}


def test_progress_is_seen_while_it_runs(jobs: Jobs) -> None:
    told, go = threading.Event(), threading.Event()

    def work(progress: Any) -> dict[str, Any]:
        progress(0.4, "reading")
        told.set()
        assert go.wait(10)
        progress(7.0, "writing")
        return {}

    job = jobs.submit(work)
    assert told.wait(10)
    seen = jobs.get(job.id)
    assert seen is not None
    assert (seen.state, seen.progress, seen.step) == ("running", 0.4, "reading")
    go.set()
    assert jobs.wait(job.id, 10).progress == 1.0  # type: ignore[union-attr]


def test_jobs_run_one_after_the_other(jobs: Jobs) -> None:
    running, most = 0, 0

    def work(progress: Any) -> dict[str, Any]:
        nonlocal running, most
        running += 1
        most = max(most, running)
        time.sleep(0.02)
        running -= 1
        return {}

    found = [jobs.submit(work) for _ in range(5)]
    assert [jobs.wait(job.id, 10).state for job in found] == ["done"] * 5  # type: ignore[union-attr]
    assert most == 1


def test_a_refused_job_keeps_message_and_report(jobs: Jobs) -> None:
    def work(progress: Any) -> dict[str, Any]:
        raise ParameterError("No {what}.", "Mend {what}.", what="luck")

    ended = jobs.wait(jobs.submit(work).id, 10)
    assert ended is not None and ended.error is not None
    assert (ended.state, ended.error["code"], ended.error["params"]) == ("failed", "parameter", {"what": "luck"})
    assert ended.report == {"kept": True}


def test_a_fault_is_told_and_the_next_job_still_runs(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[type[BaseException]] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: told.append(args.exc_type))
    go = threading.Event()

    def work(progress: Any) -> dict[str, Any]:
        go.wait(10)
        raise ZeroDivisionError

    bad, good = jobs.submit(work), jobs.submit(lambda progress: {"fine": True})
    go.set()
    assert jobs.wait(good.id, 10).report == {"fine": True}  # type: ignore[union-attr]
    failed = jobs.get(bad.id)
    assert failed is not None and failed.error is not None
    assert (failed.state, failed.error["code"]) == ("failed", "internal")
    assert told == [ZeroDivisionError]


def test_another_process_reads_an_ended_job(jobs: Jobs, tmp_path: Path) -> None:
    job = jobs.submit(lambda progress: {"accepted": 1})
    jobs.wait(job.id, 10)
    other = make(tmp_path)
    assert other.get(job.id) == jobs.get(job.id)
    other.close()


def test_a_running_job_of_a_living_process_is_not_called_interrupted(jobs: Jobs, tmp_path: Path) -> None:
    go = threading.Event()
    job = jobs.submit(lambda progress: {"ok": go.wait(10)})
    other = make(tmp_path)
    assert other.get(job.id).state in ("queued", "running")  # type: ignore[union-attr]
    go.set()
    jobs.wait(job.id, 10)
    other.close()


def test_a_job_of_a_killed_process_was_interrupted(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from web.jobs import Jobs\n"
        "jobs = Jobs(Path(sys.argv[1]), print, lambda error: None)\n"
        "def work(progress):\n    progress(0.5, 'x'); print(job.id, flush=True); time.sleep(60)\n"
        "import threading; ready = threading.Event()\n"
        "job = jobs.submit(lambda progress: (ready.wait(), work(progress)))\nready.set(); time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    job_id = process.stdout.readline().strip()
    process.kill()
    process.wait()
    process.stdout.close()
    after = make(tmp_path)
    found = after.get(job_id)
    assert found is not None and found.error is not None
    assert (found.state, found.error["code"]) == ("interrupted", "interrupted")
    assert json.loads((tmp_path / f"{job_id}.json").read_text())["state"] == "interrupted"
    after.close()
    assert [path.name for path in tmp_path.glob("*.lock")] in ([], ["turn.lock"])


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "0" * 32, "turn", "A" * 32, "x" * 32])
def test_a_name_that_is_no_job_finds_none(jobs: Jobs, name: str) -> None:
    assert jobs.get(name) is None


def test_jobs_of_long_ago_are_forgotten(tmp_path: Path) -> None:
    first = make(tmp_path)
    job = first.submit(lambda progress: {})
    first.wait(job.id, 10)
    first.close()
    old = time.time() - KEEP_S - 10
    os.utime(tmp_path / f"{job.id}.json", (old, old))
    second = make(tmp_path)
    assert second.get(job.id) is None
    second.close()


def test_closing_drops_what_waits(tmp_path: Path) -> None:
    jobs, go = make(tmp_path), threading.Event()
    running = jobs.submit(lambda progress: {"ok": go.wait(10)})
    while jobs.get(running.id).state != "running":  # type: ignore[union-attr]
        time.sleep(0.01)
    waiting = jobs.submit(lambda progress: {})
    threading.Timer(0.05, go.set).start()
    jobs.close()
    assert jobs.get(running.id).state == "done"  # type: ignore[union-attr]
    after = make(tmp_path)
    assert after.get(waiting.id).state == "interrupted"  # type: ignore[union-attr]
    after.close()


def test_a_full_disk_is_said(jobs: Jobs) -> None:
    def work(progress: Any) -> dict[str, Any]:
        raise OSError(28, "No space left on device")

    ended = jobs.wait(jobs.submit(work).id, 10)
    assert ended is not None and ended.error is not None
    assert (ended.state, ended.error["code"]) == ("failed", "disk_full")
