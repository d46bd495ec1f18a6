"""So many at once, so few waiting, the others told when to come again: no thread of the server is held for long."""

from __future__ import annotations

import threading
import time

import pytest

from web.errors import RequestError
from web.gate import Gate


def test_who_finds_no_place_to_wait_is_refused_at_once_and_a_freed_place_is_taken() -> None:
    gate = Gate(1, 60.0, 7, waiting=1)
    entered, leave = threading.Event(), threading.Event()
    order: list[str] = []

    def hold() -> None:
        with gate.entered():
            entered.set()
            leave.wait(60)
            order.append("first")

    def wait() -> None:
        with gate.entered():
            order.append("second")

    first, second = threading.Thread(target=hold), threading.Thread(target=wait)
    first.start()
    assert entered.wait(60)
    second.start()
    while gate._queue._value:  # until it waits
        time.sleep(0.001)
    with pytest.raises(RequestError) as caught, gate.entered():
        pytest.fail("a third one got in")
    assert (caught.value.status, caught.value.params["retry_s"]) == (429, 7)
    leave.set()
    first.join(60)
    second.join(60)
    assert order == ["first", "second"]
    with gate.entered():  # every place is free again
        pass


def test_a_failure_inside_frees_the_place() -> None:
    gate = Gate(1, 0.01, 1)
    with pytest.raises(ValueError, match="inside"), gate.entered():
        raise ValueError("inside")
    with gate.entered(), pytest.raises(RequestError), gate.entered():
        pytest.fail("two got in")
