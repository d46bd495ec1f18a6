"""Data about persons is refused, whatever the mapping says; what only looks like it passes."""

from __future__ import annotations

import datetime as dt
import unicodedata
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.cn import ric

from store.batch import Note
from store.errors import PersonalDataError
from store.intake import guard, guard_values
from store.intake.guard_words import EMAIL, FACE, IDENTITY, NAME, PARTICULARS, PHONE, PLATE
from store.intake.raw import object_array
from store.intake.reasons import Ledger
from store.intake.texts import plain
from store.intake.time_forms import tidy
from store.schema import LAYERS

MARKS = "a" + "\u0301" * 2_000 + "\u0327" * 2_000


def test_no_long_text_is_put_into_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """To order marks takes the square of their number: a column's name of a megabyte took minutes."""
    longest, done = [0], unicodedata.normalize

    def normalize(form: Any, text: str) -> str:
        longest[0] = max(longest[0], len(text))
        return done(form, text)

    monkeypatch.setattr(unicodedata, "normalize", normalize)
    assert guard.by_header(MARKS) is None and guard.by_header(f"{MARKS} phone") == PHONE
    assert plain(f"{MARKS} X") == plain(f"{MARKS}_x")
    assert tidy([f"2024-05-0{MARKS}", "2024年5月1日"])[1] == "2024-5-1"
    assert 0 < longest[0] <= 1_200


PEOPLE_ZH = ["张伟", "王芳", "李娜", "刘洋", "陈静", "欧阳明月", "赵子龙", "黄晓明"]
PEOPLE_EN = ["John Smith", "Mary Jones", "Brown, Peter", "Linda K. Taylor", "James Wilson"]


def resident_id(birthday: str = "19491231", place: str = "110105", serial: str = "002") -> str:
    number = place + birthday + serial
    return number + ric.calc_check_digit(number + "0")


@pytest.mark.parametrize(
    ("header", "what"),
    [
        ("姓名", NAME), ("联系人", NAME), ("报警人姓名", NAME), ("负责人", NAME), ("reporter", NAME),
        ("VICTIM_AGE", NAME),
        ("suspectName", NAME), ("Driver", NAME), ("name_first", NAME), ("LastName", NAME), ("SURNAME", NAME),
        ("first name", NAME), ("身份证号", IDENTITY), ("证件号码", IDENTITY), ("SSN", IDENTITY),
        ("passport_no", IDENTITY),
        ("national_id", IDENTITY), ("idCard", IDENTITY), ("电话", PHONE), ("联系电话", PHONE), ("手机号", PHONE),
        ("phone", PHONE), ("Tel.", PHONE), ("cell_phone", PHONE), ("邮箱", EMAIL), ("E-Mail", EMAIL), ("e_mail", EMAIL),
        ("微信号", EMAIL), ("车牌号", PLATE), ("号牌号码", PLATE), ("licence_plate", PLATE), ("License Plate", PLATE),
        ("plate_no", PLATE), ("人脸照片", FACE), ("头像", FACE), ("face_id", FACE), ("photo_of_person", NAME),
        ("Photo of", FACE), ("家庭住址", PARTICULARS), ("date_of_birth", PARTICULARS), ("gender", PARTICULARS),
    ],
)  # fmt: skip
def test_headers_that_announce_persons(header: str, what: str) -> None:
    assert guard.by_header(header) == what


@pytest.mark.parametrize(
    "header",
    ["name", "名称", "NAME", "REGISTEREDNAME", "owner", "operator", "address", "surface", "interface", "template",
    "hotel",
     "plateau", "blockface", "责任单位", "网格长", "点位名称", "camera:direction", "SERVICEREQUESTID", "Complaint",
     "CCN", "code",
     "MAR_MATCHADDRESS", "ILEADSStreet", "telescope", "mailbox_count", "status", "街道名称", "team", "cell_id", "id",
     "SHIFT"],
)  # fmt: skip
def test_headers_of_places_pass(header: str) -> None:
    assert guard.by_header(header) is None


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ([resident_id()], IDENTITY),
        (["ref " + resident_id("19800229") + "!", "x1", "y2"], IDENTITY),
        (["131052-308T"], IDENTITY),
        (["123-45-6789", "078-05-1121"], IDENTITY),
        (["13812345678", "15998765432", "18600001234"], PHONE),
        (["+86 138 1234 5678", "021-62345678"], PHONE),
        (["(202) 727-1000", "202-727-1010"], PHONE),
        (["+358 9 310 1641"], PHONE),
        (["someone@example.org", "city office"], EMAIL),
        (["京A12345", "沪AD12345", "粤B·F1234"], PLATE),
        (["data:image/jpeg;base64,/9j/4AAQ"], FACE),
        (["/9j/" + "A" * 60], FACE),
        (PEOPLE_ZH, NAME),
        (PEOPLE_EN, NAME),
    ],
)
def test_values_about_persons(values: list[str], what: str) -> None:
    assert guard.by_values(values) == what


