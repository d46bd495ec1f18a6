"""What was let go is given back to the system, also between things that are kept."""

from __future__ import annotations

import ctypes
import gc
import weakref
from pathlib import Path

import pytest

from web import memory
from web.memory import give_back, keep_giving_back

PIECE, PIECES, KEPT = 8 << 10, 8_000, 16


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="the C library is not glibc")
def test_holes_between_what_is_kept_are_given_back() -> None:
    pieces = [bytes([number % 251]) * PIECE for number in range(PIECES)]
    kept = pieces[::KEPT]
    del pieces
    before = resident()
    give_back()
    assert before - resident() > PIECE * PIECES // 2
    assert all(piece[0] == piece[-1] == number * KEPT % 251 for number, piece in enumerate(kept))


class Ring:
    """It refers to itself, as templates of pages do."""

    def __init__(self) -> None:
        self.me = self


def test_it_goes_on_until_the_service_stops_and_what_was_there_at_the_start_is_not_looked_through(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(memory, "EVERY_S", 0.0)
    rounds: list[int] = []
    rings: list[weakref.ref[Ring]] = []

    def first() -> None:
        rounds.append(gc.get_freeze_count())
        rings.append(weakref.ref(Ring()))

    try:
        keep_giving_back(lambda: len(rounds) < 3, first)
        assert rounds[0] == 0 < rounds[1] == rounds[2]
        assert [ring() for ring in rings] == [None] * 3
    finally:
        gc.unfreeze()
