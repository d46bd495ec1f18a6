"""The service under readers, editors and a feed at once: no request fails, and memory stays where it is."""

from __future__ import annotations

import os

import pytest

from bench import soak

FULL = os.environ.get("ATLAS_FULL") == "1"


@pytest.mark.slow
def test_nothing_fails_and_memory_stays() -> None:
    found = soak.soak(soak.SECONDS) if FULL else soak.soak(8, users=10, editors=2, per_s=10)
    assert (found["errors"], found["first_errors"]) == (0, [])
    # However starved the machine is, each reader reads and each editor goes through a plan.
    assert found["requests"] >= (20_000 if FULL else 10 + 2 * 4) and found["edits"] > 0 and found["incidents"] > 0
    if FULL:  # a short run is still warming up
        assert found["growth"] < soak.MOST_GROWTH
