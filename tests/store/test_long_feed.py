"""What it takes to look at the store does not grow with what a feed has written."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from store.connection import connect
from store.live import LiveIncident, settled_revision
from store.store import Store
from tests.store.factories import SOURCE, X0, Y0, batch


def feed(store: Store, first: int, count: int) -> None:
    """Receive incidents, each by a revision of its own."""
    for number in range(first, first + count):
        store.receive([[LiveIncident(f"live-{number}", X0 + number % 100, Y0)]])


def steps(store: Store) -> int:
    """Return how many steps SQLite takes to say which revision is the last that was not received live."""
    taken = 0

    def count() -> int:
        nonlocal taken
        taken += 1
        return 0

    with store._reading() as connection:  # the one that is lent next, too
        connection.set_progress_handler(count, 1)
    store.settled_revision()
    with store._reading() as connection:
        connection.set_progress_handler(None, 0)
    return taken


def test_what_was_received_live_is_looked_at_once(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.gpkg") as store:
        store.write(batch("incidents", 1), "append", SOURCE)
        feed(store, 0, 5)
        store.settled_revision()
        few = steps(store)
        feed(store, 5, 100)
        assert store.settled_revision() == 1
        assert steps(store) == few


@settings(max_examples=10, deadline=None)
@given(what=st.lists(st.sampled_from(["live", "import", "look", "elsewhere"]), max_size=12))
def test_the_last_settled_revision_is_what_all_revisions_say(tmp_path_factory, what: list[str]) -> None:
    path = tmp_path_factory.mktemp("settled") / "a.gpkg"
    with Store.open(path) as store, Store.open(path) as other:
        store.write(batch("incidents", 1), "append", SOURCE)
        for number, one in enumerate(what):
            if one == "live":
                feed(store, 10 * number, 2)
            elif one == "look":
                store.settled_revision()
            else:
                (store if one == "import" else other).write(batch("cameras", 1, number + 1), "append", SOURCE)
        with store._reading() as connection:
            every = settled_revision(connection)
        assert store.settled_revision() == store.settled_revision() == every


def test_a_reader_keeps_few_pages(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.gpkg") as store:
        store.write(batch("incidents", 1), "append", SOURCE)
    for writer, most in ((False, -512), (True, -2000)):
        connection = connect(tmp_path / "a.gpkg", wait_s=1, writer=writer)
        assert connection.execute("PRAGMA cache_size").fetchone() == (most,)
        connection.close()
