"""Archives: harmless ones are read, hostile ones refused before they cost anything."""

from __future__ import annotations

import io
import stat
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from store.errors import IntakeError
from store.intake import zips
from store.intake.raw import RawTable
from store.intake.read_table import read_table
from tests.store.intake_files import NAMES, lie_about_size, write_shapefile, write_zip, zeros, zip_shapefile

KML = (
    '<kml xmlns="http://www.opengis.net/kml/2.2"><Document><Placemark><name>{name}</name>'
    "<Point><coordinates>1,2</coordinates></Point></Placemark></Document></kml>"
)


def said(table: RawTable) -> str:
    return " | ".join(note.text() for note in table.notes)


@pytest.mark.parametrize("folder", ["", "data/", "数据/图层/"])
def test_a_zipped_shapefile(tmp_path: Path, folder: str) -> None:
    file = zip_shapefile(tmp_path / "a.zip", write_shapefile(tmp_path), folder)
    table = read_table(file, encoding="gbk")
    assert table.columns["name"].tolist() == list(NAMES)
    assert (table.layer_name, table.crs, table.driver, table.notes) == ("a", "EPSG:4326", "ESRI Shapefile", ())


def test_members_in_mixed_case_and_litter(tmp_path: Path) -> None:
    shp = write_shapefile(tmp_path)
    file = zip_shapefile(tmp_path / "a.zip", shp, rename={".shp": "A.SHP", ".dbf": "a.Dbf", ".shx": "A.shx"})
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("__MACOSX/._A.SHP", b"x")
        archive.writestr(".DS_Store", b"x")
        archive.writestr("readme.txt", b"x")
    assert len(read_table(file, encoding="gbk")) == 3


def test_names_in_the_packer_s_own_encoding(tmp_path: Path) -> None:
    shp = write_shapefile(tmp_path, stem="AAAA")
    file = zip_shapefile(tmp_path / "a.zip", shp)
    file.write_bytes(file.read_bytes().replace(b"AAAA", "街道".encode("gb18030")))
    table = read_table(file, encoding="gbk")
    assert (table.layer_name, len(table)) == ("街道", 3)


def test_several_shapefiles_need_a_choice(tmp_path: Path) -> None:
    one, two = write_shapefile(tmp_path, stem="one"), write_shapefile(tmp_path, stem="two", rows=2)
    members = {f"x/{p.name}": p.read_bytes() for shp in (one, two) for p in tmp_path.glob(f"{shp.stem}.*")}
    file = write_zip(tmp_path / "a.zip", members)
    with pytest.raises(IntakeError, match="x/one, x/two"):
        read_table(file)
    for choice in ("two", "two.shp", "x/two", "x/two.shp"):
        assert len(read_table(file, layer_name=choice, encoding="gbk")) == 2
    with pytest.raises(IntakeError, match="no layer three"):
        read_table(file, layer_name="three")


def test_a_missing_prj_is_no_crs(tmp_path: Path) -> None:
    shp = write_shapefile(tmp_path)
    shp.with_suffix(".prj").unlink()
    assert read_table(zip_shapefile(tmp_path / "a.zip", shp), encoding="gbk").crs is None


def test_one_data_file_in_an_archive_is_read_by_its_content(tmp_path: Path) -> None:
    file = write_zip(tmp_path / "a.zip", {"data/a.geojson": b"id,b\n1,2\n", "readme.txt": b"hello"})
    table = read_table(file)
    assert (table.driver, table.columns["b"].tolist()) == ("CSV", ["2"])
    assert "content is CSV" in said(table)
    several = write_zip(tmp_path / "b.zip", {"a.csv": b"a\n1\n", "b.csv": b"a\n2\n"})
    with pytest.raises(IntakeError, match=r"a\.csv, b\.csv"):
        read_table(several)
    assert read_table(several, layer_name="b.csv").columns["a"].tolist() == ["2"]


def test_kmz(tmp_path: Path) -> None:
    members = {"files/x.kml": KML.format(name="x").encode(), "doc.kml": KML.format(name="主").encode(), "a.png": b"x"}
    table = read_table(write_zip(tmp_path / "a.kmz", members))
    assert (table.columns["name"].tolist(), table.driver) == (["主"], "KML")
    assert "Only the main document" in said(table)
    with pytest.raises(IntakeError, match="several layers"):
        read_table(write_zip(tmp_path / "b.kmz", {"a.kml": KML.encode(), "b.kml": KML.encode()}))


