"""JSON of the service: missing is null, never NaN; times are ISO 8601; geometry is WGS 84 with 7 decimals."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geo.crs import WGS84, transform_geometry

if TYPE_CHECKING:
    import geopandas as gpd

DECIMALS = 7  # about a centimetre


def clean(value: Any) -> Any:
    """Return `value` as JSON types: NaN, NaT and infinities become None, numpy scalars Python's own."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, np.generic) and not isinstance(value, (np.datetime64, np.timedelta64)):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, np.datetime64):
        return iso(value)
    if isinstance(value, Mapping):
        return {str(key): clean(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return [clean(item) for item in value.tolist()] if value.dtype.kind in "fiub" else [clean(v) for v in value]
    if isinstance(value, (list, tuple, set, frozenset)):
        return [clean(item) for item in value]
    return _pandas_scalar(value) if type(value).__module__.startswith("pandas.") else value


def _pandas_scalar(value: Any) -> Any:
    import pandas as pd  # slow to import; whoever made the value has done so

    if isinstance(value, pd.Timestamp):
        return iso(value.to_datetime64())
    return None if value is pd.NaT or value is pd.NA else value


def iso(moment: np.datetime64) -> str | None:
    """Return a UTC time as ISO 8601 with Z, to the second (milliseconds where there are any); None for NaT."""
    if np.isnat(moment):
        return None
    exact = moment.astype("datetime64[ms]")
    whole = exact.astype("datetime64[s]")
    return f"{whole if whole == exact else exact}Z"


def dumps(value: Any) -> str:
    """Return compact JSON of `value`; raises ValueError rather than write NaN."""
    return json.dumps(clean(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def collection(features: gpd.GeoDataFrame, extra: Mapping[str, Any]) -> bytes:
    """Return a GeoJSON FeatureCollection in WGS 84 with the members `extra`, as UTF-8.

    Parameters
    ----------
    features
        In any CRS; no CRS only while empty.
    extra
        Further members beside ``type`` and ``features``.
    """
    texts: list[str] = []
    if len(features):
        geometry = np.asarray(features.geometry.array, dtype=object)
        source = features.crs.to_string() if features.crs is not None else WGS84
        present = np.array([part is not None and not part.is_empty for part in geometry])
        shapes = ["null"] * len(geometry)
        if present.any():
            moved = transform_geometry(geometry[present], source, WGS84)
            rounded = shapely.set_coordinates(moved, np.round(shapely.get_coordinates(moved), DECIMALS))
            for position, text in zip(np.flatnonzero(present), shapely.to_geojson(rounded), strict=True):
                shapes[position] = text
        names = [name for name in features.columns if name != features.geometry.name]
        columns = [features[name].tolist() for name in names]
        for row, shape in enumerate(shapes):
            properties = dumps({name: column[row] for name, column in zip(names, columns, strict=True)})
            texts.append(f'{{"type":"Feature","properties":{properties},"geometry":{shape}}}')
    members = dumps(dict(extra))[1:-1]
    body = f'{{"type":"FeatureCollection","features":[{",".join(texts)}]{"," if members else ""}{members}}}'
    return body.encode()
