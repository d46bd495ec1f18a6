"""A reader of an area is told of nothing outside it, on every route: what lies outside changes no answer.

Two stores hold the same inside; one of them the outside too. Whatever is asked by a reader of the inside, both must
answer alike (`areas.town` says how they are made so), and no answer may hold a word that only rows outside have. A
route that is not asked here fails the test.
"""

from __future__ import annotations

import json
from importlib import import_module

import pytest
from flask import Flask

from tests.web.areas.asking import COUNTED, ask, prime, text_of
from tests.web.areas.questions import ASKED, ELSEWHERE, EVERYBODYS, TILES, tile
from tests.web.areas.town import CANARY, INSIDE, OUTSIDE, area_header
from web.base_tiles import base_tiles


@pytest.fixture(scope="module", autouse=True)
def _primed(full: Flask, alone: Flask) -> None:
    prime(full, None, INSIDE)
    prime(alone, INSIDE)


def test_every_route_is_asked(full: Flask) -> None:
    routes = {rule.endpoint for rule in full.url_map.iter_rules()}
    assert routes - set(ASKED) - set(ELSEWHERE) == set()
    for place in set(ELSEWHERE.values()):
        module, _, name = place.partition(".")
        assert hasattr(import_module(f"{__package__}.{module}"), name), place


@pytest.mark.parametrize("endpoint", sorted(ASKED))
def test_what_lies_outside_changes_no_answer(full: Flask, alone: Flask, endpoint: str) -> None:
    for asked in ASKED[endpoint]:
        mine, same = ask(full, asked, INSIDE), ask(alone, asked, INSIDE)
        own = json.dumps(asked)  # what the reader wrote may be said back
        said = text_of(mine[2])
        if CANARY not in own:
            assert CANARY not in said and not COUNTED.search(said), asked
        if endpoint not in ("metrics.metrics", "health.healthz", "uploads.csrf"):
            assert mine == same, asked


@pytest.mark.parametrize("endpoint", sorted(set(ASKED) - EVERYBODYS))
def test_the_question_could_have_told(full: Flask, endpoint: str) -> None:
    """A reader of the whole city is told otherwise: else the test above would show nothing."""
    if ASKED[endpoint]:
        assert any(ask(full, asked, None) != ask(full, asked, INSIDE) for asked in ASKED[endpoint])


# --- what is the same for everybody ----------------------------------------------------------------------------


def test_the_base_map_is_everybody_s(full: Flask) -> None:
    """Streets, buildings and water are no secret: every reader gets the same tiles, of outside the area too."""
    client = full.test_client()
    client.get("/tiles/base.json", headers=area_header(INSIDE))
    base_tiles(full.extensions["atlas"]).wait()
    facts = [client.get("/tiles/base.json", headers=area_header(area)).get_json() for area in (None, INSIDE, OUTSIDE)]
    assert facts[0]["state"] == "ready" and facts[0] == facts[1] == facts[2]
    for at in (TILES[0], tile(2900, 900, 14)):
        for url in (f"/tiles/base/{at}.png", f"/tiles/base/{at}.mvt?v={facts[0]['key']}", f"/tiles/base/{at}.mvt"):
            said = [ask(full, url, area) for area in (None, INSIDE, OUTSIDE)]
            assert said[0] == said[1] == said[2] and said[0][2] and CANARY not in text_of(said[0][2])
