"""Pieces of work on threads: all of them once, faults handed on, stopped when asked."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from geo.parallel import Cancelled, chunks_of, in_chunks, patiently


def test_chunks_hold_all_rows_once_in_order():
    weights = np.random.default_rng(0).uniform(0, 400, 100)
    pieces = chunks_of(weights, 1000)
    assert np.concatenate(pieces).tolist() == list(range(100))
    assert max(weights[piece].sum() for piece in pieces) < 1000 + 400
    assert len(pieces) < 30
    assert chunks_of(np.zeros(0), 10) == []
    assert [len(piece) for piece in chunks_of(np.ones(50), 1000)] == [50]
    assert len(chunks_of(np.full(4, 90.0), 1000, 2)) == 2
    assert len(chunks_of(np.full(4, 90.0), 1000, 1)) == 1


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("count", [0, 1, 7])
def test_all_work_is_done_once(threads, count):
    done, shares = [], []
    lock = threading.Lock()

    def work(rows):
        with lock:
            done.extend(rows.tolist())

    in_chunks(work, [np.array([i]) for i in range(count)], threads=threads, progress=shares.append)
    assert sorted(done) == list(range(count))
    assert shares == sorted(shares)
    assert shares[-1:] == [1.0] or not count


def test_a_fault_is_handed_on():
    def work(rows):
        raise ZeroDivisionError

    for count in (1, 5):
        with pytest.raises(ZeroDivisionError):
            in_chunks(work, [np.array([i]) for i in range(count)], threads=2)


def test_stopped_between_pieces():
    done, answers = [], iter([False, False, True])
    with pytest.raises(Cancelled):
        in_chunks(
            lambda rows: done.append(rows), [np.array([i]) for i in range(50)], threads=2,
            cancelled=lambda: next(answers, True),
        )  # fmt: skip
    assert 0 < len(done) < 50


def test_one_long_work_is_waited_for_or_left():
    assert patiently(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        patiently(lambda: 1 // 0)
    go = threading.Event()
    answers = iter([False, False])
    with pytest.raises(Cancelled):
        patiently(lambda: go.wait(30), lambda: next(answers, True))
    go.set()