LOOK_ALIKES: dict[str, list[str]] = {
    "GB/T 28181 devices": [f"3402000000132{n:07d}" for n in range(1, 200)],
    "unit grid codes": [f"110101001{c:03d}{s:03d}" for c in range(1, 20) for s in range(1, 10)],
    "20 digits": [f"04{n:018d}" for n in range(10**17, 10**17 + 50)],
    "running 11 digits": [str(13_800_000_000 + n) for n in range(500)],
    "running with gaps": [str(15_000_000_000 + 7 * n) for n in range(500)],
    "ids of 11 digits": [str(20_160_000_000 + n) for n in range(100)],
    "times": [f"2024010112{m:02d}{s:02d}" for m in range(60) for s in (0, 30)],
    "18 digit times": [f"202401011200{n:06d}" for n in range(100)],
    "streets": ["Martin Luther King Jr Ave", "John Marshall Park", "Thomas Jefferson St", "James Creek Pkwy"],
    "streets zh": ["王府井", "和平路", "西单", "高新区", "朱家角镇", "孙村", "周庄", "马家堡", "张江路", "李家巷"],
    "districts": ["襄城区", "樊城区", "南漳县", "谷城县", "老河口市", "枣阳市", "宜城市"],
    "teams": ["第三警务站", "城管一队", "高新派出所", "马甸社区", "方庄街道办"],
    "camera names": ["枪机01", "王府井路口东", "公园北门球机", "CAM-0001", "S Capitol St SE @ M St"],
    "camera kinds": ["枪机", "球机", "半球", "全景"],
    "categories": ["盗窃", "抢劫", "交通事故", "噪音", "火灾", "斗殴", "THEFT/OTHER", "ROBBERY"],
    "addresses": ["100 block M St NW", "906180 FORT LINCOLN DRIVE NE AND 31ST PLACE NE",
    "5500 Block of East Capitol St"],
    "amounts": ["13,812.50", "1500.00", "-1", "2024"],
    "coordinates": ["116.391234567", "39.907345678", "-77.010161", "884634.9"],
    "request ids": ["16-00622683", "16-00622700", "16-00589646"],
    "intervals": ["100-200-3000", "10/20/2016", "202-7"],
    "ratios": ["1:500", "A@B"],
}  # fmt: skip


@pytest.mark.parametrize("name", LOOK_ALIKES)
def test_look_alikes_pass(name: str) -> None:
    assert guard.by_values(LOOK_ALIKES[name]) is None


@settings(max_examples=60)
@given(st.lists(st.integers(10**17, 10**18 - 1).map(str), min_size=20, max_size=60, unique=True))
def test_random_18_digit_codes_are_no_identity_numbers(codes: list[str]) -> None:
    by_chance = [code for code in codes if guard_values.identity_number(code)]
    # Date and checksum leave about one in 20,000, so none of a short list but by rare chance.
    assert all(ric.calc_check_digit(code) == code[-1] and 1800 <= int(code[6:10]) < 2100 for code in by_chance)
    if not by_chance:
        assert guard.by_values(codes) is None


@settings(max_examples=60)
@given(st.lists(st.integers(2 * 10**10, 10**11 - 1).map(str), min_size=5, max_size=60, unique=True))
def test_random_11_digit_codes_outside_the_mobile_range_pass(codes: list[str]) -> None:
    assert guard.by_values(codes) is None


@settings(max_examples=60)
@given(
    st.sampled_from(["110105", "310101", "440304", "510104"]),
    st.dates(dt.date(1901, 1, 1), dt.date(2023, 12, 31)),
    st.integers(0, 999),
    st.sampled_from(["", "id ", "（"]),
)
def test_every_valid_identity_number_is_found(place: str, day: dt.date, serial: int, before: str) -> None:
    number = resident_id(day.strftime("%Y%m%d"), place, f"{serial:03d}")
    assert guard_values.identity_number(before + number)
    assert guard_values.identity_number(before + number.lower())
    wrong = number[:-1] + ("0" if number[-1] != "0" else "1")
    assert not guard_values.identity_number(before + wrong)


