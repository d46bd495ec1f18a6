"""Looks at the page headers of a Parquet file before any page is unpacked.

A reader allocates what a page's header says that the page unpacks to, before it can know better; the sizes in the
footer, by which a bomb is told elsewhere, are not compared with it. Here they are: pages must fit their column chunk,
in bytes as they lie in the file, in bytes unpacked, and in values.

Source of the layout: parquet-format, "Data Pages" and parquet.thrift (PageHeader); Thrift's compact protocol.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from geo.errors import N_
from store.errors import IntakeError

MOST_FOOTER_BYTES = 16 << 20
MOST_PAGE_BYTES = 256 << 20
MOST_PAGES = 1_000_000
_LONGEST_HEADER = 1 << 20  # with the least and greatest value of a page, which are texts
_FIRST_READ = 1 << 10
_SLACK_BYTES = 1 << 20  # writers count headers into a chunk's size, or do not
_DATA, _INDEX, _DICTIONARY, _DATA_V2 = range(4)
_VALUES = {5: _DATA, 7: _DICTIONARY, 8: _DATA_V2}  # field of the header -> kind of page that it describes


@dataclass(frozen=True)
class Page:
    """What the header of a page says; `start` is where the page itself begins."""

    kind: int
    unpacked: int
    packed: int
    values: int
    start: int


def check_footer(path: Path) -> None:
    """Refuse a footer longer than any map data needs: all of it is read before anything can be looked at."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - 8))
        length = int.from_bytes(file.read(8)[:4], "little")
    if MOST_FOOTER_BYTES < length < size:
        raise _refused()


def check_pages(path: Path, metadata: Any) -> None:
    """Refuse a file whose pages do not fit what its footer says of them.

    Parameters
    ----------
    metadata
        `pyarrow.parquet.FileMetaData`.

    Raises
    ------
    IntakeError
        A page is said to unpack to more than its column chunk, lies beyond it, or cannot be told from its bytes.
    """
    seen = 0
    with path.open("rb") as file:
        for group in range(metadata.num_row_groups):
            for column in range(metadata.num_columns):
                chunk = metadata.row_group(group).column(column)
                for _ in _pages_of(file, chunk):
                    seen += 1
                    if seen > MOST_PAGES:
                        raise _refused()


def _pages_of(file: BinaryIO, chunk: Any) -> Iterator[Page]:
    """Yield the pages of a column chunk, each checked."""
    starts = [offset for offset in (chunk.dictionary_page_offset, chunk.data_page_offset) if offset]
    position = min(starts, default=0)
    end = position + chunk.total_compressed_size
    unpacked = values = 0
    while position < end and values < chunk.num_values:
        page = _page(file, position, end)
        unpacked += page.unpacked
        if page.kind in (_DATA, _DATA_V2):
            values += page.values
        most_values = 8 * page.unpacked + 8 if page.kind == _DICTIONARY else chunk.num_values
        if (
            page.unpacked > MOST_PAGE_BYTES
            or page.packed > end - page.start
            or unpacked > 2 * chunk.total_uncompressed_size + _SLACK_BYTES
            or page.values > most_values
            or values > chunk.num_values
        ):
            raise _refused()
        position = page.start + page.packed
        yield page


def _page(file: BinaryIO, position: int, end: int) -> Page:
    """Read the header at `position`."""
    length = _FIRST_READ
    while True:
        file.seek(position)
        text = file.read(min(length, end - position))
        try:
            fields, used = _struct(text, 0)
            kind, unpacked, packed = (int(fields[number]) for number in (1, 2, 3))
            told: dict[int, Any] = next(
                (fields[number] for number, of in _VALUES.items() if of == kind and number in fields), {}
            )
            count = int(told.get(1, 0))
        except IndexError:  # it goes on
            if len(text) < length or length >= _LONGEST_HEADER:
                raise _refused() from None
            length *= 8
            continue
        except (KeyError, TypeError, ValueError, AttributeError):
            raise _refused() from None
        if min(unpacked, packed, count) < 0 or kind not in range(4):
            raise _refused()
        return Page(kind, unpacked, packed, count, position + used)


def _refused() -> IntakeError:
    return IntakeError(
        N_("The pages of the Parquet file are not as its index says."),
        N_("Write it again, or import it as GeoPackage."),
    )


# --- Thrift's compact protocol ----------------------------------------------------------------------------------------

_MOST_LEVELS = 8
_TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _STRUCT = 1, 2, 3, 7, 8, 9, 10, 12
_WHOLE = (4, 5, 6)


def _varint(text: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = text[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a number of more than 64 bits")


def _signed(text: bytes, at: int) -> tuple[int, int]:
    value, at = _varint(text, at)
    return (value >> 1) ^ -(value & 1), at


def _struct(text: bytes, at: int, level: int = 0) -> tuple[dict[int, Any], int]:
    """Return the fields of a struct by number, and where it ends; raises IndexError where the text does."""
    if level > _MOST_LEVELS:
        raise ValueError("too deep")
    fields: dict[int, Any] = {}
    number = 0
    while True:
        head = text[at]
        at += 1
        if head == 0:
            return fields, at
        kind, step = head & 0x0F, head >> 4
        if step:
            number += step
        else:
            number, at = _signed(text, at)
        fields[number], at = _value(text, at, kind, level)


def _value(text: bytes, at: int, kind: int, level: int) -> tuple[Any, int]:
    if kind in (_TRUE, _FALSE):
        return kind == _TRUE, at
    if kind == _BYTE:
        return text[at], at + 1
    if kind in _WHOLE:
        return _signed(text, at)
    if kind == _STRUCT:
        return _struct(text, at, level + 1)
    if kind in (_DOUBLE, _BINARY):
        length, at = (8, at) if kind == _DOUBLE else _varint(text, at)
        if at + length > len(text):
            raise IndexError("the text ends")
        return None, at + length
    if kind in (_LIST, _SET):
        head = text[at]
        count, at = (head >> 4, at + 1) if head >> 4 < 15 else _varint(text, at + 1)
        for _ in range(count):
            member = head & 0x0F
            _, at = (None, at + 1) if member in (_TRUE, _FALSE) else _value(text, at, member, level + 1)
        return None, at
    raise ValueError("a kind that no page header has")
