"""GeoPackage: its layers are read as they are; what runs code when it is opened is refused."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from store.errors import IntakeError
from store.intake.read_table import read_table
from tests.store.intake_files import execute, with_functions, write_vector
from tests.store.raw_tables import by_n


def two_layers(folder: Path) -> Path:
    file = write_vector(folder / "two.gpkg", "GPKG", layer="roads")
    return write_vector(file, "GPKG", layer="cameras", rows=2, append=True)


def test_several_layers_need_a_choice(tmp_path: Path) -> None:
    file = two_layers(tmp_path)
    with pytest.raises(IntakeError, match="cameras, roads"):
        read_table(file)
    table = read_table(file, layer_name="cameras")
    assert (len(table), table.layer_name) == (2, "cameras")
    with pytest.raises(IntakeError, match="no layer rails"):
        read_table(file, layer_name="rails")


def test_a_view_as_layer_is_refused(tmp_path: Path) -> None:
    file = write_vector(tmp_path / "a.gpkg", "GPKG", layer="base")
    execute(
        file,
        "CREATE VIEW trap AS SELECT * FROM base",
        "INSERT INTO gpkg_contents (table_name, data_type, srs_id) VALUES ('trap', 'features', 4326)",
    )
    with pytest.raises(IntakeError, match="is a view"):
        read_table(file, layer_name="trap")
    assert len(read_table(file, layer_name="base")) == 3


def test_a_virtual_table_is_refused(tmp_path: Path) -> None:
    file = write_vector(tmp_path / "a.gpkg", "GPKG")
    execute(file, "CREATE VIRTUAL TABLE words USING fts5(word)")
    with pytest.raises(IntakeError, match="virtual table words"):
        read_table(file)


def test_triggers_do_not_run_and_the_upload_stays_as_it_was(tmp_path: Path) -> None:
    file = write_vector(tmp_path / "a.gpkg", "GPKG")
    execute(
        file,
        "CREATE TABLE log (word TEXT)",
        "CREATE TRIGGER spy AFTER INSERT ON a BEGIN INSERT INTO log VALUES ('ran'); END",
    )
    before = file.read_bytes()
    assert len(read_table(file)) == 3
    assert file.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.gpkg"]


def test_other_sqlite_files_are_refused(tmp_path: Path) -> None:
    execute(tmp_path / "a.gpkg", "CREATE TABLE a (b)")
    with pytest.raises(IntakeError, match="SQLite"):
        read_table(tmp_path / "a.gpkg")


def test_a_write_ahead_log_beside_the_file_is_read_with_it(tmp_path: Path) -> None:
    file = write_vector(tmp_path / "a.gpkg", "GPKG")
    with closing(with_functions(file)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("UPDATE a SET name = 'late' WHERE n = 0")
        connection.commit()
        assert by_n(read_table(file))[0][0] == "late"
