"""Grids that change while they are asked: one owner of an R-tree, one tie rule."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import shapely
from rtree import index
from shapely.geometry.base import BaseGeometry

from geo.errors import N_, HierarchyError


class GridIndex:
    """The polygons of one level, inserted, moved and deleted one by one.

    Answers as `geo.assign` does: polygons are closed, and a point that touches several is in the one with the
    lowest code in text order. For a level that does not change, `geo.assign.Locator` is the faster one. All methods
    may be called from several threads.

    Examples
    --------
    >>> index = GridIndex()
    >>> index.insert("b", shapely.box(0, 0, 10, 10))
    >>> index.insert("a", shapely.box(10, 0, 20, 10))
    >>> index.locate(5, 5), index.locate(10, 5), index.locate(30, 5)
    ('b', 'a', None)
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tree: Any = index.Index()
        self._polygon: dict[str, BaseGeometry] = {}
        self._number: dict[str, int] = {}
        self._code: dict[int, str] = {}
        self._next = 0

    def __len__(self) -> int:
        return len(self._polygon)

    def __contains__(self, code: str) -> bool:
        return code in self._polygon

    def insert(self, code: str, polygon: BaseGeometry) -> None:
        """Add a polygon (store's CRS).

        Raises
        ------
        HierarchyError
            The code is there already.
        """
        with self._lock:
            if code in self._polygon:
                raise HierarchyError(
                    N_("The grid code “{code}” is already in use."), N_("Give the grid another code."), code=code
                )
            self._insert(code, polygon)

    def delete(self, code: str) -> None:
        """Take a polygon out.

        Raises
        ------
        HierarchyError
            There is no such code.
        """
        with self._lock:
            self._delete(code)

    def move(self, code: str, polygon: BaseGeometry) -> None:
        """Give a code another polygon; nobody sees the time between.

        Raises
        ------
        HierarchyError
            There is no such code.
        """
        with self._lock:
            self._delete(code)
            self._insert(code, polygon)

    def locate(self, x: float, y: float) -> str | None:
        """Return the code of the grid that the point lies in, None for none."""
        with self._lock:
            return next(self._touching(x, y), None)

    def all_at(self, x: float, y: float) -> list[str]:
        """Return the codes of all polygons that hold or touch the point, in text order."""
        with self._lock:
            return list(self._touching(x, y))

    def _touching(self, x: float, y: float) -> Iterator[str]:
        near = sorted(self._code[number] for number in self._tree.intersection((x, y, x, y)))
        return (code for code in near if shapely.intersects_xy(self._polygon[code], x, y))

    def _insert(self, code: str, polygon: BaseGeometry) -> None:
        polygon = shapely.from_wkb(shapely.to_wkb(polygon))  # preparing changes it, and the caller's may be in use
        if polygon.is_valid:  # prepared, an invalid one would answer by another rule
            shapely.prepare(polygon)
        if not polygon.is_empty:
            self._tree.insert(self._next, polygon.bounds)
        self._polygon[code] = polygon
        self._number[code] = self._next
        self._code[self._next] = code
        self._next += 1

    def _delete(self, code: str) -> None:
        if code not in self._polygon:
            raise HierarchyError(
                N_("There is no grid with the code “{code}”."), N_("Choose one of the existing grids."), code=code
            )
        polygon = self._polygon.pop(code)
        number = self._number.pop(code)
        del self._code[number]
        if not polygon.is_empty:
            self._tree.delete(number, polygon.bounds)
