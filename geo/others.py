"""What other cameras see of the ground about one: what would not be lost if that one looked elsewhere."""

from __future__ import annotations

import numpy as np
import shapely

from geo.exposure import meetings
from geo.parallel import chunks_of, in_chunks
from geo.private import Objects, Rows
from geo.view import GRID_M, merged
from geo.views import Views

_CHUNK = 100.0  # shapes in a piece of work


def seen_by_others(views: Views, rows: Rows, around: Objects) -> Objects:
    """Return what other cameras see, certainly or possibly, near each of some: one geometry each, None for nothing.

    Parameters
    ----------
    views
        Of all cameras.
    rows, around
        The cameras asked for, and what each could see round about, (k,).
    """
    found = np.full(len(rows), None, dtype=object)
    near, beam = meetings(around, views.polygons)
    other = views.of.camera[beam] != rows[near]
    near, beam = near[other], beam[other]
    groups = np.split(np.arange(len(near)), np.flatnonzero(np.diff(near)) + 1)

    def work(chosen: Rows) -> None:
        for group in chosen.tolist():
            pairs = groups[group]
            found[near[pairs[0]]] = merged(views.polygons[beam[pairs]])

    if len(near):
        in_chunks(work, chunks_of(np.array([len(group) for group in groups], np.float64), _CHUNK))
    return found


def without(shapes: Objects, taken: Objects) -> Objects:
    """Return shapes without what is taken from each, (k,); missing ones stay missing."""
    found = shapes.copy()

    def work(rows: Rows) -> None:
        found[rows] = shapely.difference(shapes[rows], taken[rows], grid_size=GRID_M)

    both = np.flatnonzero(~shapely.is_missing(shapes) & ~shapely.is_missing(taken))
    if len(both):
        in_chunks(lambda part: work(both[part]), chunks_of(np.ones(len(both)), _CHUNK))
    return found
