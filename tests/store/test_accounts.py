"""Accounts: names, roles, areas and states, the first of them and the last administrator."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.area import Area
from geo.errors import ParameterError
from store.account_rows import area_of, area_text, sign_of
from store.errors import ConflictError, LinkError, UnknownAccountError
from store.store import Store
from tests.quick import quick_passwords
from tests.store.account_steps import LIMITS, PASSWORD, first, opened, raw
from tests.store.factories import SOURCE, batch

quick = pytest.fixture(autouse=True)(quick_passwords)
store = pytest.fixture(opened)


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
