"""Passwords and one-time links: what opens an account, what is refused, what ends."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher

from geo.errors import ParameterError
from store import passwords
from store.errors import ConflictError, LinkError
from store.store import Store
from tests.quick import quick_passwords
from tests.store.account_steps import LIMITS, OTHER, PASSWORD, first, opened, raw

quick = pytest.fixture(autouse=True)(quick_passwords)
store = pytest.fixture(opened)


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
