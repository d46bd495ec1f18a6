"""Reads a zipped Shapefile, a KMZ, or a ZIP with one data file."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from geo.errors import N_
from store.errors import IntakeError
from store.intake.notebook import NoteBook
from store.intake.raw import RawTable
from store.intake.read_kml import read_kml
from store.intake.read_ogr import several_layers
from store.intake.read_shapefile import PARTS
from store.intake.sniff import REMEDY, SUFFIXES
from store.intake.zips import Archive, Member, open_zip

_DATA = frozenset(SUFFIXES) - {".zip", ".kmz", ".shp", ".txt"}


def read_kmz(path: Path, folder: Path, *, encoding: str | None, limit: int | None, book: NoteBook) -> RawTable:
    """Read the main document of a KMZ: ``doc.kml`` or the only ``.kml``."""
    with open_zip(path) as archive:
        documents = [member for member in archive.members if member.path.suffix.casefold() == ".kml"]
        main = [member for member in documents if str(member.path).casefold() == "doc.kml"] or documents
        if len(main) != 1:
            raise several_layers([str(member.path) for member in main])
        archive.extract(main[0], folder / "doc.kml")
    if len(documents) > 1:
        book.add(N_("Only the main document of the KMZ was read: {name}."), name=str(main[0].path))
    return read_kml(folder / "doc.kml", encoding=encoding, limit=limit, book=book)


def unpack(path: Path, folder: Path, layer_name: str | None) -> Path | str:
    """Unpack what is to be read of a ZIP.

    Returns
    -------
    what
        The name of the layer, when the parts of a Shapefile now lie in `folder` as ``source.*``; else the path of the
        one data file, which is to be read by its own content.

    Raises
    ------
    IntakeError
        Nothing to read, or several layers and none chosen.
    """
    with open_zip(path) as archive:
        shapes = {
            str(member.path.with_suffix("")): member
            for member in archive.members
            if member.path.suffix.casefold() == ".shp"
        }
        others = {str(member.path): member for member in archive.members if member.path.suffix.casefold() in _DATA}
        if shapes:
            name = _chosen(shapes, layer_name)
            _unpack_parts(archive, shapes[name].path, folder)
            return PurePosixPath(name).name
        if not others:
            raise IntakeError(N_("The archive holds no file that is read."), REMEDY)
        name = next(iter(others)) if len(others) == 1 else _chosen(others, layer_name)
        target = folder / f"source{others[name].path.suffix.casefold()}"
        archive.extract(others[name], target)
        return target


def _chosen(members: dict[str, Member], wanted: str | None) -> str:
    if wanted is None:
        if len(members) > 1:
            raise several_layers(list(members))
        return next(iter(members))
    for name, member in members.items():
        if wanted in (name, member.path.name, member.path.stem, str(member.path)):
            return name
    raise IntakeError(
        N_("There is no layer {name}; the file has: {layers}."),
        N_("Choose one of them."),
        name=wanted,
        layers=", ".join(sorted(members)),
    )


def _unpack_parts(archive: Archive, shp: PurePosixPath, folder: Path) -> None:
    for member in archive.members:
        suffix = member.path.suffix.casefold()
        same_place = str(member.path.parent).casefold() == str(shp.parent).casefold()
        if same_place and suffix in PARTS and member.path.stem.casefold() == shp.stem.casefold():
            target = folder / f"source{suffix}"
            if not target.exists() or member.path.stem == shp.stem:
                archive.extract(member, target)
