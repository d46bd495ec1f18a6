"""What is kept of an answer is kept by area: no reader is handed what was worked out for another one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from app import create_app
from geo.area import Area
from layers.base import Params
from layers.engine import rules_of
from layers.sight import sight
from tests.web.areas.asking import ask, prime
from tests.web.areas.questions import ALL, ASKED
from tests.web.areas.town import INSIDE, OUTSIDE, readers

OWN = ("health.", "metrics.", "pages.", "uploads.", "static")  # of the moment, or of no reader
KEPT = [
    one
    for name, some in ASKED.items()
    for one in some[: None if ALL else 1]
    if not name.startswith(OWN) and not isinstance(one, tuple) and (ALL or "bulletin" not in one)
]
AREAS = (None, INSIDE, OUTSIDE, *((Area((("grid", "A1"), ("grid", "B3"))),) if ALL else ()))


def test_no_answer_of_one_area_is_handed_to_another(full: Flask, patch: pytest.MonkeyPatch) -> None:
    """Whoever asks first, and whatever is kept of it: each reader is told what a service of his own would tell him."""
    apart: dict[Any, Any] = {}
    for area in AREAS:
        own = create_app(full.extensions["atlas"].settings)
        readers(own, patch)
        prime(own, area)
        apart |= {(area, one): ask(own, one, area) for one in KEPT}
        own.extensions["atlas"].close()
    together = create_app(full.extensions["atlas"].settings)
    readers(together, patch)
    prime(together, *AREAS)
    for one in KEPT:
        for area in AREAS + AREAS[::-1]:
            assert ask(together, one, area) == apart[area, one], (area, one)
    together.extensions["atlas"].close()


def test_facts_of_an_incident_are_kept_by_area(full: Flask) -> None:
    """Also where nothing but the area tells two states of the store apart."""
    state = full.extensions["atlas"]
    held = next(one for one in state.store.live_latest(50)[0] if one.incident.id == "n1")
    whole, scoped = state.whole(), state.scoped(INSIDE)
    layers = {name: replace(scoped[name], revision=whole[name].revision) for name in scoped.layers}
    alike = replace(scoped, layers=layers)
    for one in (whole, alike):
        sight(one, rules_of(Params()))  # ready in both: that too is in the key
    codes = [[grid["code"] for grid in state.live.facts.of(held, one)["grids"]] for one in (whole, alike, whole)]
    assert codes == [["CITY", "DA", "A1"], ["DA", "A1"], ["CITY", "DA", "A1"]]
