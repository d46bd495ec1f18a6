"""Heat tiles of a city of 1,000,000 and 10,000,000 incidents: time, error, many readers, the browser.

Run it alone by `python -m bench.heat_bench`. Every tile is asked under a filter of its own, so that nothing is kept
from the one before: what a filter costs at first (its peak) has a row of its own. The peer draws the same tile of the
same incidents by datashader and a Gaussian filter; it too filters at each tile.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from functools import partial

import numpy as np

from bench import heat_city, heat_readers
from bench.table import Row, markdown
from geo.crs import transform_xy
from geo.heat_columns import HeatColumns, choice_of
from geo.heat_field import HeatField
from geo.heat_kernel import Kernel
from layers.rasters.heat import heat_tile, heat_values
from layers.rasters.mercator import WEB_MERCATOR, metres_per_px, tile_bounds, tile_points

ZOOMS = (11, 12, 13, 14, 15, 16, 17)
TILES = 84
RADIUS_M = 120.0
SIZES = (1_000_000, 10_000_000)
Filter = tuple[np.datetime64 | None, np.datetime64 | None, tuple[str, ...], tuple[int, ...], tuple[int, ...]]


def tiles(x: np.ndarray, y: np.ndarray) -> Iterator[tuple[int, int, int]]:
    """Yield tiles around incidents, zoom by zoom."""
    random = np.random.default_rng(4)
    for number in range(TILES):
        z = ZOOMS[number % len(ZOOMS)]
        row = int(random.integers(0, len(x)))
        east, north = (float(one[0]) for one in transform_xy([x[row]], [y[row]], heat_city.CRS, WEB_MERCATOR))
        side = metres_per_px(z) * 256
        half = side * 2**z / 2
        yield z, int((east + half) / side), int((half - north) / side)


def filters() -> Iterator[Filter]:
    """Yield filters without end, each another one: all, categories, a window, hours and weekdays, everything."""
    random = np.random.default_rng(5)
    number = 0
    while True:
        start = heat_city.FIRST + np.timedelta64(int(random.integers(0, 1200)) * 1440 + number, "m")
        end = start + np.timedelta64(int(random.choice([30, 90, 365])), "D")
        kinds = tuple(sorted(random.choice(heat_city.CATEGORIES, 4, replace=False).tolist()))
        hours, days = tuple(sorted(random.choice(24, 8, replace=False).tolist())), (1, 2, 3, 4, 5)
        yield (
            (heat_city.FIRST - np.timedelta64(number + 1, "m"), None, (), (), ()),
            (None, None, kinds, (), ()),
            (start, end, (), (), ()),
            (None, None, (), hours, days),
            (start, end, kinds, hours, days),
        )[number % 5]
        number += 1


def field(
    columns: HeatColumns, chosen: Filter, city: object, kernel: str = "quartic", radius_m: float = RADIUS_M
) -> HeatField:
    return HeatField(columns, Kernel(kernel, radius_m), choice_of(*chosen, heat_city.CATEGORIES), city)  # type: ignore[arg-type]


def peer_tile(frame: object, chosen: Filter, tile: tuple[int, int, int]) -> None:
    """Draw the tile by datashader: filter, count on pixels, smooth by a Gaussian of the quartic's variance, colour."""
    import datashader as ds
    import datashader.transfer_functions as tf
    from scipy.ndimage import gaussian_filter

    start, end, kinds, hours, days = chosen
    mask = np.ones(len(frame), bool)  # type: ignore[arg-type]
    if start is not None:
        mask &= (frame["when"] >= start).to_numpy()  # type: ignore[index]
    if end is not None:
        mask &= (frame["when"] < end).to_numpy()  # type: ignore[index]
    if kinds:
        mask &= np.isin(frame["code"].to_numpy(), [heat_city.CATEGORIES.index(kind) for kind in kinds])  # type: ignore[index]
    if hours:
        mask &= np.isin(frame["hour"].to_numpy(), hours)  # type: ignore[index]
    if days:
        mask &= np.isin(frame["weekday"].to_numpy(), days)  # type: ignore[index]
    x0, y0, x1, y1 = tile_bounds(*tile)
    ground = 2.0  # EPSG:3857 metres in one on the ground at 60 degrees
    margin = RADIUS_M * ground
    pixel = metres_per_px(tile[0])
    pad = int(np.ceil(margin / pixel))
    size = 256 + 2 * pad
    canvas = ds.Canvas(size, size, (x0 - pad * pixel, x1 + pad * pixel), (y0 - pad * pixel, y1 + pad * pixel))
    counted = canvas.points(frame[mask], "east", "north", ds.count())  # type: ignore[index]
    smooth = counted.astype(float)
    smooth.data = gaussian_filter(np.nan_to_num(counted.data.astype(float)), RADIUS_M * ground / pixel / np.sqrt(8))
    tf.shade(smooth[pad:-pad, pad:-pad], how="linear").to_bytesio()


