"""SQL text of a store: the GeoPackage 1.4 tables, the canonical layers, their R-trees and triggers.

Sources: OGC 12-128r19 (GeoPackage 1.4.0), clause 1.1.3 (application id, user version), clause 2.1 (features) and
annex F.3 (R-tree extension; the trigger set insert/update2/update4/update5/update6/update7/delete of version 1.4).
"""

from __future__ import annotations

from store.schema import Kind, Layer

APPLICATION_ID = 0x47504B47  # "GPKG"
USER_VERSION = 10400
UNDEFINED_SRS = -1  # undefined cartesian, while a store has no CRS yet
TIME_TREE = "atlas_incidents_xyt"
# Minutes in the time R-tree count from here: float32 then still resolves one minute until the year 2031.
TIME_EPOCH = "2000-01-01T00:00:00"
_TIME_EPOCH_JULIAN = 2451544.5

GPKG_TABLES = (
    """CREATE TABLE gpkg_spatial_ref_sys (
        srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY, organization TEXT NOT NULL,
        organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT)""",
    """CREATE TABLE gpkg_contents (
        table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE,
        description TEXT DEFAULT '',
        last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
        min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER,
        CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id))""",
    """CREATE TABLE gpkg_geometry_columns (
        table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL,
        z TINYINT NOT NULL, m TINYINT NOT NULL,
        CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name), CONSTRAINT uk_gc_table_name UNIQUE (table_name),
        CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
        CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id))""",
    """CREATE TABLE gpkg_extensions (
        table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL, definition TEXT NOT NULL, scope TEXT NOT NULL,
        CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name))""",
)

