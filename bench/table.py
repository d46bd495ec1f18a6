"""Rows of the bench tables: what was timed, against what, in the same run."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Row:
    """One line of a table. `peer_s` is None where a limit, not a peer, is the measure (`goal` says it)."""

    work: str
    ours_s: float
    peer: str = ""
    peer_s: float | None = None
    goal: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times faster than the peer."""
        return None if self.peer_s is None else self.peer_s / self.ours_s


def median_s(work: Callable[[], object], *, runs: int = 5, warm: int = 1) -> float:
    """Return the median wall time of `runs` calls after `warm` uncounted ones, in seconds."""
    for _ in range(warm):
        work()
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def shown(seconds: float | None) -> str:
    """Return `seconds` with a unit that fits."""
    if seconds is None:
        return ""
    if seconds < 1e-3:
        return f"{seconds * 1e6:.0f} us"
    return f"{seconds * 1e3:.2f} ms" if seconds < 1 else f"{seconds:.2f} s"


def markdown(title: str, rows: list[Row]) -> str:
    """Return `rows` as a Markdown table under a heading."""
    head = "| work | ours (median) | peer | peer (median) | times faster | goal |"
    lines = [f"## {title}\n", head, "|---|---|---|---|---|---|"]
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        lines.append(f"| {row.work} | {shown(row.ours_s)} | {row.peer} | {shown(row.peer_s)} | {ratio} | {row.goal} |")
    return "\n".join(lines) + "\n"


def machine() -> str:
    """Return processor, cores, system and Python version in one line."""
    info = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    model = next((line.split(":", 1)[1].strip() for line in info if line.startswith("model name")), platform.machine())
    system = f"{platform.system()} {platform.release()}"
    return f"{model}, {os.cpu_count()} cores, {system}, Python {platform.python_version()}"
