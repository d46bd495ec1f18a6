"""Masked sectors: read as they are written, joined, taken out of a view exactly, in coverage too."""

from __future__ import annotations

from math import pi

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.camera_facts import ViewRules
from geo.cameras import beams_of
from geo.city_whole import compute_city
from geo.crs import grid_azimuth
from geo.errors import ParameterError
from geo.obstacles import build_obstacles
from geo.sectors import LEAST_DEG, MOST, sectors_of, shown_share, text_of, unmasked
from geo.views import views_of
from tests.geo.cameras import CRS, X, Y, facts_of

TENTHS = st.integers(0, 3600).map(lambda tenth: tenth / 10)
SPANS = st.lists(st.tuples(TENTHS, TENTHS).filter(lambda span: span[0] % 360 != span[1] % 360), min_size=1, max_size=5)


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("120-150", "120-150"), (" 120° – 150° ", "120-150"), ("120~150、340至20", "120-150; 340-20"),
        ("350-10; 10-30", "350-30"), ("0-360", "0-360"), ("0-180; 180-360", "0-360"), ("10 to 20.5", "10-20.5"),
        ("360-10", "0-10"), ("300-10;5-20;290-300", "290-20"), ("", None), ("  ", None),
    ],
)  # fmt: skip
def test_texts(text: str, stored: str | None) -> None:
    assert text_of(sectors_of(text)) == stored
    assert sectors_of(text_of(sectors_of(text))) == sectors_of(text)


@pytest.mark.parametrize("text", ["north", "120", "120-", "-10-20", "10-361", "20-20", "1-2-3", ";", ",".join(
    f"{10 * i}-{10 * i + 5}" for i in range(MOST + 1)), "1e2-200", "10-20 <script>"])  # fmt: skip
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(ParameterError):
        sectors_of(text)


def hidden(angle: float, spans: list[tuple[float, float]]) -> bool:
    return any((angle - low) % 360 < (high - low) % 360 for low, high in spans)


@given(SPANS, TENTHS, st.floats(1, 360))
@settings(max_examples=200)
def test_what_is_left_is_what_no_sector_hides(spans: list[tuple[float, float]], azimuth: float, angle: float) -> None:
    left = unmasked(azimuth, angle, sectors_of("; ".join(f"{low}-{high}" for low, high in spans)))
    for tenth in range(3600):
        at = tenth / 10 + 0.05  # between the marks
        offset = (at - azimuth + 180) % 360 - 180
        if abs(abs(offset) - angle / 2) < 0.06:
            continue  # on the edge of the view
        shown = any(abs((at - middle + 180) % 360 - 180) < width / 2 for middle, width in left)
        assert shown == (abs(offset) < angle / 2 and not hidden(at, spans))
    assert all(width >= LEAST_DEG for _, width in left)
    assert sum(width for _, width in left) <= angle + 1e-9


@given(SPANS, st.floats(-3, 3))
@settings(max_examples=100)
def test_shares_of_steps_sum_to_what_is_left(spans: list[tuple[float, float]], north: float) -> None:
    sectors = sectors_of("; ".join(f"{low}-{high}" for low, high in spans))
    shown = shown_share(sectors, 720, north)
    assert shown.sum() / 2 == pytest.approx(360 - sum(width for _, width in sectors), abs=1e-6)
    assert ((shown >= 0) & (shown <= 1)).all()


def test_beams_are_cut_from_true_north() -> None:
    """Far from the middle of the zone grid north is another: the mask stays where it is on the ground."""
    x = X + 150_000
    plain, cut = (
        beams_of(facts_of(x=x, kind="fixed", azimuth_deg=0.0, hfov_deg=60.0, range_m=50.0, masks=masks), ViewRules(),
                 build_obstacles([]), crs=CRS)
        for masks in (None, "350-10")
    )  # fmt: skip
    assert len(plain) == 1 and cut.certain.all() and cut.camera.tolist() == [0, 0]
    expected = grid_azimuth(np.array([340.0, 20.0]), np.array([x, x]), np.array([Y, Y]), CRS) % 360
    assert cut.beams.azimuth_deg % 360 == pytest.approx(expected, abs=0.01)
    assert cut.beams.angle_deg == pytest.approx([20.0, 20.0])


@pytest.mark.parametrize(
    ("facts", "certain", "possible"),
    [
        ({"kind": "ptz"}, 0, 250),
        ({"kind": "ptz", "azimuth_deg": 180.0, "hfov_deg": 60.0}, 30, 220),
        ({"kind": "panoramic"}, 250, 0),
        ({"kind": "fixed", "azimuth_deg": 90.0, "hfov_deg": 60.0, "azimuth_tolerance_deg": 10.0}, 20, 20),
    ],
)
def test_certain_and_possible_views_lose_the_masks(facts: dict[str, float], certain: float, possible: float) -> None:
    """Masked are 20 degrees about north and 90 from east to south."""
    made = facts_of(range_m=40.0, masks="350-10; 90-180", **facts)
    nothing = build_obstacles([])
    views = views_of(beams_of(made, ViewRules(), nothing, crs=CRS), nothing, target_height_m=1.6)
    degree = pi * 40**2 / 360
    sure = views.of.certain
    assert views.area_m2[sure].sum() == pytest.approx(certain * degree, rel=1e-9)
    assert views.area_m2[~sure].sum() == pytest.approx(possible * degree, rel=1e-9)


def test_coverage_counts_what_masks_leave() -> None:
    cell = shapely.box(X - 60, Y - 60, X + 60, Y + 60)
    made = facts_of(kind="panoramic", range_m=40.0, masks=[None, "0-90", "0-360"])
    for row, share in enumerate((1.0, 0.75, 0.0)):
        city = compute_city(made.take([row]), [], None, [cell], ViewRules(), crs=CRS)
        assert city.coverage.certain_m2[0] == pytest.approx(share * pi * 40**2, rel=0.01)
