"""Files with random damage are read or refused in words; nothing else comes out of a reader."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from store.errors import IntakeError
from store.intake.raw import RawTable
from store.intake.read_table import read_table
from tests.store.intake_files import NAMES, write_shapefile, write_vector, write_zip, zip_shapefile

RUNS = 60
SUFFIXES = ("gpkg", "fgb", "zip", "kmz", "kml", "xlsx", "parquet", "csv", "geojson")


def sound(folder: Path, suffix: str) -> Path:
    file = folder / f"a.{suffix}"
    point = "<Point><coordinates>1,2</coordinates></Point>"
    kml = "<kml>" + "".join(f"<Placemark><name>{n}</name>{point}</Placemark>" for n in NAMES) + "</kml>"
    if suffix in ("gpkg", "fgb"):
        return write_vector(file, {"gpkg": "GPKG", "fgb": "FlatGeobuf"}[suffix])
    if suffix == "zip":
        return zip_shapefile(file, write_shapefile(folder))
    if suffix == "kmz":
        return write_zip(file, {"doc.kml": kml.encode()})
    if suffix == "xlsx":
        book = openpyxl.Workbook()
        for row in ("name", *NAMES):
            book.active.append([row])
        book.save(file)
    elif suffix == "parquet":
        pq.write_table(pa.table({"name": list(NAMES), "n": [1, None, 3]}), file)
    elif suffix == "kml":
        file.write_text(kml, encoding="utf-8")
    elif suffix == "csv":
        file.write_text("name,n\n" + "".join(f'"{n}",1\n' for n in NAMES), encoding="gb18030")
    else:
        geometry = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}
        features = [{"type": "Feature", "properties": {"name": n}, "geometry": geometry} for n in NAMES]
        file.write_text(json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False), "utf-8")
    return file


def damaged(data: bytes, rng: random.Random) -> Iterator[bytes]:
    for _ in range(RUNS):
        out = bytearray(data)
        for _ in range(rng.choice([1, 1, 2, 5, 20])):
            at, kind = rng.randrange(len(out)), rng.random()
            if kind < 0.6:
                out[at] = rng.randrange(256)
            elif kind < 0.75:
                del out[at : at + rng.randrange(1, 30)]
            elif kind < 0.9:
                out[at:at] = rng.randbytes(rng.randrange(1, 9))
            else:
                del out[at + 1 :]
            if not out:
                break
        yield bytes(out)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # GDAL quoting a damaged name
def test_random_damage(tmp_path: Path, suffix: str) -> None:
    source = sound(tmp_path, suffix)
    data = source.read_bytes()
    assert len(read_table(source)) == 3
    read = refused = 0
    for bad in damaged(data, random.Random(suffix)):
        source.write_bytes(bad)
        try:
            table = read_table(source)
        except IntakeError as error:
            assert error.text()
            refused += 1
        else:
            check(table)
            read += 1
    assert read + refused == RUNS
    assert refused


def check(table: RawTable) -> None:
    numbers = sorted([*table.row.tolist(), *[reject.row for reject in table.rejects]])
    assert numbers == list(range(1, table.total + 1))
    assert all(note.text() for note in table.notes)
    assert all(reject.reason.format(**reject.params) and reject.remedy for reject in table.rejects)
