"""Derived results: computed once, bounded, errors not kept."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.cache import Cache, Revisions, weight


def test_a_key_is_computed_once() -> None:
    cache, calls = Cache(1000), []
    for _ in range(3):
        assert cache.get("a", lambda: calls.append(1) or b"x") == b"x"
    assert len(calls) == 1


def test_threads_that_ask_at_once_share_one_computation() -> None:
    cache, calls, started, go = Cache(10_000), [], threading.Event(), threading.Event()

    def make() -> bytes:
        calls.append(1)
        started.set()
        go.wait(60)
        return b"body"

    answers: list[bytes] = []
    threads = [threading.Thread(target=lambda: answers.append(cache.get("k", make))) for _ in range(8)]
    for thread in threads:
        thread.start()
    assert started.wait(60)
    go.set()
    for thread in threads:
        thread.join(60)
    assert answers == [b"body"] * 8
    assert len(calls) == 1


def test_an_error_reaches_every_waiter_and_is_not_kept() -> None:
    cache = Cache(1000)

    def fail() -> bytes:
        raise ValueError("once")

    with pytest.raises(ValueError, match="once"):
        cache.get("k", fail)
    assert cache.get("k", lambda: b"now") == b"now"


def test_what_was_used_longest_ago_makes_room() -> None:
    cache = Cache(1000)
    for name in "abc":
        cache.get(name, lambda: b"x" * 200)
    cache.get("a", lambda: b"not made again")
    cache.get("d", lambda: b"y" * 300)
    assert cache.get("a", lambda: b"new").startswith(b"x")
    assert cache.get("b", lambda: b"new") == b"new"
    assert cache.bytes <= 1000


def test_what_is_larger_than_the_cache_is_returned_but_not_kept() -> None:
    cache = Cache(100)
    assert cache.get("k", lambda: b"x" * 1000) == b"x" * 1000
    assert (len(cache), cache.bytes) == (0, 0)


def test_arrays_weigh_their_bytes() -> None:
    assert weight(np.zeros(1000)) >= 8000
    assert weight({"a": [b"x" * 500]}) >= 500


def test_a_later_revision_takes_the_place_of_the_earlier_one_of_the_same_area() -> None:
    cache = Cache(10_000)
    for area in ("north", "south"):
        for revision in range(50):
            for tile in (1, 2):
                cache.get(("tile", tile, Revisions((area, "crs", revision))), lambda: b"x" * 100)
    assert (len(cache), cache.bytes) == (4, 4 * 164)
    assert cache.get(("tile", 1, Revisions(("north", "crs", 49))), lambda: b"anew") == b"x" * 100


@given(asked=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(1, 400)), max_size=60))
def test_what_is_kept_is_counted_and_bounded(asked: list[tuple[int, int, int]]) -> None:
    cache = Cache(1000)
    for subject, revision, size in asked:
        made = cache.get(("tile", subject, Revisions((None, revision))), lambda size=size: b"x" * size)
        assert len(made) > 0
        assert cache.bytes == sum(weight for _, weight in cache._kept.values()) <= 1000
        assert set(cache._last.values()) == set(cache._kept)
