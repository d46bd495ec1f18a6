"""Accounts, sessions, links, attempts and tokens: what is kept, what ends, what is refused."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st

from geo.area import Area
from geo.errors import ParameterError
from store import attempts, passwords
from store.account_rows import area_of, area_text, sign_of
from store.attempts import FREE_ACCOUNT, FREE_ADDRESS, LONGEST_WAIT_S, net_of, wait_after
from store.errors import ConflictError, LinkError, UnknownAccountError
from store.sessions import Limits
from store.store import Store
from store.tokens import SCOPES
from tests.quick import quick_passwords
from tests.store.factories import SOURCE, batch

PASSWORD, OTHER = "seven green kettles", "eleven wet umbrellas"
LIMITS = Limits()
quick = pytest.fixture(autouse=True)(quick_passwords)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "atlas.gpkg") as opened:
        yield opened


def first(store: Store, name: str = "Control room") -> tuple[int, str]:
    """Make the administrator; return its number and a session of it."""
    account, session = store.use_first_link(store.make_first_link(), name, PASSWORD, "127.0.0.1")
    return account.id, session


def raw(store: Store, sql: str, *values: object) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(store.path)) as connection, connection:
        return connection.execute(sql, values).fetchall()


# --- accounts ---------------------------------------------------------------------------------------------------------


def test_the_first_link_makes_one_administrator_once(store: Store) -> None:
    assert not store.has_accounts() and not store.has_administrator()
    link = store.make_first_link()
    with pytest.raises(ParameterError):
        store.use_first_link(link, "Control room", "short", "")
    account, session = store.use_first_link(link, "Control room", PASSWORD, "127.0.0.1")
    assert (account.name, account.roles, account.area) == ("Control room", {"administrator"}, None)
    assert store.has_accounts() and store.has_administrator()
    found = store.session_of(session, LIMITS)
    assert found is not None and found.account == store.account(account.id)
    with pytest.raises(LinkError):
        store.use_first_link(link, "Another", PASSWORD, "")
    with pytest.raises(ConflictError):
        store.make_first_link()


def test_only_the_newest_first_link_works_and_not_beside_an_account(store: Store) -> None:
    old, new = store.make_first_link(), store.make_first_link()
    with pytest.raises(LinkError):
        store.link_of(old)
    with pytest.raises(ConflictError):
        store.add_account("Team 1", ["viewer"])
    store.add_account("Duty", ["administrator", "viewer"])
    with pytest.raises(ConflictError):
        store.use_first_link(new, "Late", PASSWORD, "")
    assert [one.name for one in store.accounts()] == ["Duty"]


def test_nothing_that_opens_a_door_is_in_the_file(store: Store) -> None:
    number, session = first(store)
    link, token = store.make_link(number), store.add_token("dispatch")
    store._settle()
    content = store.path.read_bytes()
    for secret in (PASSWORD, session, link, token):
        assert secret.encode() not in content
    assert b"$argon2id$" in content


@pytest.mark.parametrize("name", ["", " Team", "Team ", "a\nb", "x" * 61, "\u200b", "\ud800"])
def test_a_name_that_cannot_be_read_is_refused(store: Store, name: str) -> None:
    with pytest.raises(ParameterError):
        store.add_account(name, ["administrator"])


def test_names_are_compared_as_they_look(store: Store) -> None:
    made = store.add_account("Straße Süd", ["administrator"])
    for same in ("STRASSE SÜD", "Straße Su\u0308d", "ｓtraße süd"):
        assert store.account_named(same) == made
        with pytest.raises(ConflictError):
            store.add_account(same, ["administrator"])
    with pytest.raises(UnknownAccountError):
        store.account_named("Strasse Nord")


@given(st.text(st.characters(codec="utf-8")))
def test_the_compared_name_is_stable(name: str) -> None:
    assert sign_of(sign_of(name)) == sign_of(name) == sign_of(name.casefold())


def test_roles_area_and_state_change_at_once(store: Store) -> None:
    store.write(batch("grids", 3), "append", SOURCE)
    first(store)
    account = store.add_account("Team 1", ["viewer"], Area((("grid", "n0-1"),)))
    session = store.begin_session(account.id, "10.0.0.1")
    store.set_roles(account.id, ["planner", "viewer"])
    store.set_area(account.id, Area((("grid", "n0-2"), ("grid", "n0-0"))))
    found = store.session_of(session, LIMITS)
    assert found is not None
    assert found.account.roles == {"planner", "viewer"}
    assert found.account.area == Area((("grid", "n0-0"), ("grid", "n0-2")))
    store.set_area(account.id, None)
    found = store.session_of(session, LIMITS)
    assert found is not None and found.account.area is None
    for state in ("locked", "disabled"):
        store.set_state(account.id, "active")
        session, link = store.begin_session(account.id, ""), store.make_link(account.id)
        assert store.session_of(session, LIMITS) is not None
        store.set_state(account.id, state)  # type: ignore[arg-type]
        assert store.session_of(session, LIMITS) is None
        with pytest.raises(LinkError):
            store.link_of(link)
        with pytest.raises(ConflictError):
            store.make_link(account.id)
    store.set_state(account.id, "active")
    assert store.session_of(session, LIMITS) is None, "unlocking brings no old session back"
    session = store.begin_session(account.id, "")
    raw(store, "UPDATE atlas_accounts SET state = 'locked' WHERE id = ?", account.id)
    assert store.session_of(session, LIMITS) is None, "whatever wrote the state: it is asked for itself"


@pytest.mark.parametrize("area", [Area(()), Area((("grid", "none"),)), Area((("x' OR 1=1 --", "n0-0"),))])
def test_an_area_names_grids_of_the_store(store: Store, area: Area) -> None:
    store.write(batch("grids", 1), "append", SOURCE)
    with pytest.raises(ParameterError):
        store.add_account("Team 1", ["administrator"], area)
    assert store.accounts() == []


@given(st.sets(st.tuples(st.text(), st.text()), max_size=5))
def test_an_area_comes_back_as_it_was_stored(grids: set[tuple[str, str]]) -> None:
    area = Area(tuple(grids))
    assert area_of(area_text(area)) == area
    assert area_of(area_text(None)) is None


@pytest.mark.parametrize("roles", [[], [""], ["a b"], ["view;er"]])
def test_an_account_has_a_role(store: Store, roles: list[str]) -> None:
    with pytest.raises(ParameterError):
        store.add_account("Team 1", roles)


def test_one_administrator_stays(store: Store) -> None:
    store.write(batch("grids", 1), "append", SOURCE)
    part = Area((("grid", "n0-0"),))
    with pytest.raises(ConflictError):  # with an area it looks after nobody
        store.add_account("First", ["administrator"], part)
    number, _ = first(store)
    for change in (
        lambda: store.set_state(number, "locked"),
        lambda: store.set_state(number, "disabled"),
        lambda: store.set_roles(number, ["viewer"]),
        lambda: store.set_area(number, part),
    ):
        with pytest.raises(ConflictError):
            change()
    second = store.add_account("Second", ["administrator"], part)
    assert store.has_administrator()
    with pytest.raises(ConflictError):
        store.set_state(number, "disabled")
    store.set_area(second.id, None)
    store.set_state(number, "disabled")
    with pytest.raises(ConflictError):
        store.set_roles(second.id, ["viewer"])


# --- passwords --------------------------------------------------------------------------------------------------------


def test_a_password_opens_its_own_account_only(store: Store) -> None:
    number, _ = first(store)
    other = store.add_account("Team 1", ["viewer"])
    found = store.check_password("control ROOM", PASSWORD)
    assert found is not None and found.id == number
    for name, password in (
        ("Control room", OTHER),
        ("Control room", PASSWORD + " "),
        ("Team 1", PASSWORD),
        ("Team 1", ""),
        ("Nobody", PASSWORD),
        ("Control room", ""),
        ("Control room", PASSWORD * 100),
    ):
        assert store.check_password(name, password) is None
    store.set_password(other.id, OTHER)
    assert store.check_password("Team 1", OTHER) is not None
    store.set_state(other.id, "locked")
    assert store.check_password("Team 1", OTHER) is None


def test_as_much_is_worked_for_an_account_that_is_not_there(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    first(store)
    store.add_account("Invited", ["viewer"])
    seen: list[str] = []
    verify = PasswordHasher.verify

    def watched(self: PasswordHasher, kept: str, password: str) -> bool:
        seen.append(kept.rsplit("$", 2)[0])
        return verify(self, kept, password)  # type: ignore[arg-type]

    monkeypatch.setattr(PasswordHasher, "verify", watched)
    for name in ("Control room", "Invited", "Nobody"):
        assert store.check_password(name, OTHER) is None
    assert len(seen) == 3 and len(set(seen)) == 1, "each was checked once, by the same parameters"


def test_what_stands_for_no_password_is_made_like_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()  # the real parameters
    assert not passwords.outdated(passwords.DUMMY)
    kept = passwords.hashed(PASSWORD)
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert passwords.matches(kept, PASSWORD) and not passwords.matches(kept, OTHER)


def test_a_hash_of_old_parameters_is_renewed_at_the_next_sign_in(store: Store) -> None:
    number, _ = first(store)
    old = PasswordHasher(time_cost=2, memory_cost=8, parallelism=1).hash(PASSWORD)
    raw(store, "UPDATE atlas_accounts SET hash = ? WHERE id = ?", old, number)
    assert store.check_password("Control room", PASSWORD) is not None
    assert raw(store, "SELECT hash FROM atlas_accounts") != [(old,)]
    assert store.check_password("Control room", PASSWORD) is not None


@pytest.mark.parametrize(
    "password",
    ["elevenletter"[:11], "x" * 257, "aaaaaaaaaaaaa", "1212121212121212", "Password12345", "password!!!!",
     "1qaz2wsx3edc", "passwordpassword", "Control Room 7!", "ＣＯＮＴＲＯＬ ＲＯＯＭ", "we love GridAtlas",
     "IloveYou2026!!"],
)  # fmt: skip
def test_an_easy_password_is_refused(password: str) -> None:
    with pytest.raises(ParameterError) as caught:
        passwords.check(password, "Control room")
    assert password not in str(caught.value)


@pytest.mark.parametrize(
    "password", [PASSWORD, "七只绿色的水壶在山坡上晒太阳", "hunter2hunter3", "x7#kQp9!vLm2", "a" * 5 + "bcdefgh"]
)
def test_a_long_password_needs_no_kinds_of_signs(password: str) -> None:
    passwords.check(password, "Control room")
    assert passwords.matches(passwords.hashed(password), password)


def test_a_new_password_ends_other_sessions_and_links(store: Store) -> None:
    number, here = first(store)
    there, link = store.begin_session(number, "10.0.0.1"), store.make_link(number)
    mine = store.session_of(here, LIMITS)
    assert mine is not None
    store.set_password(number, OTHER, keep=mine.digest)
    assert store.session_of(here, LIMITS) is not None and store.session_of(there, LIMITS) is None
    with pytest.raises(LinkError):
        store.link_of(link)
    assert store.check_password("Control room", PASSWORD) is None


# --- links ------------------------------------------------------------------------------------------------------------


def test_a_link_sets_the_password_once(store: Store) -> None:
    first(store)
    account = store.add_account("Team 1", ["viewer"])
    old, link = store.make_link(account.id), store.make_link(account.id)
    held = store.link_of(link).account
    assert held is not None and held.name == "Team 1" and not held.has_password
    with pytest.raises(LinkError):
        store.link_of(old)
    with pytest.raises(ParameterError):
        store.use_link(link, "Team 1 is here", "")
    found, session = store.use_link(link, OTHER, "10.0.0.2")
    assert found.has_password and store.session_of(session, LIMITS) is not None
    for again in (lambda: store.use_link(link, PASSWORD, ""), lambda: store.use_link_by_subject(link, "s")):
        with pytest.raises(LinkError):
            again()
    assert store.check_password("Team 1", OTHER) is not None


@pytest.mark.parametrize("text", ["", "x", "é" * 40, "\ud800", "x" * 5000])
def test_a_link_that_was_never_made(store: Store, text: str) -> None:
    with pytest.raises(LinkError):
        store.link_of(text)
    assert store.session_of(text, LIMITS) is None
    assert store.token_of(text) is None and store.token_of("ga_" + text) is None


def test_a_link_expires(store: Store) -> None:
    first(store)
    account = store.add_account("Team 1", ["viewer"])
    link = store.make_link(account.id)
    raw(store, "UPDATE atlas_links SET expires_at = '2020-01-01T00:00:00.000Z'")
    with pytest.raises(LinkError):
        store.use_link(link, OTHER, "")


def test_a_link_of_one_kind_does_nothing_of_the_other(store: Store) -> None:
    link = store.make_first_link()
    with pytest.raises(LinkError):
        store.use_link(link, PASSWORD, "")
    assert not store.has_accounts() and store.link_of(link).kind == "first"


def test_a_subject_belongs_to_one_account(store: Store) -> None:
    first(store)
    one, two = (store.add_account(name, ["viewer"]) for name in ("One", "Two"))
    store.use_link_by_subject(store.make_link(one.id), "https://id.example s1")
    link = store.make_link(two.id)
    with pytest.raises(ConflictError):
        store.use_link_by_subject(link, "https://id.example s1")
    assert store.link_of(link).account == store.account(two.id), "a refused link still works"
    with pytest.raises(ConflictError):
        store.set_subject(two.id, "https://id.example s1")
    store.set_subject(one.id, "")
    store.set_subject(two.id, "https://id.example s1")
    found = store.account_of_subject("https://id.example s1")
    assert found is not None and found.id == two.id and store.account_of_subject("") is None


# --- sessions ---------------------------------------------------------------------------------------------------------


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


# --- attempts ---------------------------------------------------------------------------------------------------------


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


# --- tokens -----------------------------------------------------------------------------------------------------------


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
