"""Writes the base map's archives with GDAL. Runs in a process of its own, which never sees the store's file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.crs import transform_geometry
from layers.rasters.mercator import WEB_MERCATOR
from layers.tiles.parts import EXTENT, STREET, Part

MAX_TILE_BYTES = 16 << 20  # GDAL thins out what is larger; the largest tile seen of 300,000 buildings has 0.5 MB
MAX_FEATURES = 2_000_000
_NAMES = {1: "LineString", 3: "Polygon", 5: "MultiLineString", 6: "MultiPolygon"}
# A reading process goes without the drivers that open other files; this one writes what is ours.
_KEPT_OUT = ("GDAL_SKIP", "OGR_SKIP")


def hand_over(part: Part, folder: Path) -> dict[str, Any]:
    """Leave a part's arrays in `folder` for the writing process; return the request that names them."""
    kind, xy, offsets = shapely.to_ragged_array(part.geometry, include_z=False)
    arrays: dict[str, NDArray[Any]] = {"xy": xy, **{f"offsets{n}": one for n, one in enumerate(offsets)}}
    for name, values in part.columns.items():
        if values.dtype.kind == "O":  # no pickles: the text of all, and which have one
            arrays[f"{name}.none"] = np.array([one is None for one in values])
            values = np.array(["" if one is None else one for one in values], dtype=np.str_)
        arrays[name] = values
    np.savez(folder / f"{part.layer}-{part.min_zoom}.npz", **arrays)
    return {
        "arrays": f"{part.layer}-{part.min_zoom}.npz",
        "kind": int(kind),
        "offsets": len(offsets),
        "columns": list(part.columns),
        "layer": part.layer,
        "zooms": [part.min_zoom, part.max_zoom],
        "crs": part.crs,
        "file": part.file_name,
    }


def child_write(arguments: dict[str, Any], scratch: Path) -> int:
    """Write the archives of ``arguments["parts"]`` (requests of `hand_over`) in `scratch`; return how many."""
    for name in _KEPT_OUT:
        os.environ.pop(name, None)
    for request in arguments["parts"]:
        with np.load(scratch / request["arrays"]) as arrays:
            offsets = tuple(arrays[f"offsets{n}"] for n in range(request["offsets"]))
            geometry = shapely.from_ragged_array(shapely.GeometryType(request["kind"]), arrays["xy"], offsets)
            columns = {name: arrays[name] for name in request["columns"]}
            for name in request["columns"]:
                if f"{name}.none" in arrays:
                    columns[name] = np.where(arrays[f"{name}.none"], None, columns[name].astype(object))
        if request["layer"] == STREET:
            geometry, columns = _joined(geometry, columns)
        geometry = transform_geometry(geometry, request["crs"], WEB_MERCATOR)
        _write(scratch / request["file"], request["layer"], *request["zooms"], geometry, columns)
    return len(arguments["parts"])


def _joined(geometry: NDArray[Any], columns: dict[str, NDArray[Any]]) -> tuple[NDArray[Any], dict[str, NDArray[Any]]]:
    """Join lines of one name and rank that meet, so that a name has room along them."""
    lines, row = shapely.get_parts(geometry, return_index=True)
    rank, name = columns["rank"][row], columns["name"][row]
    named = np.array([one is not None and one != "" for one in name], dtype=bool)
    if not named.any():
        return lines, {"rank": rank, "name": name}
    _, first, group = np.unique(
        np.char.add(np.char.add(rank[named].astype(np.str_), " "), name[named].astype(np.str_)),
        return_index=True,
        return_inverse=True,
    )
    order = np.argsort(group, kind="stable")
    merged = shapely.line_merge(shapely.multilinestrings(lines[named][order], indices=group[order]))
    parts, owner = shapely.get_parts(merged, return_index=True)
    return np.concatenate([lines[~named], parts]), {
        "rank": np.concatenate([rank[~named], rank[named][first][owner]]),
        "name": np.concatenate([name[~named], name[named][first][owner]]),
    }


def _write(
    path: Path, layer: str, low: int, high: int, geometry: NDArray[Any], columns: dict[str, NDArray[Any]]
) -> None:
    """Write one archive: Web Mercator geometry, tiles of the zooms `low` to `high`, gzip inside."""
    import pyogrio  # only in the process that writes

    kinds = np.unique(shapely.get_type_id(geometry))
    pyogrio.raw.write(
        path,
        shapely.to_wkb(geometry),
        list(columns.values()),
        list(columns),
        geometry_type=_NAMES[int(kinds[0])] if len(kinds) == 1 else "Unknown",
        crs=WEB_MERCATOR,
        driver="PMTiles",
        layer=layer,
        dataset_options={
            "NAME": layer,
            "MINZOOM": low,
            "MAXZOOM": high,
            "EXTENT": EXTENT,
            "BUFFER": EXTENT // 64,
            "MAX_SIZE": MAX_TILE_BYTES,
            "MAX_FEATURES": MAX_FEATURES,
        },
    )
