"""Connections that nobody needs are let go; those in use and those that are needed again are not."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from geo.errors import AtlasError
from store.store import Store


def _lent(store: Store, count: int) -> list[sqlite3.Connection]:
    """Lend so many connections at the same time, and give them back."""
    with ExitStack() as stack:
        return [stack.enter_context(store._reading()) for _ in range(count)]


def _open(connections: list[sqlite3.Connection]) -> list[bool]:
    found = []
    for one in connections:
        try:
            one.execute("SELECT 1")
            found.append(True)
        except sqlite3.ProgrammingError:
            found.append(False)
    return found


def test_what_nobody_needed_since_the_last_call_is_closed(town_file: Path) -> None:
    with Store.open(town_file) as store:
        store.close_unused()
        six = _lent(store, 6)
        store.close_unused()
        assert len(store._readers) == 6, "they were needed since the last call"
        three = _lent(store, 3)
        assert set(map(id, three)) < set(map(id, six)), "the last ones used are taken first"
        store.close_unused()
        assert sum(_open(six)) == len(store._readers) == 3 and all(_open(three))
        with store._reading() as busy:
            store.close_unused()
            store.close_unused()
            assert _open([busy]) == [True] and len(store._readers) == 0
        assert len(store._readers) == 1


def test_readers_meanwhile_are_not_disturbed(town_file: Path) -> None:
    wrong: list[sqlite3.Error | AtlasError] = []
    stop = threading.Event()
    with Store.open(town_file) as store:

        def read() -> None:
            try:
                while not stop.is_set():
                    assert store.revision() > 0
                    _lent(store, 3)
            except (sqlite3.Error, AtlasError) as error:
                wrong.append(error)

        threads = [threading.Thread(target=read) for _ in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(300):
            store.close_unused()
        stop.set()
        for thread in threads:
            thread.join()
        assert not wrong
    with pytest.raises(sqlite3.ProgrammingError):
        store._writer.execute("SELECT 1")
