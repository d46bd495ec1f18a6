"""Overlaps and gaps between bare polygons, without preparing the rest of a division for an audit."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.audit_cover import Sheet, uneven, uneven_parts
from geo.audit_edges import edges_of, faces, moved, origin_of
from geo.audit_findings import Part
from geo.audit_rules import AuditRules

Objects = NDArray[Any]

_MARGIN_M = 1.0  # more than the reach of a gap (`geo.audit_cover`)


def search(drawn: Objects, rules: AuditRules | None = None) -> list[Part]:
    """Return overlaps, duplicates, gaps and slivers between polygons, as `geo.audit.audit` finds them in one level.

    Only polygons near a face that no polygon or several cover are moved to the origin and given to GEOS.

    Parameters
    ----------
    drawn
        Valid polygons or multipolygons (n,) in one metric CRS; the rows of the findings are their positions, the shapes
        are measured from `geo.audit_edges.origin_of(drawn)`.

    Examples
    --------
    >>> west, east = shapely.box(0, 0, 60, 100), shapely.box(50, 0, 100, 100)
    >>> [(one.kind, one.measure.tolist()) for one in search(np.array([west, east])) if len(one)]
    [('overlap', [1000.0])]
    """
    origin = origin_of(drawn)
    edges = edges_of(drawn, -origin)
    every = np.arange(len(edges.tail))
    same = np.zeros(len(every), np.int64)
    _, segments = edges.left(every, same, same + 1)
    found = uneven(segments, faces(segments))
    around = shapely.bounds(found.shape) + np.tile(origin, 2) + _MARGIN_M * np.array([-1.0, -1.0, 1.0, 1.0])
    boxes: Any = shapely.box(*around.reshape(-1, 4).T)
    near = np.unique(shapely.STRtree(boxes).query(drawn)[0]).astype(np.int64)
    shapes = moved(drawn[near], -origin)
    return uneven_parts(Sheet("", near, shapes, shapely.STRtree(shapes)), found, rules or AuditRules())
