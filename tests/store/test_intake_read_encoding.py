"""Encodings: stated, found, guessed with a note, never silently wrong."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.errors import IntakeError
from store.intake.encoding import decode, detect, encoding_candidates
from store.intake.notebook import NoteBook
from store.intake.read_table import read_table
from tests.store.intake_files import write_shapefile

TEXTS = {
    "gb18030": ["重庆市渝中区解放碑街道", "盗窃案件,已处理", "网格长,责任单位", "上海", "北京市海淀区中关村大街27号"],
    "big5": ["臺北市信義區松仁路100號", "竊盜案件,處理中,新北市板橋區文化路一段", "香港九龍旺角彌敦道"],
    "shift_jis": ["東京都千代田区霞が関", "交通事故、ひったくり、大阪市北区うめだ"],
    "cp1252": ["Hämeenkatu 3, Töölö", "Straße des 17. Juni", "Café “Zürich” – 5°", "Åland, Malmö, Tromsø"],
    "cp1251": ["улица Ленина, Москва", "Санкт-Петербург, Невский проспект"],
}


@pytest.mark.parametrize(("encoding", "text"), [(name, text) for name, texts in TEXTS.items() for text in texts])
def test_an_unstated_encoding_is_guessed_and_noted(encoding: str, text: str) -> None:
    book = NoteBook()
    assert decode(text.encode(encoding), None, book) == (text, encoding)
    assert "guessed" in book.notes()[0].message


@pytest.mark.parametrize("encoding", ["gb18030", "gbk"])
def test_samples_of_real_chinese_names_are_told(shared_data: Path, encoding: str) -> None:
    with (shared_data / "china" / "streets.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))[1:]
    rng = random.Random(7)
    wrong = 0
    for _ in range(300):
        sample = "\n".join(",".join(row) for row in rng.sample(rows, 4)).encode(encoding)
        wrong += detect(sample).name != "gb18030"
    assert wrong == 0


@pytest.mark.parametrize("mark", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_decides_and_is_noted(mark: str) -> None:
    book = NoteBook()
    text, name = decode("编号,名称\n1,甲".encode(mark), None, book)
    assert text == "编号,名称\n1,甲"
    assert name == mark.removesuffix("-sig")
    assert "byte order mark" in book.notes()[0].message


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark_is_recognised(encoding: str) -> None:
    assert detect("id,name\n1,街道\n2,b".encode(encoding)).name == encoding


@given(st.text())
def test_valid_utf8_is_never_guessed_to_be_something_else(text: str) -> None:
    book = NoteBook()
    data = ("é网格" + text).encode()
    assert decode(data, None, book) == ("é网格" + text, "utf-8")
    assert all("guessed" not in note.message for note in book.notes())


def test_an_explicit_encoding_wins_and_is_strict() -> None:
    data = "北京市海淀区".encode("gb18030")
    assert decode(data, "gbk", NoteBook()) == ("北京市海淀区", "gbk")
    with pytest.raises(IntakeError, match="not in utf-8") as caught:
        decode(data, "utf-8", NoteBook())
    assert "gb18030" in caught.value.params["candidates"]
    assert "--encoding" in caught.value.remedy


@pytest.mark.parametrize("name", ["klingon", "base64", "hex", "a\0b", ""])
def test_what_is_no_text_encoding_is_refused(name: str) -> None:
    with pytest.raises(IntakeError, match="no encoding named"):
        decode(b"abc", name, NoteBook())


def test_characters_lost_earlier_are_counted() -> None:
    book = NoteBook()
    decode("a\ufffdb\ufffd".encode(), None, book)
    assert book.notes()[0].params == {"count": 2}


def test_candidates_come_with_a_preview_the_best_first() -> None:
    candidates = encoding_candidates(("a" * 100 + "重庆市渝中区").encode("gb18030"))
    assert candidates[0][0] == "gb18030"
    assert "重庆市渝中区" in candidates[0][1]
    assert len(candidates) > 1
    assert encoding_candidates(b"plain")[0] == ("utf-8", "plain")
    assert encoding_candidates("\ufeff甲".encode("utf-16-le"))[0] == ("utf-16", "甲")


@pytest.mark.parametrize("cut", range(8))
def test_candidates_of_a_beginning_that_ends_within_a_character(cut: int) -> None:
    for name in ("utf-8", "gb18030", "utf-16"):
        data = ("编号,街道\n1,中关村大街\n" * 50).encode(name)
        assert encoding_candidates(data[: len(data) - cut])[0][0] == name


def test_a_preview_offers_the_choice(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes("编号,街道\n1,中关村大街\n".encode("gb18030"))
    assert read_table(file, limit=20).encodings[0][0] == "gb18030"
    assert read_table(file).encodings == ()
    table = read_table(write_shapefile(tmp_path), limit=20)
    assert table.encodings[0][0] == "gb18030"
    assert "北京市" in table.encodings[0][1]
    assert len(table.encodings) > 1
