"""Writes small source files for the tests of intake."""

from __future__ import annotations

import io
import sqlite3
import struct
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely

from store.intake.raw import object_array

NAMES = ("北京市海淀区中关村大街", "上海市黄浦区南京东路", "盗窃案件")
EXPECTED = {i: (NAMES[i], float(i), i + 0.5) for i in range(3)}  # of what is written, by its number


def write_vector(
    file: Path,
    driver: str,
    *,
    crs: str | None = "EPSG:4326",
    rows: int = 3,
    layer: str | None = None,
    append: bool = False,
    encoding: str | None = None,
    **columns: Any,
) -> Path:
    """Write `rows` points (i, i + 0.5) with a name each through GDAL."""
    points = shapely.points(np.arange(rows), np.arange(rows) + 0.5)
    fields = {"name": object_array([NAMES[i % 3] for i in range(rows)]), "n": np.arange(rows), **columns}
    pyogrio.raw.write(
        file,
        shapely.to_wkb(points),
        list(fields.values()),
        list(fields),
        geometry_type="Point",
        crs=crs,
        driver=driver,
        layer=layer,
        append=append,
        encoding=encoding,
    )
    return file


def write_shapefile(folder: Path, stem: str = "a", encoding: str = "gb18030", **options: Any) -> Path:
    """Write a Shapefile and drop its .cpg."""
    file = write_vector(folder / f"{stem}.shp", "ESRI Shapefile", encoding=encoding, **options)
    file.with_suffix(".cpg").unlink(missing_ok=True)
    return file


def write_zip(file: Path, members: dict[str, bytes]) -> Path:
    """Write an archive of these members."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file


def zip_shapefile(file: Path, shp: Path, folder: str = "", rename: dict[str, str] | None = None) -> Path:
    """Pack a Shapefile's parts."""
    names = rename or {}
    parts = sorted(shp.parent.glob(f"{shp.stem}.*"))
    return write_zip(file, {folder + names.get(part.suffix, part.name): part.read_bytes() for part in parts})


def zeros(size: int) -> bytes:
    """Return a ZIP whose one member unpacks to `size` zeros."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a.csv", "w") as sink:
        for _ in range(size >> 20):
            sink.write(bytes(1 << 20))
    return out.getvalue()


def lie_about_size(data: bytes, stated: int) -> bytes:
    """Set the unpacked size of the only member, in both of its headers, to `stated`."""
    local = data.index(b"PK\x03\x04")
    central = data.index(b"PK\x01\x02")
    out = bytearray(data)
    out[local + 22 : local + 26] = struct.pack("<I", stated)
    out[central + 24 : central + 28] = struct.pack("<I", stated)
    return bytes(out)


def with_functions(file: Path) -> sqlite3.Connection:
    """Connect with stand-ins for the functions that the triggers of a GeoPackage's R-tree call."""
    connection = sqlite3.connect(file)
    for name in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
        connection.create_function(name, 1, lambda blob: 0)
    return connection


def execute(file: Path, *statements: str) -> None:
    """Change a GeoPackage as another program would."""
    with closing(with_functions(file)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
