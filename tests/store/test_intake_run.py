"""An import is all or nothing: what is refused changes nothing, what is written is what the report says."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
import shapely

from store.batch import Batch, Provenance
from store.errors import IntakeError, PersonalDataError, StoreError
from store.export import export_layer
from store.intake import run
from store.intake.options import ImportOptions, ImportReport, NothingAcceptedError, StrictError
from store.intake.run import import_file, inspect_file
from store.store import Store

ROWS = [
    "id,category,occurred_at,lon,lat,grid_code",
    "a,theft,2024-05-03T14:05+08:00,24.94,60.17,1",
    "b,noise,2024-05-03T15:05+08:00,24.95,60.17,1",
    "c,=cmd(),2024-05-04T14:05+08:00,24.94,60.18,2",
]
BAD = [
    "c,theft,2024-05-04T14:05+08:00,24.94,60.18,2",
    "d,theft,2024-05-04T14:05+08:00,500,60.18,2",
    "-e,x,nonsense,24.9,60.2,",
]


@pytest.fixture
def store(tmp_path: Path) -> Any:
    with Store.open(tmp_path / "atlas.gpkg") as opened:
        yield opened


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


def table(folder: Path, *lines: str, name: str = "rows.csv") -> Path:
    file = folder / name
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def grids(folder: Path, rows: list[dict[str, Any]], name: str = "grids.geojson") -> Path:
    features = []
    for n, row in enumerate(rows):
        x = 24.90 + 0.01 * n
        ring = [[x, 60.17], [x + 0.01, 60.17], [x + 0.01, 60.18], [x, 60.18], [x, 60.17]]
        features.append({"type": "Feature", "properties": row, "geometry": {"type": "Polygon", "coordinates": [ring]}})
    file = folder / name
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return file


def test_rows_reach_the_store_as_reported(store: Store, scratch: Path, tmp_path: Path) -> None:
    steps: list[float] = []
    report = import_file(
        store,
        "incidents",
        table(tmp_path, *ROWS),
        ImportOptions(attribution="Town"),
        scratch=scratch,
        progress=lambda share, step: steps.append(share),
    )
    assert (report.accepted, report.rejected, report.revision) == (3, 0, 1)
    rows = store.snapshot()["incidents"]
    assert sorted(rows.text("id").tolist()) == ["a", "b", "c"]
    assert rows.x is not None and np.isfinite(rows.x).all()
    assert steps == sorted(steps) and steps[-1] == 1.0
    (record,) = store.imports()
    assert (record.file_name, record.attribution, record.accepted) == ("rows.csv", "Town", 3)
    assert len(record.sha256) == 64 and record.id == report.import_id


def test_the_report_has_the_keys_of_the_contract(store: Store, scratch: Path, tmp_path: Path) -> None:
    report = import_file(store, "incidents", table(tmp_path, *ROWS), ImportOptions(), scratch=scratch)
    document = json.loads(json.dumps(report.to_json()))
    assert set(document) == {"layer", "accepted", "rejected", "revision", "crs", "encoding", "rejects_file", "notes"}
    assert document["crs"] == "EPSG:4326" and document["encoding"].startswith("utf-8")
    assert document["rejects_file"] is None and all(isinstance(note, str) for note in document["notes"])


@pytest.mark.parametrize("suffix", [".csv", ".json", ".xlsx"])
def test_rejects_are_written_and_run_nothing(store: Store, scratch: Path, tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"rejects{suffix}"
    report = import_file(
        store, "incidents", table(tmp_path, *ROWS, *BAD), ImportOptions(), rejects_file=file, scratch=scratch
    )
    assert (report.accepted, report.rejected, report.rejects_file) == (3, 3, str(file))
    rows: list[list[Any]]
    if suffix == ".csv":
        with file.open(encoding="utf-8-sig", newline="") as stream:
            header, *rows = csv.reader(stream)
    elif suffix == ".json":
        found = json.loads(file.read_text(encoding="utf-8"))
        header, rows = list(found[0]), [list(row.values()) for row in found]
    else:
        sheet = openpyxl.load_workbook(file).active
        assert sheet is not None
        header, *rows = [list(row) for row in sheet.iter_rows(values_only=True)]
    assert header == ["row", "field", "value", "reason", "remedy"]
    assert [(int(row[0]), row[1]) for row in rows] == [(4, "id"), (5, "geometry"), (6, "occurred_at")]
    assert all(row[3] and row[4] for row in rows)
    if suffix != ".json":
        assert not any(str(cell).startswith(("=", "+", "-", "@")) for row in rows for cell in row[1:])
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".rejects")] == []
    assert [(reject.row, reject.field) for reject in store.rejects(report.import_id or 0)] == [
        (int(row[0]), row[1]) for row in rows
    ]


def test_a_dry_run_changes_nothing_and_says_so(store: Store, scratch: Path, tmp_path: Path) -> None:
    before = store.path.read_bytes()
    report = import_file(store, "incidents", table(tmp_path, *ROWS), ImportOptions(dry_run=True), scratch=scratch)
    assert report.accepted == 3 and report.revision == 0 and report.import_id is None
    assert any("dry run" in note.text() for note in report.notes)
    assert store.revision() == 0 and store.path.read_bytes() == before


def test_strict_refuses_any_reject_and_still_lists_them(store: Store, scratch: Path, tmp_path: Path) -> None:
    file = tmp_path / "rejects.csv"
    with pytest.raises(StrictError) as refused:
        import_file(
            store,
            "incidents",
            table(tmp_path, *ROWS, *BAD),
            ImportOptions(strict=True),
            rejects_file=file,
            scratch=scratch,
        )
    assert isinstance(refused.value.report, ImportReport) and refused.value.report.rejected == 3
    assert store.revision() == 0 and file.exists()
    assert (
        import_file(store, "incidents", table(tmp_path, *ROWS), ImportOptions(strict=True), scratch=scratch).accepted
        == 3
    )


def test_a_file_of_which_nothing_is_taken_is_refused(store: Store, scratch: Path, tmp_path: Path) -> None:
    with pytest.raises(NothingAcceptedError) as refused:
        import_file(store, "incidents", table(tmp_path, ROWS[0], BAD[1]), ImportOptions(), scratch=scratch)
    assert refused.value.report is not None and refused.value.report.rejected == 1
    assert "Row 1, geometry" in str(refused.value)
    assert store.revision() == 0 and store.crs() is None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"map": {"status": "colour"}}, "colour"), ({"map": {"colour": "id"}}, "colour"), ({"crs": "EPSG:1"}, "EPSG:1"),
        ({"timezone": "Moon"}, "Moon"), ({"mode": "merge"}, "merge"), ({"date_order": "ydm"}, "ydm"),
        ({"crs": "EPSG:3067"}, "are degrees"),
    ],
)  # fmt: skip
def test_refusals_change_nothing(
    store: Store, scratch: Path, tmp_path: Path, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(Exception, match=words):
        import_file(store, "incidents", table(tmp_path, *ROWS), ImportOptions(**options), scratch=scratch)
    assert store.revision() == 0


def test_unknown_layers_files_and_suffixes(store: Store, scratch: Path, tmp_path: Path) -> None:
    for layer, file, rejects in (
        ("people", table(tmp_path, *ROWS), None),
        ("incidents", tmp_path / "none.csv", None),
        ("incidents", table(tmp_path, *ROWS), tmp_path / "rejects.exe"),
    ):
        with pytest.raises(IntakeError):
            import_file(store, layer, file, ImportOptions(), rejects_file=rejects, scratch=scratch)
    assert store.revision() == 0


def test_personal_data_comes_back_from_the_child_as_such(store: Store, scratch: Path, tmp_path: Path) -> None:
    lines = ["phone,lon,lat", "13812345678,24.94,60.17"]
    with pytest.raises(PersonalDataError, match="phone number") as refused:
        import_file(
            store, "incidents", table(tmp_path, *lines), ImportOptions(map={"status": "phone"}), scratch=scratch
        )
    assert "138" not in str(refused.value)
    report = import_file(store, "incidents", table(tmp_path, *lines), ImportOptions(), scratch=scratch)
    assert any("“phone”" in note.text() for note in report.notes)
    assert b"13812345678" not in store.path.read_bytes()


def test_append_upsert_and_replace(store: Store, scratch: Path, tmp_path: Path) -> None:
    import_file(store, "incidents", table(tmp_path, *ROWS), ImportOptions(), scratch=scratch)
    more = table(
        tmp_path, ROWS[0], ROWS[1].replace("theft", "fraud"), "z,fire,2024-06-01T00:00Z,24.96,60.17,3", name="more.csv"
    )
    report = import_file(store, "incidents", more, ImportOptions(), scratch=scratch)
    assert (report.accepted, report.rejected) == (1, 1)
    assert "already holds" in report.rejects[0].reason
    again = table(tmp_path, ROWS[0], ROWS[1], name="again.csv")
    with pytest.raises(NothingAcceptedError, match=r"None of the 1 rows.*leave it empty: --map id=.*lists all"):
        import_file(store, "incidents", again, ImportOptions(), scratch=scratch)

    def categories() -> dict[str, str]:
        rows = store.snapshot()["incidents"]
        return dict(zip(rows.text("id").tolist(), rows.text("category").tolist(), strict=True))

    assert categories() == {"a": "theft", "b": "noise", "c": "=cmd()", "z": "fire"}
    import_file(store, "incidents", more, ImportOptions(mode="upsert"), scratch=scratch)
    assert categories() == {"a": "fraud", "b": "noise", "c": "=cmd()", "z": "fire"}
    import_file(store, "incidents", more, ImportOptions(mode="replace"), scratch=scratch)
    assert categories() == {"a": "fraud", "z": "fire"}


def test_later_rows_of_one_id_are_rejected_in_every_mode(store: Store, scratch: Path, tmp_path: Path) -> None:
    twice = table(tmp_path, *ROWS, ROWS[1])
    for mode in ("append", "replace", "upsert"):
        report = import_file(store, "incidents", twice, ImportOptions(mode=mode), scratch=scratch)
        assert (report.accepted, [reject.row for reject in report.rejects]) == (3, [4])


def test_later_files_come_in_the_stores_own_crs(store: Store, scratch: Path, tmp_path: Path) -> None:
    import_file(store, "incidents", table(tmp_path, *ROWS), ImportOptions(), scratch=scratch)
    assert store.crs() == "EPSG:32635"
    west = table(tmp_path, "name,lon,lat", "Post,23.7,60.2", name="places.csv")  # the next zone's side
    import_file(store, "places", west, ImportOptions(), scratch=scratch)
    assert store.crs() == "EPSG:32635"
    far = table(tmp_path, "name,lon,lat", "Post,116.4,39.9", name="far.csv")
    with pytest.raises(IntakeError, match="another store"):
        import_file(store, "places", far, ImportOptions(), scratch=scratch)


def test_the_first_real_import_takes_the_place_of_the_demo(store: Store, scratch: Path, tmp_path: Path) -> None:
    import_file(store, "incidents", table(tmp_path, *ROWS), ImportOptions(demo=True, simulated=True), scratch=scratch)
    assert store.is_demo()
    far = table(tmp_path, "id,name,lon,lat", "a,Post,116.4,39.9", name="far.csv")
    report = import_file(store, "places", far, ImportOptions(), scratch=scratch)
    assert report.removed_demo and not store.is_demo()
    assert store.crs() == "EPSG:32650" and len(store.snapshot()["incidents"]) == 0


def test_a_hierarchy_over_several_files(store: Store, scratch: Path, tmp_path: Path) -> None:
    wards = grids(tmp_path, [{"code": "w1"}, {"code": "w2"}])
    import_file(store, "grids", wards, ImportOptions(const={"level": "ward"}), scratch=scratch)
    cells = grids(tmp_path, [{"code": "c1", "parent": "w1"}, {"code": "c2", "parent": "w9"}], "cells.geojson")
    report = import_file(store, "grids", cells, ImportOptions(const={"level": "cell"}), scratch=scratch)
    assert report.accepted == 2
    assert any("1 grids name a parent" in note.text() and "w9" in note.text() for note in report.notes)
    circle = grids(tmp_path, [{"code": "w1", "parent": "c1"}, {"code": "w2"}], "circle.geojson")
    report = import_file(store, "grids", circle, ImportOptions(const={"level": "ward"}, mode="upsert"), scratch=scratch)
    assert [(reject.row, reject.field, reject.params["chain"]) for reject in report.rejects] == [
        (1, "parent", "w1 → c1 → w1")
    ]
    again = import_file(store, "grids", cells, ImportOptions(const={"level": "cell"}, mode="replace"), scratch=scratch)
    assert again.accepted == 2 and len(store.snapshot()["grids"]) == 4
    with pytest.raises(NothingAcceptedError, match="already holds"):
        import_file(store, "grids", cells, ImportOptions(const={"level": "cell"}), scratch=scratch)


def test_rows_that_come_in_meanwhile_are_found(
    store: Store, scratch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = table(tmp_path, *ROWS)
    import_file(
        store,
        "incidents",
        table(tmp_path, ROWS[0], ROWS[1].replace("a,", "q,", 1), name="q.csv"),
        ImportOptions(),
        scratch=scratch,
    )
    real, calls = run._in_child, []

    def slow(*arguments: Any) -> Any:
        found = real(*arguments)
        if not calls:
            store.append_incident(
                id="a", x=385_000.0, y=6_672_000.0, category=None, occurred_at=None, grid_code=None, status=None
            )
        calls.append(1)
        return found

    monkeypatch.setattr(run, "_in_child", slow)
    report = import_file(store, "incidents", file, ImportOptions(), scratch=scratch)
    assert len(calls) == 2
    assert (report.accepted, report.rejected) == (2, 1)
    assert len(store.snapshot()["incidents"]) == 4


def test_an_empty_store_taken_by_another_import_is_projected_anew(
    store: Store, scratch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = run._in_child, []

    def slow(*arguments: Any) -> Any:
        found = real(*arguments)
        if not calls:
            columns = {"id": np.array(["x"], object), "name": np.array(["x"], object), "kind": np.array([None], object)}
            store.write(
                Batch("places", "EPSG:3067", columns, np.array([shapely.Point(385_000, 6_672_000)])),
                "append",
                Provenance("x"),
            )
        calls.append(1)
        return found

    monkeypatch.setattr(run, "_in_child", slow)
    report = import_file(store, "incidents", table(tmp_path, *ROWS), ImportOptions(), scratch=scratch)
    assert len(calls) == 2 and report.accepted == 3
    assert store.crs() == "EPSG:3067"


def test_a_store_that_fails_is_not_tried_for_ever(
    store: Store, scratch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: Any, **more: Any) -> Any:
        raise StoreError("The disk is gone.")

    monkeypatch.setattr(store, "write", broken)
    with pytest.raises(StoreError, match="disk"):
        import_file(store, "incidents", table(tmp_path, *ROWS), ImportOptions(), scratch=scratch)


def test_a_mapping_is_remembered_by_the_columns(store: Store, scratch: Path, tmp_path: Path) -> None:
    wanted = {"category": "grid_code", "grid_code": ""}
    import_file(store, "incidents", table(tmp_path, *ROWS), ImportOptions(map=wanted), scratch=scratch)
    other = table(tmp_path, ROWS[0], *ROWS[2:], name="other.csv")
    assert inspect_file(other, None, ImportOptions(), scratch, store=store).remembered == wanted
    assert inspect_file(other, None, ImportOptions(), scratch).remembered is None


def test_a_preview_shows_the_file_and_changes_nothing(store: Store, scratch: Path, tmp_path: Path) -> None:
    lines = [ROWS[0] + ",phone", *[line + ",13812345678" for line in ROWS[1:]]]
    found = inspect_file(table(tmp_path, *lines, name="crime.csv"), None, ImportOptions(), scratch, store=store)
    assert found.layer == "incidents" and found.columns[-1] == "phone"
    assert found.mapping["occurred_at"] == "occurred_at" and found.mapping["lon"] == "lon"
    assert found.rows[0][:2] == ["a", "theft"] and found.rows[0][-1] == "•••"
    assert found.personal == [{"column": "phone", "what": "phone number", "by": "header"}]
    assert found.problem is None and store.revision() == 0
    assert "138" not in json.dumps(found.rows)
    naive = table(tmp_path, "category,when_,lon,lat", "a,2024-05-03 14:05,24.94,60.17", name="naive.csv")
    problem = inspect_file(naive, "incidents", ImportOptions(map={"occurred_at": "when_"}), scratch).problem
    assert problem is not None and "without a zone" in problem["message"]


@pytest.mark.parametrize("bad", ["", "{", '{"type": "FeatureCollection"', "a,b\n"])
def test_broken_files_are_refused(store: Store, scratch: Path, tmp_path: Path, bad: str) -> None:
    file = tmp_path / "broken.geojson"
    file.write_text(bad)
    with pytest.raises(IntakeError):
        import_file(store, "zones", file, ImportOptions(), scratch=scratch)
    assert store.revision() == 0


def test_a_million_vertices_come_through(store: Store, scratch: Path, tmp_path: Path) -> None:
    angle = np.linspace(0, 2 * np.pi, 1_000_000, endpoint=False)
    ring = np.column_stack([24.94 + 0.01 * np.cos(angle), 60.17 + 0.01 * np.sin(angle)]).round(9).tolist()
    feature = {
        "type": "Feature",
        "properties": {"name": "round"},
        "geometry": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]},
    }
    file = tmp_path / "round.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    report = import_file(store, "zones", file, ImportOptions(), scratch=scratch)
    assert report.accepted == 1
    assert len(store.snapshot()["zones"].geometry[0].geoms[0].exterior.coords) == 1_000_001  # type: ignore[index]


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg", ".fgb", ".parquet", ".csv", ".xlsx", ".shp.zip"])
def test_what_is_exported_comes_back(store: Store, scratch: Path, tmp_path: Path, suffix: str) -> None:
    import_file(store, "incidents", table(tmp_path, *ROWS), ImportOptions(), scratch=scratch)
    cells = grids(
        tmp_path, [{"code": "01", "name": "王府井", "level": "grid", "population": 12}, {"code": "2", "level": "grid"}]
    )
    import_file(store, "grids", cells, ImportOptions(), scratch=scratch)
    with Store.open(tmp_path / "other.gpkg") as other:
        for layer in ("incidents", "grids"):
            file = tmp_path / f"{layer}{suffix}"
            export_layer(store.snapshot(), layer, file)
            report = import_file(other, layer, file, ImportOptions(crs="EPSG:4326"), scratch=scratch)
            assert report.rejected == 0
            before, after = store.snapshot()[layer], other.snapshot()[layer]
            key = "id" if layer == "incidents" else "code"
            one, two = np.argsort(before.text(key)), np.argsort(after.text(key))  # FlatGeobuf sorts by place
            for name in set(before.columns) - {"category"}:  # one category is a formula, which tables disarm
                left, right = before.columns[name], after.columns[name]
                if isinstance(left, np.ndarray) and left.dtype.kind in "fM":
                    np.testing.assert_array_equal(left[one], np.asarray(right)[two])
                else:
                    assert before.text(name)[one].tolist() == after.text(name)[two].tolist(), name
            if before.x is not None and after.x is not None:
                np.testing.assert_allclose(before.x[one], after.x[two], atol=0.02)


def test_personal_data_stands_in_no_reject_note_or_log(
    store: Store, scratch: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lines = [
        "id,category,手机,报警人,lon,lat",
        "1,noise,13812345678,张伟,24.94,60.17",
        "2,noise,13912345678,王芳,500,60",
        "3,noise,15012345678,李娜,24.94",
        "4,call 13712345678,,刘洋,24.95,60.17",
        "5,13712345678,,陈静,24.95,60.17",
        *[f"{n},noise,,黄磊,24.95,60.17" for n in range(6, 30)],
    ]
    rejects = tmp_path / "rejects.json"
    report = import_file(
        store, "incidents", table(tmp_path, *lines), ImportOptions(), rejects_file=rejects, scratch=scratch
    )
    assert sorted(reject.row for reject in report.rejects) == [2, 3, 4, 5]
    said = (
        rejects.read_text(encoding="utf-8")
        + repr(report)
        + caplog.text
        + repr(store.imports())
        + repr(store.rejects(report.import_id or 0))
        + repr(inspect_file(tmp_path / "rows.csv", None, ImportOptions(), scratch))
    )
    for secret in ("1381234", "1391234", "1501234", "1371234", "张伟", "王芳", "李娜", "刘洋", "陈静", "黄磊"):
        assert secret not in said
        assert secret.encode() not in store.path.read_bytes()


def test_polygons_take_no_columns_of_points(store: Store, scratch: Path, tmp_path: Path) -> None:
    with pytest.raises(IntakeError, match="lon"):
        import_file(
            store, "zones", table(tmp_path, *ROWS), ImportOptions(map={"lon": "lon", "lat": "lat"}), scratch=scratch
        )
