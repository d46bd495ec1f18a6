"""Reads GeoPackage, FlatGeobuf and Shapefile through GDAL, after their bytes were checked."""

from __future__ import annotations

import shutil
import sqlite3
import struct
import sys
import warnings
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa

from geo.errors import N_
from store.errors import IntakeError
from store.intake import lockdown
from store.intake.arrow_columns import kept_rows, no_rows
from store.intake.notebook import NoteBook
from store.intake.raw import RawTable
from store.intake.sniff import Format

CUT_OFF = N_("The file is shorter than it says it is: it was cut off.")
AGAIN = N_("Transfer or export it again.")


def read_geopackage(
    path: Path, folder: Path, *, encoding: str | None = None, layer_name: str | None, limit: int | None, book: NoteBook
) -> RawTable:
    """Read one layer of a GeoPackage from a copy in `folder`, in which no trigger or view ever runs.

    Raises
    ------
    IntakeError
        Damaged, cut off, virtual tables, a view as layer, or several layers and none chosen.
    """
    copy = folder / "source.gpkg"
    shutil.copyfile(path, copy)
    log = path.with_name(path.name + "-wal")
    if log.exists():
        shutil.copyfile(log, folder / "source.gpkg-wal")
    else:
        _whole_pages(copy)
    try:
        layer, count = _choose_layer(copy, layer_name, book)
        _strip(copy, layer)
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        raise IntakeError(N_("The GeoPackage is damaged or cut off: {detail}."), AGAIN, detail=str(error)) from error
    table = read_ogr(copy, Format.GPKG, layer=layer, limit=limit, book=book, text_encoding=encoding)
    if limit is None and table.total != count:
        raise IntakeError(CUT_OFF, AGAIN)
    return table


def gdal() -> Any:
    """Return pyogrio, which loads GDAL.

    It also loads geopandas, pandas and pyproj where it finds them, which takes longer than to read most files; none is
    used to read one, so a process that reads a file and ends does without.
    """
    spared = [name for name in ("geopandas", "pandas", "pyproj") if lockdown.limited() and name not in sys.modules]
    sys.modules.update(dict.fromkeys(spared))  # type: ignore[arg-type] # None: not to be found
    try:
        import pyogrio
    finally:
        for name in spared:
            del sys.modules[name]
    return pyogrio


def _whole_pages(path: Path) -> None:
    """Refuse a database file that lacks pages its header counts."""
    with path.open("rb") as stream:
        head = stream.read(100)
    if len(head) < 100:
        raise IntakeError(CUT_OFF, AGAIN)
    (page,) = struct.unpack(">H", head[16:18])
    (pages,) = struct.unpack(">I", head[28:32])
    if path.stat().st_size < (65536 if page == 1 else page) * pages:
        raise IntakeError(CUT_OFF, AGAIN)


