"""Derived results: computed once, bounded, errors not kept."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from web.cache import Cache, weight


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
        go.wait(10)
        return b"body"

    answers: list[bytes] = []
    threads = [threading.Thread(target=lambda: answers.append(cache.get("k", make))) for _ in range(8)]
    for thread in threads:
        thread.start()
    assert started.wait(10)
    go.set()
    for thread in threads:
        thread.join(10)
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
