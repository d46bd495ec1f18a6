"""A heat map of several windows on one scale: equal densities have equal colours, the legend says whose scale it is."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from geo.crs import transform_xy
from layers import REGISTRY
from layers.base import Params
from layers.heat_field import heat_field, kept_top
from layers.rasters.heat import heat_tile
from layers.rasters.mercator import metres_per_px
from tests.layers.factory import CRS, X0, Y0, town

TOWN = town(800)
WHOLE = (np.datetime64("2025-01-01", "ms"), np.datetime64("2026-12-31", "ms"))
PART = (np.datetime64("2025-03-01", "ms"), np.datetime64("2025-06-01", "ms"))


def test_the_scale_of_another_window_is_the_top_of_the_legend() -> None:
    own = Params(start=PART[0], end=PART[1])
    kept = replace(own, scale_start=WHOLE[0], scale_end=WHOLE[1])
    legend = REGISTRY["heat"].frame(TOWN, kept).legend
    whole = REGISTRY["heat"].frame(TOWN, Params(start=WHOLE[0], end=WHOLE[1])).legend
    assert legend is not None and whole is not None
    assert [item.low for item in legend.items] == [item.low for item in whole.items]
    assert (legend.items[0].high, whole.items[0].high) == (None, pytest.approx(kept_top(TOWN, kept)))
    assert any("Scale kept" in text for text, _ in legend.more)
    assert kept_top(TOWN, own) is None
    nothing = (np.datetime64("1990-01-01", "ms"), np.datetime64("1990-02-01", "ms"))
    assert kept_top(TOWN, replace(own, scale_start=nothing[0], scale_end=nothing[1])) is None


def steps_of(body: bytes) -> np.ndarray:
    """Return the palette entries of a tile's pixels."""
    return np.asarray(Image.open(io.BytesIO(body))).astype(float)


def test_a_tile_on_a_kept_scale_has_the_steps_of_that_scale() -> None:
    field = heat_field(TOWN, Params(start=PART[0], end=PART[1]))
    east, north = (float(value[0]) for value in transform_xy([X0 + 200], [Y0 + 200], CRS, "EPSG:3857"))
    side, z = metres_per_px(15) * 256, 15
    half = side * 2**z / 2
    tile = (z, int((east + half) / side), int((half - north) / side))
    own = heat_tile(field, CRS, *tile)
    assert heat_tile(field, CRS, *tile, top=field.peak()) == own
    pale = steps_of(heat_tile(field, CRS, *tile, top=4 * field.peak()))
    seen = pale > 0
    assert seen.any()
    assert np.abs(pale[seen] - steps_of(own)[seen] / 4).max() <= 0.75
    dark = steps_of(heat_tile(field, CRS, *tile, top=field.peak() / 4))
    assert (dark[steps_of(own) > 64] == 255).all()
