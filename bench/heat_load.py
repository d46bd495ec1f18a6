"""Many readers of heat tiles at once, over real connections to a real server on loopback."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import numpy as np

PATIENCE_S = 30


@dataclass
class Seen:
    """What the readers got: seconds of each answer, and what went wrong."""

    seconds: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    took_s: float = 0.0

    @property
    def per_s(self) -> float:
        return len(self.seconds) / self.took_s

    @property
    def p99_s(self) -> float:
        return float(np.percentile(self.seconds, 99))


async def _reader(address: str, paths: Iterator[str], until: float, seen: Seen) -> None:
    parts = urlsplit(address)
    into, out = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        for path in paths:
            began = time.perf_counter()
            if began >= until:
                return
            out.write(f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode())
            head = await asyncio.wait_for(into.readuntil(b"\r\n\r\n"), PATIENCE_S)
            lines = head.split(b"\r\n")
            length = next(int(line.split(b":")[1]) for line in lines if line.lower().startswith(b"content-length:"))
            body = await asyncio.wait_for(into.readexactly(length), PATIENCE_S)
            seen.seconds.append(time.perf_counter() - began)
            if b" 200 " not in lines[0] or not body.startswith(b"\x89PNG"):
                seen.faults.append(f"{path}: {lines[0]!r}")
    except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
        seen.faults.append(repr(error))
    finally:
        out.close()


def read_at_once(address: str, readers: int, seconds: float, paths: Callable[[int], Iterator[str]]) -> Seen:
    """Let `readers` ask one tile after the other for some seconds; `paths` gives each its own."""
    seen = Seen()

    async def run() -> None:
        began = time.perf_counter()
        await asyncio.gather(*(_reader(address, paths(who), began + seconds, seen) for who in range(readers)))
        seen.took_s = time.perf_counter() - began

    asyncio.run(run())
    return seen
