"""Export of one layer to a file: written aside in the same folder, then put in place under its name."""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet
import pyogrio
import shapely
from numpy.typing import NDArray

from geo.columns import Codes, LayerColumns, Snapshot
from geo.crs import WGS84, parse_crs, transform_geometry, transform_xy
from geo.errors import N_
from store.errors import ExportError
from store.export_names import DBF_DERIVED, DBF_NAMES
from store.export_tables import write_csv, write_xlsx
from store.opening import is_store
from store.schema import LAYERS, Kind, Layer

_GEOMETRY = "geometry"
_DBF_TEXT_LIMIT_BYTES = 254
_OGR_TYPES = MappingProxyType(
    {"POINT": "Point", "MULTIPOLYGON": "MultiPolygon", "MULTILINESTRING": "MultiLineString", "GEOMETRY": "Unknown"}
)
_FAMILIES = MappingProxyType({0: "point", 4: "point", 3: "polygon", 6: "polygon"})


@dataclass(frozen=True)
class Extract:
    """One layer ready to be written: geometries are already in `crs`."""

    layer: Layer
    columns: LayerColumns
    crs: str
    geometry: NDArray[Any]
    description: str
    about: tuple[tuple[str, str], ...] = ()

    def table(self) -> pa.Table:
        """Return the columns and the geometry (WKB) as an Arrow table."""
        arrays = {column.name: _arrow(column.kind, self.columns, column.name) for column in self.layer.columns}
        arrays[_GEOMETRY] = pa.array(shapely.to_wkb(self.geometry).tolist(), pa.binary())
        return pa.table(arrays)


def export_layer(snapshot: Snapshot, layer: str, file: Path, crs: str | None = None) -> int:
    """Write one layer of `snapshot` to `file` in the format of its suffix; return the number of rows.

    Parameters
    ----------
    file
        .geojson, .gpkg, .fgb, .parquet, .csv, .xlsx or .shp.zip. An existing file is replaced in one step; on any
        failure it stays as it was.
    crs
        Reference system of the coordinates; WGS 84 if not given. GeoJSON in WGS 84 follows RFC 7946.

    Raises
    ------
    ExportError
        Unknown layer or suffix, a text too long for the format, or a folder that cannot be written.
    ParameterError
        An unknown `crs`.
    """
    if layer not in LAYERS:
        raise ExportError(
            N_("There is no layer “{layer}”."), N_("Choose one of: {layers}."), layer=layer, layers=", ".join(LAYERS)
        )
    suffix = suffix_of(file)
    _put(prepare(snapshot, LAYERS[layer], crs or WGS84), file, suffix)
    return len(snapshot[layer])


def export_derived(
    layer: Layer,
    columns: LayerColumns,
    source: str | None,
    file: Path,
    crs: str | None = None,
    description: str = "",
    about: tuple[tuple[str, str], ...] = (),
) -> int:
    """Write rows that were worked out, not stored, as `export_layer` does; return their number.

    Parameters
    ----------
    layer
        Describes `columns`; areas are multipolygons.
    source
        CRS of the geometry; None while there is none.
    description
        Where the figures come from, for formats that have a place for it.
    about
        The same as names and values, for a second sheet of .xlsx.

    A spreadsheet (.csv, .xlsx) gets the columns without the geometry.
    """
    suffix = suffix_of(file)
    parse_crs(crs or WGS84)
    geometry = np.zeros(0, dtype=object) if columns.geometry is None else columns.geometry
    if suffix in _TABLES:
        layer = replace(layer, geometry="")
    elif len(geometry):
        geometry = transform_geometry(geometry, source or WGS84, crs or WGS84)
    _put(Extract(layer, columns, crs or WGS84, geometry, description, about), file, suffix)
    return len(columns)