def timed(work: object) -> float:
    started = time.perf_counter()
    work()  # type: ignore[operator]
    return time.perf_counter() - started


def cost(columns: HeatColumns, city: object, wanted: list[tuple[int, int, int]]) -> tuple[list[float], list[float]]:
    """Return the seconds of a new filter's peak, and of a tile under it."""
    peaks, drawn = [], []
    for tile, chosen in zip(wanted, filters(), strict=False):
        one = field(columns, chosen, city)
        peaks.append(timed(one.peak))
        drawn.append(timed(partial(heat_tile, one, heat_city.CRS, *tile)))
    return peaks, drawn


def error_row(columns: HeatColumns, city: object, wanted: list[tuple[int, int, int]]) -> Row:
    """Return the largest error of any pixel looked at, as a part of the peak; timed are the values of a tile."""
    worst, drawn = 0.0, []
    for number, (tile, chosen) in enumerate(zip(wanted[:28], filters(), strict=False)):
        kernel = ("quartic", RADIUS_M) if number % 2 else ("gaussian", 60.0)
        one = field(columns, chosen, city, *kernel)
        if one.coarser(metres_per_px(tile[0]) / 2) > 0:
            continue  # the reach is less than three pixels: the picture blurs on purpose
        one.peak()
        started = time.perf_counter()
        found = heat_values(one, heat_city.CRS, *tile)
        drawn.append(time.perf_counter() - started)
        at_x, at_y = (part[5::12, 5::12] for part in tile_points(*tile, heat_city.CRS, steps=16, size=256))
        exact = np.nan_to_num(one.at(at_x, at_y), nan=0.0)
        shown = np.zeros_like(exact) if found is None else found[5::12, 5::12]
        worst = max(worst, float(np.abs(shown - exact).max() / one.peak()))
    return Row(
        f"heat value at {SIZES[0]:,}: largest error {100 * worst:.3f} % of the peak",
        float(np.median(drawn)),
        goal="<= 0.5 % (aim 0.1 %)",
    )


def rows() -> list[Row]:
    """Return the rows of the heat map."""
    import pandas as pd

    city = heat_city.boundary()
    table = []
    medians = {}
    for count in SIZES:
        x, y = heat_city.places(count)
        started = time.perf_counter()
        columns = heat_city.sorted_columns(count, city)
        sorting = time.perf_counter() - started
        wanted = list(tiles(x, y))
        cost(columns, city, wanted[:14])  # the masses at the edge are kept for all filters
        peaks, drawn = cost(columns, city, wanted)
        medians[count] = float(np.median(drawn))
        peer_s, peer = None, ""
        if count == SIZES[0]:
            east, north = transform_xy(x, y, heat_city.CRS, WEB_MERCATOR)
            when, code, hour, weekday = heat_city.facts(count)
            frame = pd.DataFrame(
                {"east": east, "north": north, "when": when, "code": code, "hour": hour, "weekday": weekday}
            )
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                taken = [
                    timed(partial(peer_tile, frame, chosen, tile))
                    for tile, chosen in zip(wanted[:30], filters(), strict=False)
                ]
            peer_s, peer = float(np.median(taken[2:])), "datashader + gaussian_filter"
            table.append(error_row(columns, city, wanted))
        goal = "<= 15 ms (aim 6 ms)" if count == SIZES[0] else "<= 2.5 x the time at 1,000,000 (aim 1 x)"
        table.append(
            Row(f"heat tile 256 px, {count:,} incidents, another filter each", medians[count], peer, peer_s, goal)
        )
        table.append(Row(f"the same, p95, {count:,}", float(np.percentile(drawn, 95))))
        table.append(
            Row(
                f"a new filter's peak, {count:,} incidents",
                float(np.median(peaks)),
                goal="<= 50 ms" if count == SIZES[0] else "",
            )
        )
        table.append(Row(f"sorting the incidents, once a revision, {count:,}", sorting))
        del columns
        heat_city.places.cache_clear()
    return table + heat_readers.rows()


if __name__ == "__main__":
    print(markdown("Heat", rows()))
