"""The audit trail holds against whoever writes to the file past the program, its guards taken off."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo.errors import ParameterError
from store import audit_trail
from store.actor import Actor, acting
from store.audit_read import Wish
from store.audit_trail import FIELDS, FIRST_HASH, GUARDS, chained
from store.audit_verify import CHANGED, CUT, MISSING, REWRITTEN, UNGUARDED, Head, read_head, verify
from store.store import Store

ENTRIES = 24
POST = Actor("account", "duty desk", "10.0.0.7")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Head, int]:
    """A store with entries; its head at half of them, and how many there are."""
    path = tmp_path_factory.mktemp("trail") / "s.gpkg"
    with Store.open(path) as store:
        first = store.trail_head()
        assert first is not None
        with acting(POST):
            for number in range(ENTRIES):
                store.note("test", f"目标 {number}", {"n": number}, {"n": number + 1})
                if number == ENTRIES // 2:
                    half = store.trail_head()
        assert half is not None
        return path, half, first.seq + ENTRIES


def attacked(whole: Path, folder: Path) -> sqlite3.Connection:
    """Return a connection to a copy of the store, the guards taken off, as an intruder would."""
    copy = folder / "attacked.gpkg"
    shutil.copy(whole, copy)
    connection = sqlite3.connect(copy, isolation_level=None)
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("PRAGMA synchronous = OFF")
    for name in GUARDS:
        connection.execute(f"DROP TRIGGER {name}")
    return connection


def found(connection: sqlite3.Connection, kept: Head | None = None) -> set[str]:
    """Put the guards back, as an intruder would, and return what the check finds."""
    for sql in GUARDS.values():
        connection.execute(sql)
    return {fault.message for fault in verify(connection, kept).faults}


def test_a_sound_trail_is_sound(whole: tuple[Path, Head, int]) -> None:
    path, half, count = whole
    with Store.open(path) as store:
        for kept in (None, half, store.trail_head()):
            verdict = store.verify_trail(kept)
            assert verdict.whole and verdict.entries == count and verdict.head == store.trail_head()
        newest = store.trail(Wish(), 3)
        assert [entry.seq for entry in newest] == [count, count - 1, count - 2]
        assert (newest[0].kind, newest[0].actor, newest[0].address) == ("account", "duty desk", "10.0.0.7")
        assert json.loads(newest[0].after or "") == {"n": ENTRIES}
        assert [entry.seq for entry in store.whole_trail()] == list(range(1, count + 1))


_other = st.one_of(st.none(), st.integers(-(2**40), 2**40), st.text(max_size=8), st.binary(max_size=33), st.floats())


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seq=st.integers(1, ENTRIES), field=st.sampled_from((*FIELDS, "hash")), value=_other)
def test_an_entry_that_was_changed_is_found(
    whole: tuple[Path, Head, int], tmp_path: Path, seq: int, field: str, value: object
) -> None:
    with closing(attacked(whole[0], tmp_path)) as connection:
        before = connection.execute(f"SELECT {field} FROM atlas_trail WHERE seq = ?", (seq,)).fetchone()[0]
        try:
            connection.execute(f"UPDATE OR FAIL atlas_trail SET {field} = ? WHERE seq = ?", (value, seq))
            where = "SELECT count(*) FROM atlas_trail WHERE seq = ?"
            moved = connection.execute(where, (seq,)).fetchone()[0] == 0
        except sqlite3.Error:  # a column that takes no such value
            return
        now = (
            before
            if moved
            else connection.execute(f"SELECT {field} FROM atlas_trail WHERE seq = ?", (seq,)).fetchone()[0]
        )
        same = not moved and type(now) is type(before) and now == before
        assert bool(found(connection)) != same


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(gone=st.sets(st.integers(1, ENTRIES), min_size=1, max_size=5), renumber=st.booleans())
def test_entries_that_were_taken_out_are_found(
    whole: tuple[Path, Head, int], tmp_path: Path, gone: set[int], renumber: bool
) -> None:
    with closing(attacked(whole[0], tmp_path)) as connection:
        connection.executemany("DELETE FROM atlas_trail WHERE seq = ?", [(seq,) for seq in gone])
        if renumber:  # close the gaps
            seqs = [seq for (seq,) in connection.execute("SELECT seq FROM atlas_trail ORDER BY seq")]
            connection.executemany("UPDATE atlas_trail SET seq = ? WHERE seq = ?", list(enumerate(seqs, start=1)))
            connection.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = 'atlas_trail'", (len(seqs),))
            assert CHANGED in found(connection)
        else:
            assert MISSING in found(connection)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pair=st.lists(st.integers(1, ENTRIES), min_size=2, max_size=2, unique=True))
def test_entries_that_changed_places_are_found(whole: tuple[Path, Head, int], tmp_path: Path, pair: list[int]) -> None:
    with closing(attacked(whole[0], tmp_path)) as connection:
        first, second = pair
        for old, new in ((first, -1), (second, first), (-1, second)):
            connection.execute("UPDATE atlas_trail SET seq = ? WHERE seq = ?", (new, old))
        assert CHANGED in found(connection)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(last=st.integers(0, ENTRIES), careful=st.booleans())
def test_an_end_that_was_cut_off_is_found(
    whole: tuple[Path, Head, int], tmp_path: Path, last: int, careful: bool
) -> None:
    path = whole[0]
    with Store.open(path) as store:
        kept = store.trail_head()
    with closing(attacked(path, tmp_path)) as connection:
        connection.execute("DELETE FROM atlas_trail WHERE seq > ?", (last,))
        if careful:  # who knows of the counter turns it back: then only a kept head tells
            connection.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = 'atlas_trail'", (last,))
            assert bool(found(connection)) == (last == 0)
            for name in GUARDS:
                connection.execute(f"DROP TRIGGER {name}")
            assert found(connection, kept)
        elif last:
            assert CUT in found(connection)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=st.integers(2, ENTRIES // 2), lie=st.text(min_size=1, max_size=10))
def test_a_trail_written_anew_is_found_by_a_kept_head(
    whole: tuple[Path, Head, int], tmp_path: Path, start: int, lie: str
) -> None:
    """The intruder knows the program: every hash after the lie is right, and the counter too."""
    path, half, _ = whole
    with closing(attacked(path, tmp_path)) as connection:
        rows = connection.execute(f"SELECT {', '.join(FIELDS)}, hash FROM atlas_trail ORDER BY seq").fetchall()
        previous = FIRST_HASH
        for *fields, _ in rows:
            if fields[0] == start:
                fields[FIELDS.index("target")] = str(fields[FIELDS.index("target")]) + lie.replace("\ud800", "")
            try:
                anew = chained(fields, previous)
                connection.execute(
                    "UPDATE atlas_trail SET target = ?, hash = ? WHERE seq = ?",
                    (fields[FIELDS.index("target")], anew, fields[0]),
                )
            except UnicodeEncodeError:
                return
            previous = anew
        assert found(connection) == set()  # nothing in the file itself tells
        for name in GUARDS:
            connection.execute(f"DROP TRIGGER {name}")
        assert found(connection, half) == {REWRITTEN}


def test_sql_cannot_change_or_delete_entries(whole: tuple[Path, Head, int], tmp_path: Path) -> None:
    copy = tmp_path / "s.gpkg"
    shutil.copy(whole[0], copy)
    with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        for sql in (
            "UPDATE atlas_trail SET target = 'x' WHERE seq = 3",
            "DELETE FROM atlas_trail WHERE seq = 3",
            "DELETE FROM atlas_trail",
            "INSERT OR REPLACE INTO atlas_trail SELECT * FROM atlas_trail WHERE seq = 3",
            "INSERT INTO atlas_trail SELECT seq + 100, at, kind, actor, address, action, target, before, after,"
            " revision, hash FROM atlas_trail WHERE seq = 3",
        ):
            with pytest.raises(sqlite3.IntegrityError, match="entries of the trail"):
                connection.execute(sql)
        assert verify(connection).whole
        connection.execute("DROP TRIGGER atlas_trail_no_update")
        assert [fault.message for fault in verify(connection).faults] == [UNGUARDED]


def test_what_changed_nothing_is_not_noted_and_what_failed_neither(tmp_path: Path) -> None:
    with Store.open(tmp_path / "s.gpkg") as store:
        before = store.trail_head()
        with pytest.raises(ZeroDivisionError), store._writing() as connection:
            audit_trail.record(connection, "test")
            raise ZeroDivisionError
        assert store.trail_head() == before
        assert store.verify_trail().whole


@settings(max_examples=40)
@given(
    facts=st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(st.characters(), max_size=20)),
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
        max_leaves=8,
    )
)
def test_any_facts_can_be_kept(facts: object) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.execute(audit_trail.TABLE)
        connection.execute("CREATE TABLE atlas_revisions (revision INTEGER)")
        for sql in GUARDS.values():
            connection.execute(sql)
        audit_trail.record(connection, "test", str(facts), facts, [facts])
        kept = connection.execute("SELECT before, after FROM atlas_trail").fetchone()
        assert (kept[0] is None) == (facts is None)
        json.loads(kept[1])
        assert verify(connection).whole


def test_long_facts_are_kept_as_their_digest() -> None:
    text = audit_trail.facts_text(["x" * 50] * 100)
    assert text is not None and json.loads(text)["count"] == 100 and len(json.loads(text)["sha256"]) == 64


def test_entries_are_found_by_what_they_are_about(tmp_path: Path) -> None:
    with Store.open(tmp_path / "s.gpkg") as store:
        for action in ("scenario.add", "scenario.delete", "scenarios", "export"):
            with acting(Actor("token", f"by {action}")):
                store.note(action, f"Option {action.upper()}")
        asked = {
            "scenario": {"scenario.add", "scenario.delete"}, "scenario.add": {"scenario.add"}, "export": {"export"},
            "scen": set(),
        }  # fmt: skip
        for action, want in asked.items():
            wish = Wish(action=action)
            assert {entry.action for entry in store.trail(wish, 100)} == want
            assert store.trail_count(wish) == len(want)
        assert [entry.action for entry in store.trail(Wish(actor="by export"), 9)] == ["export"]
        assert [entry.action for entry in store.trail(Wish(target="option s"), 2)] == ["scenarios", "scenario.delete"]
        assert {"scenario.add", "export", "trail.begin"} <= set(store.trail_actions())
        at = store.trail(Wish(action="export"), 1)[0].at
        assert store.trail(Wish(start=at, action="export"), 9) and not store.trail(Wish(end=at, action="export"), 9)


@pytest.mark.parametrize("text", ["", "[]", "{}", "[" * 5_000, '{"seq": 0, "hash": ""}', '{"seq": 1, "hash": "zz"}'])
def test_a_head_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ParameterError):
        read_head(text)


def test_a_head_is_read_as_it_was_written(whole: tuple[Path, Head, int]) -> None:
    for text in (json.dumps(whole[1].to_json()), json.dumps({"revision": 3, "trail": whole[1].to_json()})):
        assert read_head(text) == whole[1]
