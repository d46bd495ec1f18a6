"""Files made to hurt are refused with a reason, or read as the harmless rest of what they are."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bench.attack_bench import MOST_BYTES, apart
from store.errors import IntakeError
from store.intake.read_table import read_table
from tests.store.attacks import HARMLESS, REFUSED

FULL = os.environ.get("ATLAS_FULL") == "1"
# These end the process that reads them, or need its limits.
APART = ("wkb: 100,000 levels",)
SOME = ("parquet: 20 million rows in a few kilobytes", "wkb: 100,000 levels")


@pytest.mark.parametrize("name", [name for name in REFUSED if FULL or "1 GB" not in name])
def test_it_is_refused(tmp_path: Path, name: str) -> None:
    path = REFUSED[name](tmp_path)
    before = path.read_bytes()
    with pytest.raises(IntakeError) as caught:
        read_table(path, layer_name="00.csv" if "five levels" in name else None)
    assert caught.value.remedy or "entities" in name
    assert "root:" not in caught.value.text()  # of /etc/passwd
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", [name for name in HARMLESS if name not in APART])
def test_it_is_read_without_harm(tmp_path: Path, name: str) -> None:
    assert read_table(HARMLESS[name](tmp_path)).total >= 1


@pytest.mark.parametrize("name", [*REFUSED, *HARMLESS] if FULL else SOME)
def test_the_reading_process_stays_small(name: str) -> None:
    found = apart(name)
    assert found["bytes"] <= MOST_BYTES
    assert (found["said"] == "read") == (name in HARMLESS and name not in APART)


def test_dictionaries_of_parquet_are_written_out_where_they_are_harmless(tmp_path: Path) -> None:
    table = pa.table({"name": ["a", None, "b", "a"] * 500, "n": range(2000)})
    pq.write_table(table, tmp_path / "a.parquet")
    read = read_table(tmp_path / "a.parquet")
    assert read.columns["name"].tolist() == table["name"].to_pylist()
    assert read.columns["n"].tolist() == list(range(2000))


def test_one_long_text_that_every_row_names_is_not_written_out(tmp_path: Path) -> None:
    values = pa.DictionaryArray.from_arrays(pa.array([0] * 100_000, pa.int32()), pa.array(["x" * 100_000]))
    pq.write_table(pa.table({"name": values}), tmp_path / "a.parquet")
    with pytest.raises(IntakeError, match="times its size"):
        read_table(tmp_path / "a.parquet")
