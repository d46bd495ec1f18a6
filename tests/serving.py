"""Start the real server on a free loopback port, as a user's machine would."""

from __future__ import annotations

import os
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
PATIENCE_S = 60


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


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
        process.wait(timeout=PATIENCE_S)
        log.close()


def await_health(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until /healthz answers; raise with the server's own words when it does not."""
    for _ in range(PATIENCE_S * 10):
        if process.poll() is not None:
            raise RuntimeError(f"the server stopped: {log.read_text('utf-8', 'replace')[-2000:]}")
        try:
            with urllib.request.urlopen(f"{address}/healthz", timeout=5) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise RuntimeError(f"the server did not answer: {log.read_text('utf-8', 'replace')[-2000:]}")
