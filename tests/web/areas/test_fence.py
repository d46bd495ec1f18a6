"""What an account with an area may import: in it, over what is in it, and never a grid that would widen it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import shapely
from flask import Flask

from store.batch import Batch, Mode, Provenance
from store.errors import IntakeError, StoreError
from store.intake.reasons import Ledger
from store.store import Store
from tests.web.areas.town import CANARY, INSIDE, served, write
from tests.web.conftest import X0, Y0, batch, square
from web.fence import SLACK_M, AreaFence


@pytest.fixture(scope="module")
def app(compiled: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    folder = tmp_path_factory.mktemp("fence")
    with Store.open(folder / "atlas.gpkg") as store:
        write(store, outside=True, many=50)
    with pytest.MonkeyPatch.context() as patch, served(folder, patch) as found:
        yield found


def fence(app: Flask, layer: str, mode: Mode = "upsert", *, simulated: bool = False) -> AreaFence:
    made = AreaFence(app.extensions["atlas"], INSIDE, simulated=simulated)
    made.begin(layer, mode)
    return made


def taken(app: Flask, found: Batch, mode: Mode = "upsert") -> list[bool]:
    """Return which rows of a batch are taken."""
    ledger = Ledger(np.arange(1, len(found) + 1))
    fence(app, found.layer, mode).check(found, ledger, mode)
    return [bool(one) for one in ledger.alive]


def grid(shape: Any, code: str, level: str = "grid", parent: str | None = "DA") -> Batch:
    return batch("grids", [shape], code=[code], level=[level], parent=[parent], name=["mine"])


def test_points_are_taken_by_their_place_and_their_key(app: Flask) -> None:
    x, y = X0 + np.array([300, 2500, 400, 2000, 1e6]), Y0 + np.array([300, 300, 400, 500, 0])
    found = batch("cameras", x=x, y=y, id=["new", "far", f"{CANARY} c2", "border", "moon"])
    assert taken(app, found) == [True, False, False, True, False]  # the border is A2's, of the lower code
    moved = batch("cameras", x=X0 + np.array([700, 2700]), y=Y0 + np.array([700, 700]), id=["c1", "c2"])
    assert taken(app, moved) == [True, False]  # what is inside is not moved out


@pytest.mark.parametrize("layer", ["places", "zones"])
def test_what_reaches_outside_is_not_taken(app: Flask, layer: str) -> None:
    shapes = [square(1, 1, 0.1, 0.1), square(1.95, 1, 0.1, 0.1), square(1.95 + SLACK_M / 2000, 1, 0.05, 0.1)]
    own, theirs = ("p2", f"{CANARY}2") if layer == "places" else ("z2", f"{CANARY}2")
    facts: dict[str, Any] = {"kind": ["school"] * 5}
    found = batch(layer, [*shapes, shapes[0], shapes[0]], id=["in", "across", "slack", own, theirs], **facts)
    # One that reaches out is the neighbours' too; it is not changed by one of them alone.
    assert taken(app, found) == [True, False, True, False, False]


def test_points_of_places_follow_the_tie_rule_and_water_is_everybody_s(app: Flask) -> None:
    points = [shapely.Point(X0 + 100, Y0 + 100), shapely.Point(X0 + 2100, Y0 + 100)]
    assert taken(app, batch("places", points, id=["a", "b"], kind=["school"] * 2)) == [True, False]
    assert taken(app, batch("zones", [square(1, 1, 0.1, 0.1)], id=["pond"], kind=["water"])) == [False]


@pytest.mark.parametrize(
    ("shape", "code", "level", "parent"),
    [
        (square(0, 0, 3, 1), "A1", "grid", "DA"),
        (square(0, 0), "B1", "grid", "DA"),
        (square(0, 0), "DB", "grid", "DA"),
        (square(0, 0), "A9", "grid", "DB"),
        (square(0, 0), "A9", "grid", "CITY"),
        (square(0, 0), "A9", "grid", None),
        (square(0, 0), "A9", "city", "DA"),
        (square(0, 0), "A9", "district", "DA"),
        (square(0, 0), "A9", "another", "DA"),
    ],
)  # fmt: skip
def test_a_grid_that_would_widen_the_area_is_not_taken(
    app: Flask, shape: Any, code: str, level: str, parent: str | None
) -> None:
    """Else an account could draw its own grid over the city, or turn the order of the levels, and see all of it."""
    assert taken(app, grid(shape, code, level, parent)) == [False]


def test_grids_below_the_area_may_change(app: Flask) -> None:
    assert taken(app, grid(square(0, 0, 0.5, 0.5), "A9")) == [True]
    assert taken(app, grid(square(0, 0), "A1")) == [True]
    named = grid(square(0, 0, 2, 2), "DA", "district", "A1")
    assert taken(app, named) == [True]
    assert named.columns["parent"].tolist() == ["CITY"]  # what the area is named by stays where it hangs


@pytest.mark.parametrize("layer", ["streets", "buildings"])
def test_the_base_map_is_for_stewards_of_the_whole_city(app: Flask, layer: str) -> None:
    with pytest.raises(IntakeError, match="whole city"):
        fence(app, layer)
    with pytest.raises(IntakeError, match="whole city"):
        fence(app, "cameras", simulated=True)
    with pytest.raises(IntakeError, match="not replaced"):
        fence(app, "grids", "replace")


def test_replace_clears_what_is_the_area_s_alone(app: Flask) -> None:
    state = app.extensions["atlas"]
    whole = state.store.snapshot()
    for layer, kept in (("cameras", {f"c{i}" for i in range(8)}), ("places", {"p1"}), ("zones", {"z1"})):
        fids = fence(app, layer, "replace").within(layer).fids
        assert set(whole[layer].text("id")[np.isin(whole[layer].fid, fids)]) == kept


def test_a_write_that_was_checked_against_another_state_is_refused(app: Flask) -> None:
    store = app.extensions["atlas"].store
    made = fence(app, "cameras", "replace")
    store.clear(())
    one = batch("cameras", x=[X0 + 10], y=[Y0 + 10], id=["late"])
    before = store.snapshot()["cameras"].fid.tolist()
    with pytest.raises(StoreError, match="changed"):
        store.write(one, "replace", Provenance("c.csv"), within=made.within("cameras"))
    assert store.snapshot()["cameras"].fid.tolist() == before
    made = fence(app, "cameras", "replace")
    assert store.write(one, "replace", Provenance("c.csv"), within=made.within("cameras")).inserted == 1
    assert len(store.snapshot()["cameras"]) == len(before) - 8 + 1