ATLAS_TABLES = (
    "CREATE TABLE atlas_meta (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE atlas_revisions (
        revision INTEGER PRIMARY KEY, at DATETIME NOT NULL, layer TEXT, kind TEXT NOT NULL, rows INTEGER NOT NULL)""",
    # revision: last change; rewritten: last change other than added rows; since: when the layer was last emptied.
    """CREATE TABLE atlas_layers (
        layer TEXT NOT NULL PRIMARY KEY, revision INTEGER NOT NULL DEFAULT 0, rewritten INTEGER NOT NULL DEFAULT 0,
        since INTEGER NOT NULL DEFAULT 0, updated_at DATETIME, simulated INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID""",
    """CREATE TABLE atlas_imports (
        id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, revision INTEGER NOT NULL REFERENCES atlas_revisions(revision),
        at DATETIME NOT NULL, layer TEXT NOT NULL, mode TEXT NOT NULL, file_name TEXT NOT NULL, sha256 TEXT NOT NULL,
        source_crs TEXT NOT NULL, encoding TEXT NOT NULL, timezone TEXT NOT NULL, attribution TEXT NOT NULL,
        simulated BOOLEAN NOT NULL, demo BOOLEAN NOT NULL, inserted INTEGER NOT NULL, updated INTEGER NOT NULL,
        rejected INTEGER NOT NULL, notes TEXT NOT NULL)""",
    """CREATE TABLE atlas_rejects (
        id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
        import_id INTEGER NOT NULL REFERENCES atlas_imports(id) ON DELETE CASCADE, row INTEGER NOT NULL,
        field TEXT NOT NULL, value TEXT NOT NULL, reason TEXT NOT NULL, remedy TEXT NOT NULL, params TEXT NOT NULL)""",
    "CREATE INDEX atlas_rejects_by_import ON atlas_rejects (import_id, id)",
    "CREATE TABLE atlas_mappings (signature TEXT NOT NULL PRIMARY KEY, mapping TEXT NOT NULL, at DATETIME NOT NULL)",
)

SCENARIO_TABLES = (
    """CREATE TABLE atlas_scenarios (
        id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL, version INTEGER NOT NULL, changes TEXT NOT NULL,
        base TEXT NOT NULL, options TEXT NOT NULL, base_revision INTEGER NOT NULL, created_at DATETIME NOT NULL,
        updated_at DATETIME NOT NULL, applied_revision INTEGER, deleted_at DATETIME) WITHOUT ROWID""",
    "CREATE UNIQUE INDEX atlas_scenario_name ON atlas_scenarios (name) WHERE deleted_at IS NULL",
)

LIVE_TABLES = (
    # One line for each incident received; seq is the cursor of those who follow, and is never used again.
    """CREATE TABLE atlas_live (
        seq INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, fid INTEGER NOT NULL UNIQUE, revision INTEGER NOT NULL,
        digest BLOB NOT NULL, at DATETIME NOT NULL)""",
    """CREATE TABLE atlas_tokens (
        id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, name TEXT NOT NULL, digest BLOB NOT NULL UNIQUE,
        scope TEXT NOT NULL, created_at DATETIME NOT NULL, revoked_at DATETIME)""",
    "CREATE UNIQUE INDEX atlas_token_name ON atlas_tokens (name) WHERE revoked_at IS NULL",
    """CREATE TABLE atlas_alerts (
        id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, level TEXT NOT NULL, grid_code TEXT NOT NULL,
        raised_at DATETIME NOT NULL, updated_at DATETIME NOT NULL, ended_at DATETIME, start_at DATETIME NOT NULL,
        end_at DATETIME NOT NULL, count INTEGER NOT NULL, expected REAL NOT NULL, probability REAL NOT NULL,
        weeks INTEGER NOT NULL, threshold REAL NOT NULL, acknowledged_at DATETIME, acknowledged_by TEXT, note TEXT)""",
    "CREATE UNIQUE INDEX atlas_alert_open ON atlas_alerts (level, grid_code) WHERE ended_at IS NULL",
)

_SQL_TYPE = {
    Kind.TEXT: "TEXT",
    Kind.CODE: "TEXT",
    Kind.REAL: "REAL",
    Kind.INTEGER: "INTEGER",
    Kind.BOOL: "BOOLEAN",
    Kind.TIME: "DATETIME",
}


def layer_table(layer: Layer) -> str:
    """Return the CREATE TABLE statement of one layer."""
    columns = "".join(f', "{column.name}" {_SQL_TYPE[column.kind]}' for column in layer.columns)
    fixed = f"fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom {layer.geometry}"
    return f'CREATE TABLE "{layer.name}" ({fixed}{columns})'


def key_index_name(layer: str) -> str:
    return f"atlas_key_{layer}"


def key_index(layer: Layer) -> str:
    """Return the statement that makes the layer's key unique."""
    columns = ", ".join(f'"{name}"' for name in layer.key)
    return f'CREATE UNIQUE INDEX "{key_index_name(layer.name)}" ON "{layer.name}" ({columns})'


def tree_name(layer: str) -> str:
    """Return the name of the layer's standard GeoPackage R-tree."""
    return f"rtree_{layer}_geom"


def trees(layer: str) -> tuple[str, ...]:
    """Return the statements that create the (empty) R-trees of a layer."""
    plane = f'CREATE VIRTUAL TABLE "{tree_name(layer)}" USING rtree(id, minx, maxx, miny, maxy)'
    if layer != "incidents":
        return (plane,)
    return (plane, f"CREATE VIRTUAL TABLE {TIME_TREE} USING rtree(id, minx, maxx, miny, maxy, mint, maxt)")


def _box(row: str) -> str:
    return f"ST_MinX({row}.geom), ST_MaxX({row}.geom), ST_MinY({row}.geom), ST_MaxY({row}.geom)"


def minutes_sql(column: str) -> str:
    """Return SQL for the minutes between 2000-01-01 UTC and the DATETIME text in `column`."""
    return f"((julianday({column}) - {_TIME_EPOCH_JULIAN}) * 1440.0)"


def triggers(layer: str) -> dict[str, str]:
    """Return name -> CREATE TRIGGER statement of everything that keeps the layer's R-trees in step."""
    tree = tree_name(layer)
    filled = {row: f"({row}.geom NOTNULL AND NOT ST_IsEmpty({row}.geom))" for row in ("NEW", "OLD")}
    empty = {row: f"({row}.geom ISNULL OR ST_IsEmpty({row}.geom))" for row in ("NEW", "OLD")}
    insert = f'INSERT OR REPLACE INTO "{tree}" VALUES (NEW.fid, {_box("NEW")});'
    remove = f'DELETE FROM "{tree}" WHERE id = OLD.fid;'
    change = (
        f'UPDATE "{tree}" SET minx = ST_MinX(NEW.geom), maxx = ST_MaxX(NEW.geom), miny = ST_MinY(NEW.geom),'
        " maxy = ST_MaxY(NEW.geom) WHERE id = NEW.fid;"
    )
    same, moved = "OLD.fid = NEW.fid", "OLD.fid != NEW.fid"
    rules = {
        f"{tree}_insert": ("INSERT", filled["NEW"], insert),
        f"{tree}_update2": ("UPDATE OF geom", f"{same} AND {empty['NEW']}", remove),
        f"{tree}_update4": (
            "UPDATE",
            f"{moved} AND {empty['NEW']}",
            f'DELETE FROM "{tree}" WHERE id IN (OLD.fid, NEW.fid);',
        ),
        f"{tree}_update5": ("UPDATE", f"{moved} AND {filled['NEW']}", remove + insert),
        f"{tree}_update6": ("UPDATE OF geom", f"{same} AND {filled['NEW']} AND {filled['OLD']}", change),
        f"{tree}_update7": ("UPDATE OF geom", f"{same} AND {filled['NEW']} AND {empty['OLD']}", insert),
        f"{tree}_delete": ("DELETE", "OLD.geom NOTNULL", remove),
    }
    if layer == "incidents":
        minutes = minutes_sql("NEW.occurred_at")
        timed = f"{filled['NEW']} AND {minutes} NOTNULL"
        value = f"{_box('NEW')}, {minutes}, {minutes}"
        forget = f"DELETE FROM {TIME_TREE} WHERE id = OLD.fid;"
        add = f"INSERT OR REPLACE INTO {TIME_TREE} SELECT NEW.fid, {value} WHERE {timed};"
        rules |= {
            f"{TIME_TREE}_insert": ("INSERT", timed, f"INSERT OR REPLACE INTO {TIME_TREE} VALUES (NEW.fid, {value});"),
            f"{TIME_TREE}_update": ("UPDATE OF fid, geom, occurred_at", "1", forget + add),
            f"{TIME_TREE}_delete": ("DELETE", "1", forget),
        }
    return {
        name: f'CREATE TRIGGER "{name}" AFTER {event} ON "{layer}" WHEN {condition} BEGIN {action} END'
        for name, (event, condition, action) in rules.items()
    }


def layer_statements(layer: Layer) -> list[str]:
    """Return everything that makes an empty layer, in order."""
    return [layer_table(layer), key_index(layer), *trees(layer.name), *triggers(layer.name).values()]
