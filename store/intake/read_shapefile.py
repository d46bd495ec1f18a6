"""Reads Shapefiles: the parts are put together under names of our own, the text of the DBF is decoded here."""

from __future__ import annotations

import dataclasses
import re
import shutil
import struct
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from geo.errors import N_
from store.errors import IntakeError
from store.intake.arrow_columns import unique_columns
from store.intake.encoding import (
    CANDIDATES,
    GUESSED,
    decodes,
    detect,
    known_encoding,
    note_damage,
    preview_choices,
    wrong_encoding,
)
from store.intake.notebook import NoteBook
from store.intake.raw import RawTable, object_array
from store.intake.read_ogr import AGAIN, CUT_OFF, gdal, read_ogr
from store.intake.sniff import Format

PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
# Language driver ids of DBF files that are set on purpose; the others only tell the program's default.
_LANGUAGE = {
    0x4D: "gb18030",
    0x7A: "gb18030",
    0x4F: "big5",
    0x78: "big5",
    0x13: "shift_jis",
    0x7B: "shift_jis",
    0x4E: "euc_kr",
    0x79: "euc_kr",
    0xC9: "cp1251",
}
_STATED = {
    "936": "gb18030",
    "gbk": "gb18030",
    "gb2312": "gb18030",
    "950": "big5",
    "932": "shift_jis",
    "949": "euc_kr",
    "65001": "utf-8",
    "88591": "latin-1",
    "885915": "iso8859-15",
    "oem": "cp437",
}


def gather(path: Path, folder: Path) -> None:
    """Copy a ``.shp`` and the parts beside it, in whatever case their suffixes are, to ``source.*`` in `folder`."""
    for sibling in sorted(path.parent.iterdir()):
        suffix = sibling.suffix.casefold()
        same = sibling.stem == path.stem or (sibling.stem.casefold() == path.stem.casefold())
        target = folder / f"source{suffix}"
        if same and suffix in PARTS and (sibling.stem == path.stem or not target.exists()):
            shutil.copyfile(sibling, target)
    shutil.copyfile(path, folder / "source.shp")


def read_shapefile(folder: Path, *, name: str, encoding: str | None, limit: int | None, book: NoteBook) -> RawTable:
    """Read ``source.shp`` and its parts in `folder`.

    Parameters
    ----------
    folder
        Where the parts lie.
    name
        The layer's own name.
    encoding
        Of the DBF's text; None takes the ``.cpg``, else the DBF's language id, else guesses, with a note.

    Raises
    ------
    IntakeError
        Cut off, parts that do not belong together, or text that is not in its encoding.
    """
    shp, dbf = folder / "source.shp", folder / "source.dbf"
    _check_shp(shp)
    if not (folder / "source.shx").exists():
        book.add(N_("The .shx part is missing; it was made again from the .shp."))
    if dbf.exists():
        _check_dbf(dbf, folder / "source.shx")
    else:
        book.add(N_("The .dbf part is missing: there are geometries but no columns."))
    gdal().set_gdal_config_options({"SHAPE_RESTORE_SHX": True, "SHAPE_ENCODING": None})
    stated = folder / "source.cpg"
    label = stated.read_text("latin-1").strip().strip("\ufeff\"'ï»¿") if stated.exists() else None
    stated.unlink(missing_ok=True)
    # Read as Latin-1, in which every byte is one character, to have the bytes as they are.
    table = read_ogr(shp, Format.SHAPEFILE, layer=None, limit=limit, book=book, encoding="ISO-8859-1")
    raw = _raw_text(table)
    used = _encoding(raw, encoding, label, dbf, book)
    names = unique_columns([_name(column, used) for column in table.columns], book)
    columns = {
        unique: _decoded(values, used, raw, book) for unique, values in zip(names, table.columns.values(), strict=True)
    }
    return dataclasses.replace(
        table,
        columns=columns,
        encoding=used,
        layer_name=name,
        notes=book.notes(),
        encodings=preview_choices(_without_cuts(raw), limit),
    )


def _check_shp(path: Path) -> None:
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(100)
    if len(head) < 100 or struct.unpack(">i", head[24:28])[0] * 2 > size:
        raise IntakeError(CUT_OFF, AGAIN)
    if size == 100:
        raise IntakeError(N_("The file has no rows."), N_("Choose a file with data."))


def _check_dbf(path: Path, shx: Path) -> None:
    with path.open("rb") as stream:
        head = stream.read(32)
    if len(head) < 32:
        raise IntakeError(CUT_OFF, AGAIN)
    count, header, record = struct.unpack("<IHH", head[4:12])
    if header + count * record > path.stat().st_size:
        raise IntakeError(CUT_OFF, AGAIN)
    if shx.exists() and (shx.stat().st_size - 100) // 8 != count:
        raise IntakeError(
            N_("The parts do not belong together: {shapes} shapes in the .shx, {rows} rows in the .dbf."),
            AGAIN,
            shapes=(shx.stat().st_size - 100) // 8,
            rows=count,
        )


