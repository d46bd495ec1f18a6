"""Revisions: the record of each change, and which revision a layer is at."""

from __future__ import annotations

import sqlite3

from store import audit_trail, history, indexes
from store.actor import Actor
from store.migrations import now
from store.rows import count_rows, give_ids
from store.schema import LAYERS

OUTSIDE = Actor("outside", "another program")  # QGIS or GDAL: nothing tells who used it


def add(connection: sqlite3.Connection, at: str, layer: str, kind: str, rows: int) -> int:
    """Record a change and return its number."""
    sql = "INSERT INTO atlas_revisions (at, layer, kind, rows) VALUES (?, ?, ?, ?)"
    return int(connection.execute(sql, (at, layer, kind, rows)).lastrowid or 0)


def mark(
    connection: sqlite3.Connection, layer: str, revision: int, at: str,
    rewritten: bool = False, emptied: bool = False, simulated: bool = False, who: Actor | None = None,
) -> None:  # fmt: skip
    """Put `layer` at `revision`: `rewritten` if more than rows were added, `emptied` if it was cleared first.

    What this makes of the division goes into its history, as changed by `who` (None: who acts now).
    """
    if layer == "grids":
        history.keep(connection, revision, at, who)
    connection.execute(
        "UPDATE atlas_layers SET revision = ?1, updated_at = ?2, rewritten = iif(?3 OR ?4, ?1, rewritten),"
        " since = iif(?4, ?1, since), simulated = iif(?4, ?5, max(simulated, ?5)),"
        " seen_change = (SELECT last_change FROM gpkg_contents WHERE table_name = ?6) WHERE layer = ?6",
        (revision, at, rewritten, emptied, simulated, layer),
    )


def edited_layers(connection: sqlite3.Connection) -> list[str]:
    """Return the layers that another program changed since their last revision.

    QGIS and GDAL change rows without a revision, but they set last_change in gpkg_contents.
    """
    sql = "SELECT layer FROM atlas_layers JOIN gpkg_contents ON table_name = layer WHERE last_change IS NOT seen_change"
    return [layer for (layer,) in connection.execute(sql)]


def adopt_edits(connection: sqlite3.Connection) -> None:
    """Inside a writing transaction: make one revision of all that other programs changed.

    Rows they left without an id get one, and the extent is set anew (GDAL may keep it in float32).
    """
    layers = edited_layers(connection)
    if not layers:
        return
    at = now()
    for layer in layers:
        _complete_ids(connection, layer)
        indexes.set_extent(connection, layer, indexes.stored_boxes(connection, layer)[1], at)
    revision = add(connection, at, ",".join(layers), "edit", sum(count_rows(connection, layer) for layer in layers))
    before = {layer: layer_revision(connection, layer) for layer in layers}
    for layer in layers:
        mark(connection, layer, revision, at, rewritten=True, who=OUTSIDE)
    after = {layer: count_rows(connection, layer) for layer in layers}
    audit_trail.record(
        connection, "outside", ", ".join(layers), {"revisions": before}, {"rows": after}, revision=revision, who=OUTSIDE
    )


def layer_revision(connection: sqlite3.Connection, layer: str) -> int:
    """Return the last revision that changed a layer."""
    return int(connection.execute("SELECT revision FROM atlas_layers WHERE layer = ?", (layer,)).fetchone()[0])


def _complete_ids(connection: sqlite3.Connection, layer: str) -> None:
    schema = LAYERS[layer]
    if schema.key != ("id",):
        return
    fids = [fid for (fid,) in connection.execute(f"SELECT fid FROM \"{layer}\" WHERE id IS NULL OR id = ''")]
    ids = give_ids(connection, schema, [None] * len(fids), fids)
    connection.executemany(f'UPDATE "{layer}" SET id = ? WHERE fid = ?', zip(ids, fids, strict=True))
