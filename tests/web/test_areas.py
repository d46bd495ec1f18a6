"""What an area knows of the city, against slow rules: any grids, nested and overlapping, and any way the store grew."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo.area import Area
from geo.columns import Codes, LayerColumns, Snapshot
from geo.scope import cut, same_rows
from layers.base import hierarchy_of
from settings import ROOT
from store.growth import Growth
from store.schema import LAYERS, Kind
from web.areas import EVERYBODYS, Areas

SIDE = 6  # the places of the tests are whole numbers, so that many lie on borders and corners
CRS = "EPSG:32635"


def layer(name: str, revision: int, geometry: Any = None, x: Any = None, y: Any = None, **texts: Any) -> LayerColumns:
    count = len(x) if x is not None else len(geometry)
    columns: dict[str, Any] = {}
    for column in LAYERS[name].columns:
        given_ = texts.get(column.name)
        if column.kind is Kind.CODE:
            values = tuple(sorted({one for one in given_ or [] if one is not None}))
            codes = [-1 if one is None else values.index(one) for one in given_ or [None] * count]
            columns[column.name] = Codes(values, np.array(codes, dtype=np.int32))
        elif column.kind is Kind.TEXT:
            columns[column.name] = np.array(given_ or [None] * count, dtype=object)
        elif column.kind is Kind.TIME:
            columns[column.name] = np.array(["NaT"] * count, dtype="datetime64[ms]")
        elif column.kind is Kind.BOOL:
            columns[column.name] = np.full(count, -1, dtype=np.int8)
        else:
            columns[column.name] = np.full(count, np.nan)
    shapes = None
    if geometry is not None:
        shapes = np.empty(count, dtype=object)
        shapes[:] = geometry
    at = [None if one is None else np.array(one, dtype=np.float64) for one in (x, y)]
    return LayerColumns(name, revision, np.arange(1, count + 1), MappingProxyType(columns), shapes, at[0], at[1])


def city(layers: Mapping[str, LayerColumns], revision: int = 1) -> Snapshot:
    every = {name: layers.get(name) or layer(name, 0, **_empty(name)) for name in LAYERS}
    return Snapshot(revision, CRS, "UTC", MappingProxyType(every))


def _empty(name: str) -> dict[str, Any]:
    return {"x": [], "y": []} if LAYERS[name].pure_points else {"geometry": []}


CORNER = st.tuples(st.integers(0, SIDE - 1), st.integers(0, SIDE - 1), st.integers(1, 4), st.integers(1, 4))
PLACES = st.lists(st.tuples(st.integers(-1, SIDE + 3), st.integers(-1, SIDE + 3)), min_size=1, max_size=25)


@st.composite
def grids_and_area(draw: st.DrawFn) -> tuple[LayerColumns, Area]:
    """Grids of three levels, that overlap, leave gaps, hang together or not; some are named, or unknown ones."""
    levels = ["town", "block", "cell"]
    shapes, names, parents, codes = [], [], [], []
    for place, level in enumerate(levels):
        for number, (x, y, width, height) in enumerate(draw(st.lists(CORNER, min_size=1, max_size=4))):
            shapes.append(shapely.MultiPolygon([shapely.box(x, y, x + width, y + height)]))
            names.append(level)
            codes.append(f"{level[0]}{draw(st.integers(0, 9))}{number}")
            above = [code for code, of in zip(codes, names, strict=True) if place and of == levels[place - 1]]
            parents.append(draw(st.sampled_from([None, "nowhere", *above])))
    found = layer("grids", 1, shapes, level=names, code=codes, parent=parents)
    keys = list(zip(names, codes, strict=True))
    named = draw(st.lists(st.sampled_from([*keys, ("town", "gone")]), max_size=4))
    return found, Area(tuple(named))


def below(grids: LayerColumns, area: Area) -> set[int]:
    """Return the rows of an area's grids by walking the parents up."""
    parent = hierarchy_of(grids).parent_index
    keys = list(zip(grids.text("level"), grids.text("code"), strict=True))
    found = set()
    for row in range(len(grids)):
        up = row
        while up >= 0:
            if keys[up] in area.grids:
                found.add(row)
            up = int(parent[up])
    return found


