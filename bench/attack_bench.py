"""Files made to hurt: how long until each is refused (or read as the harmless rest it is), and how much memory it took.

Each attack is read by a process of its own that starts the real reading process, so that memory is told apart.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.table import Row
from geo.errors import AtlasError
from store.intake import sandbox
from store.intake.options import Limits
from tests.store.attacks import HARMLESS, REFUSED

ROOT = Path(__file__).resolve().parents[1]
MOST_S, MOST_BYTES = 2.0, 300 << 20


def attack(path: Path) -> dict[str, Any]:
    """Read a file as an import would; return what came of it, seconds, and the most memory of the reader."""
    with tempfile.TemporaryDirectory() as scratch:
        limits = Limits()
        began = time.perf_counter()
        try:
            sandbox.run(
                "read", {"file": str(path)}, scratch=Path(scratch), memory_bytes=limits.memory_bytes,
                cpu_s=limits.cpu_s, wall_s=limits.wall_s,
            )  # fmt: skip
            said = "read"
        except AtlasError as error:
            said = error.message
        took = time.perf_counter() - began
    return {"said": said, "s": took, "bytes": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10}


def apart(name: str) -> dict[str, Any]:
    """Make one attack in a process of its own, read it in another, and return what came of it."""
    with tempfile.TemporaryDirectory() as folder:
        made = _run("make", name, folder)
        return {"name": name, **json.loads(_run("read", made))}


def _run(*arguments: str) -> str:
    command = [sys.executable, "-m", "bench.attack_bench", *arguments]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()[-1]


def rows() -> list[Row]:
    """Return the slowest and the greediest attack."""
    found = [apart(name) for name in (*REFUSED, *HARMLESS)]
    slow, greedy = max(found, key=lambda one: one["s"]), max(found, key=lambda one: one["bytes"])
    return [
        Row(f"{len(found)} hostile files refused, or read without harm; the slowest: {slow['name']}", slow["s"],
            goal="<= 2 s"),
        Row(f"the greediest of them: {greedy['name']}, {greedy['bytes'] >> 20} MiB", greedy["s"], goal="<= 300 MiB"),
    ]  # fmt: skip


if __name__ == "__main__":
    if sys.argv[1] == "make":
        print({**REFUSED, **HARMLESS}[sys.argv[2]](Path(sys.argv[3])))
    else:
        print(json.dumps(attack(Path(sys.argv[2]))))