def suffix_of(file: Path) -> str:
    """Return the suffix that says the format of `file`.

    Raises
    ------
    ExportError
        No known format, or the file is a store.
    """
    suffix = next((suffix for suffix in _WRITERS if file.name.lower().endswith(suffix)), None)
    if suffix is None:
        raise ExportError(
            N_("The format of “{file}” is not known."), N_("End its name in one of: {suffixes}."),
            file=file.name, suffixes=" ".join(_WRITERS),
        )  # fmt: skip
    if is_store(file):
        raise ExportError(
            N_("“{file}” is a store of GridAtlas; an export would destroy it."), N_("Choose another name."),
            file=str(file),
        )  # fmt: skip
    return suffix


def _put(extract: Extract, file: Path, suffix: str) -> None:
    """Write aside, then put in place."""
    try:
        with tempfile.TemporaryDirectory(prefix=".gridatlas-", dir=file.parent) as folder:
            aside = Path(folder) / f"{extract.layer.name}{suffix}"
            _WRITERS[suffix](extract, aside)
            aside.replace(file)
    except OSError as error:
        raise ExportError(
            N_("“{file}” cannot be written: {reason}."), N_("Check that the folder exists and has room."),
            file=str(file), reason=error.strerror or type(error).__name__,
        ) from error  # fmt: skip


def prepare(snapshot: Snapshot, layer: Layer, crs: str) -> Extract:
    """Return the layer with its geometries in `crs` (as shapely objects, points too)."""
    parse_crs(crs)
    columns = snapshot[layer.name]
    source = snapshot.crs or crs
    geometry: NDArray[Any]
    if columns.x is not None and columns.y is not None:
        geometry = np.full(len(columns), None, dtype=object)
        placed = np.isfinite(columns.x) & np.isfinite(columns.y)
        x, y = transform_xy(columns.x[placed], columns.y[placed], source, crs)
        geometry[placed] = shapely.points(x, y)
    else:
        assert columns.geometry is not None
        geometry = columns.geometry
        if len(geometry):
            geometry = transform_geometry(geometry, source, crs)
    origin = list(snapshot.sources.get(layer.name, ()))
    if columns.simulated:
        origin.append("simulated data, 模拟数据")
    return Extract(layer, columns, crs, geometry, "; ".join(origin))


def _arrow(kind: Kind, columns: LayerColumns, name: str) -> pa.Array:
    column = columns.columns[name]
    if isinstance(column, Codes) or kind in (Kind.TEXT, Kind.CODE):
        return pa.array(columns.text(name), pa.string())
    if kind is Kind.TIME:
        return pa.array(column.astype("datetime64[ms]"), pa.timestamp("ms")).cast(pa.timestamp("ms", tz="UTC"))
    if kind is Kind.BOOL:
        return pa.array(column == 1, pa.bool_(), mask=column < 0)
    missing = np.isnan(column)
    if kind is Kind.INTEGER:
        return pa.array(np.where(missing, 0, column).astype(np.int64), pa.int64(), mask=missing)
    return pa.array(np.asarray(column, dtype=np.float64), pa.float64(), mask=missing)


def _write_ogr(extract: Extract, file: Path, driver: str, **options: str) -> None:
    pyogrio.write_arrow(
        extract.table(), file, layer=extract.layer.name, driver=driver, geometry_name=_GEOMETRY,
        geometry_type=_OGR_TYPES[extract.layer.geometry], crs=extract.crs, **options,
    )  # fmt: skip


def _described(extract: Extract) -> dict[str, str]:
    return {"DESCRIPTION": extract.description} if extract.description else {}


def _write_geojson(extract: Extract, file: Path) -> None:
    rfc = {"RFC7946": "YES"} if parse_crs(extract.crs) == parse_crs(WGS84) else {}
    _write_ogr(extract, file, "GeoJSON", **rfc, **_described(extract))


def _write_gpkg(extract: Extract, file: Path) -> None:
    _write_ogr(extract, file, "GPKG", **_described(extract))


