"""Hostile and clumsy files through `flask import`: refused with what to do and nothing changed, or every row accounted.

The tests beside each reader look at its own answers; here the whole command is held to its contract.
"""

from __future__ import annotations

import csv
import json
import shutil
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from settings import Settings
from store.store import Store
from tests.store.intake_files import lie_about_size, write_shapefile, write_vector, write_zip, zeros, zip_shapefile
from tests.web.conftest import fill, token
from tests.web.test_uploads import run as run_job
from tests.web.test_uploads import send

LON, LAT = 24.93, 60.17
HEAD = "id,category,lon,lat"
ROW = f"new,noise,{LON},{LAT}"
SECRET = "Only for the eyes of this machine"
IDENTITY, MOBILE, MAIL, PLATE, PERSON = (
    "11010519491231002X", "13812345678", "wei.zhang@example.com", "京A·12345", "欧阳建国",
)  # fmt: skip
VRT = '<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>{source}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>'
State = tuple[int, dict[str, int], int]


@dataclass
class House:
    """A store of a small town, its instance folder, and the commands on it."""

    app: Flask
    instance: Path
    files: Path

    @property
    def store(self) -> Store:
        store: Store = self.app.extensions["atlas"].store
        return store

    def state(self) -> State:
        snapshot = self.store.snapshot()
        return snapshot.revision, {name: len(rows) for name, rows in snapshot.layers.items()}, len(self.store.imports())

    def run(self, *arguments: object) -> Result:
        result = self.app.test_cli_runner().invoke(args=[*map(str, arguments), "--format", "json"])
        assert "Traceback" not in result.output
        assert self.left() == []
        return result

    def left(self) -> list[str]:
        """Return what lies in the instance folder beside the store."""
        found = (path for path in self.instance.rglob("*") if not path.is_dir() or path.parent != self.instance)
        return [str(path) for path in found if not path.name.startswith("atlas.gpkg")]

    def file(self, name: str, content: str | bytes) -> Path:
        path = self.files / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def bytes(self) -> bytes:
        """Return everything that the instance folder holds, as it lies on the disk."""
        return b"".join(path.read_bytes() for path in sorted(self.instance.rglob("*")) if path.is_file())


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("prepared") / "atlas.gpkg"
    with Store.open(path) as store:
        fill(store)
    return path


@pytest.fixture
def house(town: Path, tmp_path: Path) -> Iterator[House]:
    instance, files = tmp_path / "instance", tmp_path / "files"
    instance.mkdir()
    files.mkdir()
    shutil.copy(town, instance / "atlas.gpkg")
    app = create_app(Settings(store=str(instance / "atlas.gpkg"), instance=instance, lang="en"))
    yield House(app, instance, files)
    app.extensions["atlas"].close()


def refused(house: House, says: str, *arguments: object) -> str:
    """Run an import that must be refused; return what it said."""
    before = house.state()
    result = house.run("import", *arguments)
    assert result.exit_code == 1, result.output
    assert result.stdout == ""
    assert house.state() == before
    assert says in result.stderr
    message = result.stderr.strip()
    assert "\n" not in message and message.count(". ") >= 1, message  # what and what to do
    return message


def accepted(house: House, rows: int, *arguments: object, rejected: int = 0) -> dict[str, Any]:
    """Run an import that must take some rows; all others must be rejects with all five columns."""
    layer = str(arguments[0])
    before = house.state()
    rejects = house.files / "rejects.csv"
    result = house.run("import", *arguments, "--rejects", rejects)
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    assert (found["accepted"], found["rejected"]) == (rows, rejected), rejects.read_text("utf-8-sig")
    assert found["revision"] == before[0] + 1
    with rejects.open(encoding="utf-8-sig", newline="") as stream:
        lines = list(csv.DictReader(stream))
    assert len(lines) == rejected
    assert all(line["row"] and line["field"] and line["reason"] and line["remedy"] for line in lines)
    assert house.state()[1][layer] == rows + (0 if "replace" in arguments else before[1][layer])
    return {**found, "lines": lines}


def points(*rows: str, head: str = HEAD) -> str:
    return "\n".join([head, *rows]) + "\n"


