"""The balance of 33,216 grids, and a parent of about 500 blocks divided anew, against scikit-learn's clustering."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from scipy.sparse import coo_matrix
from sklearn.cluster import AgglomerativeClustering

from bench import city
from bench.table import Row, markdown, median_s
from geo.balance import inequality
from geo.divide import DivideOptions, Lines, divide
from geo.divide_ground import Ground
from geo.draft_blocks import shared_borders
from geo.regions import Blocks, regions
from layers import balanced as kept
from layers.balanced import balanced
from layers.base import Params
from store.store import Store

SIDE_M, STREET_EVERY_M, COUNT = 2_300.0, 100.0, 60
INCIDENTS = 20_000


def parent() -> tuple[Any, Lines, Ground]:
    """Return a square with crooked streets, a house in each block, and incidents that crowd in one corner."""
    rng = np.random.default_rng(0)
    at = np.arange(0, SIDE_M + 1, STREET_EVERY_M)
    nodes = np.stack(np.meshgrid(at, at), axis=-1) + rng.normal(0, 8, (len(at), len(at), 2))
    lines = [shapely.LineString(one) for one in (*nodes, *nodes.transpose(1, 0, 2))]
    middle = nodes[:-1, :-1].reshape(-1, 2) + STREET_EVERY_M / 2
    houses = [shapely.box(x - 20, y - 20, x + 20, y + 20) for x, y in middle]
    crowd = np.abs(rng.normal(0, SIDE_M / 3, (INCIDENTS, 2)))
    none = np.empty(0, dtype=object)
    ground = Ground({"incidents": (crowd[:, 0], crowd[:, 1])}, np.array(lines, dtype=object))
    made = Lines(np.array(lines, dtype=object), none, none, np.array(houses, dtype=object))
    return shapely.box(0, 0, SIDE_M, SIDE_M), made, ground


def graph(found: Any, weights: dict[str, float]) -> Blocks:
    """Return the blocks of a division with their work."""
    from geo.balance import workload
    from geo.divide_ground import amounts_on

    pairs, length = shared_borders(found.blocks)
    amounts = amounts_on(found.blocks, parent()[2])
    middles = shapely.get_coordinates(shapely.centroid(found.blocks))
    return Blocks(workload(amounts, weights).share, shapely.area(found.blocks), middles, pairs, length)


def clustered(blocks: Blocks) -> Any:
    """Return as many regions by Ward's clustering over the same borders: contiguous, alike in place and work."""
    n = len(blocks.work)
    a, b = np.concatenate((blocks.pairs, blocks.pairs[:, ::-1])).T
    borders = coo_matrix((np.ones(len(a)), (a, b)), shape=(n, n))
    given = np.column_stack([blocks.xy / blocks.xy.std(axis=0), blocks.work / blocks.work.std()])
    return AgglomerativeClustering(COUNT, connectivity=borders.tocsr(), linkage="ward").fit_predict(given)


def gini(blocks: Blocks, group: Any) -> float:
    """Return how unequal the work of the regions is."""
    return inequality(np.bincount(group, weights=blocks.work)).gini or 0.0


def rows() -> list[Row]:
    """Time the balance of the city, a whole draft, and the joining of its blocks beside a peer."""
    found: list[Row] = []
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "city.gpkg") as store:
        city.write_city(store)
        snapshot = store.snapshot()
        balanced(snapshot, "cell", Params())

        def again() -> None:
            balanced(snapshot, "cell", Params())

        def anew() -> None:
            kept._memo._entries.clear()
            balanced(snapshot, "cell", Params())

        found.append(Row("balance, 33,216 grids, incidents placed", median_s(again), goal="1 s"))
        found.append(Row("the same, streets measured anew", median_s(anew, runs=3), goal="5 s"))
    extent, lines, ground = parent()
    weights = {"incidents": 2.0, "area": 1.0}
    options = DivideOptions(count=COUNT, weights=weights)
    divide(extent, lines, ground, options)
    begun = time.perf_counter()
    made = divide(extent, lines, ground, options)
    whole = time.perf_counter() - begun
    blocks = graph(made, weights)
    joined, peer = regions(blocks, COUNT), clustered(blocks)
    n = len(blocks.work)
    found.append(Row(f"a parent of {n} blocks into {COUNT} grids, from streets to grids", whole, goal="5 s"))
    found.append(
        Row(
            f"its blocks joined, Gini {gini(blocks, joined):.3f} (peer {gini(blocks, peer):.3f})",
            median_s(lambda: regions(blocks, COUNT), runs=3),
            "scikit-learn, Ward with borders",
            median_s(lambda: clustered(blocks), runs=3),
        )
    )
    return found


if __name__ == "__main__":
    print(markdown("Balance and new divisions", rows()))
