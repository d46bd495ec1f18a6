"""The store: one GeoPackage, one writer at a time, immutable snapshots of one revision."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.columns import Snapshot
from geo.errors import N_, NonFiniteError
from store import indexes, reader, records, revisions, rows, writer
from store.accounts import Accounts
from store.alerts import Alerts
from store.attempts import Attempts
from store.audit_read import Trail
from store.audit_trail import record
from store.batch import Batch, Mode, Provenance, Reject, Within, digest
from store.blobs import encode_points
from store.connection import transaction
from store.decisions import Decisions
from store.division import Division
from store.drafts import Drafts
from store.edits import CameraEdits
from store.errors import StoreError
from store.finding_history import FindingHistory
from store.finding_notes import FindingNotes
from store.growth import Growth
from store.history_read import DivisionHistory
from store.links import Links
from store.live import LiveIncidents, settled_revision
from store.migrations import now
from store.opening import open_file
from store.prepare import prepare
from store.records import ImportRecord, WriteResult
from store.scenarios import Scenarios
from store.schema import LAYERS
from store.sessions import Sessions
from store.tokens import Tokens
from store.values import time_texts

_WAIT_S = 10.0


class Store(
    CameraEdits, Division, Drafts, DivisionHistory, Scenarios, LiveIncidents, Tokens, Alerts, Accounts, Sessions, Links,
    Attempts, Trail, Decisions, FindingNotes, FindingHistory,
):  # fmt: skip
    """A GeoPackage at `path`. Safe to share between threads; other processes may open the same file.

    Reads see only what was committed. Every change is one transaction and makes one revision; edits by QGIS and other
    GDAL programs get theirs when the store next looks.

    Never open the file by pyogrio (or any GDAL) in a process that has it open as a Store: GDAL brings its own copy of
    SQLite, and two copies in one process drop each other's locks (SQLite, "How To Corrupt An SQLite Database File",
    2.2.1; seen here as "disk I/O error"). Another process is fine.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, wait_s: float, damage: str = "") -> None:
        """Use `Store.open`."""
        super().__init__(path, connection, wait_s, damage)
        self._snapshot: Snapshot | None = None
        self._snapshot_lock = threading.Lock()
        self._growth: dict[str, Growth] = {}

    @classmethod
    def open(cls, path: str | Path, *, create: bool = True, wait_s: float = _WAIT_S) -> Store:
        """Open the store at `path`, bring its schema up to date, and make it first if `create`.

        A damaged file that SQLite can still read is opened too: `damage` says what is wrong, and writes are refused.

        Parameters
        ----------
        wait_s
            How long a write waits for another writer before it gives up.

        Raises
        ------
        StoreError
            Not a store, damaged, newer than this program, not writable, or on a network share.
        """
        file = open_file(path, create=create, wait_s=wait_s)
        return cls(file[0], file[1], wait_s, file[2])

    # --- reading -----------------------------------------------------------------------------------------------

    def revision(self) -> int:
        """Return the number of the last committed change, 0 for a new store."""
        with self._reading() as connection:
            self._adopt_edits(connection)
            return reader.current_revision(connection)

    def crs(self) -> str | None:
        """Return the store's metric CRS, such as "EPSG:32635"; None before the first write."""
        with self._reading() as connection:
            return records.get_meta(connection, "crs")

    def timezone(self) -> str:
        """Return the IANA name of the store's time zone."""
        with self._reading() as connection:
            return records.get_meta(connection, "timezone") or reader.DEFAULT_TIMEZONE

    def is_demo(self) -> bool:
        """Return whether the rows are those of the demo."""
        with self._reading() as connection:
            return records.get_meta(connection, "demo") == "1"

    def snapshot(self) -> Snapshot:
        """Return all layers at the newest revision; cached, and unchanged layers are the same objects as before."""
        with self._reading() as connection:
            self._adopt_edits(connection)
            cached = self._snapshot
            if cached is not None and cached.revision == reader.current_revision(connection):
                return cached
            with self._snapshot_lock, transaction(connection, write=False):
                cached = self._snapshot
                if cached is None or cached.revision != reader.current_revision(connection):
                    cached = self._snapshot = reader.read_snapshot(connection, cached, self._growth)
                return cached

    def keys(self, layer: str) -> set[tuple[str, ...]]:
        """Return the keys (see `store.schema.Layer.key`) that a layer holds."""
        with self._reading() as connection:
            return reader.read_keys(connection, LAYERS[layer])

    def incidents_in(
        self, bbox: tuple[float, float, float, float], start: datetime | np.datetime64, end: datetime | np.datetime64
    ) -> NDArray[np.int64]:
        """Return the fids of incidents in the closed box (minx, miny, maxx, maxy) with start <= time < end."""
        with self._reading() as connection:
            return reader.incidents_in(connection, bbox, reader.as_utc(start), reader.as_utc(end))

    def imports(self, limit: int = 100) -> list[ImportRecord]:
        """Return the last imports, newest first."""
        with self._reading() as connection:
            return records.read_imports(connection, limit)

    def rejects(self, import_id: int) -> list[Reject]:
        """Return the rows an import did not take."""
        with self._reading() as connection:
            return records.read_rejects(connection, import_id)

    def remembered_mapping(self, signature: str) -> dict[str, Any] | None:
        """Return the mapping last used for files of this signature."""
        with self._reading() as connection:
            sql = "SELECT mapping FROM atlas_mappings WHERE signature = ?"
            row = connection.execute(sql, (signature,)).fetchone()
            return None if row is None else dict(json.loads(row[0]))

    # --- writing -----------------------------------------------------------------------------------------------

    def write(
        self, batch: Batch, mode: Mode, provenance: Provenance, *, progress: writer.Progress | None = None,
        within: Within | None = None,
    ) -> WriteResult:  # fmt: skip
        """Write a batch with its provenance, notes and rejects in one transaction.

        `replace` clears the layer first (of grids, the levels in the batch); `upsert` overwrites whole rows by key;
        `append` adds. Rows without an id get one. The first batch that is not of the demo removes the demo's rows.
        An empty store takes the batch's CRS and time zone. Where only a part may be touched, `within` says so.

        Raises
        ------
        StoreError
            Another CRS than the store's, a key twice, the demo over real rows, or something changed since `within`.
        StoreBusyError
            Another writer did not end in time.
        """
        rows.check(batch)
        # What needs no look into the store is done before everybody else has to wait.
        with self._reading() as connection, transaction(connection, write=False):
            part = within is not None or batch.layer == "grids"
            prepared = prepare(connection, batch, mode, records.srs_id_of(connection, batch.crs), part)
        sha256 = provenance.sha256 or digest(batch)
        with self._writing() as connection:
            at = now()
            if within is not None and settled_revision(connection) != within.settled:
                raise StoreError(N_("The store changed during the import."), N_("Try again."))
            removed = self._make_room_for(connection, provenance, at) if len(batch) else ()
            srs_id = self._agree_on_crs(connection, batch.crs, provenance.timezone)
            before = {"rows": rows.count_rows(connection, batch.layer)}
            change = writer.apply(connection, batch, mode, srs_id, at, progress, within, prepared)
            touched = change.inserted + change.updated
            revision = revisions.add(connection, at, batch.layer, mode, touched)
            for layer in removed:
                revisions.mark(connection, layer, revision, at, emptied=True)
            simulated = provenance.simulated and touched > 0
            revisions.mark(connection, batch.layer, revision, at, change.rewritten, change.emptied, simulated)
            if touched:
                records.set_meta(connection, "demo", str(int(provenance.demo)))
            import_id = records.add_import(
                connection, revision, at, batch.layer, mode, provenance, change.inserted, change.updated
            )
            after = {
                "import": import_id, "mode": mode, "inserted": change.inserted, "updated": change.updated,
                "rejected": len(provenance.rejects), "file": provenance.file_name,
                "sha256": sha256, "rows": rows.count_rows(connection, batch.layer),
                "emptied": list(removed),
            }  # fmt: skip
            action = "demo" if provenance.demo else "import"
            record(connection, action, batch.layer, before, after, revision=revision)
        self._settle()
        if progress:
            progress(1.0)
        return WriteResult(revision, import_id, change.inserted, change.updated, bool(removed))

    def clear(self, layers: Sequence[str] | None = None) -> int:
        """Delete all rows of `layers` (default: all); return the revision."""
        with self._writing() as connection:
            at = now()
            names = tuple(LAYERS) if layers is None else tuple(layers)
            counts = {layer: writer.empty_layer(connection, layer, at) for layer in names}
            revision = revisions.add(connection, at, ",".join(names), "clear", sum(counts.values()))
            for layer in names:
                revisions.mark(connection, layer, revision, at, emptied=True)
            if not writer.has_rows(connection):
                records.set_meta(connection, "demo", "0")
            record(connection, "clear", ", ".join(names), {"rows": counts}, None, revision=revision)
        return revision

    def append_incident(
        self, *, id: str | None, x: float, y: float, category: str | None,
        occurred_at: datetime | np.datetime64 | None, grid_code: str | None, status: str | None,
        severity: float | None = None,
    ) -> tuple[int, int]:  # fmt: skip
        """Add one observed incident at (x, y) in the store's CRS; return (fid, revision), durable on return.

        Raises
        ------
        StoreError
            The id is taken, the store has no CRS yet, or holds the demo.
        """
        if not (np.isfinite(x) and np.isfinite(y)):
            raise NonFiniteError(N_("The incident has no finite coordinates."), N_("Give numbers."))
        time = None if occurred_at is None else time_texts(np.array([reader.as_utc(occurred_at)]))[0]
        layer = LAYERS["incidents"]
        with self._writing() as connection:
            srs_id = records.get_meta(connection, "srs_id")
            if srs_id is None or records.get_meta(connection, "demo") == "1":
                raise StoreError(
                    N_("The store holds no data of a town yet."), N_("Import grids or incidents of your town first.")
                )
            at = now()
            fid = rows.next_fid(connection, "incidents")
            name = rows.give_ids(connection, layer, [id], [fid])[0]
            point = np.array([[x, y, x, y]], dtype=np.float64)
            blob = encode_points(point[:, 0], point[:, 1], int(srs_id))[0]
            writer.insert_point(connection, layer, fid, blob, (name, category, time, grid_code, status, severity))
            indexes.widen_extent(connection, "incidents", point, at)
            revision = revisions.add(connection, at, "incidents", "append", 1)
            revisions.mark(connection, "incidents", revision, at)
            record(connection, "incident.add", name, None, {"fid": fid, "x": x, "y": y}, revision=revision)
        return fid, revision

    def remember_mapping(self, signature: str, mapping: dict[str, Any]) -> None:
        """Remember how the columns of files of this signature were mapped; makes no revision."""
        with self._writing() as connection:
            row = (signature, json.dumps(mapping), now())
            connection.execute("INSERT OR REPLACE INTO atlas_mappings VALUES (?, ?, ?)", row)
            record(connection, "mapping", signature, None, mapping)

    # --- inside ------------------------------------------------------------------------------------------------

    def _make_room_for(self, connection: sqlite3.Connection, source: Provenance, at: str) -> tuple[str, ...]:
        """Clear the demo's rows before the first real ones; return the layers that had some."""
        demo = records.get_meta(connection, "demo") == "1"
        if source.demo and not demo and writer.has_rows(connection):
            raise StoreError(
                N_("The demo cannot be loaded over real data."), N_("Clear the store first, or open another one.")
            )
        if source.demo or not demo:
            return ()
        return tuple(layer for layer in LAYERS if writer.empty_layer(connection, layer, at))

    def _agree_on_crs(self, connection: sqlite3.Connection, crs: str, timezone: str) -> int:
        if not writer.has_rows(connection):
            srs_id = writer.set_crs(connection, crs)
            records.set_meta(connection, "crs", crs)
            records.set_meta(connection, "srs_id", str(srs_id))
            records.set_meta(connection, "timezone", timezone)
            return srs_id
        if timezone and not records.get_meta(connection, "timezone"):
            records.set_meta(connection, "timezone", timezone)
        current = records.get_meta(connection, "crs")
        if current != crs:
            raise StoreError(
                N_("The rows are in {crs}, the store is in {current}."),
                N_("Project the rows to the store's reference system first."),
                crs=crs, current=current,
            )  # fmt: skip
        return int(records.get_meta(connection, "srs_id") or 0)
