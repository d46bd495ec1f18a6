"""What costs much is answered so often, and no more often, for each account by itself."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from tests.quick import quick_passwords
from tests.web.signed import administrator, signed_in
from web.limits import COSTLY, MOST_KEPT, Allowance, Limits
from web.permissions import NEEDS

quick = pytest.fixture(autouse=True)(quick_passwords)
PACE = Allowance(4, 2.0)


@given(st.lists(st.floats(0, 20), max_size=60))
def test_no_stretch_of_time_holds_more_than_the_allowance(gaps: list[float]) -> None:
    moment, taken = 100.0, []
    limits = Limits(lambda: moment)
    for gap in gaps:
        moment += gap
        wait = limits.wait("a", PACE)
        if wait == 0:
            taken.append(moment)
        else:
            before = moment
            moment += wait
            assert limits.wait("a", PACE) == 0, "who comes when it was said is answered"
            taken.append(moment)
            moment = max(before, moment)
    for first, begin in enumerate(taken):
        for last in range(first, len(taken)):
            assert last - first + 1 <= PACE.burst + (taken[last] - begin) / PACE.every_s + 1e-6


def test_one_s_turn_is_not_taken_by_another_and_memory_has_an_end() -> None:
    limits = Limits(lambda: 5.0)
    assert [limits.wait("a", PACE) for _ in range(5)] == [0, 0, 0, 0, 2.0]
    assert limits.wait("b", PACE) == 0
    for number in range(MOST_KEPT + 50):
        limits.wait(str(number), PACE)
    assert len(limits._full_at) == MOST_KEPT


def test_a_costly_route_says_when_to_come_again(app: Flask, client: FlaskClient) -> None:
    app.view_functions["takeaway.table"] = lambda **_: "x"
    url = "/api/tables/grids.csv"
    burst = COSTLY["takeaway.table"].burst
    assert {client.get(url).status_code for _ in range(burst + 5)} == {200}, "the single user waits for nobody"
    boss, other = administrator(app), signed_in(app, "Planner", "planner")
    answers = [boss.get(url) for _ in range(burst + 1)]
    assert [one.status_code for one in answers] == [200] * burst + [429]
    assert int(answers[-1].headers["Retry-After"]) >= 1
    assert answers[-1].get_json()["error"]["code"] == "too_often"
    assert other.get(url).status_code == 200


def test_every_limited_route_exists() -> None:
    assert set(COSTLY) <= set(NEEDS)
