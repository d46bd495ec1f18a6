"""Findings of the audit as columns, and the names by which they are known again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.audit_edges import moved
from geo.audit_kinds import SEVERITIES, SMALL_IS_WORSE, TEXTS, UNITS
from geo.audit_names import Names, cells_of, named, together

Floats = NDArray[np.float64]
Objects = NDArray[Any]
Rows = NDArray[np.int64]

MOST_NAMED = 6
NOTE, WARNING, ERROR = range(3)


@dataclass(frozen=True)
class Finding:
    """One finding; `message` and `remedy` are templates of `params`.

    Attributes
    ----------
    id
        Derived from the kind, the grids and the place: the same as long as these are.
    rows
        Positions of the grids.
    measure, unit
        How much; what it is ranked by.
    geometry
        Polygon, line or point of what is wrong, in the grids' CRS.
    """

    id: str
    kind: str
    severity: str
    rows: tuple[int, ...]
    measure: float
    unit: str
    geometry: Any
    message: str
    remedy: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Part:
    """Findings of one kind, as arrays (n,).

    Attributes
    ----------
    kind
        Key of `geo.audit_kinds`.
    variant
        str: which of the kind's texts.
    severity
        int8: `NOTE`, `WARNING`, `ERROR`.
    rows
        The grids of each finding.
    measure
        float64, in the unit of the kind.
    shape
        What is wrong, on the map.
    placed
        Whether the place is part of the id: grids can have several findings of this kind.
    own
        What tells findings apart besides: the id of a building or camera; None for none.
    params
        Values of the texts' fields, each (n,).
    item
        int64: which building each is about; None where it is about none.
    """

    kind: str
    variant: Objects
    severity: NDArray[np.int8]
    rows: Sequence[tuple[int, ...]]
    measure: Floats
    shape: Objects
    placed: bool = False
    own: Objects | None = None
    params: Mapping[str, Objects] = field(default_factory=dict)
    item: Rows | None = None
    _names: list[Names] = field(default_factory=list, repr=False, compare=False)  # one, once they are made

    def __len__(self) -> int:
        return len(self.rows)

    def names(self, codes: Objects, levels: Objects, origin: Floats) -> Names:
        """Return what each finding is known by: a digest of its kind, its grids, and its place or item."""
        if not self._names:
            cells = cells_of(self.shape, origin)
            texts = []
            for i, rows in enumerate(self.rows):
                text = "\x1e".join([self.kind, *sorted(f"{levels[row]}\x1f{codes[row]}" for row in rows)])
                if self.placed:
                    text += f"\x1d{cells[i][0]},{cells[i][1]}"
                if self.own is not None:
                    text += f"\x1d{self.own[i]}"
                texts.append(text)
            self._names.append(named(texts))
        return self._names[0]

    def only(self, kept: NDArray[np.bool_]) -> Part:
        """Return some of the findings."""
        if kept.all():
            return self
        return Part(
            self.kind,
            self.variant[kept],
            self.severity[kept],
            list(compress(self.rows, kept.tolist())),
            self.measure[kept],
            self.shape[kept],
            self.placed,
            None if self.own is None else self.own[kept],
            {name: values[kept] for name, values in self.params.items()},
            None if self.item is None else self.item[kept],
            [names[kept] for names in self._names],
        )


def part(
    kind: str,
    rows: Sequence[tuple[int, ...]],
    measure: Any,
    shape: Any,
    severity: Any,
    *,
    variant: Any = "",
    placed: bool = False,
    own: Objects | None = None,
    params: Mapping[str, Any] | None = None,
    item: Rows | None = None,
) -> Part:
    """Return findings of one kind; one severity or variant for all is spread over them."""
    n = len(rows)
    return Part(
        kind,
        np.full(n, variant, dtype=object) if isinstance(variant, str) else np.asarray(variant, dtype=object),
        np.broadcast_to(np.asarray(severity, np.int8), (n,)).copy(),
        rows,
        np.asarray(measure, np.float64),
        as_objects(shape),
        placed,
        own,
        {name: as_objects(values) for name, values in (params or {}).items()},
        item,
    )


def as_objects(values: Any) -> Objects:
    """Return a sequence as an object array (n,)."""
    if isinstance(values, np.ndarray) and values.dtype == object:
        return values
    found = np.empty(len(values), dtype=object)
    found[:] = list(values)
    return found


class Findings:
    """All findings of an audit, the gravest first, then by kind, then the largest.

    Parameters
    ----------
    parts
        In any order; one kind may occur in several.
    codes, levels
        Of all grids: findings are named by them.
    origin
        float64 (2,): where the shapes of the parts are measured from.
    """

    def __init__(self, parts: Iterable[Part], codes: Objects, levels: Objects, origin: Floats) -> None:
        self.parts = tuple(one for one in parts if len(one))
        self.codes, self.levels, self.origin = codes, levels, origin
        of_part = np.repeat(np.arange(len(self.parts)), [len(one) for one in self.parts])
        within = np.concatenate([np.arange(len(one)) for one in self.parts]) if self.parts else of_part
        kinds = np.array([list(TEXTS).index(one.kind) for one in self.parts], np.int64)
        names = together([one.names(codes, levels, origin) for one in self.parts])
        if len(of_part):
            severity = np.concatenate([one.severity for one in self.parts])
            measure = np.concatenate([one.measure for one in self.parts])
            rising = np.array([one.kind in SMALL_IS_WORSE for one in self.parts])[of_part]
            rank = np.where(rising, -measure, measure)
            place = (kinds[of_part] - len(TEXTS) * severity.astype(np.int64)).astype(np.int16)
            order = np.lexsort((names.number, -rank, place))
        else:
            order = np.zeros(0, np.int64)
        self._part, self._within = of_part[order], within[order].astype(np.int64)
        self.id: Objects = names.text[order]

    def __len__(self) -> int:
        return len(self._part)

    def __getitem__(self, index: int) -> Finding:
        one, i = self.parts[self._part[index]], int(self._within[index])
        message, remedy = TEXTS[one.kind][one.variant[i]]
        names = [self.codes[row] for row in one.rows[i]]
        params = {name: values[i] for name, values in one.params.items()}
        params |= {"grids": _listed(names), "measure": figure(float(one.measure[i]), UNITS[one.kind])}
        return Finding(
            self.id[index], one.kind, SEVERITIES[one.severity[i]], one.rows[i], float(one.measure[i]),
            UNITS[one.kind], moved(one.shape[i : i + 1], self.origin)[0], message, remedy, params,
        )  # fmt: skip

    def local(self, index: int) -> Any:
        """Return the shape of a finding, measured from `origin`: without the loss of bits far from it."""
        return self.parts[self._part[index]].shape[self._within[index]]

    def item(self, index: int) -> int | None:
        """Return which building a finding is about, None where it is about none."""
        items = self.parts[self._part[index]].item
        return None if items is None else int(items[self._within[index]])

    def same(self, kind: str, rows: tuple[int, ...], measure: float, slack: float) -> str | None:
        """Return the id of the finding of a kind, of these grids and about this measure, None where there is none."""
        for i in np.flatnonzero((self.kind == kind) & (np.abs(self.measure - measure) <= slack)).tolist():
            if self.parts[self._part[i]].rows[self._within[i]] == rows:
                return str(self.id[i])
        return None

    def index_of(self, finding: str) -> int | None:
        """Return the position of the finding of an id, None where there is none."""
        found = np.flatnonzero(self.id == finding)
        return int(found[0]) if len(found) else None

    def __iter__(self) -> Iterator[Finding]:
        return (self[i] for i in range(len(self)))

    @property
    def kind(self) -> Objects:
        """Object (n,) of str."""
        return np.array([one.kind for one in self.parts], dtype=object)[self._part]

    @property
    def severity(self) -> NDArray[np.int8]:
        """int8 (n,)."""
        return self._gather([one.severity for one in self.parts], np.int8)

    @property
    def measure(self) -> Floats:
        """float64 (n,)."""
        return self._gather([one.measure for one in self.parts], np.float64)

    @property
    def shape(self) -> Objects:
        """Object (n,) of geometries, where they are."""
        return moved(self._gather([one.shape for one in self.parts], object), self.origin)

    @property
    def level(self) -> Objects:
        """Object (n,): level of the first grid of each, None for those of no grid."""
        first = [[rows[0] if rows else -1 for rows in one.rows] for one in self.parts]
        table = np.array([*self.levels, None], dtype=object)
        return np.asarray(table[self._gather([np.array(rows) for rows in first], np.int64)], dtype=object)

    def _gather(self, columns: list[NDArray[Any]], dtype: Any) -> NDArray[Any]:
        if not columns:
            return np.zeros(0, dtype)
        start = np.concatenate([[0], np.cumsum([len(one) for one in self.parts])])[:-1]
        return np.concatenate(columns)[start[self._part] + self._within].astype(dtype)


def figure(value: float, unit: str) -> str:
    """Return a measure as a reader sees it: whole numbers of things, areas with what digits they need."""
    if unit not in ("m²", "m", ""):
        return f"{value:.0f}"
    return f"{value:,.2f}" if value >= 0.1 or value == 0 else f"{value:.2g}"


def _listed(names: Sequence[Any]) -> str:
    shown = ", ".join(map(str, names[:MOST_NAMED]))
    return shown if len(names) <= MOST_NAMED else f"{shown}, …"
