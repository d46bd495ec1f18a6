"""Reading: columns of one revision, keys, and incidents by place and time."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.columns import Codes, Column, LayerColumns, Snapshot, freeze
from geo.decided import Decided
from store import ddl
from store.blobs import Blob, decode_geometries, decode_points
from store.decisions import read_decided
from store.growth import Growth
from store.records import get_meta
from store.rows import minutes
from store.schema import LAYERS, Layer
from store.values import from_sql, parse_times

_STEP = 500  # small, so that Python's garbage collector never has many row tuples to walk: three times faster
_SLACK_MINUTES = 0.01  # more than julianday() and float64 can differ by
DEFAULT_TIMEZONE = "UTC"


@dataclass(frozen=True)
class LayerState:
    """Row of atlas_layers; see `store.ddl.ATLAS_TABLES`."""

    revision: int
    rewritten: int
    since: int
    updated_at: str | None
    simulated: bool


def current_revision(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT coalesce(max(revision), 0) FROM atlas_revisions").fetchone()[0])


def layer_states(connection: sqlite3.Connection) -> dict[str, LayerState]:
    rows = connection.execute("SELECT layer, revision, rewritten, since, updated_at, simulated FROM atlas_layers")
    return {row[0]: LayerState(row[1], row[2], row[3], row[4], bool(row[5])) for row in rows}


def read_snapshot(
    connection: sqlite3.Connection, previous: Snapshot | None, growth: dict[str, Growth] | None = None
) -> Snapshot:
    """Return every layer as of one revision; the caller holds a read transaction.

    Layers that `previous` has at the same revision are taken over as they are; where only rows were added since, only
    those are read. `growth` holds the memory that columns grow in from call to call.
    """
    growth = {} if growth is None else growth
    revision = current_revision(connection)
    states = layer_states(connection)
    layers, sources = {}, {}
    for name, layer in LAYERS.items():
        state = states[name]
        cached = None if previous is None else previous.layers[name]
        if cached is not None and cached.revision == state.revision:
            layers[name] = cached
        else:
            layers[name] = read_layer(connection, layer, state, cached, growth.setdefault(name, Growth()))
        found = connection.execute(
            "SELECT DISTINCT attribution FROM atlas_imports WHERE layer = ? AND revision >= ? AND attribution != ''"
            " ORDER BY id",
            (name, max(state.since, 1)),
        ).fetchall()
        if found and len(layers[name]):
            sources[name] = tuple(text for (text,) in found)
    return Snapshot(
        revision=revision,
        crs=get_meta(connection, "crs"),
        timezone=get_meta(connection, "timezone") or DEFAULT_TIMEZONE,
        layers=MappingProxyType(layers),
        updated_at=MappingProxyType({name: s.updated_at for name, s in states.items() if s.updated_at is not None}),
        sources=MappingProxyType(sources),
    )


def read_layer(
    connection: sqlite3.Connection,
    layer: Layer,
    state: LayerState,
    cached: LayerColumns | None = None,
    growth: Growth | None = None,
) -> LayerColumns:
    """Return one layer's columns, sorted by fid; with `cached` reads only rows added after it where that is enough."""
    extend = cached is not None and state.rewritten <= cached.revision and len(cached) > 0
    after = int(cached.fid[-1]) if extend and cached is not None else 0
    fid, blobs, columns = _read_rows(connection, layer, after)
    geometry: Column | None = None
    x = y = None
    if layer.pure_points:
        x, y = (freeze(part) for part in decode_points(blobs))
    else:
        geometry = freeze(decode_geometries(blobs))
    if extend and cached is not None and len(fid) == 0:  # nothing but a decision
        decided = _decided(connection, layer, state, cached)
        return replace(cached, revision=state.revision, decided=decided).after(cached)
    if extend and cached is not None:
        room = Growth() if growth is None else growth
        grow = room.extend
        fid = grow("fid", cached.fid, fid)  # type: ignore[assignment]
        columns = {name: grow(f"column {name}", cached.columns[name], column) for name, column in columns.items()}
        if layer.pure_points:
            x, y = grow("x", cached.x, x), grow("y", cached.y, y)  # type: ignore[arg-type, assignment]
        else:
            geometry = grow("geometry", cached.geometry, geometry)  # type: ignore[arg-type, assignment]
    simulated = state.simulated and len(fid) > 0
    decided = _decided(connection, layer, state, cached)
    made = LayerColumns(layer.name, state.revision, fid, MappingProxyType(columns), geometry, x, y, simulated, decided)
    return made.after(cached) if extend and cached is not None else made


