"""Start the real server on a free loopback port, as a user's machine would."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PATIENCE_S = 180  # for a machine that has other work
# Below those that the system gives to lines that go out: a server that is started again finds its port free.
PORTS = range(11_000, max(13_000, int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])))
_ours: list[socket.socket] = []


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody listens on, and that no other process of tests is given meanwhile."""
    for port in random.SystemRandom().sample(PORTS, 1_000):
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0gridatlas-tests-{port}")  # no file; it ends with this process
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            claim.close()
            continue
        _ours.append(claim)
        return port
    raise RuntimeError("no port is free")


def flask(store: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `flask ARGUMENTS` on `store` and return what it printed; a failure raises."""
    command = [sys.executable, "-m", "flask", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, "ATLAS_STORE": str(store)}, check=True, capture_output=True, text=True
    )


@contextmanager
def running(store: Path, **environment: str) -> Iterator[str]:
    """Serve `store` until the block ends; yields the address, such as "http://127.0.0.1:5123"."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    log = store.with_suffix(".log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "web.serve"],
        cwd=ROOT,
        env={**os.environ, "ATLAS_STORE": str(store), "ATLAS_PORT": str(port), **environment},
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    try:
        await_health(address, process, store.with_suffix(".log"))
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=PATIENCE_S)
        finally:
            process.kill()  # where it did not end
            log.close()


def await_health(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until /healthz answers; raise with the server's own words when it does not."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server stopped: {log.read_text('utf-8', 'replace')[-2000:]}")
        try:
            with urllib.request.urlopen(f"{address}/healthz", timeout=20) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise RuntimeError(f"the server did not answer: {log.read_text('utf-8', 'replace')[-2000:]}")
