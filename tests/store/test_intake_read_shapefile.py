"""Shapefile: its encodings, its missing and its short parts."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from store.errors import IntakeError
from store.intake.read_table import read_table
from tests.store.intake_files import EXPECTED, write_shapefile
from tests.store.raw_tables import by_n, said


def test_gbk_without_a_cpg_is_guessed_and_noted(tmp_path: Path) -> None:
    table = read_table(write_shapefile(tmp_path))
    assert by_n(table) == EXPECTED
    assert table.encoding == "gb18030"
    assert "guessed" in said(table)


def test_big5_without_a_cpg(tmp_path: Path) -> None:
    words = np.array(["臺北市信義區", "高雄市前金區", "竊盜案件"], dtype=object)
    table = read_table(write_shapefile(tmp_path, encoding="big5", 區=words[::-1].copy(), name=words))
    assert (table.encoding, table.columns["區"].tolist()) == ("big5", words[::-1].tolist())


def test_the_language_id_of_the_dbf_is_taken(tmp_path: Path) -> None:
    file = write_shapefile(tmp_path)
    dbf = file.with_suffix(".dbf")
    data = bytearray(dbf.read_bytes())
    data[29] = 0x4D
    dbf.write_bytes(data)
    table = read_table(file)
    assert (by_n(table), table.notes) == (EXPECTED, ())


@pytest.mark.parametrize("label", ["GBK", "936", "ANSI 936", "cp936", "GB18030"])
def test_a_cpg_is_taken(tmp_path: Path, label: str) -> None:
    file = write_shapefile(tmp_path)
    file.with_suffix(".cpg").write_text(label)
    table = read_table(file)
    assert (by_n(table), table.notes) == (EXPECTED, ())


def test_a_lying_cpg_is_refused_with_candidates(tmp_path: Path) -> None:
    file = write_shapefile(tmp_path)
    file.with_suffix(".cpg").write_text("UTF-8")
    with pytest.raises(IntakeError, match="not in utf-8") as caught:
        read_table(file)
    assert "gb18030" in caught.value.params["candidates"]
    assert "--encoding" in caught.value.remedy
    assert by_n(read_table(file, encoding="gbk")) == EXPECTED


def test_a_lying_single_byte_cpg_is_doubted(tmp_path: Path) -> None:
    file = write_shapefile(tmp_path)
    file.with_suffix(".cpg").write_text("ISO-8859-1")
    assert "looks like gb18030" in said(read_table(file))


def test_a_character_cut_by_the_width_of_its_field_spoils_nothing(tmp_path: Path) -> None:
    words = np.array(["x" * 254, "街道", "社区"], dtype=object)
    file = write_shapefile(tmp_path, word=words)
    dbf = file.with_suffix(".dbf")
    whole = ("网" * 126 + "a网").encode("gb18030")  # 255 bytes in a field of 254
    data = dbf.read_bytes()
    at = data.index(b"x" * 254)
    dbf.write_bytes(data[:at] + whole[:254] + data[at + 254 :])
    table = read_table(file)
    assert (table.encoding, table.columns["word"].tolist()) == ("gb18030", ["网" * 126 + "a", "街道", "社区"])
    assert "half a character" in said(table)


def test_missing_parts(tmp_path: Path) -> None:
    file = write_shapefile(tmp_path)
    file.with_suffix(".prj").unlink()
    assert read_table(file).crs is None
    file.with_suffix(".shx").unlink()
    table = read_table(file)
    assert by_n(table) == EXPECTED
    assert ".shx part is missing" in said(table)
    file.with_suffix(".dbf").unlink()
    table = read_table(file)
    assert len(table) == 3
    assert ".dbf part is missing" in said(table)


def test_parts_of_two_files_do_not_belong_together(tmp_path: Path) -> None:
    file = write_shapefile(tmp_path)
    other = write_shapefile(tmp_path, stem="b", rows=2)
    shutil.copyfile(other.with_suffix(".dbf"), file.with_suffix(".dbf"))
    with pytest.raises(IntakeError, match="do not belong together"):
        read_table(file)


def test_a_short_dbf_is_refused(tmp_path: Path) -> None:
    file = write_shapefile(tmp_path, rows=50)
    dbf = file.with_suffix(".dbf")
    dbf.write_bytes(dbf.read_bytes()[:-200])
    with pytest.raises(IntakeError, match="cut off"):
        read_table(file)
