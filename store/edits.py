"""Edits by other programs: QGIS and GDAL change rows without a revision, but set last_change in gpkg_contents."""

from __future__ import annotations

import sqlite3

from store.rows import give_ids
from store.schema import LAYERS


def edited_layers(connection: sqlite3.Connection) -> list[str]:
    """Return the layers that another program changed since their last revision."""
    sql = "SELECT layer FROM atlas_layers JOIN gpkg_contents ON table_name = layer WHERE last_change IS NOT seen_change"
    return [layer for (layer,) in connection.execute(sql)]


def complete_ids(connection: sqlite3.Connection, layer: str) -> None:
    """Give an id to each row that another program left without one."""
    schema = LAYERS[layer]
    if schema.key != ("id",):
        return
    fids = [fid for (fid,) in connection.execute(f"SELECT fid FROM \"{layer}\" WHERE id IS NULL OR id = ''")]
    ids = give_ids(connection, schema, [None] * len(fids), fids)
    connection.executemany(f'UPDATE "{layer}" SET id = ? WHERE fid = ?', zip(ids, fids, strict=True))
