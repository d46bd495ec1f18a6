"""Single cameras placed, changed and removed: one transaction, one revision, nothing of others overwritten."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import NonFiniteError, ParameterError
from store.edits import CameraEdit, checked, stored_camera
from store.errors import ConflictError, StoreError
from store.schema import LAYERS, Kind
from store.store import Store
from tests.store.checks import assert_sound
from tests.store.factories import DEMO, SOURCE, X0, Y0, batch


@pytest.fixture
def store(tmp_path: Path):
    with Store.open(tmp_path / "s.gpkg") as made:
        made.write(batch("cameras", 20), "append", SOURCE)
        yield made


def camera(store: Store, name: str) -> dict[str, Any]:
    with store._reading() as connection:
        fid = connection.execute("SELECT fid FROM cameras WHERE id = ?", (name,)).fetchone()[0]
        return stored_camera(connection, fid)


def test_a_change_is_one_revision_and_the_snapshot_shows_it(store: Store) -> None:
    before, revision = store.snapshot(), store.revision()
    done = store.edit_cameras(
        [
            CameraEdit("place", None, X0 - 50, Y0 - 60, {"kind": "dome", "range_m": 30.0, "name": "新"}),
            CameraEdit("set", "n0-3", X0 + 9000, Y0 + 1, {"azimuth_deg": 90, "online": False, "range_m": None}),
            CameraEdit("set", "n0-4", values={"height_m": 5.5}),
            CameraEdit("remove", "n0-5"),
        ]
    )
    after = store.snapshot()
    assert (done.revision, done.placed, done.changed, done.removed) == (revision + 1, 1, 2, 1)
    assert store.revision() == after.revision == after["cameras"].revision == revision + 1
    assert after["grids"] is before["grids"]
    ids = after["cameras"].text("id").tolist()
    assert "n0-5" not in ids and ids[-1] == done.ids[0] and len(ids) == 20
    moved = camera(store, "n0-3")
    wanted = (X0 + 9000, Y0 + 1, 90.0, False, None)
    assert tuple(moved[name] for name in ("x", "y", "azimuth_deg", "online", "range_m")) == wanted
    placed = camera(store, done.ids[0])
    assert (placed["kind"], placed["name"], placed["range_m"], placed["online"]) == ("dome", "新", 30.0, None)
    assert_sound(store.path)


def test_the_extent_shrinks_with_what_stood_on_its_border(store: Store) -> None:
    store.edit_cameras([CameraEdit("place", "far", X0 - 5_000, Y0)])
    assert_sound(store.path)
    store.edit_cameras([CameraEdit("remove", "far")])
    assert_sound(store.path)
    store.edit_cameras([CameraEdit("remove", f"n0-{index}") for index in range(20)])
    assert len(store.snapshot()["cameras"]) == 0
    assert_sound(store.path)


def test_a_camera_that_changed_meanwhile_is_named_and_nothing_is_done(store: Store) -> None:
    base = camera(store, "n0-1")
    store.edit_cameras([CameraEdit("set", "n0-1", values={"range_m": 77.0, "owner": "x"})])
    revision = store.revision()
    edits = [CameraEdit("place", None, X0, Y0), CameraEdit("set", "n0-1", values={"height_m": 3}, base=base)]
    with pytest.raises(ConflictError, match=r"n0-1.*range_m, owner") as found:
        store.edit_cameras(edits)
    assert found.value.params["camera"] == "n0-1"
    assert (store.revision(), len(store.snapshot()["cameras"])) == (revision, 20)
    store.edit_cameras([CameraEdit("set", "n0-1", values={"height_m": 3}, base=camera(store, "n0-1"))])
    with pytest.raises(ConflictError, match="no longer there"):
        store.edit_cameras([CameraEdit("remove", "gone")])


@pytest.mark.parametrize(
    ("edit", "error"),
    [
        (CameraEdit("place", None, math.nan, Y0), NonFiniteError),
        (CameraEdit("place", None, None, None), NonFiniteError),
        (CameraEdit("set", "n0-1", X0, None), NonFiniteError),
        (CameraEdit("set", "n0-1", values={"range_m": 10_001}), ParameterError),
        (CameraEdit("set", "n0-1", values={"range_m": -1}), ParameterError),
        (CameraEdit("set", "n0-1", values={"id": "other"}), ParameterError),
        (CameraEdit("place", "n0-2", X0, Y0), StoreError),
    ],
)
def test_what_cannot_be_is_refused_whole(store: Store, edit: CameraEdit, error: type[Exception]) -> None:
    revision = store.revision()
    with pytest.raises(error):
        store.edit_cameras([CameraEdit("remove", "n0-7"), edit])
    with pytest.raises(StoreError):
        store.edit_cameras([CameraEdit("remove", "n0-7"), CameraEdit("set", "n0-7", values={"range_m": 1})])
    assert store.revision() == revision
    assert_sound(store.path)


def test_an_empty_store_takes_no_camera(tmp_path: Path) -> None:
    with Store.open(tmp_path / "s.gpkg") as empty, pytest.raises(StoreError, match="no data of a town"):
        empty.edit_cameras([CameraEdit("place", None, X0, Y0)])


def test_the_demo_stays_the_demo_and_goes_with_the_first_real_rows(tmp_path: Path) -> None:
    with Store.open(tmp_path / "s.gpkg") as demo:
        demo.write(batch("cameras", 5), "append", DEMO)
        demo.edit_cameras([CameraEdit("place", None, X0, Y0), CameraEdit("remove", "n0-1")])
        assert demo.is_demo() and len(demo.snapshot()["cameras"]) == 5
        demo.write(batch("grids", 2), "append", SOURCE)
        assert not demo.is_demo() and len(demo.snapshot()["cameras"]) == 0


@given(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.integers()), st.binary()))
def test_a_value_is_taken_as_its_column_says_or_refused(value: Any) -> None:
    for column in LAYERS["cameras"].columns[1:]:
        try:
            found = checked(column.name, value)
        except ParameterError as error:
            assert error.params["field"] == column.name and error.text()
            continue
        if column.kind in (Kind.REAL, Kind.INTEGER) and found is not None:
            assert math.isfinite(found) and column.low <= found <= column.high
        elif column.kind is Kind.BOOL:
            assert found in (True, False, None)
        else:
            assert found is None or isinstance(found, (str, float))


def test_an_old_file_gets_its_shelf_for_scenarios(store: Store) -> None:
    with store._writing(bookkeeping=True) as connection:
        connection.execute("DROP TABLE atlas_scenarios")
        connection.execute("DELETE FROM atlas_migrations WHERE name = '0004-scenarios'")
    store.close()
    with Store.open(store.path) as again:
        assert again.scenarios() == []
