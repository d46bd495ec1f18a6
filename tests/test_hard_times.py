"""Two at once, no room, no right to write, a killed server: the store holds old or new, and somebody says so."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from store.store import Store
from tests.serving import ROOT, await_health, free_port
from tests.store.checks import assert_sound
from tests.web.conftest import fill

HEAD = "id,category,lon,lat\n"
# A process of root's that obeys the permissions of files, as everyone else's does.
PLAIN = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []


def incidents(path: Path, name: str, rows: int) -> Path:
    lines = (f"{name}{row},noise,{24.93 + row % 200 / 1e5:.5f},{60.165 + row % 300 / 1e5:.5f}\n" for row in range(rows))
    path.write_text(HEAD + "".join(lines))
    return path


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "instance" / "atlas.gpkg"
    path.parent.mkdir()
    with Store.open(path) as found:
        fill(found)
    return path


def command(
    store: Path, file: Path, *more: str, prefix: list[str] | None = None, **options: Any
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*(prefix or []), sys.executable, "-m", "flask", "import", "incidents", str(file), "--format", "json", *more],
        cwd=ROOT,
        env={**os.environ, "ATLAS_STORE": str(store), "ATLAS_LANG": "en"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, said = process.communicate(timeout=60)
    assert "Traceback" not in said
    return process.returncode, out, said


def facts(path: Path) -> tuple[int, int, int]:
    """Return revision, incidents and imports of a sound store."""
    assert_sound(path)
    with Store.open(path) as found:
        return found.revision(), len(found.snapshot()["incidents"]), len(found.imports())


def nothing_left(store: Path) -> None:
    assert list(store.parent.glob("scratch/*")) == []


# --- two at once -----------------------------------------------------------------------------------------------------


def test_two_imports_into_an_empty_store(tmp_path: Path) -> None:
    store = tmp_path / "instance" / "atlas.gpkg"
    store.parent.mkdir()
    both = [command(store, incidents(tmp_path / f"{name}.csv", name, 5_000)) for name in "ab"]
    results = [ended(process) for process in both]
    taken = [json.loads(out)["revision"] for status, out, _ in results if status == 0]
    assert all("Try again." in said or "try again." in said for status, _, said in results if status)
    assert taken and sorted(taken) == list(range(1, len(taken) + 1))
    assert facts(store) == (len(taken), 5_000 * len(taken), len(taken))
    nothing_left(store)


def test_two_imports_of_the_same_rows(store: Path, tmp_path: Path) -> None:
    file = incidents(tmp_path / "a.csv", "a", 5_000)
    before = facts(store)
    results = [ended(process) for process in [command(store, file), command(store, file)]]
    assert sorted(status for status, _, _ in results) == [0, 1]
    assert "already holds a row" in next(said for status, _, said in results if status)
    assert facts(store) == (before[0] + 1, before[1] + 5_000, before[2] + 1)
    nothing_left(store)


# --- no room, no right ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("room", [1_000, 400_000])
def test_no_room(store: Path, tmp_path: Path, room: int) -> None:
    """A file may not grow: the same answers as of a full disk, without one."""
    before = facts(store)
    rows = incidents(tmp_path / "a.csv", "a", 20_000)
    status, out, said = ended(
        command(
            store, rows, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
        )
    )
    assert (status, out) == (1, "")
    assert "disk" in said and ("room" in said or "space" in said)
    assert facts(store) == before
    nothing_left(store)


@pytest.mark.skipif(bool(PLAIN) and shutil.which("setpriv") is None, reason="root writes everywhere")
@pytest.mark.parametrize("locked", ["file", "folder"])
def test_no_right_to_write(store: Path, tmp_path: Path, locked: str) -> None:
    before = facts(store)
    rows = incidents(tmp_path / "a.csv", "a", 10)
    place = store if locked == "file" else store.parent
    usual = place.stat().st_mode
    place.chmod(usual & ~0o222)
    try:
        status, out, said = ended(command(store, rows, prefix=PLAIN))
    finally:
        place.chmod(usual)
    assert (status, out) == (1, "")
    assert "cannot be opened for writing" in said and "Check that" in said
    assert facts(store) == before


# --- a server that is killed -----------------------------------------------------------------------------------------


class Browser:
    """Speaks to the server as a page does: one cookie, one token."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._cookie = ""
        self._token = self.ask("GET", "/api/csrf")[1]["token"]

    def ask(self, method: str, url: str, body: bytes | None = None, kind: str = "application/json") -> tuple[int, Any]:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=30)
        headers = {"Content-Type": kind, "Cookie": self._cookie, "Accept-Language": "en"}
        if method != "GET":
            headers["X-CSRF-Token"] = self._token
        connection.request(method, url, body, headers)
        answer = connection.getresponse()
        self._cookie = (answer.getheader("Set-Cookie") or self._cookie).partition(";")[0]
        found = answer.status, json.loads(answer.read())
        connection.close()
        return found

    def upload(self, file: Path) -> str:
        mark = uuid.uuid4().hex
        head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{file.name}"\r\n\r\n'
        body = head.encode() + file.read_bytes() + f"\r\n--{mark}--\r\n".encode()
        status, found = self.ask("POST", "/api/uploads", body, f"multipart/form-data; boundary={mark}")
        assert status == 201, found
        return str(found["upload"])

    def start(self, upload: str) -> str:
        wish = json.dumps({"layer": "incidents", "options": {}}).encode()
        status, found = self.ask("POST", f"/api/uploads/{upload}/import", wish)
        assert status == 202, found
        return str(found["job"])

    def job_until(self, job: str, *states: str) -> dict[str, Any]:
        deadline = time.monotonic() + 60
        while (found := self.ask("GET", f"/api/jobs/{job}")[1])["state"] not in states:
            assert time.monotonic() < deadline, found
            time.sleep(0.01)
        return dict(found)


