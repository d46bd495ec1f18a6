"""Tables that readers take away: a registry of names, each with its columns and where its rows come from.

A new table is one call, in the module that makes its answer:

    register(Table("density", N_("Grids by incidents"), ("grids", "incidents"), COLUMNS, rows_of))

`COLUMNS` name the keys of a row with title, unit and kind; `rows_of(asked)` returns rows with these keys, as the JSON
route of the same figures does. `/api/tables/NAME.csv` and `.xlsx` then exist, are described and tested.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from geo.columns import Snapshot
from geo.errors import N_
from layers.base import Params
from web.errors import RequestError
from web.params import Query, one_of
from web.state import Atlas

Kind = Literal["text", "word", "words", "whole", "number", "time", "flag"]
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes
    ----------
    key
        Of the value in a row.
    title
        Catalogue key of the head.
    unit
        Sign or catalogue key, stands in the head; "" for none.
    kind
        "text": as it is. "word": a word of the schema, translated where it is known. "words": a list of them. "whole",
        "number": figures. "time": ISO 8601 with zone. "flag": yes or no.
    """

    key: str
    title: str
    unit: str = ""
    kind: Kind = "text"


@dataclass(frozen=True)
class Asked:
    """What a table is asked for."""

    state: Atlas
    snapshot: Snapshot
    params: Params
    query: Query


@dataclass(frozen=True)
class Listed:
    """The first rows of so many: for tables that may be too long for a file."""

    rows: Iterable[Row]
    total: int


@dataclass(frozen=True)
class Table:
    """A table by its name in the address.

    Attributes
    ----------
    name, title
        Address and catalogue key.
    needs
        Layers of the store that the rows depend on.
    columns
        In order.
    rows
        Returns the rows; raises what its JSON route raises.
    """

    name: str
    title: str
    needs: tuple[str, ...]
    columns: tuple[Column, ...]
    rows: Callable[[Asked], Iterable[Row] | Listed]


TABLES: dict[str, Table] = {}
FORMATS = ("csv", "xlsx")


def register(table: Table) -> Table:
    """Offer `table`; a name is given once."""
    if table.name in TABLES:
        raise ValueError(f"there are two tables {table.name}")
    TABLES[table.name] = table
    return table


def table_of(name: str) -> tuple[Table, str]:
    """Return the table and the format of ``NAME.csv``.

    Raises
    ------
    RequestError
        404: there is no such table or format.
    """
    stem, _, suffix = name.partition(".")
    if stem not in TABLES or suffix not in FORMATS:
        raise RequestError(
            404,
            "unknown_table",
            N_("There is no table {name}."),
            N_("Use one of: {known}; followed by .csv or .xlsx."),
            name=name[:80],
            known=", ".join(sorted(TABLES)),
        )
    return TABLES[stem], suffix


def ordered(table: Table, rows: Iterable[Row], query: Query) -> list[Row]:
    """Return the rows sorted as ``sort=KEY``, ``order=up|down`` ask, the missing last; as they come when not asked."""
    found = list(rows)
    keys = tuple(column.key for column in table.columns)
    key = one_of(query, "sort", ("", *keys), "")
    down = one_of(query, "order", ("up", "down"), "up") == "down"
    if not key:
        return found
    present = [row for row in found if not _missing(row.get(key))]
    present.sort(key=lambda row: _rank(row[key]), reverse=down)
    return [*present, *(row for row in found if _missing(row.get(key)))]


def _missing(value: Any) -> bool:
    return value is None or value != value


def _rank(value: Any) -> tuple[bool, Any]:
    return (True, str(value)) if not isinstance(value, (int, float)) else (False, value)