def _choose_layer(path: Path, wanted: str | None, book: NoteBook) -> tuple[str, int]:
    """Return the layer to read and its number of rows; refuse what could run code of the file."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        connection.execute("PRAGMA trusted_schema=OFF")
        for name, sql in connection.execute("SELECT name, sql FROM sqlite_master WHERE sql LIKE '%VIRTUAL%TABLE%'"):
            words = sql.split(None, 3)
            if [word.upper() for word in words[:2]] == ["CREATE", "VIRTUAL"] and "USING RTREE" not in " ".join(
                sql.upper().split()
            ):
                raise IntakeError(
                    N_("The GeoPackage holds the virtual table {name}, which is refused: reading it can run code."),
                    N_("Export the layer alone into a new GeoPackage."),
                    name=name,
                )
        view = "SELECT name FROM sqlite_master WHERE type = 'view' AND lower(substr(name, 1, 5)) = 'gpkg_'"
        for (name,) in connection.execute(view):
            raise IntakeError(
                N_("The layer {name} is a view, which is refused: reading it can run code."),
                N_("Export the layer into a new GeoPackage."),
                name=name,
            )
        layers = dict(
            connection.execute(
                "SELECT table_name, data_type FROM gpkg_contents "
                "WHERE data_type IN ('features', 'attributes', 'aspatial')"
            ).fetchall()
        )
        spatial = [name for name, kind in layers.items() if kind == "features"]
        choice = spatial or list(layers)
        if wanted is not None:
            if wanted not in layers:
                raise IntakeError(
                    N_("There is no layer {name}; the file has: {layers}."),
                    N_("Choose one of them."),
                    name=wanted,
                    layers=", ".join(layers) or "-",
                )
            layer = wanted
        elif len(choice) == 1:
            layer = choice[0]
        elif not choice:
            raise no_rows()
        else:
            raise several_layers(choice)
        found = connection.execute("SELECT type FROM sqlite_master WHERE name = ? COLLATE NOCASE", (layer,)).fetchone()
        if found is None or found[0] != "table":
            raise IntakeError(
                N_("The layer {name} is a view, which is refused: reading it can run code."),
                N_("Export the layer into a new GeoPackage."),
                name=layer,
            )
        quoted = layer.replace('"', '""')
        if any(row[6] in (2, 3) for row in connection.execute(f'PRAGMA table_xinfo("{quoted}")')):
            raise IntakeError(
                N_("The layer {name} has computed columns, which is refused: reading it can run code."),
                N_("Export the layer into a new GeoPackage."),
                name=layer,
            )
        count = connection.execute(f'SELECT count(*) FROM "{quoted}"').fetchone()[0]
    others = [name for name in layers if name != layer]
    if others and wanted is None:
        book.add(
            N_("The layer {layer} was read; others in the file were not: {others}."),
            layer=layer,
            others=", ".join(others),
        )
    return layer, count


def several_layers(names: list[str]) -> IntakeError:
    """Return the error for a source with several layers of which none was chosen."""
    return IntakeError(
        N_("The file has several layers: {layers}."), N_("Choose one by its name."), layers=", ".join(sorted(names))
    )


def _strip(copy: Path, layer: str) -> None:
    """Take out of the copy what GDAL would look at and nobody asked for: views, triggers, all other layers."""
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute("PRAGMA trusted_schema=OFF")
        rows = connection.execute("SELECT type, name FROM sqlite_master WHERE type IN ('trigger', 'view')").fetchall()
        for kind, name in sorted(rows):  # triggers first: dropping a view fires none of them
            quoted = name.replace('"', '""')
            connection.execute(f'DROP {kind} "{quoted}"')
        connection.execute("DELETE FROM gpkg_contents WHERE table_name <> ? COLLATE NOCASE", (layer,))
        connection.commit()


def read_flatgeobuf(
    path: Path, folder: Path, *, encoding: str | None = None, limit: int | None, book: NoteBook
) -> RawTable:
    """Read a FlatGeobuf file; raises `IntakeError` where it is damaged or cut off."""
    copy = folder / "source.fgb"
    shutil.copyfile(path, copy)
    return read_ogr(copy, Format.FLATGEOBUF, layer=None, limit=limit, book=book, text_encoding=encoding)


def read_ogr(
    path: Path,
    driver: Format,
    *,
    layer: str | None,
    limit: int | None,
    book: NoteBook,
    encoding: str | None = None,
    text_encoding: str | None = None,
) -> RawTable:
    """Read one layer with GDAL; the format was checked before, and the driver is checked again here.

    `encoding` is GDAL's for a Shapefile; `text_encoding` is that of texts which should be UTF-8 and are not.
    """
    pyogrio = gdal()
    from pyogrio.errors import CRSError, DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            if not len(pyogrio.list_layers(path)):
                raise IntakeError(CUT_OFF, AGAIN)
            info = pyogrio.read_info(path, layer=layer, encoding=encoding)
            if info["driver"] != driver.value:
                raise IntakeError(
                    N_("The file was taken for {format} but opens as {other}."),
                    AGAIN,
                    format=driver.value,
                    other=info["driver"],
                )
            meta, table = pyogrio.raw.read_arrow(
                path, layer=layer, encoding=encoding, max_features=limit, datetime_as_string=True
            )
        except (
            DataSourceError,
            DataLayerError,
            FeatureError,
            FieldError,
            GeometryError,
            CRSError,
            pa.ArrowException,
            OSError,
            UnicodeDecodeError,
        ) as error:
            if isinstance(error, MemoryError) or getattr(error, "errno", None) is not None:
                raise
            raise IntakeError(
                N_("The {format} file is damaged or cut off: {detail}."), AGAIN, format=driver.value, detail=str(error)
            ) from error
    for warning in caught:
        book.add(N_("The reader warned: {detail}"), detail=str(warning.message).replace(f"{path.parent}/", ""))
    if limit is None and 0 <= info["features"] != table.num_rows:
        raise IntakeError(CUT_OFF, AGAIN)
    if not table.num_rows:
        raise no_rows()
    return _raw(meta, table, driver, info["layer_name"], book, text_encoding)


def _raw(
    meta: dict[str, Any], table: Any, driver: Format, layer: str, book: NoteBook, encoding: str | None
) -> RawTable:
    name = meta["geometry_name"] or "wkb_geometry"
    present = name in table.column_names
    if present and meta["geometry_type"] is None:
        table, present = table.drop_columns([name]), False
    columns, geometry, rows, rejects = kept_rows(table, name if present else None, book, encoding)
    crs = meta["crs"]
    if crs is not None and ("Undefined" in crs or "Unknown" in crs.split(",", 1)[0]):
        crs = None
    return RawTable(
        columns=columns,
        geometry=geometry,
        row=rows,
        crs=crs,
        encoding="utf-8",
        driver=driver.value,
        layer_name=layer,
        notes=book.notes(),
        rejects=tuple(rejects),
        total=table.num_rows,
    )