def _raw_text(table: RawTable) -> bytes:
    """Return every distinct text of the table and the column names, as bytes, one a line."""
    texts = set(table.columns)
    for values in table.columns.values():
        if values.dtype == object:
            texts.update(value for value in values if type(value) is str and not value.isascii())
    return "\n".join(sorted(texts)).encode("latin-1", "replace")


def _encoding(raw: bytes, chosen: str | None, label: str | None, dbf: Path, book: NoteBook) -> str:
    if chosen is not None:
        return _strict(known_encoding(chosen), raw)
    if raw.isascii():
        return _cpg_encoding(label) or "utf-8" if label else "utf-8"
    if label:
        name = _cpg_encoding(label)
        if name is None:
            book.add(N_("The .cpg names an encoding that is not known: {label}."), label=label[:40])
        else:
            _doubt(_strict(name, raw), raw, book)
            return name
    with dbf.open("rb") as stream:
        language = _LANGUAGE.get(stream.read(30)[29])
    if language and decodes_but_for_cuts(raw, language):
        return language
    found = detect(_without_cuts(raw))
    book.add(GUESSED, encoding=found.name)
    return found.name


def _cpg_encoding(label: str) -> str | None:
    """Return the encoding that the text of a .cpg means; None where it is not known."""
    plain = re.sub(r"[^a-z0-9]", "", label.casefold())
    plain = re.sub(r"^(?:ansi|cp|windows|iso(?=8859))", "", plain)
    if plain in _STATED:
        return _STATED[plain]
    for name in (label, f"cp{plain}", f"iso{plain}"):
        try:
            known_encoding(name)
        except IntakeError:
            continue
        return name.casefold()
    return None


def _doubt(name: str, raw: bytes, book: NoteBook) -> None:
    """Note a stated single-byte encoding, which fits any bytes, where the text looks like another one."""
    if name.replace("_", "-") in ("latin-1", "iso-8859-1", "iso8859-1", "iso8859-15", "cp1252", "cp437"):
        other = detect(raw).name
        if other in ("utf-8", *CANDIDATES[:5]):
            book.add(
                N_("The .cpg says {stated}, but the text looks like {other}. Check the preview, or give --encoding."),
                stated=name,
                other=other,
            )


def _strict(name: str, raw: bytes) -> str:
    if not decodes_but_for_cuts(raw, name):
        raise wrong_encoding(name, _without_cuts(raw))
    return name


def decodes_but_for_cuts(raw: bytes, name: str) -> bool:
    """Whether each line is in the encoding, but for a last character cut by the width of its field."""
    return decodes(raw, name) or all(_cut(line, name) is not None for line in raw.split(b"\n"))


def _cut(line: bytes, name: str) -> str | None:
    """Decode a text, leaving out a last character that is incomplete; None where it is not in the encoding."""
    try:
        return line.decode(name)
    except UnicodeDecodeError as error:
        # Only a value as wide as a field can be (DBF: 254 bytes, some writers less) loses its end.
        if (
            len(line) >= 10
            and error.start >= len(line) - 3
            and ("end of data" in error.reason or "incomplete" in error.reason)
        ):
            return line[: error.start].decode(name)
        return None


def _without_cuts(raw: bytes) -> bytes:
    """Leave out the lines that are in no candidate encoding as a whole, so that one cut text spoils no guess."""
    for name in ("utf-8", *CANDIDATES[:5]):
        if decodes(raw, name):
            return raw
        if decodes_but_for_cuts(raw, name):
            return b"\n".join(line for line in raw.split(b"\n") if decodes(line, name))
    return raw


def _name(column: str, encoding: str) -> str:
    raw = column.encode("latin-1", "replace")
    return _cut(raw, encoding) or raw.decode(encoding, "replace")


def _decoded(values: NDArray[Any], encoding: str, raw: bytes, book: NoteBook) -> NDArray[Any]:
    """Decode a column that was read as Latin-1."""
    if values.dtype != object:
        return values
    known: dict[str, str] = {}
    result = []
    for value in values:
        if type(value) is not str or value.isascii():
            result.append(value)
            continue
        if value not in known:
            line = value.encode("latin-1", "replace")
            text = _cut(line, encoding)
            if text is None:
                raise wrong_encoding(encoding, _without_cuts(raw))
            if len(text.encode(encoding)) < len(line):
                book.add(N_("Some texts end in half a character, cut by the width of their column; it was left out."))
            note_damage(text, book)
            known[value] = text
        result.append(known[value])
    return object_array(result)
