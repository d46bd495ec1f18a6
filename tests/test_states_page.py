"""The page on certain and possible views says what the engine computes, and shows what it draws."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from geo.reach import EDITIONS, near_blind_m, reach_m
from geo.view import hides_until
from tests.picture_cases import CASES, DEFAULT, FIXED, HOUSE, LOOKING, MOUNT, ROOF, SHARP, WALL, Case
from tests.pictures import FOLDER, drawings
from tests.serving import ROOT

PAGES = (ROOT / "docs" / "states.md", ROOT / "docs" / "zh" / "states.md")


def section(page: Path, name: str) -> str:
    """The part of a page that shows a picture."""
    (found,) = [part for part in re.split(r"^## ", page.read_text("utf-8"), flags=re.M) if f"states-{name}.svg" in part]
    return found


def told(figure: float, unit: str = " m²", digits: int = 1) -> str:
    return f"{figure:,.{digits}f}{unit}"


def test_the_pictures_are_those_that_the_engine_draws() -> None:
    now = drawings()
    assert {path.stem for path in FOLDER.glob("states-*.svg")} == set(now)
    stale = [name for name, drawing in now.items() if (FOLDER / f"{name}.svg").read_text("utf-8") != drawing]
    assert stale == [], "run python -m tests.pictures and look at them"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
@pytest.mark.parametrize("name", CASES)
def test_the_areas_are_those_of_the_engine(page: Path, name: str) -> None:
    text = section(page, name)
    for case in CASES[name]:
        for certain in (True, False):
            area = case.area_m2(certain=certain)
            # the picture of true north is about an angle
            assert area == 0 or name == "north" or told(area) in text, told(area)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_other_figures(page: Path) -> None:
    near = float(near_blind_m(MOUNT["height_m"], MOUNT["tilt_deg"], MOUNT["vfov_deg"]))
    assert told(near, " m", 2) in section(page, "near")
    until = float(hides_until(LOOKING["height_m"], [ROOF[1]], DEFAULT.target_height_m)[0])
    assert told(until * ROOF[0][2], " m") in section(page, "roof")
    assert told(float(CASES["north"][0].beams.beams.azimuth_deg[0]), "°", 2) in section(page, "north")
    (grid,) = CASES["together"]
    parts = grid.parts()
    for polygon in parts.values():
        assert told(polygon.area) in section(page, "together")
    assert told(sum(polygon.area for polygon in parts.values())) in section(page, "together")
    for edition in EDITIONS.values():
        for task in edition.tasks:
            row = rf"\| {task.name}[^|]*\| {task.px_per_m:g} \| {float(reach_m(1920, 90, task.px_per_m)):.2f} m \|"
            assert re.search(row, section(page, "class")), task.name


def part(radius: float, angle: float, near: float = 0.0) -> float:
    return np.pi * (radius**2 - near**2) * angle / 360


def by_hand() -> list[tuple[Case, float, float]]:
    """Certain and possible areas (m2) by the formulas of the page alone."""
    wall, near = np.degrees(2 * np.arctan(6 / 20)), 5 / np.tan(np.radians(35))
    behind = np.degrees(2 * np.arctan(4 / 14))
    known, rough, half, ranged, turning = (CASES[name] for name in ("known", "direction", "angle", "range", "turning"))
    kinds, zoom, blind, roof = (CASES[name] for name in ("class", "zoom", "near", "roof"))
    return [
        (known[0], part(40, 60), 0),
        (known[1], part(40, 60 - wall) + 20 * 12 / 2, 0),
        (rough[0], part(40, 15), part(40, 90)),
        (rough[1], 0, part(40, 85)),
        (rough[2], 0, part(40, 360)),
        (half[0], 0, part(40, 180)),
        (half[1], 0, part(40, 225)),
        (ranged[0], 0, part(50, 60)),
        (turning[0], 0, part(40, 360)),
        (turning[1], part(40, 60), part(40, 300)),
        (CASES["round"][0], part(40, 360), 0),
        (kinds[0], part(30, 90), 0),
        (kinds[1], part(1920 / 125, 90), 0),
        (kinds[2], 0, part(30, 90)),
        (zoom[0], part(1920 / 125, 90), part(30, 360) - part(1920 / 125, 90)),
        (blind[0], part(40, 60, near), 0),
        (blind[1], part(40, 60, near), part(40, 300) + part(near, 60)),
        (roof[0], part(60, 60) - 369.92, 0),
        (roof[1], part(60, 60 - behind) + 14 * 8 / 2, 0),
        (CASES["facade"][0], part(30, 60), 0),
    ]


@pytest.mark.parametrize(("case", "certain", "possible"), by_hand())
def test_the_areas_by_hand(case: Case, certain: float, possible: float) -> None:
    assert case.area_m2(certain=True) == pytest.approx(certain, rel=1e-6)
    assert case.area_m2(certain=False) == pytest.approx(possible, rel=1e-6)


def test_the_cases_are_those_of_the_text() -> None:
    assert (FIXED["azimuth_deg"], FIXED["hfov_deg"], FIXED["range_m"]) == (90, 60, 40)
    assert (SHARP["pixels_h"], SHARP["hfov_deg"], SHARP["range_m"]) == (1920, 90, 30)
    assert (WALL[0], HOUSE[0], ROOF) == ((20, -6, 22, 6), (-12, -6, 6, 6), ((14, -4, 18, 4), 4))
    assert (LOOKING["height_m"], LOOKING["range_m"], MOUNT) == (6, 60, {"height_m": 5, "tilt_deg": 15, "vfov_deg": 40})
