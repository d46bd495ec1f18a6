"""Named changes of the schema, each in one transaction together with its record."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence

from pyproj import CRS

from geo.errors import N_
from store import audit_trail, ddl, ddl_accounts, ddl_decisions, ddl_drafts, ddl_findings, history
from store.clock import now as now
from store.connection import transaction
from store.errors import StoreError
from store.schema import LAYERS

Migration = tuple[str, Callable[[sqlite3.Connection], None]]
_RTREE_DEFINITION = "http://www.geopackage.org/spec120/#extension_rtree"


def add_srs(connection: sqlite3.Connection, crs: str) -> int:
    """Register `crs` ("AUTHORITY:code") in gpkg_spatial_ref_sys and return its srs_id.

    EPSG codes are their own srs_id; other authorities get a free number from 100000.
    """
    organization, _, code = crs.partition(":")
    if not code.isdigit():
        raise StoreError(
            N_("“{crs}” is not the code of a coordinate reference system."),
            N_("Name it by authority and number, such as EPSG:32650."),
            crs=crs,
        )
    known = connection.execute(
        "SELECT srs_id FROM gpkg_spatial_ref_sys"
        " WHERE organization = ? COLLATE NOCASE AND organization_coordsys_id = ?",
        (organization, int(code)),
    ).fetchone()
    if known:
        return int(known[0])
    system = CRS.from_user_input(crs)
    srs_id = int(code)
    if organization.upper() != "EPSG":
        srs_id = connection.execute("SELECT max(max(srs_id), 99999) + 1 FROM gpkg_spatial_ref_sys").fetchone()[0]
    connection.execute(
        "INSERT INTO gpkg_spatial_ref_sys VALUES (?, ?, ?, ?, ?, ?)",
        (system.name, srs_id, organization.upper(), int(code), system.to_wkt("WKT1_GDAL"), None),
    )
    return srs_id


def _geopackage(connection: sqlite3.Connection) -> None:
    connection.execute(f"PRAGMA application_id = {ddl.APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {ddl.USER_VERSION}")
    for statement in ddl.GPKG_TABLES:
        connection.execute(statement)
    for name, srs_id in (("Undefined cartesian SRS", -1), ("Undefined geographic SRS", 0)):
        row = (name, srs_id, "NONE", srs_id, "undefined", None)
        connection.execute("INSERT INTO gpkg_spatial_ref_sys VALUES (?, ?, ?, ?, ?, ?)", row)
    add_srs(connection, "EPSG:4326")


def _layers(connection: sqlite3.Connection) -> None:
    for statement in ddl.ATLAS_TABLES:
        connection.execute(statement)
    # A registered attribute table makes GDAL list registered tables only, not every table of the file.
    connection.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES (?, ?, ?)",
        ("atlas_imports", "attributes", "atlas_imports"),
    )
    for name, layer in LAYERS.items():
        for statement in ddl.layer_statements(layer):
            connection.execute(statement)
        connection.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES (?, ?, ?, ?)",
            (name, "features", name, ddl.UNDEFINED_SRS),
        )
        connection.execute(
            "INSERT INTO gpkg_geometry_columns VALUES (?, ?, ?, ?, ?, ?)",
            (name, "geom", layer.geometry, ddl.UNDEFINED_SRS, 0, 0),
        )
        connection.execute(
            "INSERT INTO gpkg_extensions VALUES (?, ?, ?, ?, ?)",
            (name, "geom", "gpkg_rtree_index", _RTREE_DEFINITION, "write-only"),
        )
        connection.execute("INSERT INTO atlas_layers (layer) VALUES (?)", (name,))


def _edits(connection: sqlite3.Connection) -> None:
    """Remember the last_change that each layer's last revision knew of; see `store.revisions`."""
    connection.execute("ALTER TABLE atlas_layers ADD COLUMN seen_change DATETIME")
    connection.execute(
        "UPDATE atlas_layers SET seen_change = (SELECT last_change FROM gpkg_contents WHERE table_name = layer)"
    )


def _scenarios(connection: sqlite3.Connection) -> None:
    """Keep planned changes of cameras; see `store.scenarios`."""
    for statement in ddl.SCENARIO_TABLES:
        connection.execute(statement)


def _severity(connection: sqlite3.Connection) -> None:
    """Give incidents a severity, missing in every row that is there; a store made today has the column already."""
    names = {row[1] for row in connection.execute("PRAGMA table_info(incidents)")}
    if "severity" not in names:
        connection.execute('ALTER TABLE incidents ADD COLUMN "severity" REAL')