@pytest.mark.parametrize(
    "name",
    [
        "../a.shp",
        "a/../../b.csv",
        "/etc/cron.d/x",
        "..\\a.shp",
        "C:\\a.shp",
        "C:a.csv",
        "\\\\host\\a.csv",
        "a/..",
    ],
)
def test_names_outside_the_archive_are_refused(tmp_path: Path, name: str) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    file = write_zip(inside / "a.zip", {"ok.csv": b"a\n1\n", name: b"x"})
    with pytest.raises(IntakeError, match="outside itself"):
        read_table(file)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a.zip", "inside"]


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK])
def test_links_and_devices_are_refused(tmp_path: Path, kind: int) -> None:
    info = zipfile.ZipInfo("a.csv")
    info.external_attr = (kind | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(IntakeError, match="link or a device"):
        read_table(tmp_path / "a.zip")


@pytest.mark.parametrize("name", ["b.zip", "B.ZIP", "b.7z", "b.tar.gz", "x/b.kmz"])
def test_nested_archives_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(IntakeError, match="another archive"):
        read_table(write_zip(tmp_path / "a.zip", {"a.csv": b"a\n1\n", name: b"PK"}))


def test_an_archive_under_another_name_is_refused_too(tmp_path: Path) -> None:
    inner = write_zip(tmp_path / "inner.zip", {"a.csv": b"a\n1\n"}).read_bytes()
    with pytest.raises(IntakeError, match="another archive"):
        read_table(write_zip(tmp_path / "a.zip", {"a.csv": inner}))


def test_too_many_members(tmp_path: Path) -> None:
    file = write_zip(tmp_path / "a.zip", {f"{i}.csv": b"" for i in range(zips.MAX_MEMBERS + 1)})
    with pytest.raises(IntakeError, match="2001 members"):
        read_table(file)


def test_encrypted_members(tmp_path: Path) -> None:
    data = bytearray(write_zip(tmp_path / "a.zip", {"a.csv": b"a\n1\n"}).read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(IntakeError, match="encrypted"):
        read_table(tmp_path / "a.zip")


def test_a_name_twice(tmp_path: Path) -> None:
    with pytest.raises(IntakeError, match="twice"):
        read_table(write_zip(tmp_path / "a.zip", {"a.csv": b"a\n1\n", "A.csv": b"a\n2\n"}))


def test_nothing_to_read(tmp_path: Path) -> None:
    for members in ({}, {"readme.md": b"x"}, {"folder/": b""}):
        with pytest.raises(IntakeError, match=r"no file that is read|is empty"):
            read_table(write_zip(tmp_path / "a.zip", members))


@pytest.mark.parametrize("kept", [30, 200, 0.5, 0.95])
def test_an_archive_cut_off(tmp_path: Path, kept: float) -> None:
    data = zip_shapefile(tmp_path / "a.zip", write_shapefile(tmp_path)).read_bytes()
    (tmp_path / "a.zip").write_bytes(data[: int(kept if kept > 1 else len(data) * kept)])
    with pytest.raises(IntakeError, match="damaged or cut off"):
        read_table(tmp_path / "a.zip")


def test_flipped_bytes_in_a_member(tmp_path: Path) -> None:
    data = bytearray(write_zip(tmp_path / "a.zip", {"a.csv": b"a\n" + b"123\n" * 5000}).read_bytes())
    data[40] ^= 0xFF
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(IntakeError, match="damaged or cut off"):
        read_table(tmp_path / "a.zip")


# --- bombs ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bomb() -> bytes:
    """An archive of 1 MB that unpacks to 1 GiB."""
    return zeros(1 << 30)


@pytest.mark.parametrize("suffix", [".zip", ".kmz", ".xlsx"])
def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, bomb: bytes, suffix: str) -> None:
    member = {".zip": "a.csv", ".kmz": "a.kml", ".xlsx": "a.csv"}[suffix]
    data = bomb.replace(b"a.csv", member.encode())
    if suffix == ".xlsx":
        out = io.BytesIO(data)
        with zipfile.ZipFile(out, "a") as archive:
            archive.writestr("xl/workbook.xml", "<workbook/>")
        data = out.getvalue()
    file = tmp_path / f"a{suffix}"
    file.write_bytes(data)
    tracemalloc.start()
    with pytest.raises(IntakeError, match="times its size"):
        read_table(file)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 << 20


def test_a_bomb_of_many_members_is_counted_as_a_whole(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for i in range(70):
            archive.writestr(f"{i}.csv", bytes(1 << 20))
    with pytest.raises(IntakeError, match="times its size"):
        read_table(tmp_path / "a.zip")


def test_the_limit_of_bytes_holds_whatever_the_ratio(tmp_path: Path) -> None:
    file = write_zip(tmp_path / "a.zip", {"a.csv": b"0123456789" * 1000})
    with pytest.raises(IntakeError, match="more than"), zips.open_zip(file, max_bytes=5000):
        pass
    with zips.open_zip(file, max_bytes=10_000) as archive:
        archive.extract(archive.members[0], tmp_path / "out")
    assert (tmp_path / "out").stat().st_size == 10_000


def test_a_size_stated_too_small_is_found_while_unpacking(tmp_path: Path) -> None:
    file = tmp_path / "a.zip"
    file.write_bytes(lie_about_size(zeros(32 << 20), 100))
    with zips.open_zip(file) as archive, pytest.raises(IntakeError, match=r"damaged|more than"):
        archive.extract(archive.members[0], tmp_path / "out")
    assert (tmp_path / "out").stat().st_size <= 1 << 20


def test_bytes_are_counted_over_all_members(tmp_path: Path) -> None:
    file = write_zip(tmp_path / "a.zip", {"a.csv": b"x" * 600, "b.csv": b"x" * 600})
    with zips.open_zip(file, max_bytes=1200) as archive:
        archive._left = 1000  # as if sizes had lied
        archive.extract(archive.members[0], tmp_path / "out")
        with pytest.raises(IntakeError, match="more than"):
            archive.extract(archive.members[1], tmp_path / "out")
