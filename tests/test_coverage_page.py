"""The page on coverage numbers: its example is what the engine computes, and what the formulas on it give."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from geo import blindspots, inventory
from geo.assign import assign
from geo.blindspots import blind_spots, reasons
from geo.camera_facts import ViewRules
from geo.city import City, compute_city
from geo.columns import LayerColumns
from geo.denominators import (
    BLIND,
    BUILT,
    CERTAIN,
    POSSIBLE,
    TOUCH_M,
    incident_states,
    place_states,
    street_shares,
    streets_by_cell,
)
from geo.fragility import LEAST_M2, fragility
from geo.inventory import Targets
from geo.overlay import LEAST_M2 as LEAST_FACE_M2
from geo.overlay_geos import TOLERANCE_M2
from tests.geo.cameras import CRS, facts_of
from tests.serving import ROOT

PAGES = (ROOT / "docs" / "coverage.md", ROOT / "docs" / "zh" / "coverage.md")
X, Y = 500_000.0, 6_670_000.0  # the middle of the zone: grid north is true north
CODES = ["A", "B"]
HOUSE = shapely.box(X + 30, Y + 30, X + 50, Y + 50)
STEP = math.radians(5.625)


@pytest.fixture(scope="module")
def city() -> City:
    cells = np.array([shapely.box(X, Y, X + 60, Y + 60), shapely.box(X, Y - 60, X + 60, Y)], dtype=object)
    facts = facts_of(
        x=[X, X], y=Y, kind="fixed", online=[1, -1], azimuth_deg=45, hfov_deg=90, range_m=[20, np.nan]
    )  # fmt: skip
    return compute_city(facts, [HOUSE], None, cells, ViewRules(assumed_range_m=30), crs=CRS)


def says(*texts: str) -> None:
    for page in PAGES:
        for text in texts:
            assert re.search(rf"(?<![\d.,]){re.escape(text)}(?![\d.,]*\d)", page.read_text("utf-8")), (page, text)


def quarter(reach: float) -> float:
    return 16 * reach**2 * math.sin(STEP) / 2


def test_the_areas(city: City) -> None:
    found = city.coverage
    near, far = quarter(20), quarter(30)
    by_hand = {"area": 3600, "built": 400, "open": 3200, "certain": near, "possible": far - near, "blind": 3200 - far}
    for name, area in by_hand.items():
        assert getattr(found, f"{name}_m2")[0] == pytest.approx(area, abs=1e-3), name
        says(f"{area:,.2f}")
    assert found.seen_by_m2[0] == pytest.approx([far, near, 0], abs=1e-3)
    assert city.views.area_m2[0] == pytest.approx(math.pi * 400 / 4)
    assert (found.certain_m2[1], found.possible_m2[1], found.fallbacks) == (0, 0, 0)
    says(f"{near:.2f} m²", f"{far:.2f} m²", f"{math.pi * 100:.2f} m²", f"{1 - math.sin(STEP) / STEP:.2%}"[:-1])
    says(f"{math.hypot(30, 30):.2f} m")


def test_the_worst_loss(city: City) -> None:
    found = fragility(city.coverage)
    assert (found.loss_camera.tolist(), found.camera.tolist()) == ([1, -1], [1])
    assert found.loss_m2[0] == pytest.approx(quarter(30) - quarter(20), abs=1e-3)


def test_the_streets(city: City) -> None:
    lines = [shapely.LineString([(X, Y), (X + 60, Y)]), shapely.LineString([(X + 40, Y - 60), (X + 40, Y + 60)])]
    pieces = streets_by_cell(lines, city.cells.polygons, CODES)
    found = {name: values.round(6).tolist() for name, values in vars(street_shares(pieces, city.coverage)).items()}
    assert found == {
        "streets_m": [120, 60], "certain_m": [20, 0], "possible_m": [10, 0], "blind_m": [70, 60], "built_m": [20, 0],
    }  # fmt: skip
    says("120 m", "20 m", "10 m", "30 + 40 m", "60 m")


def incidents(city: City) -> tuple[Any, Any, Any, Any]:
    x, y = X + np.array([5.0, 20, 55, 40]), Y + np.array([5.0, 15, 55, 40])
    cell = assign(x, y, city.cells.polygons, CODES)
    return x, y, cell, incident_states(x, y, cell, city.coverage)


def test_the_incidents_and_places(city: City) -> None:
    assert incidents(city)[3].tolist() == [CERTAIN, POSSIBLE, BLIND, BUILT]
    places = [shapely.Point(X + 40, Y + 40), shapely.box(X + 21.5, Y + 21.5, X + 25, Y + 25)]
    assert place_states(places, [HOUSE], city.coverage).tolist() == [BLIND, POSSIBLE]
    corner = math.hypot(21.5, 21.5)
    says(f"{math.hypot(30, 30) - 30:.2f} m", f"{corner:.2f} m", f"{corner - 30:.2f} m")


def test_the_blind_spots(city: City) -> None:
    x, y, cell, states = incidents(city)
    unseen = states == BLIND
    found = blind_spots(city.coverage, CODES, (x[unseen], y[unseen], cell[unseen]), (city.facts.x, city.facts.y))
    assert (found.cell.tolist(), found.incidents_unseen.tolist()) == ([0, 1], [1, 0])
    assert found.blind_m2 == pytest.approx([3200 - quarter(30), 3600], abs=1e-3)
    assert (found.x[0] - X, found.y[0] - Y, found.nearest_m[0]) == pytest.approx((15, 40, math.hypot(15, 40)))
    assert reasons(found, city.views.of, city.obstacles, target_height_m=1.6)[0].tolist() == ["range"] * 2
    says("(15, 40)", f"{math.hypot(15, 40):.2f} m")


def test_the_inventory(city: City) -> None:
    texts = {name: np.full(2, None, dtype=object) for name in inventory.TEXTS}
    numbers = {name: np.full(2, np.nan) for name in inventory.NUMBERS}
    flags = {name: np.full(2, -1, np.int8) for name in inventory.FLAGS} | {"online": city.facts.online}
    layer = LayerColumns("cameras", 1, np.arange(2), texts | numbers | flags)
    found = inventory.inventory(layer, [0, 0], 2).by_cell
    assert found.flags["online"][0].tolist() == [1, 0, 1]
    assert (found.meets["online"][0], found.known["online"][0]) == (-1, 0.5)
    says("50 %")


def test_the_limits_that_are_named() -> None:
    aims = Targets()
    says(f"{TOLERANCE_M2} m²", f"{LEAST_FACE_M2:.4f} m²", f"{LEAST_M2} m²", f"{blindspots.MIN_AREA_M2:.0f} m²")
    says(*(f"{pixels}" for pixels in inventory.PIXELS_FROM), *(f"{aim:.0%}"[:-1] + " %" for aim in vars(aims).values()))
    for page in PAGES:
        text = page.read_text("utf-8")
        assert re.search(rf"\b{blindspots.NEAREST} (cameras nearest|台摄像机)", text)
        assert all(f"`{why}`" in text for why in blindspots.REASONS)
    assert (TOUCH_M, blindspots.MIN_WIDTH_M, blindspots.FAR) == (1, 1, 2)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_links_within_the_page_lead_somewhere(page: Path) -> None:
    text = page.read_text("utf-8")
    titles = {
        re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in re.findall(r"^#+ (.*)$", text, re.M)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= titles