def check(columns: dict[str, list[Any]], mapped: dict[str, str], layer: str = "places", **const: str) -> Ledger:
    arrays = {name: object_array(values) for name, values in columns.items()}
    rows = len(next(iter(arrays.values())))
    ledger = Ledger(np.arange(1, rows + 1))
    guard.check(arrays, mapped, const, LAYERS[layer], ledger)
    return ledger


@pytest.mark.parametrize(
    ("column", "values", "field"),
    [
        ("phone", ["1", "2", "3"], "name"),
        ("姓名", ["a", "b", "c"], "id"),
        ("x1", [resident_id()] * 3, "id"),
        ("x2", ["13812345678", "15998765432", "18600001234"], "name"),
        ("x3", PEOPLE_ZH[:3], "name"),
        ("x4", ["京A12345", "沪AD12345", "park"], "kind"),
        ("x5", ["a@example.org", "b@example.org", "c"], "name"),
    ],
)
def test_a_mapped_personal_column_refuses_the_file(column: str, values: list[str], field: str) -> None:
    with pytest.raises(PersonalDataError) as refused:
        check({column: values}, {field: column})
    assert column in str(refused.value)
    assert f"--map {field}=" in str(refused.value)
    assert not any(value in str(refused.value) for value in values if len(value) > 1)


def test_whole_numbers_are_looked_at_too() -> None:
    numbers = np.array([13812345678, 15998765432, 18600001234])
    with pytest.raises(PersonalDataError):
        guard.check({"n": numbers}, {"population": "n"}, {}, LAYERS["grids"], Ledger(np.arange(1, 4)))
    guard.check({"n": np.array([120, 340, 99])}, {"population": "n"}, {}, LAYERS["grids"], Ledger(np.arange(1, 4)))


def test_an_unmapped_personal_column_is_named_in_a_note_without_its_values() -> None:
    columns = {"name": ["Park", "Square", "Hall"], "contact": ["x", "y", "z"], "n": ["13812345678", "15998765432", ""]}
    ledger = check(columns, {"name": "name"})
    texts = " ".join(note.text() for note in ledger.notes)
    assert "“contact”" in texts and "“n”" in texts
    assert "138" not in texts
    assert ledger.alive.all()


def test_single_cells_of_free_text_are_rejected_and_masked() -> None:
    names = ["North gate", "Call 13812345678", *[f"Site {n}" for n in range(20)], "mail me: a@example.org"]
    ledger = check({"name": names}, {"name": "name"})
    assert [reject.row for reject in ledger.rejects] == [2, 23]
    for reject in ledger.rejects:
        assert reject.value == "•••"
        assert "138" not in repr(reject) and "example" not in repr(reject)


def test_constants_are_looked_at() -> None:
    for value in (resident_id(), "13812345678", "a@example.org"):
        with pytest.raises(PersonalDataError):
            check({"a": ["1"]}, {}, name=value)
    with pytest.raises(PersonalDataError):
        check({"a": ["1"]}, {}, layer="grids", team="张伟")
    check({"a": ["1"]}, {}, layer="grids", team="第三警务站")


def test_findings_for_a_preview() -> None:
    columns = {"a": object_array(PEOPLE_ZH), "电话": object_array(["1"]), "b": object_array(["Park"])}
    assert guard.findings(columns) == [guard.Finding("a", NAME, "values"), guard.Finding("电话", PHONE, "header")]


def test_notes_are_templates() -> None:
    ledger = check({"a": ["1"], "phone": ["2"]}, {"name": "a"})
    assert all(isinstance(note, Note) and "{" in note.message for note in ledger.notes)


def test_a_post_is_never_a_private_person_even_a_single_one() -> None:
    with pytest.raises(PersonalDataError):
        check({"网格长": ["张伟", "张伟"], "b": ["1", "2"]}, {"team": "网格长"}, layer="grids")
    with pytest.raises(PersonalDataError):
        check({"operator": ["John Smith"]}, {"owner": "operator"}, layer="cameras")
    check({"网格长": ["第三警务站", "张庄警务站"]}, {"team": "网格长"}, layer="grids")
    check({"operator": ["Heidelberger Bergbahn", "MPD"]}, {"owner": "operator"}, layer="cameras")
