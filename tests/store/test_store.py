"""Store: modes, keys, provenance, the demo, revisions."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from geo.columns import Codes
from geo.errors import NonFiniteError
from store.batch import Batch, Note, Provenance, Reject
from store.errors import StoreBusyError, StoreError
from store.schema import LAYERS, Kind
from store.store import Store
from tests.store.checks import assert_sound
from tests.store.factories import CRS, DEMO, SOURCE, batch


@pytest.fixture
def store(tmp_path: Path):
    with Store.open(tmp_path / "s.gpkg") as opened:
        yield opened


def assert_holds(store: Store, made: Batch) -> None:
    """The layer holds the rows of `made`, in order."""
    columns = store.snapshot()[made.layer]
    assert len(columns) == len(made)
    for column in LAYERS[made.layer].columns:
        got = columns.columns[column.name]
        assert isinstance(got, Codes) == (column.kind is Kind.CODE)
        plain = columns.text(column.name) if column.kind in (Kind.TEXT, Kind.CODE) else got
        np.testing.assert_array_equal(plain, made.columns[column.name])
    if made.geometry is None:
        np.testing.assert_array_equal(columns.x, made.x)
        np.testing.assert_array_equal(columns.y, made.y)
        assert columns.geometry is None
    else:
        assert columns.x is None
        assert all(a.equals_exact(b, 0) for a, b in zip(columns.geometry, made.geometry, strict=True))


@pytest.mark.parametrize("count", [1, 60, 2_500])
@pytest.mark.parametrize("layer", LAYERS)
def test_what_was_written_is_read(store: Store, layer: str, count: int) -> None:
    made = batch(layer, count)
    fractions: list[float] = []
    result = store.write(made, "append", SOURCE, progress=fractions.append)
    assert (result.revision, result.inserted, result.updated, result.removed_demo) == (1, count, 0, False)
    assert fractions == sorted(fractions) and fractions[-1] == 1.0
    assert_holds(store, made)
    snapshot = store.snapshot()
    assert (snapshot.revision, snapshot.crs, snapshot.timezone) == (1, CRS, "Europe/Helsinki")
    assert (store.revision(), store.crs(), store.timezone()) == (1, CRS, "Europe/Helsinki")
    assert snapshot.sources == {layer: ("© Somebody",)}
    assert list(snapshot.updated_at) == [layer]
    assert datetime.fromisoformat(snapshot.updated_at[layer]).tzinfo is not None
    assert_sound(store.path)


def test_a_new_store_is_empty(store: Store) -> None:
    snapshot = store.snapshot()
    assert (snapshot.revision, snapshot.crs, snapshot.timezone) == (0, None, "UTC")
    assert list(snapshot.layers) == list(LAYERS)
    for name, layer in LAYERS.items():
        assert len(snapshot[name]) == 0 and set(snapshot[name].columns) == set(layer.names)
        assert (snapshot[name].x is None) != (snapshot[name].geometry is None)
    assert store.imports() == [] and not store.is_demo()
    assert_sound(store.path)


def test_arrays_are_read_only(store: Store) -> None:
    for layer in LAYERS:
        store.write(batch(layer, 5), "append", SOURCE)
    store.append_incident(id=None, x=1, y=2, category=None, occurred_at=None, grid_code=None, status=None)
    snapshot = store.snapshot()
    for columns in snapshot.layers.values():
        arrays = [c.codes if isinstance(c, Codes) else c for c in columns.columns.values()]
        arrays += [a for a in (columns.fid, columns.x, columns.y, columns.geometry) if a is not None]
        assert not any(array.flags.writeable for array in arrays)
        with pytest.raises(TypeError):
            columns.columns["id"] = columns.fid  # type: ignore[index]


@pytest.mark.parametrize("count", [30, 2_500])
@pytest.mark.parametrize("layer", ["incidents", "buildings"])
def test_replace_upsert_append(store: Store, layer: str, count: int) -> None:
    store.write(batch(layer, 40, 1), "append", SOURCE)
    second = batch(layer, count, 2)
    result = store.write(second, "replace", SOURCE)
    assert (result.inserted, result.updated) == (count, 0)
    assert_holds(store, second)
    assert_sound(store.path)
    before = store.snapshot()[layer].fid
    third = batch(layer, count, 3, id=np.array([f"n2-{i}" if i % 2 else f"new{i}" for i in range(count)], dtype=object))
    result = store.write(third, "upsert", SOURCE)
    assert (result.inserted, result.updated) == (count - count // 2, count // 2)
    columns = store.snapshot()[layer]
    ids = columns.text("id").tolist()
    assert ids[:count] == [f"n2-{i}" for i in range(count)]
    assert (columns.fid[:count] == before).all()
    place = {text: index for index, text in enumerate(third.columns["id"].tolist())}
    for index, text in enumerate(ids):
        source, row = (third, place[text]) if text in place else (second, index)
        got = columns.x[index] if columns.x is not None else columns.geometry[index]
        assert got == (source.x[row] if source.x is not None else source.geometry[row])
    assert_sound(store.path)


@pytest.mark.parametrize("layer", ["cameras", "zones"])
def test_the_extent_shrinks_when_its_border_moves_in(store: Store, layer: str) -> None:
    made = batch(layer, 50)
    for side in ("x", "y"):
        order = np.argsort(made.x if side == "x" else made.y) if made.x is not None else np.arange(50)
        store.write(made, "replace", SOURCE)
        for row in (order[0], order[-1]):
            inner = batch(layer, 1, id=made.columns["id"][[row]])
            if made.x is not None:
                inner.x[:], inner.y[:] = np.median(made.x), np.median(made.y)
            else:
                inner.geometry[:] = made.geometry[25]
            store.write(inner, "upsert", SOURCE)
            assert_sound(store.path)
    if layer == "zones":  # every row in turn, so the border ones too
        for row in range(50):
            inner = batch(layer, 1, id=made.columns["id"][[row]])
            inner.geometry[:] = made.geometry[25]
            store.write(inner, "upsert", SOURCE)
        assert_sound(store.path)


def test_replace_of_grids_clears_only_the_levels_that_come(store: Store) -> None:
    level = lambda count, name: np.full(count, name, dtype=object)  # noqa: E731
    store.write(batch("grids", 10, 1, level=level(10, "county")), "append", SOURCE)
    store.write(batch("grids", 20, 2, level=level(20, "grid")), "replace", SOURCE)
    result = store.write(batch("grids", 5, 3, level=level(5, "grid")), "replace", SOURCE)
    assert result.inserted == 5
    assert store.keys("grids") == {("county", f"n1-{i}") for i in range(10)} | {("grid", f"n3-{i}") for i in range(5)}
    # the same code may be there once per level
    store.write(batch("grids", 10, 1, level=level(10, "grid")), "append", SOURCE)
    with pytest.raises(StoreError):
        store.write(batch("grids", 1, 1, level=level(1, "grid")), "append", SOURCE)
    assert_sound(store.path)


@pytest.mark.parametrize("count", [10, 3_000])
def test_a_key_twice_changes_nothing(store: Store, count: int) -> None:
    first = batch("cameras", count, 1)
    store.write(first, "append", SOURCE)
    again = batch("cameras", count, 2)
    again.columns["id"][-1] = "n1-0"
    with pytest.raises(StoreError) as caught:
        store.write(again, "append", SOURCE)
    assert caught.value.remedy
    twice = batch("cameras", count, 3)
    twice.columns["id"][-1] = twice.columns["id"][0]
    for mode in ("append", "replace", "upsert"):
        with pytest.raises(StoreError):
            store.write(twice, mode, SOURCE)
    assert store.revision() == 1 and len(store.imports()) == 1
    assert_holds(store, first)
    assert_sound(store.path)


def test_the_file_alone_is_whole_after_a_write(store: Store, tmp_path: Path) -> None:
    made = batch("buildings", 3_000)
    store.write(made, "append", SOURCE)
    (wal,) = (path for path in tmp_path.iterdir() if path.name.endswith("-wal"))
    assert wal.stat().st_size == 0
    with store._reading() as reading:  # a reader in the way delays it, and does no harm
        reading.execute("BEGIN")
        reading.execute("SELECT count(*) FROM buildings").fetchall()
        store.write(batch("zones", 3), "append", SOURCE)
        assert wal.stat().st_size > 0
        reading.execute("COMMIT")
    store.write(batch("zones", 3, 2), "append", SOURCE)
    assert wal.stat().st_size == 0
    copy = tmp_path / "copy.gpkg"
    # in another process: closing a second handle here would drop this process's locks
    subprocess.run(["cp", str(store.path), str(copy)], check=True)
    with Store.open(copy) as again:
        assert len(again.snapshot()["zones"]) == 6
        assert_holds(again, made)


@pytest.mark.parametrize("count", [10, 3_000])
def test_rows_without_id_get_their_own(store: Store, count: int) -> None:
    ids = np.array([None if i % 2 else f"own{i}" for i in range(count)], dtype=object)
    ids[0], ids[2] = "i000002", ""
    store.write(batch("incidents", count, 1, id=ids), "append", SOURCE)
    store.write(batch("incidents", count, 2, id=np.full(count, None)), "upsert", SOURCE)
    got = store.snapshot()["incidents"].text("id").tolist()
    assert len(set(got)) == 2 * count and all(got)
    assert got[0] == "i000002" and got[1] == "i000002x" and got[3] == "i000004"
    assert store.keys("incidents") == {(text,) for text in got}
    taken = f"i{2 * count + 2:06d}"
    store.write(batch("incidents", 1, 3, id=np.array([taken], dtype=object)), "append", SOURCE)
    fid, _ = store.append_incident(id=None, x=1, y=2, category=None, occurred_at=None, grid_code=None, status=None)
    assert fid == 2 * count + 2 and store.snapshot()["incidents"].text("id")[-1] == f"{taken}x"


def test_empty_batches(store: Store) -> None:
    for layer in LAYERS:
        for mode in ("append", "upsert", "replace"):
            assert store.write(batch(layer, 0), mode, SOURCE).inserted == 0
    store.write(batch("zones", 4), "append", SOURCE)
    store.write(batch("zones", 0), "replace", SOURCE)
    assert len(store.snapshot()["zones"]) == 0
    assert_sound(store.path)


def test_another_crs_is_refused_but_an_empty_store_takes_it(store: Store) -> None:
    store.write(batch("cameras", 3), "append", SOURCE)
    with pytest.raises(StoreError):
        store.write(batch("zones", 3, crs="EPSG:32636"), "append", SOURCE)
    assert store.crs() == CRS
    store.clear()
    store.write(batch("zones", 3, crs="EPSG:32636"), "append", Provenance("f", timezone="Asia/Shanghai"))
    assert (store.crs(), store.timezone()) == ("EPSG:32636", "Asia/Shanghai")
    with pytest.raises(StoreError):
        store.clear()
        store.write(batch("zones", 3, crs="utm"), "append", SOURCE)


def test_timezone_comes_with_the_first_batch_that_has_one(store: Store) -> None:
    store.write(batch("grids", 3), "append", Provenance("grids"))
    assert store.timezone() == "UTC"
    store.write(batch("incidents", 3), "append", Provenance("incidents", timezone="Asia/Urumqi"))
    store.write(batch("incidents", 3, 2), "append", Provenance("incidents", timezone="Europe/Paris"))
    assert store.timezone() == "Asia/Urumqi"


def test_provenance_rejects_and_notes(store: Store) -> None:
    rejects = (
        Reject(3, "lon", "五" * 500, "“{field}” is no number.", "Mend it.", {"field": "lon"}),
        Reject(1, "x", "\ud800 odd \x00", "r", "m"),
    )
    notes = (Note("{count} repaired", {"count": np.int64(4)}), Note("plain"))
    source = Provenance("文件.csv", "ab" * 32, "EPSG:4326", "gbk", "Asia/Shanghai", "© X", True, False, rejects, notes)
    result = store.write(batch("incidents", 7), "append", source)
    (record,) = store.imports()
    assert record.id == result.import_id and record.revision == 1 and record.layer == "incidents"
    assert (record.file_name, record.encoding, record.mode) == ("文件.csv", "gbk", "append")
    assert (record.accepted, record.rejected, record.simulated, record.demo) == (7, 2, True, False)
    assert record.notes[0].text() == "4 repaired" and record.notes[1] == notes[1]
    got = store.rejects(result.import_id)
    assert [reject.row for reject in got] == [3, 1]
    assert got[0].value == "五" * 80 and got[0].params == {"field": "lon"} and got[0].reason == rejects[0].reason
    assert len(got[1].value) <= 80
    assert store.rejects(99) == []
    assert store.snapshot()["incidents"].simulated
    store.write(batch("incidents", 7, 2), "replace", SOURCE)
    assert not store.snapshot()["incidents"].simulated
    assert store.snapshot().sources["incidents"] == ("© Somebody",)
    assert [record.id for record in store.imports()] == [2, 1] and len(store.imports(limit=1)) == 1


def test_the_demo_gives_way_to_real_rows(store: Store) -> None:
    for layer in ("grids", "incidents", "cameras"):
        store.write(batch(layer, 30), "append", DEMO)
    assert store.is_demo() and store.snapshot()["incidents"].simulated
    with pytest.raises(StoreError):
        store.append_incident(id=None, x=1, y=2, category=None, occurred_at=None, grid_code=None, status=None)
    real = batch("cameras", 5, 9, crs="EPSG:32650")
    result = store.write(real, "upsert", Provenance("mine.csv", timezone="Asia/Shanghai"))
    assert result.removed_demo and (result.inserted, result.updated) == (5, 0)
    snapshot = store.snapshot()
    assert {name: len(layer) for name, layer in snapshot.layers.items() if len(layer)} == {"cameras": 5}
    assert not store.is_demo() and not snapshot["cameras"].simulated and snapshot.sources == {}
    assert (snapshot.crs, snapshot.timezone) == ("EPSG:32650", "Asia/Shanghai")
    with pytest.raises(StoreError):
        store.write(batch("grids", 3, crs="EPSG:32650"), "append", DEMO)
    assert not store.write(batch("grids", 3, crs="EPSG:32650"), "append", SOURCE).removed_demo
    assert_sound(store.path)
    store.clear()
    store.write(batch("grids", 3), "append", DEMO)
    assert store.is_demo()
    store.clear()
    assert not store.is_demo()


def test_a_failed_first_write_keeps_the_demo(store: Store) -> None:
    made = batch("cameras", 30)
    store.write(made, "append", DEMO)
    bad = batch("zones", 4, crs="nonsense")
    with pytest.raises(StoreError):
        store.write(bad, "append", SOURCE)
    assert store.is_demo()
    assert_holds(store, made)


def test_clear_some_layers(store: Store) -> None:
    for layer in LAYERS:
        store.write(batch(layer, 5), "append", SOURCE)
    before = store.snapshot()
    revision = store.clear(["zones", "incidents"])
    after = store.snapshot()
    assert revision == after.revision == before.revision + 1
    assert {name for name in LAYERS if not len(after[name])} == {"zones", "incidents"}
    assert all(after[name] is before[name] for name in LAYERS if name not in ("zones", "incidents"))
    assert_sound(store.path)


def test_append_incident(store: Store) -> None:
    args = {"category": "井盖", "grid_code": None, "status": "open"}
    moment = datetime(2024, 5, 6, 7, 8, 9, 10_000, tzinfo=UTC)
    with pytest.raises(StoreError):
        store.append_incident(id=None, x=1.0, y=2.0, occurred_at=moment, **args)
    store.write(batch("incidents", 3), "append", SOURCE)
    first = store.snapshot()
    assert store.append_incident(id=None, x=1.5, y=2.5, occurred_at=moment, **args) == (4, 2)
    assert store.append_incident(id="mine", x=9e6, y=9e6, occurred_at=np.datetime64("2024-01-01"), **args) == (5, 3)
    with pytest.raises(StoreError):
        store.append_incident(id="mine", x=1.5, y=2.5, occurred_at=moment, **args)
    for x in (np.nan, np.inf):
        with pytest.raises(NonFiniteError):
            store.append_incident(id=None, x=x, y=2.5, occurred_at=moment, **args)
    columns = store.snapshot()["incidents"]
    assert columns.text("id")[3:].tolist() == ["i000004", "mine"] and columns.text("category")[4] == "井盖"
    assert columns.columns["occurred_at"][3] == np.datetime64("2024-05-06T07:08:09.010")
    assert (columns.x[3], columns.y[4]) == (1.5, 9e6)
    assert len(first["incidents"]) == 3  # an old snapshot stays as it was
    assert_sound(store.path)


def test_bad_batches_are_refused(store: Store) -> None:
    made = batch("incidents", 4)
    made.x[2] = np.inf
    with pytest.raises(NonFiniteError):
        store.write(made, "append", SOURCE)
    with pytest.raises(ValueError, match="columns"):
        store.write(Batch("incidents", CRS, {"id": np.array(["a"], dtype=object)}), "append", SOURCE)
    with pytest.raises(ValueError, match="length"):
        short = batch("zones", 2).geometry
        store.write(Batch("zones", CRS, batch("zones", 3).columns, geometry=short), "append", SOURCE)
    late = batch("incidents", 1, occurred_at=np.array(["10000-01-01"], dtype="M8[ms]"))
    with pytest.raises(StoreError):
        store.write(late, "append", SOURCE)
    lone = batch("incidents", 1, status=np.array(["\ud800"], dtype=object))
    with pytest.raises(StoreError):
        store.write(lone, "append", SOURCE)
    assert store.revision() == 0
    assert_sound(store.path)


def test_remembered_mappings(store: Store) -> None:
    assert store.remembered_mapping("a") is None
    store.remember_mapping("a", {"id": "编号", "n": None})
    store.remember_mapping("a", {"id": "no"})
    assert store.remembered_mapping("a") == {"id": "no"} and store.revision() == 0


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "s.gpkg"
    with Store.open(path, wait_s=0.05) as first, Store.open(path, wait_s=0.05) as second:
        first.write(batch("cameras", 3), "append", SOURCE)
        assert second.crs() == CRS
        with first._writing(), pytest.raises(StoreBusyError) as other:
            second.write(batch("cameras", 3, 2), "append", SOURCE)
        with first._writing(), pytest.raises(StoreBusyError) as same:
            first.write(batch("cameras", 3, 2), "append", SOURCE)
        assert other.value.remedy and same.value.remedy
        second.write(batch("cameras", 3, 2), "append", SOURCE)
        assert len(first.snapshot()["cameras"]) == 6
