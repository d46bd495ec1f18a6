"""The store with the 626,123 incidents of St. Louis: trees, queries and snapshot at full size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench import city
from bench.store_bench import SOURCE, st_louis
from store.schema import LAYERS
from store.store import Store
from tests.store.checks import assert_sound


@pytest.mark.slow
def test_st_louis(shared_data: Path, tmp_path: Path) -> None:
    assert (shared_data / "stl").is_dir()
    made = st_louis()
    assert len(made) == 626_123
    with Store.open(tmp_path / "s.gpkg") as store:
        assert store.write(made, "append", SOURCE).inserted == len(made)
        columns = store.snapshot()["incidents"]
        np.testing.assert_array_equal(columns.x, made.x)
        np.testing.assert_array_equal(columns.text("category"), made.columns["category"])
        times = columns.columns["occurred_at"]
        np.testing.assert_array_equal(times, made.columns["occurred_at"])
        rng = np.random.default_rng(3)
        for row in rng.integers(0, len(made), 40):  # boxes that begin and end at stored places and times
            other = rng.integers(0, len(made))
            west, east = sorted((columns.x[row], columns.x[other]))
            south, north = sorted((columns.y[row], columns.y[other]))
            start = times[row] if not np.isnat(times[row]) else np.datetime64("2012-01-01", "ms")
            end = start + np.timedelta64(30, "D")
            inside = (columns.x >= west) & (columns.x <= east) & (columns.y >= south) & (columns.y <= north)
            want = columns.fid[inside & (times >= start) & (times < end)]
            np.testing.assert_array_equal(store.incidents_in((west, south, east, north), start, end), want)
    assert_sound(tmp_path / "s.gpkg")


def test_the_city_that_is_measured_has_every_column_of_its_layers() -> None:
    rng = np.random.default_rng(0)
    batches = (city.grids(rng), city.buildings(rng), city.cameras(rng, 10), city.incidents(rng, 10))
    assert [(batch.layer, set(batch.columns)) for batch in batches] == [
        (batch.layer, set(LAYERS[batch.layer].names)) for batch in batches
    ]
