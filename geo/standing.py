"""Grids of a layer as states that changes begin with, and a layer as it is after changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np

from geo.columns import Codes, LayerColumns, freeze
from geo.grid_changes import GridChange, GridState, Key, folded

TEXTS = ("name", "parent", "team")


def states_of(grids: LayerColumns) -> dict[Key, GridState]:
    """Return every grid of a layer that has a level and a code."""
    if grids.geometry is None:
        return {}
    columns = [grids.text(name).tolist() for name in ("level", "code", *TEXTS)]
    people = [None if np.isnan(value) else value for value in grids.number("population").tolist()]
    return {
        (level, code): GridState(shape, name, parent, team, count)
        for level, code, name, parent, team, shape, count in zip(*columns, grids.geometry, people, strict=True)
        if level and code
    }


def grids_after(grids: LayerColumns, changes: Iterable[GridChange]) -> LayerColumns:
    """Return a layer of grids after changes: rows that stay keep their place, new ones follow in order.

    The changes are taken as they are; `geo.grid_changes.applied` tells whether they fit.
    """
    wanted = folded(changes)
    if not wanted or grids.geometry is None:
        return grids
    place = {key: row for row, key in enumerate(zip(grids.text("level"), grids.text("code"), strict=True))}
    gone = [place[one.key] for one in wanted if one.after is None and one.key in place]
    fresh = [one for one in wanted if one.after is not None and one.key not in place]
    kept = np.delete(np.arange(len(grids)), gone)
    columns: dict[str, Any] = {name: grids.text(name).copy() for name in ("level", "code", *TEXTS)}
    columns |= {"population": grids.number("population").copy(), "geometry": grids.geometry.copy()}
    for one in wanted:
        if one.after is not None and one.key in place:
            for name, value in _row(one).items():
                columns[name][place[one.key]] = value
    rows = [_row(one) for one in fresh]
    for name, values in columns.items():
        more = np.empty(len(rows), values.dtype)
        more[:] = [row[name] for row in rows]
        columns[name] = freeze(np.concatenate([values[kept], more]))
    first = int(grids.fid[-1]) + 1 if len(grids) else 1
    fid = freeze(np.concatenate([grids.fid[kept], np.arange(first, first + len(rows), dtype=np.int64)]))
    geometry = columns.pop("geometry")
    coded = {
        name: _coded(values) if isinstance(grids.columns[name], Codes) else values for name, values in columns.items()
    }
    ordered = MappingProxyType({name: coded[name] for name in grids.columns})
    return replace(grids, fid=fid, columns=ordered, geometry=geometry)


def _row(change: GridChange) -> Mapping[str, Any]:
    state = change.after
    assert state is not None
    people = np.nan if state.population is None else state.population
    return {
        "level": change.level, "code": change.code, "name": state.name, "parent": state.parent, "team": state.team,
        "population": people, "geometry": state.geometry,
    }  # fmt: skip


def _coded(texts: Any) -> Codes:
    values = tuple(sorted({text for text in texts.tolist() if text is not None}))
    place = {text: index for index, text in enumerate(values)} | {None: -1}
    return Codes(values, freeze(np.array([place[text] for text in texts.tolist()], dtype=np.int32)))