def _decided(
    connection: sqlite3.Connection, layer: Layer, state: LayerState, cached: LayerColumns | None
) -> Decided | None:
    if layer.name != "incidents":
        return None
    return read_decided(connection, state.rewritten, None if cached is None else cached.decided)


def _read_rows(
    connection: sqlite3.Connection, layer: Layer, after: int
) -> tuple[NDArray[np.int64], list[Blob], dict[str, Column | Codes]]:
    names = ", ".join(f'"{name}"' for name in layer.names)
    sql = f'SELECT fid, geom, {names} FROM "{layer.name}" WHERE fid > ? ORDER BY fid'
    cursor = connection.execute(sql, (after,))
    values: list[list[Any]] = [[] for _ in range(2 + len(layer.columns))]
    while rows := cursor.fetchmany(_STEP):
        for column, part in zip(values, zip(*rows, strict=True), strict=True):
            column.extend(part)
    fids, blobs, *texts = values
    columns = {column.name: from_sql(column.kind, part) for column, part in zip(layer.columns, texts, strict=True)}
    return freeze(np.array(fids, dtype=np.int64)), blobs, columns


def read_keys(connection: sqlite3.Connection, layer: Layer) -> set[tuple[str, ...]]:
    """Return the keys of all rows that have one."""
    columns = ", ".join(f'"{name}"' for name in layer.key)
    present = " AND ".join(f'"{name}" NOTNULL' for name in layer.key)
    return set(connection.execute(f'SELECT {columns} FROM "{layer.name}" WHERE {present}'))


def incidents_in(
    connection: sqlite3.Connection, box: tuple[float, float, float, float], start: np.datetime64, end: np.datetime64
) -> NDArray[np.int64]:
    """Return the fids, ascending, of incidents in the closed `box` (minx, miny, maxx, maxy) with start <= time < end.

    The 3-D R-tree (x, y, minutes) gives the candidates; its float32 sides are rounded outwards, so a candidate whose
    side crosses a limit is checked against the stored point and time.
    """
    west, south, east, north = box
    since = minutes(np.array([start, end], dtype="datetime64[ms]"))
    first, last = since[0] - _SLACK_MINUTES, since[1] + _SLACK_MINUTES
    rows = connection.execute(
        f"SELECT id, minx >= ?1 AND maxx <= ?3 AND miny >= ?2 AND maxy <= ?4 AND mint >= ?7 AND maxt <= ?8"
        f" FROM {ddl.TIME_TREE} WHERE maxx >= ?1 AND minx <= ?3 AND maxy >= ?2 AND miny <= ?4"
        " AND maxt >= ?5 AND mint <= ?6",
        (west, south, east, north, first, last, since[0] + _SLACK_MINUTES, since[1] - _SLACK_MINUTES),
    ).fetchall()
    fids = [fid for fid, sure in rows if sure]
    doubtful = [fid for fid, sure in rows if not sure]
    if doubtful:
        sql = "SELECT geom, occurred_at FROM incidents WHERE fid = ?"
        found = [connection.execute(sql, (fid,)).fetchone() for fid in doubtful]
        x, y = decode_points([row[0] for row in found])
        times = parse_times([row[1] for row in found])
        inside = (x >= west) & (x <= east) & (y >= south) & (y <= north) & (times >= start) & (times < end)
        fids.extend(np.array(doubtful, dtype=np.int64)[inside].tolist())
    return np.sort(np.array(fids, dtype=np.int64))


def as_utc(moment: datetime | np.datetime64) -> np.datetime64:
    """Return datetime64[ms] in UTC.

    Raises
    ------
    ValueError
        If a `datetime` has no zone.
    """
    if isinstance(moment, np.datetime64):
        exact: np.datetime64 = moment.astype("datetime64[ms]")
        return exact
    offset = moment.utcoffset()
    if offset is None:
        raise ValueError("a time without a zone")
    return np.datetime64((moment - offset).replace(tzinfo=None), "ms")
