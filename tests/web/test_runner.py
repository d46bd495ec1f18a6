"""The runner behind pages: what holds for every kind of work. Coverage by it: `test_runs.py`."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from geo.errors import ParameterError
from geo.parallel import Cancelled
from web.errors import RequestError
from web.run_answers import fault_answer, must_be_there, progress_answer
from web.runner import MOST_WAITING, Progress, Runner, Stop, Told, Wish

WAIT_S = 300.0  # for a machine that has other work


class Kitchen:
    """Makes what is asked for, when it is let; counts."""

    def __init__(self) -> None:
        self.go, self.begun = threading.Event(), threading.Event()
        self.made: dict[Any, str] = {}
        self.works: list[Any] = []
        self.ended: list[tuple[str, Any]] = []
        self.fault: BaseException | None = None

    def wish(self, key: str, mark: int = 1) -> Wish[str]:
        def work(progress: Progress, stop: Stop) -> str:
            self.works.append((key, mark))
            progress(0.5, "stir")
            self.begun.set()
            while not self.go.wait(0.01):
                if stop():
                    raise Cancelled
            if self.fault is not None:
                raise self.fault
            self.made[key, mark] = f"{key}{mark}"
            return self.made[key, mark]

        def after(ending: str, result: str | None) -> None:
            self.ended.append((ending, result))

        return Wish(key, mark, work, lambda: self.made.get((key, mark)), after)


@pytest.fixture
def kitchen() -> Kitchen:
    return Kitchen()


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def runner(kitchen: Kitchen, lines: list[str]) -> Iterator[Runner[str]]:
    found: Runner[str] = Runner("soup", lines.append, most_readers=2)
    yield found
    kitchen.go.set()
    found.close()


def until(true: Any) -> None:
    deadline = time.monotonic() + WAIT_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_all_who_ask_for_the_same_share_one_piece_of_work(runner: Runner[str], kitchen: Kitchen) -> None:
    answers: list[Told[str]] = []
    readers = [threading.Thread(target=lambda: answers.append(runner.ask(kitchen.wish("a"), WAIT_S))) for _ in range(2)]
    for reader in readers:
        reader.start()
    assert kitchen.begun.wait(WAIT_S)
    until(lambda: runner.readers == 2)
    third = runner.ask(kitchen.wish("a"), WAIT_S)  # all threads of the server must not wait
    assert (third.state, third.result, third.progress, third.step) == ("computing", None, 0.5, "stir")
    kitchen.go.set()
    for reader in readers:
        reader.join(WAIT_S)
    assert [answer.result for answer in answers] == ["a1", "a1"]
    assert kitchen.works == [("a", 1)] and runner.readers == 0
    assert runner.ask(kitchen.wish("a"), begin=False).state == "ready"


def test_one_piece_at_a_time_and_what_nobody_waits_for_is_dropped(runner: Runner[str], kitchen: Kitchen) -> None:
    runner.ask(kitchen.wish("first"))
    assert kitchen.begun.wait(WAIT_S)
    for number in range(MOST_WAITING + 2):
        assert runner.ask(kitchen.wish(f"{number}")).state == "computing"
    assert kitchen.works == [("first", 1)]
    assert runner.ask(kitchen.wish("0"), begin=False).state == "none"
    kitchen.go.set()
    assert runner.ask(kitchen.wish(f"{MOST_WAITING + 1}"), WAIT_S).result
    assert len(kitchen.works) == 1 + MOST_WAITING


def test_a_newer_state_is_worked_out_after_the_older_one(runner: Runner[str], kitchen: Kitchen) -> None:
    runner.ask(kitchen.wish("a", 1))
    assert kitchen.begun.wait(WAIT_S)
    assert runner.ask(kitchen.wish("a", 2)).state == "computing"
    kitchen.go.set()
    assert runner.ask(kitchen.wish("a", 2), WAIT_S).result == "a2"
    assert kitchen.works == [("a", 1), ("a", 2)]


@pytest.mark.parametrize("queued", [False, True])
def test_cancelled_until_started_or_the_state_changes(runner: Runner[str], kitchen: Kitchen, queued: bool) -> None:
    if queued:
        runner.ask(kitchen.wish("other"))
    runner.ask(kitchen.wish("a"))
    assert kitchen.begun.wait(WAIT_S)
    assert runner.cancel(kitchen.wish("a")).state == "cancelled"
    assert runner.ask(kitchen.wish("a"), 0.05).state == "cancelled"
    kitchen.go.set()
    assert runner.ask(kitchen.wish("a", 2), WAIT_S).result == "a2"
    assert runner.cancel(kitchen.wish("a", 2)).result == "a2"
    assert runner.start(kitchen.wish("a", 1), WAIT_S).result == "a1"
    if not queued:
        until(lambda: len(kitchen.ended) == 3)
        assert kitchen.ended[0] == ("cancelled", None) and kitchen.ended[-1] == ("done", "a1")


def test_a_fault_is_told_once_and_logged_without_its_text(
    runner: Runner[str], kitchen: Kitchen, lines: list[str]
) -> None:
    kitchen.go.set()
    kitchen.fault = KeyError("12 Elm Street")
    told = runner.ask(kitchen.wish("a"), WAIT_S)
    assert (told.state, told.result) == ("failed", None)
    assert fault_answer(told.error, "en")["code"] == "internal"  # type: ignore[index]
    assert runner.ask(kitchen.wish("a"), WAIT_S).state == "failed" and len(kitchen.works) == 1
    (line,) = lines
    assert line.startswith("soup ") and "KeyError" in line and "test_runner.py" in line and "Elm" not in line
    kitchen.fault = ParameterError("No {what}.", "Mend {what}.", what="luck", path="/srv/secret/luck.txt")
    told = runner.start(kitchen.wish("a"), WAIT_S)
    answer = fault_answer(told.error, "en")
    assert answer == {"code": "parameter", "message": "No luck.", "remedy": "Mend luck."}
    assert len(lines) == 1  # the reader was told; it is no fault of the program
    kitchen.fault = None
    assert runner.start(kitchen.wish("a"), WAIT_S).result == "a1"


def test_what_fails_after_the_end_stops_nothing(runner: Runner[str], lines: list[str]) -> None:
    def after(ending: str, result: str | None) -> None:
        raise ValueError("12 Elm Street")

    made: list[str] = []
    wish = Wish("a", 1, lambda progress, stop: made.append("x") or "x", lambda: made[0] if made else None, after)  # type: ignore[func-returns-value]
    assert runner.ask(wish, WAIT_S).result == "x"
    other = Wish("b", 1, lambda progress, stop: made.append("y") or "y", lambda: made[1] if len(made) > 1 else None)  # type: ignore[func-returns-value]
    assert runner.ask(other, WAIT_S).result == "y"
    until(lambda: lines)
    assert "ValueError" in lines[0] and "Elm" not in lines[0]


def test_who_waits_is_let_go_when_the_service_stops(runner: Runner[str], kitchen: Kitchen) -> None:
    runner.ask(kitchen.wish("other"))
    assert kitchen.begun.wait(WAIT_S)
    reader = threading.Thread(target=runner.ask, args=(kitchen.wish("a"), 10 * WAIT_S), daemon=True)
    reader.start()
    until(lambda: runner.readers == 1)
    runner.close()
    reader.join(WAIT_S)
    assert not reader.is_alive()
    assert runner.ask(kitchen.wish("a"), WAIT_S).state == "computing" or not kitchen.made
    assert runner.ask(kitchen.wish("new"), WAIT_S).state == "none"


@pytest.mark.parametrize(
    ("told", "status"),
    [
        (Told[str](None, "computing", "j", 0.25, "stir"), 503),
        (Told[str](None, "cancelled"), 409),
        (Told[str](None, "failed", error={"code": "x", "message": "No.", "remedy": "", "params": {}}), 500),
    ],
)
def test_a_file_is_not_made_of_what_is_not_there(told: Told[str], status: int) -> None:
    with pytest.raises(RequestError) as refused:
        must_be_there(told, "Still being made.")
    assert refused.value.status == status
    must_be_there(Told("x", "ready"), "")
    must_be_there(Told(None, "none"), "")
    working = progress_answer(told, {"stir": "Stirring"}, "en")
    assert working == ({"job": "j", "progress": 0.25, "step": "Stirring"} if status == 503 else None)