def feature(geometry: Any, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def collection(*features: dict[str, Any], **members: Any) -> str:
    return json.dumps({"type": "FeatureCollection", **members, "features": list(features)})


def square(west: float = LON, south: float = LAT, size: float = 0.004) -> list[list[float]]:
    east, north = west + size, south + size
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def polygon(*rings: list[list[float]], **properties: Any) -> dict[str, Any]:
    return feature({"type": "Polygon", "coordinates": list(rings)}, **properties)


# --- files that are not what they say --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.csv", "a.geojson", "a.gpkg", "a.shp", "a.zip", "a.xlsx", "a.parquet", "a"])
def test_empty_files(house: House, name: str) -> None:
    refused(house, "The file is empty.", "incidents", house.file(name, b""))


def test_no_rows_no_file_no_regular_file(house: House) -> None:
    refused(house, "no rows", "incidents", house.file("a.csv", HEAD + "\n"))
    refused(house, "There is no file", "incidents", house.files / "absent.csv")
    refused(house, "There is no file", "incidents", house.files)
    refused(house, "There is no file", "incidents", "/dev/zero")


def test_a_wrong_suffix_is_told_and_the_content_decides(house: House) -> None:
    found = accepted(house, 1, "incidents", house.file("a.geojson", points(ROW)))
    assert any("the content is CSV" in note for note in found["notes"])
    refused(house, "PNG", "incidents", house.file("picture.csv", b"\x89PNG\r\n\x1a\n" + bytes(100)))


def _cut(path: Path, count: int) -> Path:
    path.write_bytes(path.read_bytes()[:-count])
    return path


def _cut_shapefile(folder: Path) -> Path:
    return _cut(write_shapefile(folder), 20)


CUT: dict[str, Callable[[Path], Path]] = {
    "GeoPackage": lambda folder: _cut(write_vector(folder / "a.gpkg", "GPKG"), 20_000),
    "FlatGeobuf": lambda folder: _cut(write_vector(folder / "a.fgb", "FlatGeobuf"), 40),
    "Shapefile": _cut_shapefile,
    "ZIP": lambda folder: _cut(zip_shapefile(folder / "b.zip", write_shapefile(folder)), 50),
}


@pytest.mark.parametrize("make", CUT.values(), ids=CUT)
def test_cut_off_files(house: House, make: Callable[[Path], Path]) -> None:
    refused(house, "cut off", "places", make(house.files))


def test_a_cut_off_text(house: House) -> None:
    whole = collection(*(feature({"type": "Point", "coordinates": [LON, LAT]}, id=f"n{i}") for i in range(3)))
    refused(house, "cut off", "places", house.file("a.geojson", whole[:-60]))


@pytest.mark.parametrize("name", ["a.geojson", "a.csv", "a.kml", "a.vrt"])
def test_a_virtual_file_opens_nothing(house: House, name: str) -> None:
    secret = house.file("secret.csv", f"id,name,lon,lat\n1,{SECRET},{LON},{LAT}\n")
    said = refused(house, "OGRVRTDataSource", "places", house.file(name, VRT.format(source=secret)))
    assert SECRET not in said


def test_links_to_a_crs_are_not_followed(house: House) -> None:
    link = {"type": "link", "properties": {"href": "http://127.0.0.1:9/crs", "type": "proj4"}}
    text = collection(feature({"type": "Point", "coordinates": [LON, LAT]}, id="n"), crs=link)
    found = accepted(house, 1, "places", house.file("a.geojson", text))
    assert found["crs"] == "EPSG:4326"
    assert any("not followed" in note for note in found["notes"])


def test_bombs(house: House) -> None:
    bomb = zeros(1 << 30)
    refused(house, "times its size", "incidents", house.file("a.zip", bomb))
    refused(house, "damaged", "incidents", house.file("b.zip", lie_about_size(bomb, 1000)))


@pytest.mark.parametrize("name", ["../../evil.csv", "a/../../evil.csv", "..\\evil.csv", "/{files}/evil.csv"])
def test_archives_write_only_inside(house: House, name: str) -> None:
    archive = write_zip(house.files / "a.zip", {name.format(files=house.files): points(ROW).encode()})
    refused(house, "outside itself", "incidents", archive)
    assert list(house.files.parent.rglob("evil*")) == []


def test_links_in_archives_are_not_followed(house: House) -> None:
    link = zipfile.ZipInfo("a.csv")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(house.files / "a.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    refused(house, "a link", "incidents", house.files / "a.zip")


# --- what a file does not say, or says wrongly -----------------------------------------------------------------------


def test_a_missing_prj(house: House) -> None:
    shapefile = write_vector(house.files / "a.shp", "ESRI Shapefile", encoding="UTF-8")
    shapefile.with_suffix(".prj").unlink()
    refused(house, "--crs", "places", shapefile)
    refused(house, "300 km", "places", shapefile, "--crs", "EPSG:4326")  # said, and still not this town


def test_a_lying_cpg(house: House) -> None:
    shapefile = write_shapefile(house.files, encoding="gb18030")
    shapefile.with_suffix(".cpg").write_text("UTF-8")
    said = refused(house, "--encoding", "places", shapefile)
    assert "gb18030" in said


@pytest.mark.parametrize(
    ("encoding", "text"),
    [("gbk", "北京市海淀区中关村大街"), ("big5", "臺北市忠孝東路四段"), ("utf-16", "上海市黄浦区南京东路"),
     ("utf-16-le", "上海市黄浦区南京东路"), ("utf-8-sig", "主街")],
)  # fmt: skip
def test_texts_arrive_whole_in_every_encoding(house: House, encoding: str, text: str) -> None:
    content = points(f"n1,{text},{LON},{LAT}", f"n2,{text},{LON},{LAT}", head="id,name,lon,lat").encode(encoding)
    accepted(house, 2, "places", house.file("a.csv", content), "--mode", "replace")
    assert set(house.store.snapshot()["places"].text("name").tolist()) == {text}


# --- places that cannot be -------------------------------------------------------------------------------------------


def test_coordinates_that_are_none(house: House) -> None:
    good = [f"g{i},noise,{LON},{LAT}" for i in range(3)]
    bad = [f"b{i},noise,{pair}" for i, pair in enumerate([
        f"nan,{LAT}", f"inf,{LAT}", f"{LON},-inf", f"1e400,{LAT}", f",{LAT}", f"500,{LAT}", f"{LON},91",
        "385000,6671000", "0,0", f"{LAT},{LON}",
    ])]  # fmt: skip
    found = accepted(house, 3, "incidents", house.file("a.csv", points(*good, *bad)), rejected=len(bad))
    assert [line["row"] for line in found["lines"]] == [str(row) for row in range(4, 4 + len(bad))]


def test_null_nan_and_infinity_in_geojson(house: House) -> None:
    shapes = [[LON, LAT], [float("nan"), LAT], [LON, float("inf")]]
    made = [feature({"type": "Point", "coordinates": shape}, id=f"n{i}") for i, shape in enumerate(shapes)]
    accepted(house, 1, "incidents", house.file("a.geojson", collection(*made, feature(None, id="null"))), rejected=3)


def test_a_whole_file_swapped(house: House) -> None:
    swapped = points(*(f"n{i},noise,{LAT},{LON}" for i in range(3)))
    refused(house, "probably swapped", "incidents", house.file("a.csv", swapped))
    accepted(house, 3, "incidents", house.file("a.csv", swapped), "--map", "lon=lat", "--map", "lat=lon")


def test_degrees_that_are_metres(house: House) -> None:
    text = points(*(f"n{i},noise,{385_000 + i},6671000" for i in range(3)))
    said = refused(house, "metres", "incidents", house.file("a.csv", text))
    assert "EPSG:32635" in said


def test_rings(house: House) -> None:
    west = LON
    bow = [[west, LAT], [west + 0.01, LAT + 0.01], [west + 0.01, LAT], [west, LAT + 0.01], [west, LAT]]
    text = collection(
        polygon(bow, code="self-crossing"),
        polygon(square(), square(), code="its own hole"),
        polygon(
            square(), square(LON + 0.001, LAT + 0.001, 0.002), square(LON + 0.002, LAT + 0.002, 0.001), code="nested"
        ),
        polygon([[LON, LAT], [LON + 0.01, LAT], [LON, LAT]], code="flat"),
        feature(None, code="null"),
        polygon(square(), code="good"),
        polygon(square(), code="good"),
    )
    found = accepted(house, 1, "grids", house.file("a.geojson", text), "--const", "level=block", rejected=6)
    assert [line["row"] for line in found["lines"]] == ["1", "2", "3", "4", "5", "7"]


def test_a_polygon_of_a_million_corners(house: House) -> None:
    angle = np.linspace(0, 2 * np.pi, 1_000_000, endpoint=False)
    ring = np.column_stack([LON + 0.005 * np.cos(angle), LAT + 0.005 * np.sin(angle)])
    text = collection(polygon(np.vstack([ring, ring[:1]]).tolist(), code="round"))
    accepted(house, 1, "grids", house.file("a.geojson", text), "--const", "level=block")


def test_parents_missing_or_in_a_circle(house: House) -> None:
    circle = collection(
        polygon(square(), code="a", level="x", parent="b"), polygon(square(), code="b", level="y", parent="a")
    )
    refused(house, "a → b → a", "grids", house.file("circle.geojson", circle))
    own = collection(polygon(square(), code="a", level="x", parent="a"))
    refused(house, "its own parent", "grids", house.file("own.geojson", own))
    alone = collection(polygon(square(), code="a", level="x", parent="nowhere"))
    found = accepted(house, 1, "grids", house.file("alone.geojson", alone))
    assert any("nowhere" in note for note in found["notes"])


@pytest.mark.parametrize(
    ("rows", "reason"),
    [((f"n1,noise,{LON}", f"n2,noise,{LON},{LAT},7"), "has 3 values"), (("n1,noise,,", "n2,noise,,"), "no coordinates"),
     (("n1,noise,a,b", "n2,noise,c,d"), "not a number")],
)  # fmt: skip
def test_where_no_row_can_be_taken_the_first_says_why(house: House, rows: tuple[str, ...], reason: str) -> None:
    rejects = house.files / "rejects.csv"
    said = refused(house, "None of the 2 rows", "incidents", house.file("a.csv", points(*rows)), "--rejects", rejects)
    assert reason in said
    assert len(rejects.read_text("utf-8-sig").splitlines()) == 3


# --- slips on the command line ----------------------------------------------------------------------------------------


def test_rejects_never_replace_their_source(house: House) -> None:
    file = house.file("a.csv", points(ROW))
    content = file.read_bytes()
    refused(house, "would replace", "incidents", file, "--rejects", file)
    (house.files / "link.csv").symlink_to(file)
    refused(house, "would replace", "incidents", file, "--rejects", house.files / "link.csv")
    refused(house, "Use .csv", "incidents", file, "--rejects", house.instance / "atlas.gpkg")
    assert file.read_bytes() == content


def test_options_that_are_no_text(house: House) -> None:
    file = house.file("a.csv", points(ROW))
    for option in (("--const", "status=\udcff"), ("--map", "status=\udcff"), ("--attribution", "\udcff")):
        refused(house, "not text", "incidents", file, *option)


def test_a_file_name_in_another_encoding(house: House) -> None:
    file = house.file("\udcb1\udcb1.csv", points(ROW))
    accepted(house, 1, "incidents", file)


# --- times -----------------------------------------------------------------------------------------------------------


def _times(*times: str) -> str:
    return points(*(f"t{i},noise,{LON},{LAT},{time}" for i, time in enumerate(times)), head=f"{HEAD},occurred_at")


def test_times_without_zone(house: House) -> None:
    file = house.file("a.csv", _times("2024-05-31 10:00", "2024-05-31T10:00:00Z"))
    refused(house, "--timezone", "incidents", file)
    refused(house, "not known", "incidents", file, "--timezone", "../../etc/passwd")
    accepted(house, 2, "incidents", file, "--timezone", "Asia/Shanghai")
    rows = house.store.snapshot()["incidents"]
    times = dict(zip(rows.text("id").tolist(), rows.columns["occurred_at"].astype(str).tolist(), strict=True))
    assert (times["t0"][:16], times["t1"][:16]) == ("2024-05-31T02:00", "2024-05-31T10:00")


def test_day_and_month_are_never_guessed(house: House) -> None:
    file = house.file("a.csv", _times("03/04/2024", "05/06/2024"))
    refused(house, "--date-order", "incidents", file, "--timezone", "UTC")
    found = accepted(house, 2, "incidents", file, "--timezone", "UTC", "--date-order", "dmy")
    assert found["notes"]
    rows = house.store.snapshot()["incidents"]
    assert "2024-04-03" in {str(time)[:10] for time in rows.columns["occurred_at"]}


def test_mixed_forms_are_each_read_or_rejected(house: House) -> None:
    read = ("2024-05-31T10:00:00Z", "2024-05-31", "31/05/2024")
    times = _times(*read, "2024-02-30", "noon", "1717142400", "2024/5/31 下午3:00")
    found = accepted(house, 4, "incidents", house.file("a.csv", times), "--timezone", "UTC", rejected=3)
    assert [line["row"] for line in found["lines"]] == ["4", "5", "6"]
    assert any("mixes" in note for note in found["notes"])


# --- data about persons ----------------------------------------------------------------------------------------------

PEOPLE = {
    "identity": ("编号", [IDENTITY, "440524188001010014"]),
    "phone": ("contact_no", [MOBILE, "13987654321"]),
    "mail": ("remark", [MAIL, "na.li@example.org"]),
    "plate": ("remark", [PLATE, "沪B54321"]),
    "name": ("姓名", [PERSON, "司马文静"]),
}


def _people(column: str, values: list[str]) -> str:
    rows = (f"n{i},fixed,{value},{LON},{LAT}" for i, value in enumerate(values))
    return points(*rows, head=f"id,kind,{column},lon,lat")


def unseen(house: House, values: list[str], *said: str, caplog: pytest.LogCaptureFixture) -> None:
    """Assert that none of the values stands in what was said, logged, written or stored."""
    rejects = house.files / "rejects.csv"
    spoken = "\n".join([*said, caplog.text, rejects.read_text("utf-8-sig") if rejects.exists() else ""])
    stored = house.bytes()
    for value in values:
        assert value not in spoken
        assert value.encode() not in stored and json.dumps(value).encode() not in stored


@pytest.mark.parametrize(("column", "values"), PEOPLE.values(), ids=PEOPLE)
def test_no_mapping_lets_personal_columns_in(
    house: House, column: str, values: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    file = house.file("a.csv", _people(column, values))
    for target in ("name", "owner", "id"):
        said = refused(house, "never stores", "cameras", file, "--map", f"{target}={column}", "--rejects",
                       house.files / "rejects.csv")  # fmt: skip
        unseen(house, values, said, caplog=caplog)
    found = accepted(house, 2, "cameras", file)
    assert any("was not read" in note for note in found["notes"])
    unseen(house, values, json.dumps(found, ensure_ascii=False), caplog=caplog)


@pytest.mark.parametrize(
    ("option", "value"),
    [("--const=name", IDENTITY), ("--const=id", MOBILE), ("--const=owner", PERSON), ("--const=owner", f"值班 {MOBILE}"),
     ("--attribution", f"{PERSON} {MOBILE}")],
)  # fmt: skip
def test_nothing_personal_is_stated_for_all_rows(
    house: House, option: str, value: str, caplog: pytest.LogCaptureFixture
) -> None:
    name, _, of = option.partition("=")
    file = house.file("a.csv", points(f"n1,fixed,{LON},{LAT}", head="id,kind,lon,lat"))
    said = refused(house, "never stores", "cameras", file, name, f"{of}={value}" if of else value)
    unseen(house, [value], said, caplog=caplog)


def test_personal_cells_in_free_text_are_rejects_without_their_value(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    names = ["王府井大街", "东单路口", f"门卫 {MOBILE}", "西直门桥", "朝阳公园南门", "国贸桥东"]
    rows = (f"n{i},fixed,{name},{LON},{LAT}" for i, name in enumerate(names))
    file = house.file("a.csv", points(*rows, head="id,kind,name,lon,lat"))
    found = accepted(house, 5, "cameras", file, rejected=1)
    unseen(house, [MOBILE], json.dumps(found, ensure_ascii=False), caplog=caplog)


def test_look_alikes_pass(house: House) -> None:
    """Codes, site names and posts that only look like numbers, names or plates of persons."""
    sites = [("王府井", "城管一中队"), ("高家园", "交警支队"), ("李家村", "网格办"), ("京A路口", "三组")]
    rows = [f"110105{i:012d},fixed,{name},{team},{LON},{LAT}" for i, (name, team) in enumerate(sites)]
    file = house.file("a.csv", points(*rows, head="id,kind,name,owner,lon,lat"))
    accepted(house, 4, "cameras", file)


@pytest.mark.parametrize("way", ["map", "const"])
def test_the_upload_page_lets_no_person_in(house: House, way: str, caplog: pytest.LogCaptureFixture) -> None:
    client: FlaskClient = house.app.test_client()
    before = house.state()
    column, values = PEOPLE["identity"]
    sent = send(client, _people(column, values), "a.csv").get_json()
    assert [found["column"] for found in sent["preview"]["personal"]] == [column]
    options = {"map": {"name": column}} if way == "map" else {"const": {"name": IDENTITY}}
    job = run_job(client, sent["upload"], layer="cameras", options=options)
    assert (job["state"], job["error"]["code"]) == ("failed", "personal_data")
    rejects = client.get(f"/api/jobs/{job['id']}/rejects.csv").get_data(as_text=True)
    assert client.delete(f"/api/uploads/{sent['upload']}", headers=token(client)).status_code == 200
    unseen(house, values, json.dumps(job, ensure_ascii=False), rejects, caplog=caplog)
    assert house.state() == before