def holds(grids: LayerColumns, mine: set[int], x: float, y: float) -> bool:
    """Return whether a grid of the area takes a place at its level: of those that touch it the lowest code's."""
    assert grids.geometry is not None
    levels, codes, point = grids.text("level"), grids.text("code"), shapely.Point(x, y)
    for level in set(levels):
        touching = [row for row in range(len(grids)) if levels[row] == level and grids.geometry[row].intersects(point)]
        if touching and min(touching, key=lambda row: (str(codes[row]), row)) in mine:
            return True
    return False


@given(town=grids_and_area(), places=PLACES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_an_area_holds_its_grids_and_what_they_take(town: tuple[LayerColumns, Area], places: list[Any]) -> None:
    grids, area = town
    x, y = zip(*places, strict=True)
    names = [f"n{i}" for i in range(len(places))]
    shapes = [shapely.Point(*one) for one in places]
    layers = {
        "grids": grids,
        "incidents": layer("incidents", 1, x=x, y=y, id=names, category=names),
        "cameras": layer("cameras", 1, x=x, y=y, id=names, owner=names),
        "places": layer("places", 1, shapes, id=names, kind=names),
    }
    found = Areas().of(city(layers), area)
    mine = below(grids, area)
    assert found.scope == area
    assert found["grids"].fid.tolist() == [int(grids.fid[row]) for row in sorted(mine)]
    inside = [name for name, one in zip(names, places, strict=True) if holds(grids, mine, *one)]
    for name, column in (("incidents", "category"), ("cameras", "owner"), ("places", "kind")):
        assert found[name].text("id").tolist() == inside
        words = found[name].columns[column]
        assert isinstance(words, Codes) and list(words.values) == sorted(inside)  # nothing of the others is kept
    parents, above = found["grids"].text("parent"), hierarchy_of(grids).parent_index
    for row, parent in zip(sorted(mine), parents, strict=True):
        assert (parent is not None) == (int(above[row]) in mine)


@given(
    town=grids_and_area(), boxes=st.lists(CORNER, min_size=1, max_size=5), kind=st.sampled_from(["private", "water"])
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_of_polygons_only_the_part_inside_is_known(
    town: tuple[LayerColumns, Area], boxes: list[Any], kind: str
) -> None:
    grids, area = town
    shapes = [shapely.MultiPolygon([shapely.box(x, y, x + w, y + h)]) for x, y, w, h in boxes]
    names = [f"z{i}" for i in range(len(boxes))]
    layers = {
        "grids": grids,
        "zones": layer("zones", 1, shapes, id=names, kind=[kind] * len(names)),
        "places": layer("places", 1, shapes, id=names),
    }
    whole = city(layers)
    found = Areas().of(whole, area)
    mine = below(grids, area)
    assert grids.geometry is not None
    union = shapely.union_all(grids.geometry[sorted(mine)]) if mine else shapely.Polygon()
    parts = {name: shapely.intersection(shape, union) for name, shape in zip(names, shapes, strict=True)}
    zones = dict(zip(found["zones"].text("id"), found["zones"].geometry, strict=True))  # type: ignore[arg-type]
    if kind == "water":
        assert zones == dict(zip(names, shapes, strict=True))
    else:
        assert set(zones) == {name for name, part in parts.items() if part.area >= 1}
        assert all(shapely.equals(shape, _areas_of(parts[name])) for name, shape in zones.items())
    assert found["places"].geometry is not None
    for name, shape in zip(found["places"].text("id"), found["places"].geometry, strict=True):
        assert shapely.covers(union.buffer(1e-9), shape) and shapely.equals(shape, _areas_of(parts[name]))


def _areas_of(shape: Any) -> Any:
    parts = [part for part in shapely.get_parts(shapely.get_parts(shape)) if part.area > 0]
    return shapely.union_all(parts)


@given(
    town=grids_and_area(),
    steps=st.lists(st.tuples(st.sampled_from(["add", "move", "grids", "other"]), PLACES), min_size=1, max_size=6),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_kept_up_to_date_is_what_is_worked_out_anew(town: tuple[LayerColumns, Area], steps: list[Any]) -> None:
    grids, area = town
    areas, growth, revision = Areas(), Growth(), 1
    now = layer("incidents", 1, x=[0.0], y=[0.0], id=["first"], category=["k"])
    before = areas.of(city({"grids": grids, "incidents": now}), area)
    for step, places in steps:
        revision += 1
        if step == "grids":
            grids = replace(grids, revision=revision, fid=grids.fid.copy())
        elif step == "move":  # rewritten: nothing of the memory is the same
            assert now.x is not None
            now = replace(now, revision=revision, fid=now.fid.copy(), x=now.x[::-1].copy(), y=now.x.copy())
        elif step == "add":
            now = longer(now, growth, revision, places)
        whole = city({"grids": grids, "incidents": now}, revision)
        found, anew = areas.of(whole, area), Areas().of(whole, area)
        for name in LAYERS:
            assert same_rows(found[name], anew[name])
            # What did not change is the same object, of the same revision: nothing is worked out anew for it.
            assert (found[name] is before[name]) == same_rows(found[name], before[name]) or name in EVERYBODYS
        assert found.revision <= revision
        before = found


def longer(old: LayerColumns, growth: Growth, revision: int, places: list[Any]) -> LayerColumns:
    """Return a layer with rows behind it, as a store lets it grow."""
    x, y = zip(*places, strict=True)
    count = len(places)
    names = [f"r{revision}-{i}" for i in range(count)]
    more = layer("incidents", revision, x=x, y=y, id=names, category=[f"k{revision}"] * count)
    grow: Any = growth.extend
    return LayerColumns(
        "incidents",
        revision,
        grow("fid", old.fid, more.fid + int(old.fid[-1])),
        MappingProxyType({name: grow(name, column, more.columns[name]) for name, column in old.columns.items()}),
        None,
        grow("x", old.x, more.x),
        grow("y", old.y, more.y),
    )


def test_a_part_that_is_only_a_border_is_nothing() -> None:
    area = shapely.box(0, 0, 1, 1)
    shapes = np.array([shapely.box(1, 0, 2, 1), shapely.box(0.5, 0, 2, 1), shapely.box(0, 0, 1, 1)], dtype=object)
    found = cut(shapes, area)
    assert found[0] is None and found[1].area == 0.5 and found[2] is shapes[2]


def test_few_areas_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.areas.MOST_AREAS", 3)
    areas, whole = Areas(), city({"grids": layer("grids", 1, [shapely.box(0, 0, 1, 1)], level=["a"], code=["x"])})
    for number in range(5):
        areas.of(whole, Area((("a", f"x{number}"),)))
    assert len(areas) == 3
    monkeypatch.setattr("web.areas.MOST_ROWS", -1)
    areas.of(whole, Area((("a", "x"),)))
    assert len(areas) == 1


# Who may look past the door: the base map, work behind the pages, what asks what lies in an area, commands.
PAST_THE_DOOR = {
    "state", "tiles", "vector_tiles", "warm", "live", "api_live", "planned", "fence", "alerts", "cli_figures",
    "api_decisions", "api_division", "api_drafts", "divisions", "draft_standing",
}  # fmt: skip


def test_every_answer_reads_through_the_one_door() -> None:
    found = {
        path.stem
        for path in (ROOT / "web").glob("*.py")
        if re.search(r"\.whole\(\)|store\.snapshot\(\)", path.read_text("utf-8"))
    }
    assert found == PAST_THE_DOOR
