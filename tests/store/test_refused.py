"""Refused sign-ins in the audit trail: each is told, none fills the chain, nothing that was typed is kept."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store import refused
from store.audit_read import Wish
from store.audit_trail import Entry
from store.refused import EVERY, MOST_OPEN
from store.store import Store

AT = datetime(2024, 5, 31, 8, 0, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "atlas.gpkg") as opened:
        opened.add_account("Team 1", ["administrator"])
        yield opened


def told(store: Store) -> list[Entry]:
    return store.trail(Wish(action=refused.ACTION), 50_000)[::-1]


def counts(store: Store) -> list[int]:
    return [json.loads(one.after or "{}")["count"] for one in told(store)]


def note(store: Store, name: str, net: str, at: datetime) -> None:
    account = (1, name) if name else None
    with store._writing(bookkeeping=True) as connection:
        refused.note(connection, account, net, at)


def test_the_first_is_told_at_once_and_those_of_a_minute_by_one_entry(store: Store) -> None:
    for second in range(0, 50, 5):
        note(store, "Team 1", "10.0.0.9", AT + timedelta(seconds=second))
    assert counts(store) == [1]
    note(store, "Team 1", "10.0.0.9", AT + timedelta(seconds=61))
    assert counts(store) == [1, 9]
    last = told(store)[-1]
    assert (last.kind, last.actor, last.address, last.target) == ("nobody", "", "10.0.0.9", "Team 1")
    assert json.loads(last.after or "")["since"] == "2024-05-31T08:00:05.000Z"
    note(store, "Team 1", "10.0.0.9", AT + timedelta(seconds=130))
    assert counts(store) == [1, 9, 1]
    assert store.verify_trail().whole


def test_other_addresses_and_accounts_have_entries_of_their_own(store: Store) -> None:
    for name, net in (("Team 1", "10.0.0.9"), ("Team 1", "10.0.0.8"), ("", "10.0.0.9"), ("", "10.0.0.9")):
        note(store, name, net, AT)
    assert [(one.target, one.address) for one in told(store)] == [
        ("Team 1", "10.0.0.9"), ("Team 1", "10.0.0.8"), ("", "10.0.0.9"),
    ]  # fmt: skip


def test_an_attack_from_many_addresses_adds_few_entries_and_loses_no_count(store: Store) -> None:
    attempts = 40 * MOST_OPEN
    for number in range(attempts):
        note(store, "Team 1", f"10.0.{number // 256}.{number % 256}", AT + timedelta(milliseconds=number * 45))
    assert len(told(store)) == MOST_OPEN
    with store._writing(bookkeeping=True) as connection:
        refused.tell_due(connection, AT + 2 * EVERY)
    assert len(told(store)) == MOST_OPEN + 1 and sum(counts(store)) == attempts
    assert told(store)[-1].address == "others" and told(store)[-1].target == ""


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 40), st.integers(0, 30)), max_size=60))
@settings(max_examples=30, deadline=None)
def test_no_more_than_one_entry_a_minute_and_every_attempt_is_counted(steps: list[tuple[int, int, int]]) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.execute("CREATE TABLE atlas_attempts (who TEXT PRIMARY KEY, failed INTEGER, last_at, until)")
        connection.execute("CREATE TABLE atlas_accounts AS SELECT 1 AS id, 'a1' AS name UNION SELECT 2, 'a2'")
        entries: list[tuple[datetime, str, int]] = []
        now = AT

        def record(
            connection: object, action: str, target: str, before: object, after: dict[str, int], who: object
        ) -> int:
            entries.append((now, f"{target} {who.address}", after["count"]))  # type: ignore[attr-defined]
            return 0

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(refused, "record", record)
            for account, net, seconds in steps:
                now += timedelta(seconds=seconds)
                refused.note(connection, (account, f"a{account}") if account else None, f"n{net % 4}", now)
            now += 2 * EVERY
            refused.tell_due(connection, now)
        assert sum(count for _, _, count in entries) == len(steps)
        for key in {key for _, key, _ in entries}:
            assert all(later - at >= EVERY for at, later in pairwise(at for at, one, _ in entries if one == key))


def test_a_clock_that_was_set_back_holds_nothing_up(store: Store) -> None:
    note(store, "Team 1", "10.0.0.9", AT + timedelta(days=3))
    note(store, "Team 1", "10.0.0.9", AT + timedelta(days=3))
    note(store, "Team 1", "10.0.0.9", AT)
    assert counts(store) == [1, 1]


def test_through_the_store_nothing_typed_is_kept_and_a_restart_forgets_nothing(tmp_path: Path) -> None:
    path = tmp_path / "again.gpkg"
    with Store.open(path) as store:
        store.add_account("Team 1", ["administrator"])
        for name in ("my secret password", "Team 1", "team 1", "my secret password"):
            store.attempt_failed(name, "10.0.0.9")
        store.tell_refused()
        assert [(one.target, one.after) for one in told(store)] == [("", '{"count":1}'), ("Team 1", '{"count":1}')]
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE atlas_attempts SET until = '2020-01-01T00:00:00.000Z' WHERE who GLOB 'refused *'")
    with Store.open(path) as store:
        store.begin_attempt("another", "10.0.0.8")  # forgets old attempts, not what is still to be told
        store.tell_refused()
        assert counts(store) == [1, 1, 1, 1] and store.verify_trail().whole
        assert not any("secret" in f"{one.target}{one.after}{one.actor}" for one in store.trail(Wish(), 1000))
    assert b"my secret password" not in path.read_bytes()