def _live(connection: sqlite3.Connection) -> None:
    """Keep the log of incidents received live, tokens of senders, and alerts; see `store.live` and its neighbours."""
    for statement in ddl.LIVE_TABLES:
        connection.execute(statement)


def _accounts(connection: sqlite3.Connection) -> None:
    """Keep accounts and what they sign in by; tokens get an area and an end; see `store.accounts`."""
    for statement in ddl_accounts.ACCOUNT_TABLES:
        connection.execute(statement)


def _audit(connection: sqlite3.Connection) -> None:
    """Keep the audit trail; see `store.audit_trail`."""
    audit_trail.begin(connection)


def _camera_duties(connection: sqlite3.Connection) -> None:
    """Give cameras purpose, sign and retention, buildings a kind; a store made today has the columns already."""
    added = {
        "cameras": (("purpose", "TEXT"), ("sign", "BOOLEAN"), ("retention_days", "INTEGER")),
        "buildings": (("kind", "TEXT"),),
    }
    for table, columns in added.items():
        names = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
        for name, kind in columns:
            if name not in names:
                connection.execute(f'ALTER TABLE {table} ADD COLUMN "{name}" {kind}')


def _drafts(connection: sqlite3.Connection) -> None:
    """Keep drafts of the division and every version of every grid; see `store.drafts` and `store.history`."""
    for statement in ddl_drafts.DRAFT_TABLES:
        connection.execute(statement)
    history.begin(connection)


def _decisions(connection: sqlite3.Connection) -> None:
    """Keep decisions about the grid of single incidents; see `store.decisions`."""
    for statement in ddl_decisions.DECISION_TABLES:
        connection.execute(statement)


def _finding_notes(connection: sqlite3.Connection) -> None:
    """Keep what is noted of findings and what audits found; see `store.finding_notes` and `store.finding_history`."""
    for statement in ddl_findings.FINDING_TABLES:
        connection.execute(statement)


def _camera_masks(connection: sqlite3.Connection) -> None:
    """Give cameras the sectors that their pictures do not show; a store made today has the column already."""
    if "masks" not in {row[1] for row in connection.execute("PRAGMA table_info(cameras)")}:
        connection.execute('ALTER TABLE cameras ADD COLUMN "masks" TEXT')


MIGRATIONS: tuple[Migration, ...] = (
    ("0001-geopackage", _geopackage),
    ("0002-layers", _layers),
    ("0003-edits", _edits),
    ("0004-scenarios", _scenarios),
    ("0005-severity", _severity),
    ("0006-live", _live),
    ("0007-accounts", _accounts),
    ("0008-audit", _audit),
    ("0009-camera-duties", _camera_duties),
    ("0010-drafts", _drafts),
    ("0011-decisions", _decisions),
    ("0012-finding-notes", _finding_notes),
    ("0013-camera-masks", _camera_masks),
)


def applied(connection: sqlite3.Connection) -> tuple[str, ...] | None:
    """Return the names of the migrations the file has had, None if it is no store of ours."""
    table = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'atlas_migrations'"
    if connection.execute(table).fetchone() is None:
        return None
    return tuple(name for (name,) in connection.execute("SELECT name FROM atlas_migrations ORDER BY name"))


def migrate(connection: sqlite3.Connection, migrations: Sequence[Migration] = MIGRATIONS) -> tuple[str, ...]:
    """Apply what is missing and return its names; a migration that fails leaves nothing behind.

    Raises
    ------
    StoreError
        If the file has had migrations this version does not know.
    """
    known = [name for name, _ in migrations]
    newer = [name for name in applied(connection) or () if name not in known]
    if newer:
        raise StoreError(
            N_("The store was written by a newer version of GridAtlas ({names})."),
            N_("Update GridAtlas, or open another store."),
            names=", ".join(newer),
        )
    done = []
    for name, change in migrations:
        if name in (applied(connection) or ()):
            continue
        with transaction(connection, write=True):
            # Asked again inside the transaction: another process may have been faster.
            if name in (applied(connection) or ()):
                continue
            connection.execute(
                "CREATE TABLE IF NOT EXISTS atlas_migrations (name TEXT NOT NULL PRIMARY KEY, at DATETIME NOT NULL)"
            )
            change(connection)
            connection.execute("INSERT INTO atlas_migrations VALUES (?, ?)", (name, now()))
            if audit_trail.present(connection):
                audit_trail.record(connection, "migration", name)
            done.append(name)
    return tuple(done)