@contextmanager
def serving(store: Path) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """Serve in a session of its own, which the end of the block kills as a whole."""
    port = free_port()
    log = store.with_suffix(".log")
    with log.open("ab") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "web.serve"],
            cwd=ROOT,
            env={**os.environ, "ATLAS_STORE": str(store), "ATLAS_PORT": str(port)},
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )
    try:
        await_health(f"http://127.0.0.1:{port}", process, log)
        yield port, process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def test_a_server_killed_in_the_middle_of_an_import(store: Path, tmp_path: Path) -> None:
    before = facts(store)
    file = incidents(tmp_path / "a.csv", "a", 100_000)
    with serving(store) as (port, process):
        browser = Browser(port)
        upload = browser.upload(file)
        job = browser.start(upload)
        browser.job_until(job, "running")
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert facts(store) == before
    with serving(store) as (port, _):
        browser = Browser(port)
        found = browser.ask("GET", f"/api/jobs/{job}")[1]
        assert (found["state"], found["error"]["code"]) == ("interrupted", "interrupted")
        assert "Start the import again" in found["error"]["remedy"]
        assert facts(store) == before
        nothing_left(store)
        # The file is still there; while the page takes it in, a command takes in another.
        job = browser.start(upload)
        other = command(store, incidents(tmp_path / "b.csv", "b", 1_000))
        status, _, said = ended(other)
        done = browser.job_until(job, "done", "failed", "interrupted")
        assert done["state"] == "done" or done["error"]["code"] == "store_busy"
        assert status == 0 or "try again" in said.lower()
        taken = (100_000 if done["state"] == "done" else 0, 1_000 if status == 0 else 0)
        assert any(taken)
        now = facts(store)
        assert now[0] - before[0] == now[2] - before[2] == sum(map(bool, taken))
        assert now[1] - before[1] == sum(taken)
        nothing_left(store)
