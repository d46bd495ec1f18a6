"""The child process: no way out, every limit told as an error a user can act on, nothing left behind."""

from __future__ import annotations

import json
import os
import platform
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from geo.errors import NotMetricError
from store.batch import Note, Reject
from store.errors import IntakeError, PersonalDataError
from store.intake import child, child_env, lockdown, sandbox
from store.intake.raw import RawTable, object_array
from store.intake.scratch import scratch_folder, sweep
from store.intake.wire import read_columns, read_raw, write_columns, write_raw
from tests.store.intake_files import NAMES, write_shapefile, write_vector, zeros, zip_shapefile

PROBES = "tests.store.sandbox_probes:"
LIMITS: dict[str, Any] = {"memory_bytes": 2 << 30, "cpu_s": 30, "wall_s": 60}


def probe(scratch: Path, name: str, arguments: dict[str, Any] | None = None, **limits: Any) -> Any:
    return sandbox.run(PROBES + name, arguments or {}, scratch=scratch, **{**LIMITS, **limits})


def alive(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(condition: Any, seconds: float = 60) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


# --- what goes in and out -------------------------------------------------------------------------------------------


def test_arguments_and_result_go_through_json_and_the_child_works_in_the_scratch(tmp_path: Path) -> None:
    answer = probe(tmp_path, "echo", {"名": [1, None, 2.5]})
    assert answer == {"arguments": {"名": [1, None, 2.5]}, "cwd": str(tmp_path), "scratch": str(tmp_path)}


def test_large_arguments(tmp_path: Path) -> None:
    keys = [f"key{i}" for i in range(100_000)]
    assert probe(tmp_path, "echo", {"keys": keys})["arguments"]["keys"] == keys


def test_progress_arrives_in_order(tmp_path: Path) -> None:
    seen: list[tuple[float, str]] = []
    sandbox.run(PROBES + "steps", {}, scratch=tmp_path, progress=lambda *step: seen.append(step), **LIMITS)
    assert seen[-1] == (1.0, "step 4")
    assert seen == sorted(seen)


@pytest.mark.parametrize(("kind", "expected"), [("personal", PersonalDataError), ("metric", NotMetricError)])
def test_errors_come_back_as_they_were(tmp_path: Path, kind: str, expected: type[Exception]) -> None:
    with pytest.raises(expected) as caught:
        probe(tmp_path, "refuse", {"kind": kind})
    error: Any = caught.value
    assert (error.message, error.remedy, error.params) == (
        "The column {name} is refused.",
        "Leave {name} out.",
        {"name": "phone"},
    )


def test_a_class_that_is_no_error_of_the_domain_is_not_called() -> None:
    for name in ("os:system", "store.errors:N_", "geo.errors:Any", "builtins:eval"):
        error = sandbox._again({"class": name, "message": "m", "remedy": "", "params": {}})
        assert type(error) is IntakeError


def test_a_fault_of_the_program_is_logged_and_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(IntakeError, match="ZeroDivisionError"):
        probe(tmp_path, "bug")
    assert "a fault of the program" in caplog.text


def test_a_fault_tells_no_cell_of_the_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(IntakeError, match="ValueError") as caught:
        probe(tmp_path, "slip", {"cell": "13812345678 x"})
    assert "138" not in caplog.text + caught.value.text()
    assert "in slip" in caplog.text


def test_an_error_tells_no_folder(tmp_path: Path) -> None:
    with pytest.raises(IntakeError) as caught:
        probe(tmp_path, "placed", {"file": str(tmp_path / "uploads" / "a.gpkg")})
    assert caught.value.text().startswith("Damaged: a.gpkg and source.gpkg: malformed")


def test_a_crash_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(IntakeError, match="made the reader fail"):
        probe(tmp_path, "crash")
    assert "ended with status -6" in caplog.text


def test_every_name_of_the_table_leads_to_a_function() -> None:
    for name in child.FUNCTIONS:
        assert callable(child.resolve(name))


# --- what it may not do ---------------------------------------------------------------------------------------------


def test_no_socket_no_fork_no_program(tmp_path: Path) -> None:
    outcome = probe(tmp_path, "attempts")
    assert outcome == dict.fromkeys(outcome, "PermissionError")
    assert {"inet", "inet6", "unix", "fork", "exec", "spawn"} <= outcome.keys()


def test_gdal_comes_without_what_is_slow_to_load_and_not_used(tmp_path: Path) -> None:
    assert probe(tmp_path, "gdal_alone") == {"pyogrio": True, "geopandas": False, "pyproj": False}


def test_threads_still_work(tmp_path: Path) -> None:
    assert probe(tmp_path, "threads") == 4


def test_the_environment_is_our_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATLAS_SECRET", "hush")
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    answer = probe(tmp_path, "surroundings")
    assert "hush" not in json.dumps(answer)
    assert answer["environ"]["GDAL_HTTP_PROXY"] == "127.0.0.1:1"
    assert answer["environ"]["CPL_VSIL_CURL_ALLOWED_EXTENSIONS"] == "{none}"
    # A module that an archive unpacks into the scratch folder must not be importable.
    assert str(tmp_path) not in answer["path"]
    assert "" not in answer["path"]


def test_descriptors_of_the_parent_do_not_leak(tmp_path: Path) -> None:
    with (tmp_path / "secret").open("w") as secret:
        os.set_inheritable(secret.fileno(), True)
        targets = probe(tmp_path, "surroundings")["open"]
    assert any(target.endswith("child.log") for target in targets)
    assert not any(target.endswith("secret") for target in targets)


@pytest.mark.parametrize("driver", ["OGR_VRT", "HTTP", "WFS", "OAPIF", "GDALG", "Carto", "Elasticsearch", "CSW"])
def test_drivers_that_open_other_things_are_absent(tmp_path: Path, driver: str) -> None:
    program = "import pyogrio; print(*pyogrio.list_drivers(), sep='\\n')"
    result = subprocess.run(
        [sys.executable, "-P", "-c", program],
        env=sandbox.environment(tmp_path),
        check=True,
        capture_output=True,
        text=True,
    )
    drivers = result.stdout.splitlines()
    assert driver not in drivers
    assert {"GPKG", "FlatGeobuf", "ESRI Shapefile"} <= set(drivers)


def test_a_kernel_that_grants_nothing_is_an_error_not_a_shrug(monkeypatch: pytest.MonkeyPatch) -> None:
    class Library:
        def prctl(self, *arguments: object) -> int:
            return -1

        def unshare(self, flags: int) -> int:
            return -1

    monkeypatch.setattr(lockdown.ctypes, "CDLL", lambda *arguments, **options: Library())
    with pytest.raises(IntakeError, match="off the network"):
        lockdown.forbid_network()


def test_the_namespace_is_the_fallback(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    class Library:
        def unshare(self, flags: int) -> int:
            calls.append(flags)
            return 0

    monkeypatch.setattr(lockdown.ctypes, "CDLL", lambda *arguments, **options: Library())
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    assert lockdown.forbid_network() == "namespace"
    assert calls == [0x10000000 | 0x40000000]


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_filter_is_well_formed_and_decides_as_written(machine: str) -> None:
    arch, refused, clone, clone3 = lockdown._TABLES[machine]
    decide = interpreter(lockdown._program(machine))
    allow, kill, error = 0x7FFF0000, 0x80000000, 0x00050000
    assert decide(0x12345678, 0, 0) == kill
    for number in refused:
        assert decide(arch, number, 0) == error | 13
    assert decide(arch, clone3, 0) == error | 38
    assert decide(arch, clone, 0x00010000 | 0x100) == allow
    assert decide(arch, clone, 17) == error | 13
    for harmless in (0, 1, 3, 9, 60, 231, 257):
        assert decide(arch, harmless, 0) == (error | 13 if harmless in refused else allow)
    if machine == "x86_64":
        assert decide(arch, 0x40000000 | 41, 0) == error | 1


def interpreter(program: bytes) -> Any:
    """Return a plain interpreter of the filter: the oracle of its jumps."""
    import struct

    lines = list(struct.iter_unpack("<HBBI", program))

    def decide(arch: int, number: int, first: int) -> int:
        data, at, loaded = {0: number, 4: arch, 16: first}, 0, 0
        while True:
            code, yes, no, operand = lines[at]
            at += 1
            if code == 0x20:
                loaded = data[operand]
            elif code == 0x06:
                return operand
            else:
                hit = {0x15: loaded == operand, 0x35: loaded >= operand, 0x45: bool(loaded & operand)}[code]
                at += yes if hit else no

    return decide


# --- limits ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["eat_memory", "abort_as_cpp"])
def test_memory(tmp_path: Path, name: str) -> None:
    with pytest.raises(IntakeError, match="400 MiB of memory") as caught:
        probe(tmp_path, name, memory_bytes=400 << 20)
    assert "Split the file" in caught.value.remedy


def test_processor_time(tmp_path: Path) -> None:
    with pytest.raises(IntakeError, match="1 s of processor time") as caught:
        probe(tmp_path, "spin", cpu_s=1)
    assert caught.value.remedy


def test_time_by_the_clock(tmp_path: Path) -> None:
    with pytest.raises(IntakeError, match="longer than 5 s") as caught:
        probe(tmp_path, "sleep", wall_s=5)  # long enough to begin
    assert caught.value.remedy
    pid = int((tmp_path / "pid").read_text())
    assert wait_until(lambda: not alive(pid))


def test_size_of_a_file(tmp_path: Path) -> None:
    with pytest.raises(IntakeError, match="space on the disk"):
        probe(tmp_path, "write_much", file_bytes=1 << 20)


def test_a_caller_that_gives_up_ends_the_child(tmp_path: Path) -> None:
    def cancel(fraction: float, step: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sandbox.run(PROBES + "report_and_sleep", {}, scratch=tmp_path, progress=cancel, **LIMITS)
    pid = int((tmp_path / "pid").read_text())
    assert wait_until(lambda: not alive(pid))


def test_a_killed_parent_takes_the_child_along_and_its_scratch_is_swept(tmp_path: Path) -> None:
    program = (
        "from pathlib import Path\n"
        "from store.intake import sandbox\n"
        "from store.intake.scratch import scratch_folder\n"
        f"with scratch_folder(Path({str(tmp_path)!r})) as folder:\n"
        f"    sandbox.run('{PROBES}sleep', {{}}, scratch=folder, memory_bytes=1 << 30, cpu_s=30, wall_s=60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], cwd=child_env.ROOT)
    try:
        assert wait_until(lambda: any(path.read_text() for path in tmp_path.glob("scratch-*/pid")))
        (note,) = tmp_path.glob("scratch-*/pid")
        pid = int(note.read_text())
        assert alive(pid)
        assert sweep(tmp_path) == 0
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    assert wait_until(lambda: not alive(pid))
    assert sweep(tmp_path) == 1
    assert list(tmp_path.iterdir()) == []


# --- scratch folders ------------------------------------------------------------------------------------------------


def test_a_scratch_folder_is_removed_also_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), scratch_folder(tmp_path / "root") as folder:
        (folder / "a").write_text("x")
        assert (folder.stat().st_mode & 0o777) == 0o700
        raise ZeroDivisionError
    assert list((tmp_path / "root").iterdir()) == []


def test_a_folder_in_use_is_not_swept(tmp_path: Path) -> None:
    with scratch_folder(tmp_path) as one, scratch_folder(tmp_path) as two:
        assert one != two
        assert sweep(tmp_path) == 0
        assert one.exists()
        assert two.exists()


# --- arrays ---------------------------------------------------------------------------------------------------------


def test_columns_come_back_as_they_went(tmp_path: Path) -> None:
    columns = {
        "text": object_array(["甲", None, ""]),
        "real": np.array([1.5, np.nan, 0]),
        "flag": np.array([1, 0, -1], np.int8),
        "time": np.array(["2020-01-01T00:00:00.123", "NaT", "1900-01-01"], "M8[ms]"),
        "whole": np.array([1, 2, 3]),
        "mixed": object_array([1, None, "x"]),
        "none": object_array([None, None, None]),
        "yes": np.array([True, False, True]),
    }
    geometry = object_array([shapely.Point(1, 2, 3), None, shapely.box(0, 0, 1, 1)])
    write_columns(tmp_path / "a", columns, geometry=geometry, meta={"crs": "EPSG:3067"})
    back, shapes, meta = read_columns(tmp_path / "a")
    assert meta == {"crs": "EPSG:3067"}
    assert list(back) == list(columns)
    for name, values in columns.items():
        assert back[name].dtype == values.dtype
        np.testing.assert_array_equal(back[name], values)
    assert shapes is not None
    assert [None if g is None else g.wkt for g in shapes] == [None if g is None else g.wkt for g in geometry]
    back["real"][0] = 2  # writable, of its own


@pytest.mark.parametrize("rows", [0, 3])
def test_a_raw_table_comes_back_as_it_went(tmp_path: Path, rows: int) -> None:
    table = RawTable(
        columns={"a": object_array(["x"] * rows), "t": np.zeros(rows, "M8[ms]")},
        geometry=object_array([None] * rows),
        row=np.arange(1, rows + 1),
        crs=None,
        encoding="gb18030",
        driver="CSV",
        layer_name="层",
        notes=(Note("n {a}", {"a": 1}),),
        rejects=(Reject(9, "f", "v", "r", "m", {"b": 2}),),
        total=rows + 1,
        utc=frozenset({"t"}),
    )
    write_raw(tmp_path / "a", table)
    back = read_raw(tmp_path / "a")
    for name in ("crs", "encoding", "driver", "layer_name", "notes", "rejects", "total", "utc"):
        assert getattr(back, name) == getattr(table, name)
    assert back.row.tolist() == table.row.tolist()
    assert back.columns["a"].tolist() == table.columns["a"].tolist()


# --- the readers under the limits -----------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["gpkg", "fgb", "shp", "zip", "csv", "geojson", "kml", "xlsx", "parquet"])
def test_every_format_is_read_inside(tmp_path: Path, suffix: str) -> None:
    name = f"a.{suffix}"
    source = tmp_path / "source"
    source.mkdir()
    file = source / name
    if name in ("a.gpkg", "a.fgb"):
        write_vector(file, {"a.gpkg": "GPKG", "a.fgb": "FlatGeobuf"}[name])
    elif name == "a.shp":
        write_shapefile(source)
    elif name == "a.zip":
        zip_shapefile(file, write_shapefile(tmp_path, stem="b"))
    elif name == "a.xlsx":
        openpyxl = pytest.importorskip("openpyxl")
        book = openpyxl.Workbook()
        for row in ("name", *NAMES):
            book.active.append([row])
        book.save(file)
    elif name == "a.parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.table({"name": list(NAMES)}), file)
    else:
        features = [{"type": "Feature", "properties": {"name": n}, "geometry": None} for n in NAMES]
        file.write_text(
            {
                "a.csv": "\n".join(("name", *NAMES)),
                "a.geojson": json.dumps({"type": "FeatureCollection", "features": features}),
                "a.kml": "<kml>" + "".join(f"<Placemark><name>{n}</name></Placemark>" for n in NAMES) + "</kml>",
            }[name],
            encoding="utf-8",
        )
    before = {path.name: path.read_bytes() for path in source.iterdir()}
    with scratch_folder(tmp_path / "scratch") as folder:
        arguments = {"file": str(file), "encoding": "gbk" if name in ("a.shp", "a.zip") else None}
        answer = sandbox.run("read", arguments, scratch=folder, **LIMITS)
        table = read_raw(folder / "table.arrow")
    assert answer == {"rows": 3, "total": 3}
    assert sorted(table.columns["name"]) == sorted(NAMES)
    assert {path.name: path.read_bytes() for path in source.iterdir()} == before
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_table_too_large_for_the_memory_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    with file.open("w") as stream:
        stream.write("a,b\n")
        for start in range(0, 3_000_000, 100_000):
            stream.write("".join(f"{i}x,{i}y\n" for i in range(start, start + 100_000)))
    with scratch_folder(tmp_path / "s") as folder, pytest.raises(IntakeError, match="of memory") as caught:
        sandbox.run("read", {"file": str(file)}, scratch=folder, memory_bytes=500 << 20, cpu_s=60, wall_s=60)
    assert caught.value.remedy


def test_a_bomb_is_refused_within_300_mib_of_address_space(tmp_path: Path) -> None:
    file = tmp_path / "a.zip"
    file.write_bytes(zeros(1 << 30))
    with scratch_folder(tmp_path / "s") as folder, pytest.raises(IntakeError, match="times its size"):
        sandbox.run("read", {"file": str(file)}, scratch=folder, memory_bytes=300 << 20, cpu_s=2, wall_s=60)


def test_a_sheet_that_claims_all_of_its_cells_is_refused(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active["A1"], book.active["XFD1048576"] = "a", 1
    book.save(tmp_path / "a.xlsx")
    with scratch_folder(tmp_path / "s") as folder, pytest.raises(IntakeError, match="far apart"):
        sandbox.run("read", {"file": str(tmp_path / "a.xlsx")}, scratch=folder, **LIMITS)
