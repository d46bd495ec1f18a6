"""Towns laid like bricks: borders that meet in the middle of other borders, shared nodes, parents over whole rows."""

from __future__ import annotations

import numpy as np
import shapely

from geo.grid_changes import GridChange, GridState, Key, applied

LEVELS = ("town", "row", "grid")


def bricks(columns: int = 4, rows: int = 3, shift: float = 0.5, seed: int = 0) -> dict[Key, GridState]:
    """Return a town of bricks 100 m wide; `shift` of a brick between rows, the joints' heights jittered by `seed`."""
    rng = np.random.default_rng(seed)
    width = 100.0 * columns
    # Each border between two rows is one line through all its joints, from below and from above.
    edges = []
    for row in range(rows):
        at = 100.0 * (np.arange(1, columns) + (shift if row % 2 else 0.0) - shift / 2)
        edges.append(np.concatenate([[0.0], at, [width]]))
    lines: list[dict[float, float]] = []
    for border in range(rows + 1):
        xs = sorted({*edges[max(border - 1, 0)], *edges[min(border, rows - 1)]})
        inner = 0.0 < border < rows
        lines.append({x: 100.0 * border + (rng.uniform(-15, 15) if inner and 0 < x < width else 0.0) for x in xs})
    states: dict[Key, GridState] = {}
    for row in range(rows):
        for column in range(columns):
            x0, x1 = edges[row][column], edges[row][column + 1]
            low = [(x, y) for x, y in lines[row].items() if x0 <= x <= x1]
            high = [(x, y) for x, y in lines[row + 1].items() if x0 <= x <= x1]
            ring = [*sorted(low), *sorted(high, reverse=True)]
            # Every second brick leaves out the nodes in the middle of straight edges: T-junctions.
            shape = shapely.Polygon(ring)
            if seed == 0:
                shape = shapely.simplify(shape, 0.0)
            code = f"{row + 1:02d}{column + 1:02d}"
            states["grid", code] = GridState(shapely.MultiPolygon([shape]), parent=f"{row + 1:02d}", population=10.0)
    for row in range(rows):
        parts = [
            state.geometry for key, state in states.items() if key[0] == "grid" and state.parent == f"{row + 1:02d}"
        ]
        states["row", f"{row + 1:02d}"] = GridState(_one(parts), parent="T", team=f"Post {row}")
    states["town", "T"] = GridState(_one([state.geometry for key, state in states.items() if key[0] == "grid"]))
    return states


def _one(parts: list[shapely.MultiPolygon]) -> shapely.MultiPolygon:
    whole = shapely.union_all(parts)
    assert whole.geom_type == "Polygon"
    return shapely.MultiPolygon([whole])


def assert_sound(states: dict[Key, GridState], changes: list[GridChange], slack: float = 1e-3) -> dict[Key, GridState]:
    """At every level: valid grids, the same ground as before, none of it twice; return the division after."""
    after = applied(states, changes)
    for level in {key[0] for key in states}:
        old = np.array([state.geometry for key, state in states.items() if key[0] == level], dtype=object)
        new = np.array([state.geometry for key, state in after.items() if key[0] == level], dtype=object)
        assert shapely.is_valid(new).all()
        was, now = shapely.union_all(old), shapely.union_all(new)
        assert was.symmetric_difference(now).area < slack
        assert abs(shapely.area(new).sum() - shapely.area(old).sum()) < slack
        assert shapely.area(new).sum() - now.area < slack
    return after
