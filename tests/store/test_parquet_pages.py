"""Page headers of Parquet files: each honest file passes, whatever wrote it; none that lies does; no text harms."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.errors import IntakeError
from store.intake import lockdown, parquet_pages
from store.intake.parquet_pages import check_footer, check_pages
from tests.store.attacks import parquet_liar

CODECS = ["none", "snappy", "gzip", "zstd", "brotli", "lz4"]


def table(rows: int) -> pa.Table:
    rng = np.random.default_rng(rows)
    return pa.table(
        {
            "n": rng.integers(0, 2**40, rows),
            "x": pa.array([None if i % 7 == 0 else i / 3 for i in range(rows)]),
            "name": [f"place {i % 50} 地点" for i in range(rows)],
            "flag": [bool(i % 2) for i in range(rows)],
            "many": pa.array([list(range(i % 4)) for i in range(rows)], pa.list_(pa.int32())),
            "wkb": pa.array([bytes(rng.integers(0, 256, 90, dtype=np.uint8)) for _ in range(rows)], pa.binary()),
            "none": pa.nulls(rows, pa.string()),
        }
    )


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("dictionary", [True, False])
def test_honest_files_pass(tmp_path: Path, codec: str, version: str, dictionary: bool) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(
        table(3_000), path, compression=codec, data_page_version=version, use_dictionary=dictionary,
        row_group_size=1_000, data_page_size=2_000, write_statistics=version == "2.0",
        write_page_checksum=dictionary,
    )  # fmt: skip
    check_footer(path)
    metadata = pq.ParquetFile(path).metadata
    check_pages(path, metadata)
    with path.open("rb") as file:
        for column in range(metadata.num_columns):
            chunk = metadata.row_group(0).column(column)
            pages = list(parquet_pages._pages_of(file, chunk))
            values = sum(page.values for page in pages if page.kind != parquet_pages._DICTIONARY)
            assert values == chunk.num_values
            assert (
                max(page.start + page.packed for page in pages)
                <= min(offset for offset in (chunk.dictionary_page_offset, chunk.data_page_offset) if offset)
                + chunk.total_compressed_size
            )


@pytest.mark.parametrize("rows", [0, 1])
def test_small_files_pass(tmp_path: Path, rows: int) -> None:
    pq.write_table(table(rows), tmp_path / "a.parquet")
    check_pages(tmp_path / "a.parquet", pq.ParquetFile(tmp_path / "a.parquet").metadata)


@pytest.mark.parametrize("kind", ["data", "dictionary"])
@pytest.mark.parametrize("says", [0x7FFFFFF0, 300 << 20, 5 << 20, -5])
def test_a_page_that_says_more_than_its_chunk_is_refused(tmp_path: Path, says: int, kind: str) -> None:
    path = parquet_liar(says, kind)(tmp_path)
    with pytest.raises(IntakeError, match="not as its index says"):
        check_pages(path, pq.ParquetFile(path).metadata)


@given(st.binary(max_size=200))
@settings(max_examples=300)
def test_no_text_harms_the_reader_of_headers(text: bytes) -> None:
    try:
        page = parquet_pages._page(io.BytesIO(text), 0, len(text))
    except IntakeError:
        return
    assert min(page.unpacked, page.packed, page.values) >= 0 and 0 < page.start <= len(text)


@given(st.data())
@settings(max_examples=150)
def test_a_changed_byte_of_a_header_is_seen_or_harmless(honest: bytes, data: st.DataObject) -> None:
    metadata = pq.ParquetFile(io.BytesIO(honest)).metadata
    start = metadata.row_group(0).column(0).data_page_offset
    changed = bytearray(honest)
    changed[start + data.draw(st.integers(0, 20))] = data.draw(st.integers(0, 255))
    chunk = metadata.row_group(0).column(0)
    try:
        pages = list(parquet_pages._pages_of(io.BytesIO(bytes(changed)), chunk))
    except IntakeError:
        return
    assert sum(page.unpacked for page in pages) <= 2 * chunk.total_uncompressed_size + (1 << 20)


@pytest.fixture(scope="module")
def honest() -> bytes:
    target = io.BytesIO()
    pq.write_table(pa.table({"n": list(range(2_000))}), target, use_dictionary=False)
    return target.getvalue()


def test_a_footer_of_many_megabytes_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    with path.open("wb") as file:
        file.truncate(20 << 20)
        file.seek(-8, 2)
        file.write((17 << 20).to_bytes(4, "little") + b"PAR1")
    with pytest.raises(IntakeError, match="not as its index says"):
        check_footer(path)


def test_memory_is_not_limited_in_a_process_that_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*given: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(lockdown.resource, "setrlimit", never)
    with lockdown.memory_for(1):
        pass