def _write_fgb(extract: Extract, file: Path) -> None:
    # FlatGeobuf's index has no place for a row without geometry.
    index = {} if not shapely.is_missing(extract.geometry).any() else {"SPATIAL_INDEX": "NO"}
    _write_ogr(extract, file, "FlatGeobuf", **index, **_described(extract))


def _write_parquet(extract: Extract, file: Path) -> None:
    """Write GeoParquet 1.1.0 (https://geoparquet.org/releases/v1.1.0/)."""
    present = extract.geometry[~(shapely.is_missing(extract.geometry) | shapely.is_empty(extract.geometry))]
    column: dict[str, Any] = {
        "encoding": "WKB",
        "geometry_types": sorted({geometry.geom_type for geometry in present}),
        "crs": json.loads(parse_crs(extract.crs).to_json()),
    }
    if len(present):
        column["bbox"] = shapely.total_bounds(present).tolist()
    meta = {"version": "1.1.0", "primary_column": _GEOMETRY, "columns": {_GEOMETRY: column}}
    table = extract.table().replace_schema_metadata({"geo": json.dumps(meta)})
    pyarrow.parquet.write_table(table, file, compression="zstd")


def _write_shapefile(extract: Extract, file: Path) -> None:
    table = extract.table()
    for name in table.column_names[:-1]:
        if pa.types.is_string(table.schema.field(name).type):
            longest = pa.compute.max(pa.compute.binary_length(table[name])).as_py() or 0
            if longest > _DBF_TEXT_LIMIT_BYTES:
                raise ExportError(
                    N_("A Shapefile cannot hold the texts of “{column}”: one has {count} bytes, the limit is {limit}."),
                    N_("Choose GeoPackage or another format."),
                    column=name, count=longest, limit=_DBF_TEXT_LIMIT_BYTES,
                )  # fmt: skip
    table = table.rename_columns([{**DBF_NAMES, **DBF_DERIVED}.get(name, name) for name in table.column_names])
    folder = file.parent / "parts"
    folder.mkdir()
    for name, rows in _shape_parts(extract).items():
        kind = {"point": "Point", "polygon": "MultiPolygon"}.get(name.rpartition("_")[2], "Unknown")
        if len(rows) == len(table):
            kind = _OGR_TYPES[extract.layer.geometry] if extract.layer.geometry != "GEOMETRY" else kind
        pyogrio.write_arrow(
            table.take(pa.array(rows)), folder / f"{name}.shp", layer=name, driver="ESRI Shapefile",
            geometry_name=_GEOMETRY, geometry_type=kind, crs=extract.crs, ENCODING="UTF-8",
        )  # fmt: skip
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in sorted(folder.iterdir()):
            archive.write(part, part.name)


def _shape_parts(extract: Extract) -> dict[str, NDArray[np.int64]]:
    """Return file name -> rows: a Shapefile holds one family of geometries only."""
    everything = np.arange(len(extract.geometry))
    if extract.layer.geometry != "GEOMETRY":
        return {extract.layer.name: everything}
    families = np.array([_FAMILIES.get(kind, "point") for kind in shapely.get_type_id(extract.geometry)], dtype=object)
    names = sorted(set(families.tolist())) or ["point"]
    return {f"{extract.layer.name}_{name}": everything[families == name] for name in names}


def _write_csv(extract: Extract, file: Path) -> None:
    write_csv(extract.layer, extract.columns, extract.geometry, extract.crs, file)


def _write_xlsx(extract: Extract, file: Path) -> None:
    write_xlsx(extract.layer, extract.columns, extract.geometry, extract.crs, file, extract.about)


_WRITERS: dict[str, Callable[[Extract, Path], None]] = {
    ".geojson": _write_geojson,
    ".gpkg": _write_gpkg,
    ".fgb": _write_fgb,
    ".parquet": _write_parquet,
    ".csv": _write_csv,
    ".xlsx": _write_xlsx,
    ".shp.zip": _write_shapefile,
}
SUFFIXES = tuple(_WRITERS)
_TABLES = (".csv", ".xlsx")
