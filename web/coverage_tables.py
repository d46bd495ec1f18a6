"""Coverage, views and blind spots as layers that can be exported like those of the store."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.columns import LayerColumns, Snapshot
from layers.base import LayerFrame, Params
from layers.complete import Complete
from layers.measures import measure
from store.schema import Column, Kind, Layer
from web.coverage_service import grid_columns, rows_of

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = frozenset({"code", "name", "parent", "loss_camera", "camera", "state", "grid", "grid_name", "nearest_camera",
                   "nearest_name", "why"})  # fmt: skip
WHOLE = frozenset({"incidents", "incidents_seen", "incidents_certain", "places", "places_seen", "places_certain",
                   "rank", "incidents_unseen"})  # fmt: skip
FLAGS = frozenset({"range_assumed"})
NAMES = ("coverage", "views", "blindspots", "exposure")
_POLYGON = frozenset({"polygon"})


@dataclass(frozen=True)
class Table:
    """Rows to be exported: what they are, their columns, the CRS of their geometry, where they come from."""

    layer: Layer
    columns: LayerColumns
    crs: str | None
    description: str = ""

    def write(self, file: Path, crs: str | None = None) -> int:
        """Write the rows in the format of the suffix of `file`; return their number. See `store.export`."""
        from store.export import export_derived  # brings in GDAL and Arrow, which little else needs

        return export_derived(self.layer, self.columns, self.crs, file, crs, self.description)


def coverage_table(complete: Complete | None, snapshot: Snapshot, params: Params, description: str) -> Table:
    """Return the grids of a level with their figures."""
    if complete is None:
        return table("coverage", {"code": np.zeros(0, dtype=object)}, np.zeros(0, dtype=object), snapshot, description)
    rows = rows_of(complete, params.parent)
    columns = grid_columns(complete, measure(complete, snapshot, params))
    del columns["bounds"]
    shapes = complete.city.cells.polygons[rows]
    return table("coverage", {name: values[rows] for name, values in columns.items()}, shapes, snapshot, description)


def frame_table(name: str, frame: LayerFrame, snapshot: Snapshot, description: str) -> Table:
    """Return the features of a layer as rows."""
    features = frame.features
    shapes = np.asarray(features.geometry.array, dtype=object) if len(features) else np.zeros(0, dtype=object)
    columns = {key: features[key].to_numpy() for key in features.columns if key != features.geometry.name}
    return table(name, columns, shapes, snapshot, description)


def table(
    name: str, columns: dict[str, NDArray[Any]], shapes: NDArray[Any], snapshot: Snapshot, description: str
) -> Table:
    """Describe columns by their names and make every polygon a multipolygon."""
    spec, arrays = [], {}
    for key, values in columns.items():
        if key in TEXTS:
            spec.append(Column(key, Kind.TEXT))
            arrays[key] = np.array([None if value is None else str(value) for value in values], dtype=object)
        elif key in FLAGS:
            spec.append(Column(key, Kind.BOOL))
            arrays[key] = np.asarray(values).astype(np.int8)
        else:
            spec.append(Column(key, Kind.INTEGER if key in WHOLE else Kind.REAL))
            arrays[key] = np.array([np.nan if value is None else float(value) for value in values], dtype=np.float64)
    many = np.array([shape if shape.geom_type == "MultiPolygon" else multi(shape) for shape in shapes], dtype=object)
    rows = LayerColumns(name, snapshot.revision, np.arange(len(shapes)), MappingProxyType(arrays), many)
    return Table(Layer(name, tuple(spec), "MULTIPOLYGON", _POLYGON), rows, snapshot.crs, description)


def multi(shape: shapely.Geometry) -> shapely.MultiPolygon:
    """Return an area as a multipolygon."""
    return shapely.MultiPolygon([part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"])
