"""What tests of the hub of streams share: a hub that the test ticks, a log that only counts, steps in any order."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

from store.live import HeldIncident, LiveIncident
from web import live_hub, live_stream
from web.live_hub import Hub
from web.live_stream import Stream

THIRD: Any = "third"  # an area that holds every third incident; the city (None) holds all
MOST_WAITING, MOST_PAGES = 25, 3
Steps = list[tuple[str, int]]


class Log:
    """A log that only counts, so that the hub can be tried by itself."""

    def __init__(self) -> None:
        self.last = 0

    def read(self, cursor: int, limit: int) -> tuple[list[HeldIncident], int]:
        end = min(self.last, cursor + limit)
        one = LiveIncident("x", 0.0, 0.0, None, np.datetime64("2024-01-01", "ms"))
        return [HeldIncident(seq, seq, 1, None, one) for seq in range(cursor + 1, end + 1)], end


def lies_in(area: Any, seq: int) -> bool:
    return area is None or seq % 3 == 0


def hub_of(log: Log, **facts: Any) -> Hub:
    """Return a hub that the test ticks; of each incident it tells its number, and `facts`."""

    def tell(found: list[HeldIncident], area: Any) -> list[tuple[HeldIncident, dict[str, Any]]]:
        return [(held, {"seq": held.seq, **facts}) for held in found if lies_in(area, held.seq or 0)]

    hub = Hub(log.read, lambda: log.last, tell, lambda area: {})
    hub._thread = threading.current_thread()
    return hub


def steps(*more: str) -> st.SearchStrategy[Steps]:
    """Any order of storing, telling and reading, of pages that come and go; and of steps of the test's own."""
    return st.lists(
        st.one_of(
            st.tuples(st.just("add"), st.integers(1, 40)),
            *(st.tuples(st.just(name), st.just(0)) for name in ("tick", *more)),
            st.tuples(st.just("read"), st.integers(0, MOST_PAGES - 1)),
            st.tuples(st.just("open"), st.integers(0, 100)),
            st.tuples(st.just("leave"), st.integers(0, MOST_PAGES - 1)),
        ),
        max_size=80,
    )


@contextmanager
def small_buffers() -> Iterator[pytest.MonkeyPatch]:
    """Let so little wait for a page, and be kept and read at a time, that slow readers lose their place."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(live_stream, "MOST_WAITING", MOST_WAITING)
        patch.setattr(live_stream, "MOST_KEPT", 40)
        patch.setattr(live_hub, "PART", 10)
        yield patch


def told(text: bytes) -> list[int]:
    """Return the numbers of the incidents that a page was told."""
    return [int(seq) for seq in re.findall(rb"^id: (\d+)$", text, re.MULTILINE)]


def all_after(start: int, stream: Stream, log: Log) -> list[int]:
    """Return what a page that went on after `start` must have been told: nothing missed, nothing doubled."""
    return [seq for seq in range(start + 1, log.last + 1) if lies_in(stream.area, seq)]
