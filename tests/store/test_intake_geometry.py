"""What is stored is valid, flat and of the layer's family; a repair never moves a boundary unseen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import wkt

from store.intake import geometry
from store.intake.raw import object_array
from store.intake.reasons import Ledger
from store.schema import LAYERS


def clean(layer: str, *shapes: Any) -> tuple[Any, Ledger]:
    values = object_array([wkt.loads(shape) if isinstance(shape, str) else shape for shape in shapes])
    ledger = Ledger(np.arange(1, len(values) + 1))
    prepared = geometry.prepare(values, LAYERS[layer], ledger)
    return geometry.repair(prepared, LAYERS[layer], ledger), ledger


def reason(ledger: Ledger) -> str:
    (reject,) = ledger.rejects
    assert reject.remedy
    return reject.reason.format(**reject.params)


@pytest.mark.parametrize(
    ("layer", "shape", "expected"),
    [
        ("zones", None, "no geometry"),
        ("zones", "POLYGON EMPTY", "empty"),
        ("zones", "POINT (1 2)", "takes polygon, not point"),
        ("streets", "POLYGON ((0 0, 9 0, 9 9, 0 0))", "takes line, not polygon"),
        ("incidents", "LINESTRING (0 0, 1 1)", "takes point, not line"),
        ("zones", "GEOMETRYCOLLECTION (POINT (1 1))", "not collection"),
        ("zones", "POLYGON ((0 0, 10 10, 10 0, 0 10, 0 0))", "repairing it would change its area"),
        ("zones", "POLYGON ((0 0, 10 0, 20 0, 0 0))", "not valid"),
        ("streets", "LINESTRING (5 5, 5 5)", "not valid"),
        ("zones", "POLYGON ((0 0, 1e-5 0, 1e-5 1e-5, 0 0))", "no area"),
    ],
)
def test_what_cannot_be_stored_is_rejected(layer: str, shape: str | None, expected: str) -> None:
    shapes, ledger = clean(layer, shape)
    assert expected in reason(ledger)
    assert shapes[0] is None


def test_single_parts_become_multi_parts() -> None:
    polygons, _ = clean("zones", "POLYGON ((0 0, 9 0, 9 9, 0 0))", "MULTIPOLYGON (((0 0, 8 0, 8 8, 0 0)))")
    assert {shape.geom_type for shape in polygons} == {"MultiPolygon"}
    lines, _ = clean("streets", "LINESTRING (0 0, 9 0)", "MULTILINESTRING ((0 0, 8 0), (1 1, 2 2))")
    assert {shape.geom_type for shape in lines} == {"MultiLineString"}
    places, _ = clean("places", "POINT (1 2)", "POLYGON ((0 0, 9 0, 9 9, 0 0))")
    assert [shape.geom_type for shape in places] == ["Point", "Polygon"]


def test_heights_are_dropped_with_a_note() -> None:
    shapes, ledger = clean("streets", "LINESTRING Z (0 0 5, 9 0 5)", "LINESTRING (0 0, 8 0)")
    assert not shapely.has_z(shapes).any()
    assert "1 geometries had heights" in ledger.notes[0].text()


def test_collections_give_what_the_layer_holds() -> None:
    inner = "GEOMETRYCOLLECTION (LINESTRING (0 0, 1 1))"
    mixed = f"GEOMETRYCOLLECTION (POINT (1 1), POLYGON ((0 0, 9 0, 9 9, 0 0)), {inner})"
    shapes, ledger = clean("zones", mixed)
    assert shapes[0].area == pytest.approx(40.5)
    assert "2 parts" in ledger.notes[0].text()


@pytest.mark.parametrize(
    ("name", "shape", "area"),
    [
        ("a tiny bow tie at a corner", "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0.5, 0.5 0, 0 0))", None),
        ("a hole that touches twice", "POLYGON ((0 0, 10 0, 10 10, 0 10, 0 0), (0 2, 5 5, 0 8, 0 2))", 85.0),
        ("a spike", "POLYGON ((0 0, 10 0, 10 5, 12 5, 10 5, 10 10, 0 10, 0 0))", 100.0),
        ("the same ring twice", "MULTIPOLYGON (((0 0, 10 0, 10 10, 0 0)), ((20 0, 30 0, 30 10, 20 0)))", 100.0),
        ("a ring through a point twice", "POLYGON ((0 0, 5 5, 0 10, 10 10, 5 5, 10 0, 0 0))", 50.0),
        ("repeated points", "POLYGON ((0 0, 0 0, 10 0, 10 0, 10 10, 0 0, 0 0))", 50.0),
    ],
)
def test_repairs_that_keep_the_area(name: str, shape: str, area: float | None) -> None:
    shapes, ledger = clean("zones", shape)
    assert not ledger.rejects, name
    assert shapely.is_valid(shapes).all()
    if area is not None:
        assert shapes[0].area == pytest.approx(area)


def test_a_repair_is_noted_with_kind_rows_and_change() -> None:
    bad = "POLYGON ((0 0, 5 5, 0 10, 10 10, 5 5, 10 0, 0 0))"
    good = "POLYGON ((0 0, 9 0, 9 9, 0 0))"
    _, ledger = clean("zones", good, bad, bad)
    text = ledger.notes[0].text()
    assert "2 geometries were not valid (Ring Self-intersection)" in text and "rows 2, 3" in text


@pytest.mark.parametrize(
    "shape",
    [
        "MULTIPOLYGON (((0 0, 10 0, 10 10, 0 10, 0 0)), ((2 2, 4 2, 4 4, 2 4, 2 2)))",  # nested shells
        "MULTIPOLYGON (((0 0, 10 0, 10 10, 0 10, 0 0)), ((0 0, 10 0, 10 10, 0 10, 0 0)))",  # the same twice
        "POLYGON ((0 0, 10 0, 10 10, 0 10, 0 0), (20 20, 25 20, 25 25, 20 20))",  # a hole outside
        "POLYGON ((0 0, 10 0, 10 10, 0 10, 0 0), (1 1, 6 1, 6 6, 1 6, 1 1), (2 2, 5 2, 5 5, 2 2))",  # nested holes
    ],
)
def test_rings_whose_meaning_is_doubtful_are_rejected(shape: str) -> None:
    _, ledger = clean("zones", shape)
    assert "per cent" in reason(ledger)


def test_the_same_place_twice_is_noted() -> None:
    square = "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))"
    turned = "POLYGON ((9 9, 0 9, 0 0, 9 0, 9 9))"
    shapes, ledger = clean("zones", square, turned)
    assert not ledger.rejects and len(shapes) == 2
    assert "1 rows have the same geometry" in ledger.notes[-1].text()


def test_points_of_multi_points() -> None:
    values = object_array([wkt.loads(text) for text in ("POINT (1 2)", "MULTIPOINT (3 4)", "MULTIPOINT (5 6, 7 8)")])
    ledger = Ledger(np.arange(1, 4))
    x, y = geometry.points(geometry.prepare(values, LAYERS["incidents"], ledger), ledger)
    assert x[:2].tolist() == [1, 3] and y[:2].tolist() == [2, 4]
    assert "2 separate points" in reason(ledger)


def test_a_million_vertices() -> None:
    angle = np.linspace(0, 2 * np.pi, 1_000_000, endpoint=False)
    ring = np.column_stack([1000 * np.cos(angle), 1000 * np.sin(angle)])
    shapes, ledger = clean("zones", shapely.polygons(ring))
    assert not ledger.rejects
    assert shapes[0].area == pytest.approx(np.pi * 1e6, rel=1e-9)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=3, max_size=9), min_size=1, max_size=4
    )
)
def test_whatever_rings_come_what_is_taken_is_valid_and_of_nearly_the_same_area(
    rings: list[list[tuple[int, int]]],
) -> None:
    shapes_in = [shapely.Polygon(ring) for ring in rings]
    shapes, ledger = clean("zones", *shapes_in)
    for before, after, alive in zip(shapes_in, shapes, ledger.alive, strict=True):
        assert (after is not None) == alive
        if after is not None:
            assert after.is_valid and after.geom_type == "MultiPolygon"
            assert abs(after.area - before.area) <= 0.01 * before.area + 1e-9
    assert len(ledger.rejects) == int((~ledger.alive).sum())
