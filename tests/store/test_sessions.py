"""Sessions, attempts and tokens: what ends by itself, who waits, what a program may do."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.area import Area
from geo.errors import ParameterError
from store import attempts
from store.attempts import FREE_ACCOUNT, FREE_ADDRESS, LONGEST_WAIT_S, net_of, wait_after
from store.errors import ConflictError
from store.sessions import Limits
from store.store import Store
from store.tokens import SCOPES
from tests.quick import quick_passwords
from tests.store.account_steps import LIMITS, first, opened, raw
from tests.store.factories import SOURCE, batch

quick = pytest.fixture(autouse=True)(quick_passwords)
store = pytest.fixture(opened)


def test_a_session_ends_by_itself(store: Store) -> None:
    number, session = first(store)
    for column, limit in (("created_at", LIMITS.absolute), ("last_seen_at", LIMITS.idle)):
        before = raw(store, f"SELECT {column} FROM atlas_sessions")[0][0]
        for late, alive in ((-60, True), (60, False)):
            at = datetime.now(UTC) - limit - timedelta(seconds=late)
            raw(store, f"UPDATE atlas_sessions SET {column} = ?", at.isoformat(timespec="milliseconds")[:-6] + "Z")
            assert (store.session_of(session, LIMITS) is not None) is alive
            assert len(store.sessions_of(number, LIMITS)) == alive
        raw(store, f"UPDATE atlas_sessions SET {column} = ?", before)


def test_use_is_remembered_once_a_minute(store: Store) -> None:
    _, text = first(store)

    def seen() -> str:
        return str(raw(store, "SELECT last_seen_at FROM atlas_sessions")[0][0])

    session = store.session_of(text, LIMITS)
    assert session is not None
    store.see_session(session)
    assert seen() == session.last_seen_at
    raw(store, "UPDATE atlas_sessions SET last_seen_at = ?", "2026-01-01T00:00:00.000Z")
    session = store.session_of(text, Limits(idle=timedelta(days=36500)))
    assert session is not None
    with closing(sqlite3.connect(store.path, isolation_level=None)) as busy:
        busy.execute("BEGIN IMMEDIATE")
        store.see_session(session)  # does not wait, and fails nobody
        busy.execute("ROLLBACK")
    assert seen() == "2026-01-01T00:00:00.000Z"
    store.see_session(session)
    assert seen() > session.last_seen_at


def test_sessions_end_one_by_one_or_all_and_only_one_s_own(store: Store) -> None:
    number, here = first(store)
    other = store.add_account("Team 1", ["viewer"])
    there, foreign = store.begin_session(number, "10.0.0.1"), store.begin_session(other.id, "10.0.0.2")
    marks = {one.address: bytes.fromhex(one.mark) for one in store.sessions_of(number, LIMITS)}
    theirs = bytes.fromhex(store.sessions_of(other.id, LIMITS)[0].mark)
    assert not store.end_session(number, theirs)
    assert store.end_session(number, marks["10.0.0.1"])
    assert [store.session_of(text, LIMITS) is not None for text in (here, there, foreign)] == [True, False, True]
    assert store.end_sessions(number) == 1
    assert store.session_of(here, LIMITS) is None and store.session_of(foreign, LIMITS) is not None


@given(st.integers(0, 10_000), st.integers(0, 100))
def test_a_wait_grows_and_has_an_end(failed: int, free: int) -> None:
    assert 0 <= wait_after(failed, free) <= wait_after(failed + 1, free) <= LONGEST_WAIT_S
    assert (wait_after(failed, free) == 0) is (failed < free)


@pytest.mark.parametrize("name", ["Control room", "Nobody"])
def test_after_some_attempts_the_next_waits_also_after_a_restart(store: Store, name: str) -> None:
    first(store)
    for turn in range(FREE_ACCOUNT):
        assert store.begin_attempt(name, f"10.0.0.{turn}") == 0
    wait = store.begin_attempt(name, "10.0.1.1")
    assert 0 < wait <= attempts.FIRST_WAIT_S
    with Store.open(store.path) as again:
        assert again.begin_attempt(name, "10.0.1.2") > 0
        assert again.begin_attempt("Another", "10.0.1.2") == 0
    raw(store, "UPDATE atlas_attempts SET until = last_at")
    assert store.begin_attempt(name, "10.0.1.1") == 0
    assert store.begin_attempt(name, "10.0.1.1") > attempts.FIRST_WAIT_S, "the next wait is longer"


def test_a_right_password_starts_anew_and_an_address_has_a_limit_of_its_own(store: Store) -> None:
    first(store)
    for turn in range(FREE_ADDRESS - 1):
        assert store.begin_attempt(f"guess {turn}", "10.0.0.9") == 0
    assert store.begin_attempt("Control room", "10.0.0.9") == 0
    assert store.begin_attempt("Control room", "10.0.0.9") > 0
    assert store.begin_attempt("Control room", "10.0.0.8") == 0
    for _ in range(3):
        store.begin_attempt("Control room", "10.0.0.7")
    store.forgive("Control room", "10.0.0.7")
    for _ in range(FREE_ACCOUNT):
        assert store.begin_attempt("Control room", "10.0.0.7") == 0


def test_who_guesses_from_elsewhere_locks_nobody_out_of_a_known_place(store: Store) -> None:
    number, _ = first(store)
    store.begin_session(number, "10.0.0.1")
    for turn in range(FREE_ACCOUNT):
        store.begin_attempt("Control room", f"10.9.9.{turn}")
    assert store.begin_attempt("Control room", "10.9.8.1") > 0
    assert store.begin_attempt("Control room", "10.0.0.1") == 0
    store.forgive_account(number)
    assert store.begin_attempt("Control room", "10.9.8.1") == 0


def test_what_was_typed_as_a_name_is_not_kept(store: Store) -> None:
    store.begin_attempt("my password by mistake", "10.0.0.1")
    ((who,), (address,)) = raw(store, "SELECT who FROM atlas_attempts ORDER BY who DESC")
    assert str(who).startswith("nobody ") and address == "address 10.0.0.1"


def test_one_line_is_one_address() -> None:
    assert net_of("::ffff:10.0.0.1") == net_of("10.0.0.1") == "10.0.0.1"
    assert net_of("2001:db8:1:2:3::4") == net_of("2001:db8:1:2::") == "2001:db8:1:2::/64"
    assert net_of("") == net_of("nonsense") == "none"


def test_a_token_has_scopes_an_area_and_an_end(store: Store) -> None:
    store.write(batch("grids", 1), "append", SOURCE)
    area = Area((("grid", "n0-0"),))
    text = store.add_token("screen", ["read", "export"], area=area, expires_at="2999-12-31")
    found = store.token_of(text)
    assert found is not None
    assert (found.scopes, found.area, found.expires_at) == ({"read", "export"}, area, "2999-12-31T00:00:00.000Z")
    plain = store.token_of(store.add_token("dispatch"))
    assert plain is not None and (plain.scope, plain.area, plain.expires_at) == ("incidents:write", None, None)
    raw(store, "UPDATE atlas_tokens SET expires_at = '2020-01-01T00:00:00.000Z' WHERE name = 'screen'")
    assert store.token_of(text) is None
    again = store.add_token("screen", SCOPES)
    assert store.token_of(again) is not None and store.token_of(text) is None
    store.revoke_token("screen")
    assert store.token_of(again) is None
    with pytest.raises(ConflictError):
        store.revoke_token("screen")


@pytest.mark.parametrize(
    "how",
    [{"scopes": []}, {"scopes": ["accounts"]}, {"expires_at": "soon"}, {"expires_at": "2020-01-01"},
     {"expires_at": "0001-01-01T00:00+14:00"}, {"area": Area((("grid", "x"),))}],
    ids=str,
)  # fmt: skip
def test_a_token_that_cannot_be_made(store: Store, how: dict[str, object]) -> None:
    with pytest.raises(ParameterError):
        store.add_token("x", **how)  # type: ignore[arg-type]
    assert store.tokens() == []
