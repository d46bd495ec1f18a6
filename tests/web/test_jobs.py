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

import web.jobs
from geo.errors import ParameterError
from web.errors import RequestError
from web.jobs import KEEP_S, MOST_EACH, Jobs

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
    ended = jobs.wait(job.id, 60)
    assert ended is not None
    assert (ended.state, ended.progress, ended.report) == ("done", 1.0, {"accepted": 3})
    assert ended.details == {"file": "a.csv"}


def test_progress_is_seen_while_it_runs(jobs: Jobs) -> None:
    told, go = threading.Event(), threading.Event()

    def work(progress: Any) -> dict[str, Any]:
        progress(0.4, "reading")
        told.set()
        assert go.wait(60)
        progress(7.0, "writing")
        return {}

    job = jobs.submit(work)
    assert told.wait(60)
    seen = jobs.get(job.id)
    assert seen is not None
    assert (seen.state, seen.progress, seen.step) == ("running", 0.4, "reading")
    go.set()
    assert jobs.wait(job.id, 60).progress == 1.0  # type: ignore[union-attr]


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
    assert [jobs.wait(job.id, 60).state for job in found] == ["done"] * 5  # type: ignore[union-attr]
    assert most == 1


def test_a_refused_job_keeps_message_and_report(jobs: Jobs) -> None:
    def work(progress: Any) -> dict[str, Any]:
        raise ParameterError("No {what}.", "Mend {what}.", what="luck")

    ended = jobs.wait(jobs.submit(work).id, 60)
    assert ended is not None and ended.error is not None
    assert (ended.state, ended.error["code"], ended.error["params"]) == ("failed", "parameter", {"what": "luck"})
    assert ended.report == {"kept": True}


def test_a_fault_is_logged_without_its_text_and_the_next_job_still_runs(tmp_path: Path) -> None:
    told: list[str] = []
    jobs = Jobs(tmp_path, told.append, lambda error: None)
    go = threading.Event()

    def work(progress: Any) -> dict[str, Any]:
        go.wait(60)
        raise ZeroDivisionError("12 Elm Street")

    bad, good = jobs.submit(work), jobs.submit(lambda progress: {"fine": True})
    go.set()
    assert jobs.wait(good.id, 60).report == {"fine": True}  # type: ignore[union-attr]
    failed = jobs.get(bad.id)
    assert failed is not None and failed.error is not None
    assert (failed.state, failed.error["code"]) == ("failed", "internal")
    (line,) = told
    assert "ZeroDivisionError" in line and "test_jobs.py" in line and "Elm" not in line
    jobs.close()


def test_few_jobs_wait_of_one_who_asks_and_of_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web.jobs, "MOST_OPEN", 8)
    jobs, go = make(tmp_path), threading.Event()

    def work(progress: Any) -> dict[str, Any]:
        return {"ok": go.wait(60)}

    mine = [jobs.submit(work, "account:1") for _ in range(MOST_EACH)]
    with pytest.raises(RequestError) as refused:
        jobs.submit(work, "account:1")
    assert (refused.value.status, refused.value.code) == (429, "own_imports")
    theirs = [jobs.submit(work, "account:2") for _ in range(8 - MOST_EACH)]
    with pytest.raises(RequestError) as refused:
        jobs.submit(work, "account:3")
    assert (refused.value.status, refused.value.code) == (503, "imports_full")
    go.set()
    assert all(jobs.wait(job.id, 60).state == "done" for job in [*mine, *theirs])  # type: ignore[union-attr]
    assert jobs.wait(jobs.submit(work, "account:1").id, 60).state == "done"  # type: ignore[union-attr]
    jobs.close()


def test_another_process_reads_an_ended_job(jobs: Jobs, tmp_path: Path) -> None:
    job = jobs.submit(lambda progress: {"accepted": 1})
    jobs.wait(job.id, 60)
    other = make(tmp_path)
    assert other.get(job.id) == jobs.get(job.id)
    other.close()


def test_a_running_job_of_a_living_process_is_not_called_interrupted(jobs: Jobs, tmp_path: Path) -> None:
    go = threading.Event()
    job = jobs.submit(lambda progress: {"ok": go.wait(60)})
    other = make(tmp_path)
    assert other.get(job.id).state in ("queued", "running")  # type: ignore[union-attr]
    go.set()
    jobs.wait(job.id, 60)
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
    first.wait(job.id, 60)
    first.close()
    old = time.time() - KEEP_S - 10
    os.utime(tmp_path / f"{job.id}.json", (old, old))
    second = make(tmp_path)
    assert second.get(job.id) is None
    second.close()


def test_closing_drops_what_waits(tmp_path: Path) -> None:
    jobs, go = make(tmp_path), threading.Event()
    running = jobs.submit(lambda progress: {"ok": go.wait(60)})
    while jobs.get(running.id).state != "running":  # type: ignore[union-attr]
        time.sleep(0.01)
    waiting = jobs.submit(lambda progress: {})

    def go_on() -> None:
        while not jobs._closed:
            time.sleep(0.01)
        go.set()

    threading.Thread(target=go_on).start()
    jobs.close()
    assert jobs.get(running.id).state == "done"  # type: ignore[union-attr]
    after = make(tmp_path)
    assert after.get(waiting.id).state == "interrupted"  # type: ignore[union-attr]
    after.close()


def test_a_full_disk_is_said(jobs: Jobs) -> None:
    def work(progress: Any) -> dict[str, Any]:
        raise OSError(28, "No space left on device")

    ended = jobs.wait(jobs.submit(work).id, 60)
    assert ended is not None and ended.error is not None
    assert (ended.state, ended.error["code"]) == ("failed", "disk_full")
