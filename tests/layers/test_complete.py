"""What is made of a complete result is made once, however many ask at the same moment."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from geo.camera_facts import ViewRules
from layers.complete import Complete

NONE = np.zeros(0, dtype=object)


def complete() -> Complete:
    return Complete(None, ViewRules(), ("EPSG:32650", 0), 0, NONE, NONE, NONE, None)  # type: ignore[arg-type]


def test_many_at_once_get_what_was_made_once() -> None:
    made: list[int] = []
    everybody = threading.Barrier(8)
    one = complete()

    def make() -> object:
        made.append(1)
        time.sleep(0.05)
        return object()

    def ask(_: int) -> object:
        everybody.wait()
        return one.once("spots", None, make, "key")

    with ThreadPoolExecutor(8) as threads:
        assert len(set(map(id, threads.map(ask, range(8))))) == 1
    assert made == [1]
    assert one.once("spots", None, lambda: "other", "other key") == "other"
    assert one.once("spots", None, make, "key") != "other"


def test_what_failed_is_made_again() -> None:
    one = complete()

    def fails() -> object:
        raise OSError

    for _ in range(2):
        try:
            one.once("spots", None, fails)
        except OSError:
            continue
    assert one.once("spots", None, lambda: "made") == "made"


def test_making_one_may_ask_for_itself_and_another() -> None:
    one = complete()
    assert one.once("outer", None, lambda: one.once("inner", None, lambda: 1) + 1) == 2
